// Scatter_buffer hands out the rows of an array that rank 0 has: rank i gets row
// i. An element of a slice may be an array or a struct, here a row.
//
//	mpiexec -n 4 ./examples/usage/scatter_buffer
//	RINGO_RANKS=4 go run ./examples/usage/scatter_buffer
package main

import (
	"fmt"

	"github.com/ringo-mpi/ringo/mpi"
	_ "github.com/ringo-mpi/ringo/mpi/native" // under another MPI's launcher its library carries the ranks
)

type row [10]int32

func main() { mpi.Main(run) }

func run(world *mpi.Comm) error {
	const root = 0
	var sendbuf []row // on the root only, one for each rank
	if world.Rank() == root {
		sendbuf = make([]row, world.Size())
		for i := range sendbuf {
			for j := range sendbuf[i] {
				sendbuf[i][j] = int32(i)
			}
		}
		fmt.Printf("sendbuf in %d: %v\n", root, sendbuf)
	}
	recvbuf := make([]row, 1) // zeros
	fmt.Printf("recvbuf in %d: %v\n", world.Rank(), recvbuf[0])

	if err := mpi.Scatter(world, sendbuf, recvbuf, root); err != nil {
		return err
	}
	fmt.Printf("Buffer in process %d contains: %v\n", world.Rank(), recvbuf[0])
	return nil
}
