package enginetest

import (
	"errors"
	"strings"

	"github.com/ringo-mpi/ringo/mpi"
)

// checkCases are the rules of check mode.
var checkCases = []Case{
	{Name: "RINGO_CHECK finds collectives that differ", Min: 2, Needs: "check", Run: checkFindsDifferences,
		Rule: "In check mode, different collectives, roots, operations, types or lengths are an ErrMismatch on every rank that names both call sites."},
}

// differs runs a collective that differs on the last rank and checks that all
// ranks learn of it.
func differs(t *T, c *mpi.Comm, what string, f func(c *mpi.Comm, odd bool) error) {
	d, err := c.Dup()
	t.OK(err)
	err = f(d, t.Rank == t.Size-1)
	if !errors.Is(err, mpi.ErrMismatch) {
		t.Errorf("%s: got %v, want class %v", what, err, mpi.ErrMismatch)
	} else if n := strings.Count(err.Error(), "cases_check.go:"); n < 2 {
		t.Errorf("%s: the error names %d places in the program, want both: %v", what, n, err)
	}
}

func checkFindsDifferences(t *T, c *mpi.Comm) {
	one, two := []int{1}, []int{1, 2}
	differs(t, c, "collective", func(c *mpi.Comm, odd bool) error {
		if odd {
			return c.Barrier()
		}
		return mpi.Bcast(c, one, 0)
	})
	differs(t, c, "root", func(c *mpi.Comm, odd bool) error {
		root := 0
		if odd {
			root = 1
		}
		return mpi.Bcast(c, one, root)
	})
	differs(t, c, "operation", func(c *mpi.Comm, odd bool) error {
		op := mpi.Sum
		if odd {
			op = mpi.Max
		}
		return mpi.Allreduce(c, []int{1}, []int{0}, op)
	})
	differs(t, c, "type", func(c *mpi.Comm, odd bool) error {
		if odd {
			return mpi.Bcast(c, []float64{1}, 0)
		}
		return mpi.Bcast(c, one, 0)
	})
	differs(t, c, "length", func(c *mpi.Comm, odd bool) error {
		if odd {
			return mpi.Bcast(c, two, 0)
		}
		return mpi.Bcast(c, one, 0)
	})
	differs(t, c, "nonblocking", func(c *mpi.Comm, odd bool) error {
		if odd {
			_, err := mpi.Iallreduce(c, []int{1}, []int{0}, mpi.Prod).Wait()
			return err
		}
		_, err := mpi.Iallreduce(c, []int{1}, []int{0}, mpi.Sum).Wait()
		return err
	})
	differs(t, c, "construction", func(c *mpi.Comm, odd bool) error {
		if odd {
			_, err := c.Split(0, 0)
			return err
		}
		_, err := c.Dup()
		return err
	})
	differs(t, c, "object", func(c *mpi.Comm, odd bool) error {
		if odd {
			_, err := mpi.ReduceObject(c, 1, func(a, b int) int { return a + b }, 0)
			return err
		}
		_, err := mpi.BcastObject(c, 1, 0)
		return err
	})
	t.OK(c.Barrier())
}
