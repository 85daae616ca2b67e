// Columns hands out the columns of a gonum matrix on rank 0. The elements of a
// column do not lie side by side; a view says where they are.
//
//	mpiexec -n 4 ./examples/usage/columns
//	RINGO_RANKS=4 go run ./examples/usage/columns
package main

import (
	"fmt"

	"gonum.org/v1/gonum/mat"

	"github.com/ringo-mpi/ringo/mpi"
	"github.com/ringo-mpi/ringo/mpi/mpimat"
	_ "github.com/ringo-mpi/ringo/mpi/native" // under another MPI's launcher its library carries the ranks
)

func main() { mpi.Main(run) }

func run(world *mpi.Comm) error {
	const root, rows = 0, 3
	var columns mpi.View[float64] // on the root only
	if world.Rank() == root {
		m := mat.NewDense(rows, world.Size(), nil)
		for i := range rows {
			for j := range world.Size() {
				m.Set(i, j, float64(10*i+j))
			}
		}
		fmt.Printf("matrix on rank %d:\n%g\n", root, mat.Formatted(m))
		columns = mpimat.Transposed(m) // the elements column by column
	}

	column := mat.NewVecDense(rows, nil)
	if err := mpi.ScatterView(world, columns, mpimat.Vec(column), root); err != nil {
		return err
	}
	fmt.Printf("column on rank %d: %v\n", world.Rank(), column.RawVector().Data)
	return nil
}
