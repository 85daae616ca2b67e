package main

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/ringo-mpi/ringo/examples/apps/internal/apptest"
	"github.com/ringo-mpi/ringo/mpi"
	"github.com/ringo-mpi/ringo/mpi/mpitest"
)

func TestMain(m *testing.M) { apptest.Main(m, "groups", main) }

func TestScripts(t *testing.T) { apptest.Scripts(t) }

// TestDivide compares with the grid computed here, also with a last row that
// is not full and more columns than processes.
func TestDivide(t *testing.T) {
	for _, c := range []struct{ ranks, columns int }{{1, 1}, {2, 1}, {3, 2}, {4, 2}, {5, 3}, {6, 3}, {7, 9}, {12, 4}} {
		mpitest.Run(t, c.ranks, func(t *testing.T, world *mpi.Comm) {
			got, err := divide(world, c.columns)
			if err != nil {
				t.Fatal(err)
			}
			var want places
			var prime place
			for r := range c.ranks {
				count := func(p *place, member bool) {
					if !member {
						return
					}
					if r < world.Rank() {
						p.Rank++
					}
					p.Size++
					p.Sum += r
				}
				count(&want.Row, r/c.columns == world.Rank()/c.columns)
				count(&want.Column, r%c.columns == world.Rank()%c.columns)
				count(&prime, slices.Contains([]int{2, 3, 5, 7, 11}, r))
			}
			if slices.Contains([]int{2, 3, 5, 7, 11}, world.Rank()) {
				want.Prime = &prime
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%+v: %+v, want %+v", c, got, want)
			}
		})
	}
}

func TestOperations(t *testing.T) {
	mpitest.Run(t, 6, func(t *testing.T, world *mpi.Comm) {
		text, err := operations(world.Group(), 3)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{
			"union            group[0 1 2 3]\n",
			"intersection     group[0]\n",
			"row less column  group[1 2]\n",
			"the ranks of the union in the column: 0 - - 1\n",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in\n%s", want, text)
			}
		}
	})
}
