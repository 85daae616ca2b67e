package simulate

import (
	"context"
	"fmt"
	"go/format"
	"slices"
	"testing"

	"github.com/ringo-mpi/ringo/internal/embedded/coll"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// The table that is checked in is the one that is made today: the rows of few
// hosts, and some of many, are made again. (All of them: go generate
// ./internal/embedded/coll.)
func TestTableIsUpToDate(t *testing.T) {
	grid := DefaultGrid()
	checked := 0
	for _, kind := range Collectives {
		for _, per := range grid.PerHost {
			for _, hosts := range grid.Hosts {
				if hosts > 16 && !(hosts == 64 && per == 1) && !(hosts == 96 && per == 4 && kind == engine.Allreduce) {
					continue
				}
				row, err := grid.Row(context.Background(), kind, hosts, per, Default())
				if err != nil {
					t.Fatal(err)
				}
				for i, size := range grid.Sizes {
					if kind == engine.Barrier && i > 0 {
						break
					}
					at := slices.IndexFunc(row.Best, func(b Best) bool { return b.UpTo == 0 || size <= b.UpTo })
					want := coll.Plan{Way: row.Best[at].Algorithm.Way, Shared: row.Best[at].Algorithm.Shared}
					layout := coll.Blocks(hosts*per, per)
					if row.Best[at].Algorithm.Staged {
						want.Hosts = layout
					}
					if got := coll.Best(call(kind, size, hosts*per), layout); got != want {
						t.Errorf("%v of %d bytes on %d hosts of %d: the table has %v (staged %v, shared %v), today it is %v: go generate ./internal/embedded/coll",
							kind, size, hosts, per, got.Way, got.Hosts != nil, got.Shared, row.Best[at].Algorithm)
					}
					checked++
				}
			}
		}
	}
	if checked < 500 {
		t.Errorf("only %d algorithms were checked", checked)
	}
}

// Where the table has an algorithm, no other one is faster by more than the
// hundredths that a row may lose.
func TestRowIsTheFastest(t *testing.T) {
	grid := DefaultGrid()
	for _, kind := range Collectives {
		for _, hosts := range []int{4, 6} {
			row, err := grid.Row(context.Background(), kind, hosts, 4, Default())
			if err != nil {
				t.Fatal(err)
			}
			net := Default()
			net.PerHost = 4
			for _, size := range grid.Sizes {
				at := slices.IndexFunc(row.Best, func(b Best) bool { return b.UpTo == 0 || size <= b.UpTo })
				chosen := evaluate(t, Question{Kind: kind, Algorithm: row.Best[at].Algorithm, Ranks: 4 * hosts, Bytes: size, Network: net}, Limits{})
				questions(4*hosts, size, net, func(q Question) {
					if q.Kind != kind {
						return
					}
					if other := evaluate(t, q, Limits{}); float64(other.Time) < 0.98*float64(chosen.Time) {
						t.Errorf("%v of %d bytes on %d hosts: %v takes %v, the table's %v %v", kind, size, hosts, q.Algorithm, other.Time, row.Best[at].Algorithm, chosen.Time)
					}
				})
			}
		}
	}
}

func TestSourceIsGo(t *testing.T) {
	rows := []TableRow{{engine.Bcast, 4, 2, []Best{{100, Algorithm{Way: coll.Tree}}, {0, Algorithm{Way: coll.Chain, Staged: true}}}}}
	text := Source(rows, Default())
	formatted, err := format.Source([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if string(formatted) != text {
		t.Errorf("not formatted:\n%s", text)
	}
	for _, kind := range Collectives {
		for _, w := range coll.Ways(kind) {
			if wayName(w) == "" || fmt.Sprint(w) == "an unknown way" {
				t.Errorf("%v has no name", w)
			}
		}
	}
	if mean(8, 64) != 32 || mean(4096, 32<<10) != 16<<10 {
		t.Errorf("means %d, %d", mean(8, 64), mean(4096, 32<<10))
	}
}
