// Package transport is the contract between the endpoint of a rank (package
// embedded) and what carries it: goroutines of one process (package inproc),
// processes of one host (package shm), or something else.
//
// A transport hands every rank an [End]. In it,
//
//	Facts  what does not change: numbers of ranks, how long to poll, what fences
//	Job    the other ranks: on which host they are, how far they have come
//	Self   the rank itself: how it sleeps, the rings to and from it, its links
//	Link   one peer: how to wake it, which tables both ends reach
//	Reach  the memory of a peer that can be reached; nil: frames only
//	Pool   memory that the ranks of one host share; nil: there is none
//
// The peers of a rank may be of different kinds: some on its host with a Reach,
// a table of claims and a common Pool, others with a ring and nothing else. So
// everything is asked for per peer, once, and kept by the endpoint. Without a
// Reach the data of a long message is asked for in frames; without claims a send
// is taken back by a frame (proto.Recall); without a Pool collectives go over
// messages and allocated memory is ordinary memory. A link with a Reach has
// claims: a receiver that copies out of the sender's memory has to know that the
// message is its own.
//
// Frames move through rings (package ring), the endpoint's own business: a
// transport only makes their memory. What lies in a ring between processes of
// one host is in their byte order. The payloads of protocol frames (package
// proto) are little endian everywhere, so that a transport may carry them to
// another host as they are; the header of a frame is the ring's, and a transport
// that takes frames out of a ring writes it in its own form.
package transport
