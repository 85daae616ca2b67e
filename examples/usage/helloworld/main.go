// Helloworld prints one line for each rank: who it is, of how many, and where.
//
//	mpiexec -n 4 ./examples/usage/helloworld
//	RINGO_RANKS=4 go run ./examples/usage/helloworld
package main

import (
	"fmt"

	"github.com/ringo-mpi/ringo/mpi"
	_ "github.com/ringo-mpi/ringo/mpi/native" // under another MPI's launcher its library carries the ranks
)

func main() {
	mpi.Main(func(world *mpi.Comm) error {
		fmt.Printf("Hello, World! I am process %d of %d on %s.\n", world.Rank(), world.Size(), world.Host())
		return nil
	})
}
