package mpi_test

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/ringo-mpi/ringo/mpi"
)

var objectRanks = []int{1, 2, 3, 4, 7, 8}

func TestObjectCollectives(t *testing.T) {
	for _, n := range objectRanks {
		runObjects(t, n, func(c *mpi.Comm) error {
			for i, size := range []int{0, 3, 20, 30, 400, 5000, 34000} {
				root, me := i%n, c.Rank()
				// Ranks have objects of different lengths: some fit into a frame.
				length := func(from, to int) int { return size * ((from+2*to+i)%3 + 1) / 2 }
				got, err := mpi.BcastObject(c, makePayload(me, length(me, 0)), root)
				if err := check(got, err, makePayload(root, length(root, 0))); err != nil {
					return fmt.Errorf("Bcast: %w", err)
				}
				var own, all []payload
				for r := range n {
					own = append(own, makePayload(me, length(me, r)))
					all = append(all, makePayload(r, length(r, 0)))
				}
				var parts []payload
				if me == root {
					parts = own
				}
				got, err = mpi.ScatterObject(c, parts, root)
				if err := check(got, err, makePayload(root, length(root, me))); err != nil {
					return fmt.Errorf("Scatter: %w", err)
				}
				list, err := mpi.GatherObject(c, own[0], root)
				want := all
				if me != root {
					want = nil
				}
				if err := check(list, err, want); err != nil {
					return fmt.Errorf("Gather: %w", err)
				}
				list, err = mpi.AllgatherObject(c, own[0])
				if err := check(list, err, all); err != nil {
					return fmt.Errorf("Allgather: %w", err)
				}
				var mine []payload
				for r := range n {
					mine = append(mine, makePayload(r, length(r, me)))
				}
				list, err = mpi.AlltoallObject(c, own)
				if err := check(list, err, mine); err != nil {
					return fmt.Errorf("Alltoall: %w", err)
				}
			}
			return nil
		})
	}
}

// A function that is associative and not commutative meets the values in rank
// order, whatever the root; one that changes its arguments does no harm.
func TestObjectReductions(t *testing.T) {
	for _, n := range objectRanks {
		runObjects(t, n, func(c *mpi.Comm) error {
			for _, pad := range []int{0, 100, 5000, 40000} {
				me := c.Rank()
				join := func(a, b []string) []string { return append(a, b...) }
				word := func(r int) string { return fmt.Sprint(r, strings.Repeat(".", pad)) }
				var upTo []string
				for r := 0; r <= me; r++ {
					upTo = append(upTo, word(r))
				}
				var all []string
				for r := range n {
					all = append(all, word(r))
				}
				for root := range n {
					got, err := mpi.ReduceObject(c, []string{word(me)}, join, root)
					var want []string
					if me == root {
						want = all
					}
					if err := check(got, err, want); err != nil {
						return fmt.Errorf("Reduce: %w", err)
					}
				}
				got, err := mpi.AllreduceObject(c, []string{word(me)}, join)
				if err := check(got, err, all); err != nil {
					return fmt.Errorf("Allreduce: %w", err)
				}
				got, err = mpi.ScanObject(c, []string{word(me)}, join)
				if err := check(got, err, upTo); err != nil {
					return fmt.Errorf("Scan: %w", err)
				}
				got, err = mpi.ExscanObject(c, []string{word(me)}, join)
				want := upTo[:me]
				if me == 0 {
					want = nil
				}
				if err := check(got, err, want); err != nil {
					return fmt.Errorf("Exscan: %w", err)
				}
				merge := func(a, b map[string]int) map[string]int { maps.Copy(b, a); return b }
				sums, err := mpi.ScanObject(c, map[string]int{word(me): me}, merge)
				if err != nil || len(sums) != me+1 {
					return fmt.Errorf("Scan of maps: %d entries, want %d, %w", len(sums), me+1, err)
				}
			}
			return nil
		})
	}
}

// unsendable has a field that no codec encodes, if it is set.
type unsendable struct {
	N int
	V any
}

// A rank that cannot encode its object leaves no other rank waiting, and the
// communicator stays usable.
func TestObjectCollectiveErrors(t *testing.T) {
	runObjects(t, 4, func(c *mpi.Comm) error {
		for bad := range 4 {
			me := c.Rank()
			v := unsendable{N: me}
			if me == bad {
				v.V = make(chan int)
			}
			expect := func(name string, err error, want bool) error {
				if errors.Is(err, mpi.ErrCodec) != want || err != nil && !want {
					return fmt.Errorf("%s, bad rank %d: %w", name, bad, err)
				}
				if err != nil && !strings.Contains(err.Error(), name) {
					return fmt.Errorf("%s, bad rank %d: the error does not name the call: %w", name, bad, err)
				}
				return nil
			}
			both := func(a, b unsendable) unsendable {
				if a.V == nil {
					a.V = b.V
				}
				return a
			}
			_, err := mpi.BcastObject(c, v, bad)
			if err := expect("BcastObject", err, true); err != nil {
				return err
			}
			list := []unsendable{{N: 0}, {N: 1}, {N: 2}, {N: 3}}
			list[bad].V = make(chan int)
			root := (bad + 1) % 4
			_, err = mpi.ScatterObject(c, list, root)
			if err := expect("ScatterObject", err, me == bad || me == root); err != nil {
				return err
			}
			_, err = mpi.GatherObject(c, v, root)
			if err := expect("GatherObject", err, me == bad || me == root); err != nil {
				return err
			}
			_, err = mpi.AllgatherObject(c, v)
			if err := expect("AllgatherObject", err, true); err != nil {
				return err
			}
			_, err = mpi.AlltoallObject(c, list)
			if err := expect("AlltoallObject", err, true); err != nil {
				return err
			}
			_, err = mpi.AllreduceObject(c, v, both)
			if err := expect("AllreduceObject", err, true); err != nil {
				return err
			}
			if _, err = mpi.ReduceObject(c, v, both, root); me == root {
				if err := expect("ReduceObject", err, true); err != nil {
					return err
				}
			}
			_, err = mpi.ScanObject(c, v, both)
			if err := expect("ScanObject", err, me >= bad); err != nil {
				return err
			}
			got, err := mpi.AllgatherObject(c, me)
			if err := check(got, err, []int{0, 1, 2, 3}); err != nil {
				return err
			}
		}
		return nil
	})
}

// Wrong arguments on the root do not leave the others waiting.
func TestObjectScatterCount(t *testing.T) {
	runObjects(t, 3, func(c *mpi.Comm) error {
		_, err := mpi.ScatterObject(c, []int{1, 2}, 1)
		want := error(mpi.ErrCodec)
		if c.Rank() == 1 {
			want = mpi.ErrCount
		}
		if !errors.Is(err, want) {
			return fmt.Errorf("got %w, want class %v", err, want)
		}
		if _, err := mpi.BcastObject(c, 1, 3); !errors.Is(err, mpi.ErrRoot) {
			return fmt.Errorf("root 3 of 3: %w", err)
		}
		v, err := mpi.ScatterObject(c, []int{1, 2, 3}, 0)
		return check(v, err, c.Rank()+1)
	})
}
