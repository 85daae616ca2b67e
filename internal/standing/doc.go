// Package standing says where a program stands, by the stacks of its
// goroutines: in which call of package mpi, and which line of the program has
// called it. Package mpitest reports so on ranks that do not end, and a rank
// of mpiexec answers so when the launcher asks it.
//
// It reads text and knows no rank.
package standing
