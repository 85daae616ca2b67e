// Package simulate plays collectives, and the start of a job, on machines that
// are not there: up to a million ranks. What is played are the schedules of
// internal/embedded/coll, message by message, so that a time is that of the
// algorithm as the engine runs it. It is pure: it reads no clock, and the same
// question has the same answer everywhere.
//
//   - network.go: what a message costs: LogGP, inside a host and between hosts;
//   - program.go: the schedules of many ranks in little memory;
//   - symmetry.go: hosts of which one stands for all;
//   - queue.go, engine.go: the discrete events;
//   - evaluate.go: which of the ways to a time is taken, and the time;
//   - algorithms.go: the algorithms of a collective;
//   - start.go: the start of a job;
//   - parameters.go: a network as text; fit.go: a network from measured times;
//   - table.go: the table of algorithms for many hosts, which gentable writes.
//
// # The model
//
// A rank's core does one thing at a time, in the order in which things are ready:
// it starts and ends messages (an overhead each), combines and copies. Inside a
// host the receiver copies a message, and the memory of the host is shared by its
// ranks; between hosts the bytes pass the network interface of the sending host,
// which its ranks share, travel for the latency, and pass the interface of the
// receiving host. An interface takes the messages in the order in which they come,
// each for its bytes or for the gap, whichever is longer; the two directions do
// not disturb each other, and the network between interfaces has room for all.
// A message between hosts that is longer than the eager limit is announced first
// and leaves when its receive has been posted and the answer is back. Ranks begin
// at the same moment, and a time is that at which the last one is done.
//
// # Three ways to a time
//
// [Evaluate] plays every message of every rank where it can. Where all hosts do
// the same, those of one host are played, and what they send to others comes
// back as what the others send to them: that is exact, since the rest is the
// same by symmetry. Where even that is too much (in a ring of a million ranks
// every rank has a million messages), smaller numbers of hosts are played and the
// time is extrapolated along the straight line that they lie on; a further one
// tells how far from the line they are.
package simulate
