// Package embedded is the engine written in Go. [New] makes the engine of one
// rank on its end of a transport: goroutines of one process (package inproc),
// processes of one host (package shm).
//
// Every rank has one endpoint. Its parts, each in a file of its own, with the
// name of the struct that has the part's fields:
//
//	endpoint     links: rings from and to other ranks; progress
//	send         what goes out: eager, stream, offer; queues for full rings
//	receive      what comes in, and how it meets a posted receive
//	request      operations: what is under way
//	tails        long messages over a link that carries them beside the rings
//	rendezvous   copying out of a peer's memory, and the way without it
//	jobs, share  copies: of several messages at a time, and of one by both ends
//	wait         waiting: polling, yielding, sleeping; many goroutines of one rank
//	background   attention: progress while no goroutine of the rank is in a call
//	failure      departures: ranks that die or leave; revoked communicators
//	comm         spaces: communicators, their construction, collectives
//	port         what collectives need of the endpoint
//
// The states of an operation and of an unexpected message, and what leads from
// one to another, are tables in states.go, with who gives a request back when.
//
// What carries a rank is behind the interfaces of package transport: how a rank
// sleeps and is woken, whose memory it reaches, who has died. The endpoint asks
// for them per peer, and knows no transport by its name.
//
// Below it, each on its own and tested on its own: match (which message meets
// which receive), proto (the frames), ring (how frames move), board and coll
// (collectives over shared memory and over messages). The scripts in testdata
// tell, frame by frame, how ranks send, take back, copy, sleep and wake.
//
// One lock guards an endpoint. The goroutine that waits keeps it while it
// polls, so that a message costs no lock operation between its arrival and the
// return of Recv, and lets go as soon as another goroutine asks for it.
package embedded
