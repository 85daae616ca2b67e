// Package model compares the engines with a sequential model of MPI on random
// programs: sends in all modes, receives with and without wildcards, probes,
// cancellations, objects, and collectives, blocking and not, on several
// communicators at once.
//
// A program is drawn as one sequence of steps of all ranks, in which every step
// that blocks comes after what it waits for. So it cannot deadlock, however the
// ranks are scheduled: of all blocked ranks the one whose step comes first has
// all it needs. While the sequence is drawn, the model matches messages and
// receives by the two lists of MPI 5.0 §3.5; which message a receive with a
// named source gets depends on the order of the program alone, so that the
// ranks can check it. Receives from any source happen in rounds on a
// communicator of their own, where each message has to arrive once and those of
// one sender in order.
//
// The package is a test; it uses package mpi as programs do.
package model
