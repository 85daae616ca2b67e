// Allgather_buffer makes a multiplication table: each rank computes the row of
// its number, and all ranks get all rows.
//
//	mpiexec -n 4 ./examples/usage/allgather_buffer
//	RINGO_RANKS=4 go run ./examples/usage/allgather_buffer
package main

import (
	"fmt"
	"slices"

	"github.com/ringo-mpi/ringo/mpi"
	_ "github.com/ringo-mpi/ringo/mpi/native" // under another MPI's launcher its library carries the ranks
)

func main() { mpi.Main(run) }

func run(world *mpi.Comm) error {
	size := world.Size()
	row, table := make([]int, size), make([]int, size*size)
	for i := range row {
		row[i] = i * world.Rank()
	}
	fmt.Printf("Process %d table before Allgather: %v\n", world.Rank(), rows(table, size))

	if err := mpi.Allgather(world, row, table); err != nil {
		return err
	}
	fmt.Printf("Process %d table after Allgather: %v\n", world.Rank(), rows(table, size))
	return nil
}

// rows divides a table into rows of the given length, for printing.
func rows(table []int, length int) [][]int { return slices.Collect(slices.Chunk(table, length)) }
