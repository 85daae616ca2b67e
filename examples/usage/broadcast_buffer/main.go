// Broadcast_buffer gives the elements of a slice on rank 0 to all ranks.
//
//	mpiexec -n 4 ./examples/usage/broadcast_buffer
//	RINGO_RANKS=4 go run ./examples/usage/broadcast_buffer
package main

import (
	"fmt"

	"github.com/ringo-mpi/ringo/mpi"
	_ "github.com/ringo-mpi/ringo/mpi/native" // under another MPI's launcher its library carries the ranks
)

func main() { mpi.Main(run) }

func run(world *mpi.Comm) error {
	const root = 0
	data := make([]int32, 10) // zeros on all ranks but one
	if world.Rank() == root {
		for i := range data {
			data[i] = int32(i)
		}
	}
	fmt.Printf("before broadcasting, data for rank %d is: %v\n", world.Rank(), data)

	if err := mpi.Bcast(world, data, root); err != nil {
		return err
	}
	fmt.Printf("after broadcasting, data for rank %d is: %v\n", world.Rank(), data)
	return nil
}
