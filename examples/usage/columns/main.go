// Columns hands out the columns of a gonum matrix on rank 0. The elements of a
// column do not lie side by side; a layout says where they are.
//
//	mpiexec -n 4 ./examples/usage/columns
//	RINGO_RANKS=4 go run ./examples/usage/columns
package main

import (
	"fmt"

	"gonum.org/v1/gonum/mat"

	"github.com/ringo-mpi/ringo/mpi"
)

func main() { mpi.Main(run) }

func run(world *mpi.Comm) error {
	const root, rows = 0, 3
	var matrix mpi.View[float64] // on the root only
	if world.Rank() == root {
		m := mat.NewDense(rows, world.Size(), nil)
		for i := range rows {
			for j := range world.Size() {
				m.Set(i, j, float64(10*i+j))
			}
		}
		fmt.Printf("matrix on rank %d:\n%g\n", root, mat.Formatted(m))

		// Column j is one element of each row, from element j on. The columns
		// one after another are what the ranks get.
		raw := m.RawMatrix()
		column := mpi.Strided(rows, 1, raw.Stride)
		columns := make([]mpi.Layout, world.Size())
		for j := range columns {
			columns[j] = column.Shift(j)
		}
		matrix = mpi.ViewOf(raw.Data, mpi.Concat(columns...))
	}

	column := mat.NewVecDense(rows, nil)
	if err := mpi.ScatterView(world, matrix, mpi.Whole(column.RawVector().Data), root); err != nil {
		return err
	}
	fmt.Printf("column on rank %d: %v\n", world.Rank(), column.RawVector().Data)
	return nil
}
