package enginetest

import (
	"context"
	"testing"

	"github.com/ringo-mpi/ringo/internal/embedded"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/embedded/transport/hosttest"
	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/start"
)

// onEnds is the harness of goroutine ranks of several hosts, whose ends newEnds
// makes.
func onEnds(name string, ranks []int, newEnds func(n int) []transport.End) Harness {
	h := withoutBoards(Inproc())
	h.Name, h.Ranks = name, ranks
	begin := h.start
	h.start = func(ctx context.Context, n int, names []string, env environment, report func(result)) (string, error) {
		var ends []transport.End // the ranks of a world are opened in their order
		defer start.Wrap(func(e engine.Engine) engine.Engine {
			w := e.World()
			if w.Rank() == 0 {
				ends = newEnds(w.Size())
			}
			return embedded.New(ends[w.Rank()])
		})()
		return begin(ctx, n, names, env, report)
	}
	return h
}

// withoutBoards leaves out the cases of what ranks that share memory can do.
func withoutBoards(h Harness) Harness {
	skip := h.Skip
	h.Skip = func(c *Case) string {
		if c.Needs == "board" {
			return "ranks of several hosts share no memory"
		}
		return skip(c)
	}
	return h
}

// hosts is the harness of goroutine ranks that pretend to be on several hosts:
// rank r is on of[r]. Between hosts they have rings and nothing else.
func hosts(name string, of ...int) Harness {
	return onEnds("hosts "+name, []int{len(of)}, func(n int) []transport.End {
		on := make([]int, n)
		for r := range on {
			on[r] = of[r%len(of)]
		}
		return hosttest.New(on)
	})
}

// A job may have peers of two kinds: those of one host share memory, and between
// hosts there are rings and nothing else.
func TestHosts(t *testing.T) {
	t.Run("2+2", func(t *testing.T) { Run(t, hosts("2+2", 0, 1, 0, 1)) })
	t.Run("3+1", func(t *testing.T) { Run(t, hosts("3+1", 0, 0, 0, 1)) })
}
