package main

import (
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/ringo-mpi/ringo/examples/apps/internal/apptest"
	"github.com/ringo-mpi/ringo/mpi"
)

func TestMain(m *testing.M) { apptest.Main(m, "matvec", main) }

func TestScripts(t *testing.T) { apptest.Scripts(t) }

// TestMultiply compares with sums made here, also with fewer rows than ranks.
func TestMultiply(t *testing.T) {
	for _, c := range []struct{ rows, columns int }{{1, 1}, {3, 5}, {17, 4}, {64, 33}} {
		a, x, err := load(config{Rows: c.rows, Columns: c.columns, Seed: 5})
		if err != nil {
			t.Fatal(err)
		}
		for _, ranks := range []int{1, 2, 3, 4, 7} {
			err := mpi.Run(ranks, func(world *mpi.Comm) error {
				var own *mat.Dense
				var factor *mat.VecDense
				if world.Rank() == 0 {
					own, factor = a, x
				}
				y, _, err := multiply(world, own, factor)
				if err != nil || world.Rank() != 0 {
					if y != nil {
						t.Errorf("rank %d has a result", world.Rank())
					}
					return err
				}
				for i := range c.rows {
					want := 0.0
					for j := range c.columns {
						want += a.At(i, j) * x.AtVec(j)
					}
					if got := y.AtVec(i); got != want {
						t.Errorf("%v, %d ranks: element %d is %g, want %g", c, ranks, i, got, want)
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestSameForAnyNumberOfRanks(t *testing.T) {
	want := apptest.Output(t, run, 1, "--rows", "101", "--columns", "50")
	for _, ranks := range apptest.RankCounts {
		if got := apptest.Output(t, run, ranks, "--rows", "101", "--columns", "50"); got != want {
			t.Errorf("%d ranks:\n%s\nwant\n%s", ranks, got, want)
		}
	}
}
