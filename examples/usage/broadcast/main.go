// Broadcast gives an object that rank 0 has to all ranks.
//
//	mpiexec -n 4 ./examples/usage/broadcast
//	RINGO_RANKS=4 go run ./examples/usage/broadcast
package main

import (
	"fmt"

	"github.com/ringo-mpi/ringo/mpi"
	_ "github.com/ringo-mpi/ringo/mpi/native" // under another MPI's launcher its library carries the ranks
)

type disks struct {
	Size []int
	Name []string
}

func main() { mpi.Main(run) }

func run(world *mpi.Comm) error {
	const root = 0
	var data disks // empty on all ranks but one
	if world.Rank() == root {
		data = disks{
			Size: []int{1, 3, 8},
			Name: []string{"disk1", "disk2", "disk3"},
		}
	}
	fmt.Printf("before broadcast, data on rank %d is: %+v\n", world.Rank(), data)

	data, err := mpi.BcastObject(world, data, root)
	if err != nil {
		return err
	}
	fmt.Printf("after broadcast, data on rank %d is: %+v\n", world.Rank(), data)
	return nil
}
