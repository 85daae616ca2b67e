// Package start decides which engine carries a process: it reads what the
// launcher left in the environment and the user's RINGO_ENGINE and RINGO_RANKS,
// and opens the engine.
//
// The rules, the first that applies:
//
//	RINGO_ENGINE=native                 the native engine, an error if the program has none
//	RINGO_RANK is set                   started by Ringo's mpiexec: embedded engine, shared memory
//	RINGO_RANKS=N                       N goroutine ranks in this process
//	another launcher's variables        the native engine if the program has it; else
//	                                    a world of one if the launcher started one process,
//	                                    and the embedded engine in its job if it started
//	                                    more or does not say
//	nothing                             a world of one
//
// RINGO_ENGINE=embedded leaves the native engine out of account.
//
// Which launcher it is, and how its ranks find each other, package foreign reads off
// the variables, in this order: an open socket in PMI_FD, Open MPI's variables, PMI_FD
// and PMI_PORT, PMIX_NAMESPACE, Slurm's. A launcher that cannot be used is an error,
// never a number of worlds of one.
//
// [Decide] applies these rules, which need the environment alone. [Open] looks
// further where the last one applies, and whenever it is to join a job:
//
//	nothing, but the job's mark         a process of a job whose environment a wrapper has cleaned:
//	                                    embedded engine, shared memory
//	the rank's place is taken           a world of one for a program that the rank has started
//	                                    while it runs, which is told; an error for the rank's
//	                                    process itself, and after its Finalize; under
//	                                    another launcher RINGO_MEMBER tells
//
// RINGO_TRANSPORT=tcp puts connections in the place of the shared memory of a job
// that is joined.
//
// [Wrap] is the one place where something is put around the engine of every
// rank.
//
// Package mpi asks it for an engine; package mpi/native registers its engine
// here. It puts the embedded engine and a transport together.
package start
