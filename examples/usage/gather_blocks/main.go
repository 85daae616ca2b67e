// Gather_blocks puts a matrix together on rank 0: each rank has computed a block
// of it, and the blocks have different sizes.
//
//	mpiexec -n 4 ./examples/usage/gather_blocks
//	RINGO_RANKS=6 go run ./examples/usage/gather_blocks
package main

import (
	"fmt"
	"math"

	"github.com/ringo-mpi/ringo/mpi"
	_ "github.com/ringo-mpi/ringo/mpi/native" // under another MPI's launcher its library carries the ranks
)

const root, rows, columns = 0, 5, 7

func main() { mpi.Main(run) }

func run(world *mpi.Comm) error {
	b := blockOf(world.Rank(), world.Size())
	mine := make([]int64, 0, b.height*b.width)
	for i := range b.height {
		for j := range b.width {
			mine = append(mine, int64(10*(b.top+i)+b.left+j))
		}
	}
	fmt.Printf("rank %d has %d x %d elements\n", world.Rank(), b.height, b.width)

	// region gather
	blocks, err := mpi.GatherSlices(world, mine, root)
	if err != nil || world.Rank() != root {
		return err
	}
	matrix := make([]int64, rows*columns)
	for rank, elements := range blocks {
		// The layout says which elements of the matrix are those of the block.
		b := blockOf(rank, world.Size())
		place := mpi.Subarray([]int{rows, columns}, []int{b.height, b.width}, []int{b.top, b.left})
		if err := mpi.Unpack(mpi.ViewOf(matrix, place), elements); err != nil {
			return err
		}
	}
	// endregion

	for i := range rows {
		fmt.Printf("row %d: %2d\n", i, matrix[i*columns:(i+1)*columns])
	}
	return nil
}

// block is a rectangle of the matrix.
type block struct{ top, left, height, width int }

// blockOf returns the block of a rank, in a grid of ranks that is as square as
// can be. Every rank can compute the block of every other.
func blockOf(rank, size int) block {
	down := int(math.Sqrt(float64(size)))
	for size%down != 0 {
		down--
	}
	across := size / down
	i, j := rank/across, rank%across
	b := block{top: i * rows / down, left: j * columns / across}
	b.height, b.width = (i+1)*rows/down-b.top, (j+1)*columns/across-b.left
	return b
}
