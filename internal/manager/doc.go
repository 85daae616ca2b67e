// Package manager is the process manager of another launcher, as a rank on Ringo's
// own engine uses it: to learn its rank and how many there are, to tell the others
// where it is and to learn it of them, to end the job, and to leave it.
//
//	manager.go            [Manager], what it means when it goes, and whose rank this is
//	open_linux.go         which of the three it is
//	pmi_linux.go          PMI-1: MPICH's and Intel's Hydra, srun --mpi=pmi2
//	pmix_linux.go         PMIx: Open MPI's mpirun and prterun, srun --mpi=pmix
//	slurm_linux.go        srun alone, as a rank sees it
//	slurmserver_linux.go  … and as rank 0, which serves the others by PMI-1
//	socket_linux.go       names of hosts without package net
//
// Only Linux has it.
package manager
