// Empty enters MPI and leaves it: the program whose launch bench/compare times.
package main

import "github.com/ringo-mpi/ringo/mpi"

func main() {
	mpi.Main(func(*mpi.Comm) error { return nil })
}
