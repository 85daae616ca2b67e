// Package coll turns a collective operation into a [Schedule]: a directed
// acyclic graph of sends, receives, reductions and copies, each of which starts
// when the vertices it depends on have completed. Collectives that do not run
// straight on shared memory are run this way: all nonblocking ones, the
// blocking ones of communicators whose members do not all share memory, and
// those that construct communicators.
//
// [Build] chooses an algorithm by operation, message size and communicator size
// (the table in tuning.go says which and why) and lays the graph out for one
// rank. It is pure: nothing is sent, and no user memory is read or written,
// until [Schedule.Start]. A running schedule asks a [Port] for point-to-point
// messages and is told of their completion through [Schedule.Done]; it knows
// nothing of transports, threads or time. A graph overlaps what a list of
// rounds would serialise: receives are posted as soon as their memory is free,
// and a segment of a long message is passed on while the next arrives.
//
// [BuildBy] does it by a [Plan] instead: a [Way] chosen by the caller, or stages
// over the [Hosts] of the ranks, each of which is one of the same algorithms
// among fewer ranks. [Outline] is a schedule without memory, to be looked at.
//
// What holds for every schedule:
//
//   - Two vertices that touch the same memory, one of them writing, are ordered
//     by the graph. The tests prove it for each graph they build.
//   - The messages of one rank to another carry one tag and are issued in the
//     order in which the graph was built, on both sides, so they match in order
//     whatever completes first.
//   - Operands of a reduction are combined in an order that the graph fixes, in
//     rank order where the operation does not commute; never by arrival. Each
//     element of the result of an Allreduce is computed by one rank, or by all
//     ranks from the same operands in the same order, so that all ranks hold
//     the same bits.
//   - All ranks choose the same algorithm, since the choice rests only on what
//     all ranks know.
//   - A message travels for an empty block too, so that ranks which disagree
//     about a count get an error instead of waiting for ever. Alltoallv and
//     Alltoallw leave empty blocks out, since they are used for sparse exchanges.
//
// All ranks of a schedule are in one group. For the two groups of an
// intercommunicator [Build] would take the size of the other one as well, and a
// vertex would say in which of the two its peer is: no algorithm here is of use
// between two groups as it stands, so each would be a file of its own.
package coll
