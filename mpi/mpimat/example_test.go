package mpimat_test

import (
	"fmt"
	"log"

	"gonum.org/v1/gonum/mat"

	"github.com/ringo-mpi/ringo/mpi"
	"github.com/ringo-mpi/ringo/mpi/mpimat"
)

// A column of a matrix on rank 0 becomes a column of another one on rank 1.
func ExampleCol() {
	err := mpi.Run(2, func(world *mpi.Comm) error {
		if world.Rank() == 0 {
			a := mat.NewDense(2, 3, []float64{1, 2, 3, 4, 5, 6})
			return mpi.SendView(world, mpimat.Col(a, 1), 1, 0)
		}
		b := mat.NewDense(2, 2, nil)
		if _, err := mpi.RecvView(world, mpimat.Col(b, 0), 0, 0); err != nil {
			return err
		}
		fmt.Println(mat.Formatted(b))
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// ⎡2  0⎤
	// ⎣5  0⎦
}

// Each of four ranks gets one quarter of a matrix.
func ExampleTiles() {
	err := mpi.Run(4, func(world *mpi.Comm) error {
		var tiles mpi.View[float64]
		if world.Rank() == 0 {
			a := mat.NewDense(2, 4, []float64{1, 2, 3, 4, 5, 6, 7, 8})
			var err error
			if tiles, err = mpimat.Tiles(a, 2, 2); err != nil {
				return err
			}
		}
		tile := mat.NewDense(1, 2, nil)
		if err := mpi.ScatterView(world, tiles, mpimat.View(tile), 0); err != nil {
			return err
		}
		if world.Rank() == 2 {
			fmt.Println(mat.Formatted(tile))
		}
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output: [5  6]
}
