package main

import (
	"cmp"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/ringo-mpi/ringo/mpi"
	"github.com/ringo-mpi/ringo/mpi/mpitest"
)

// check compares with the definition: how many numbers are less, or equal and
// of a rank below.
func check[T cmp.Ordered](t *testing.T, numbers []T) {
	t.Helper()
	mpitest.Run(t, len(numbers), func(t *testing.T, world *mpi.Comm) {
		want := 0
		for i, x := range numbers {
			if o := cmp.Compare(x, numbers[world.Rank()]); o < 0 || o == 0 && i < world.Rank() {
				want++
			}
		}
		if got, err := parallelRank(world, numbers[world.Rank()]); err != nil || got != want {
			t.Errorf("%v of %v: rank %d, %v; want %d", numbers[world.Rank()], numbers, got, err, want)
		}
	})
}

func TestParallelRank(t *testing.T) {
	check(t, []int{5})
	check(t, []int{3, 1, 4, 1, 5})
	check(t, []uint8{255, 0, 0, 255})
	check(t, []float32{0.5, float32(math.NaN()), -1, float32(math.Inf(1)), float32(math.NaN())})
	random := rand.New(rand.NewPCG(1, 2))
	for n := 2; n <= 9; n++ {
		numbers := make([]float64, n)
		for i := range numbers {
			numbers[i] = math.Round(5 * random.NormFloat64())
		}
		check(t, numbers)
	}
}

func TestStringIsRefused(t *testing.T) {
	if err := mpi.Run(2, func(world *mpi.Comm) error { _, err := parallelRank(world, "a"); return err }); err == nil {
		t.Error("a string was taken")
	}
}
