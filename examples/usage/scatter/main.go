// Scatter hands out a list of objects that rank 0 has: rank i gets number i.
//
//	mpiexec -n 4 ./examples/usage/scatter
//	RINGO_RANKS=4 go run ./examples/usage/scatter
package main

import (
	"fmt"

	"github.com/ringo-mpi/ringo/mpi"
	_ "github.com/ringo-mpi/ringo/mpi/native" // under another MPI's launcher its library carries the ranks
)

func main() { mpi.Main(run) }

func run(world *mpi.Comm) error {
	const root = 0
	var squares []int // on the root only, one for each rank
	if world.Rank() == root {
		for i := range world.Size() {
			squares = append(squares, (i+1)*(i+1))
		}
	}
	fmt.Printf("before scattering, data on rank %d is: %v\n", world.Rank(), squares)

	square, err := mpi.ScatterObject(world, squares, root)
	if err != nil {
		return err
	}
	fmt.Printf("after scattering, data on rank %d is: %d\n", world.Rank(), square)
	return nil
}
