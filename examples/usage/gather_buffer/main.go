// Gather_buffer collects one row from each rank in an array on rank 0.
//
//	mpiexec -n 4 ./examples/usage/gather_buffer
//	RINGO_RANKS=4 go run ./examples/usage/gather_buffer
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
	sendbuf := make([]row, 1)
	for j := range sendbuf[0] {
		sendbuf[0][j] = int32(world.Rank())
	}
	fmt.Printf("Buffer in process %d before gathering: %v\n", world.Rank(), sendbuf[0])

	var recvbuf []row // on the root only, one from each rank
	if world.Rank() == root {
		recvbuf = make([]row, world.Size())
		fmt.Printf("recvbuf in process %d before gathering: %v\n", root, recvbuf)
	}
	if err := mpi.Gather(world, sendbuf, recvbuf, root); err != nil {
		return err
	}
	if world.Rank() == root {
		fmt.Printf("recvbuf in process %d after gathering: %v\n", root, recvbuf)
	}
	return nil
}
