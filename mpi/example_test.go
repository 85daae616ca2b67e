package mpi_test

import (
	"errors"
	"fmt"

	"github.com/ringo-mpi/ringo/mpi"
)

// ranksDo runs fn on n goroutine ranks; a program would use mpi.Main.
func ranksDo(n int, fn func(world *mpi.Comm) error) {
	if err := mpi.Run(n, fn); err != nil {
		fmt.Println(err)
	}
}

func Example() {
	ranksDo(4, func(world *mpi.Comm) error {
		x := []float64{float64(world.Rank())}
		if err := mpi.AllreduceInPlace(world, x, mpi.Sum); err != nil {
			return err
		}
		if world.Rank() == 0 {
			fmt.Printf("rank %d of %d: %g\n", world.Rank(), world.Size(), x[0])
		}
		return nil
	})
	// Output: rank 0 of 4: 6
}

func ExampleError() {
	ranksDo(1, func(world *mpi.Comm) error {
		err := mpi.Send(world, []int{1}, 5, 0)
		var e *mpi.Error
		if errors.As(err, &e) {
			fmt.Println(e.Op, e.Class, e.Rank)
		}
		fmt.Println(errors.Is(err, mpi.ErrRank))
		return nil
	})
	// Output:
	// Send invalid rank 0
	// true
}
