// Gather collects one object from each rank on rank 0.
//
//	mpiexec -n 4 ./examples/usage/gather
//	RINGO_RANKS=4 go run ./examples/usage/gather
package main

import (
	"fmt"

	"github.com/ringo-mpi/ringo/mpi"
	_ "github.com/ringo-mpi/ringo/mpi/native" // under another MPI's launcher its library carries the ranks
)

func main() { mpi.Main(run) }

func run(world *mpi.Comm) error {
	const root = 0
	square := (world.Rank() + 1) * (world.Rank() + 1)
	fmt.Printf("before gathering, data on rank %d is: %d\n", world.Rank(), square)

	squares, err := mpi.GatherObject(world, square, root) // nil but on the root
	if err != nil {
		return err
	}
	fmt.Printf("after gathering, data on rank %d is: %v\n", world.Rank(), squares)
	return nil
}
