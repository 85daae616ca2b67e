// Package native is the engine that runs on an MPI library which the machine
// already has: the driver interface of package engine on MPICH, Open MPI and
// their relatives, opened at run time. There is no cgo, no mpicc and no
// rebuild: one binary runs on all of them.
//
// [Open] finds the library that belongs to the launcher, opens it and calls
// MPI_Init_thread. Which of the three binary interfaces a library
// has is read off its symbols, never off its file name; the constants of each
// are those of package abi.
//
// How calls are made. Point-to-point operations are the library's nonblocking
// ones, polled: a blocked goroutine calls MPI_Test a bounded number of times in
// one transition to C (package ccall), gives the scheduler a turn, and goes on;
// when nothing happens for a while it sleeps in between (wait.go). So any
// number of goroutines of a rank communicate on a few threads. Blocking
// collectives are the library's blocking ones, because its nonblocking ones
// take much longer; where ranks outnumber cores, or the library admits one
// thread at a time, they are the nonblocking ones (coll.go).
//
// What a library lacks is made from what it has or reported as ErrUnsupported.
package native
