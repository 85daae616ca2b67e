// Helloworld prints one line for each rank: who it is, of how many, and where.
//
//	mpiexec -n 4 ./examples/usage/helloworld
//	RINGO_RANKS=4 go run ./examples/usage/helloworld
package main

import (
	"fmt"

	"github.com/ringo-mpi/ringo/mpi"
)

func main() {
	mpi.Main(func(world *mpi.Comm) error {
		fmt.Printf("Hello, World! I am process %d of %d on %s.\n", world.Rank(), world.Size(), world.Host())
		return nil
	})
}
