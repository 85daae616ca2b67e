// Package abi holds the constants of the binary interfaces of MPI libraries:
// the standard one of MPI 5.0 (chapter 20), MPICH's and Open MPI's.
//
// A program compiled against one mpi.h has its constants built in. This
// package has them as data, one [Table] an interface, so that package native
// can choose when it has seen which library it opened. Everything comes from
// constants.tsv by the program in gen; the test compares the tables with every
// mpi.h that the machine has.
package abi

//go:generate go run ./gen
