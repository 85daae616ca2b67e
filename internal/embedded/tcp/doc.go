// Package tcp is the transport between hosts: frames travel over connections, one
// for each pair of ranks that talk to each other, made when they first do.
//
// It stands on another transport, that of the ranks' host (package shm, or package
// inproc in tests), which knows how far every rank has come and has the links to
// those that are near. [Over] puts connections in the place of its links to ranks
// that are far.
//
//	tcp.go        the end of a rank: which peers are near, which far
//	peer.go       the link to a far rank, and its two rings
//	send.go       frames out of a ring, and their tails, into the connection
//	receive.go    bytes of the connection into frames of a ring, and tails to their places
//	connect.go    who calls whom, and the waiting for it
//	socket.go     system calls, and the time that first words may take
//	handshake.go  both ends prove that they know the key of the job
//	sleep.go      a rank that sleeps is woken by its connections, and what it leaves is sent
//	ends.go       the end of a rank is seen after what it has sent
//
// A far rank has a ring of each direction in this process. The endpoint writes
// its frames into one, as it does everywhere, and wakes the "reader": that is this
// package, which sends all that is there by one system call. What comes in is
// written as frames into the other ring, by [transport.Poller], which the endpoint
// calls wherever it makes progress. So nothing runs beside a rank that is in a
// call: no goroutine has to be scheduled for a message. On the wire a frame is its
// header, in little endian order, its payload, and its tail.
//
// The data of longer messages passes through no ring: it is the tail of a frame
// ([transport.Tails]). It is sent from where it lies, by the system call that sends
// the frame, and once the endpoint has the frame and says where the tail goes, it is
// read to that place. Until then nothing more is read from the connection.
//
// A message is sent at once when the rank has looked for answers since the last one.
// Of others that follow it, some are held and sent together: when they are enough, when
// the rank looks, or a tenth of a millisecond later by the watcher.
//
// The kernel's buffers bound what is under way: a connection is not read while its
// ring is full.
package tcp
