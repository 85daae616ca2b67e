// Package mpi is the Message Passing Interface for Go: typed point-to-point
// and collective communication between the ranks of a job.
package mpi
