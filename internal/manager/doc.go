// Package manager is the process manager of another launcher, as a rank on Ringo's
// own engine uses it: to learn its rank and how many there are, to tell the others
// where it is and to learn it of them, to end the job, and to leave it.
//
//	manager.go  [Manager], and which of the three it is ([Open])
//	pmi.go      PMI-1: MPICH's and Intel's Hydra, srun --mpi=pmi2
//	pmix.go     PMIx: Open MPI's mpirun and prterun, srun --mpi=pmix
//	slurm.go    srun alone: rank 0 serves the others, by PMI-1
//	socket.go   sockets without package net
//
// Only Linux has it.
package manager
