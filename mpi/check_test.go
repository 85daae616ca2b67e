package mpi_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ringo-mpi/ringo/mpi"
)

func TestCheckFindsMismatches(t *testing.T) {
	op := mpi.OpFunc(func(a, b float64) float64 { return a + b }, true)
	for _, k := range []struct {
		name string
		call func(c *mpi.Comm, odd bool, x, y []float64) error // rank 2 is the odd one
		text []string
	}{
		{"operation", func(c *mpi.Comm, odd bool, x, y []float64) error {
			if odd {
				return mpi.Reduce(c, x, y, mpi.Sum, 1)
			}
			return mpi.Bcast(c, x, 0)
		}, []string{"rank 0 called Bcast(root 0, 6×float64) at check_test.go:", ", rank 2 called Reduce(root 1, 6×float64, Sum) at check_test.go:", ": not the same operation"}},
		{"root", func(c *mpi.Comm, odd bool, x, y []float64) error {
			root := 0
			if odd {
				root = 2
			}
			return mpi.Bcast(c, x, root)
		}, []string{"Bcast(root 0", "Bcast(root 2", "the roots differ"}},
		{"count", func(c *mpi.Comm, odd bool, x, y []float64) error {
			if odd {
				return mpi.Allreduce(c, x[:3], y[:3], mpi.Sum)
			}
			return mpi.Allreduce(c, x, y, mpi.Sum)
		}, []string{"Allreduce(6×float64, Sum)", "Allreduce(3×float64, Sum)", "the counts differ"}},
		{"reduction", func(c *mpi.Comm, odd bool, x, y []float64) error {
			o := mpi.Sum
			if odd {
				o = op
			}
			return mpi.AllreduceInPlace(c, x, o)
		}, []string{"AllreduceInPlace(6×float64, Sum)", "AllreduceInPlace(6×float64, user function)", "the reductions differ"}},
		{"type", func(c *mpi.Comm, odd bool, x, y []float64) error {
			if odd {
				return mpi.Bcast(c, make([]int64, 6), 0)
			}
			return mpi.Bcast(c, x, 0)
		}, []string{"6×float64", "6×int64", "the element types differ"}},
		{"in place", func(c *mpi.Comm, odd bool, x, y []float64) error {
			if odd {
				return mpi.AllgatherInPlace(c, x)
			}
			return mpi.Allgather(c, x[:2], y)
		}, []string{"Allgather(2×float64)", "AllgatherInPlace(2×float64)", "one is in place"}},
		{"gather", func(c *mpi.Comm, odd bool, x, y []float64) error {
			if odd {
				return mpi.Gather(c, x[:1], nil, 0)
			}
			return mpi.Gather(c, x[:2], y, 0)
		}, []string{"Gather(root 0, 2×float64)", "Gather(root 0, 1×float64)", "the counts differ"}},
		{"vector", func(c *mpi.Comm, odd bool, x, y []float64) error {
			counts := []int{1, 2, 3}
			if odd {
				counts = []int{2, 1, 3}
			}
			return mpi.ReduceScatter(c, mpi.PartsOf(x, counts), y[:c.Rank()+1], mpi.Sum)
		}, []string{"ReduceScatter", "the counts differ"}},
		{"Scatterv", func(c *mpi.Comm, odd bool, x, y []float64) error {
			n := 2
			if odd {
				n = 1
			}
			return mpi.Scatterv(c, mpi.PartsOf(x, []int{2, 2, 2}), y[:n], 1)
		}, []string{"rank 1 called Scatterv(root 1, 2×float64)", "with count 2 for rank 2, which called Scatterv(root 1, 1×float64)", "with 1 elements"}},
		{"Alltoallv", func(c *mpi.Comm, odd bool, x, y []float64) error {
			counts := []int{2, 2, 2}
			if odd {
				return mpi.Alltoallv(c, mpi.PartsOf(x, []int{1, 2, 2}), mpi.PartsOf(y, counts))
			}
			return mpi.Alltoallv(c, mpi.PartsOf(x, counts), mpi.PartsOf(y, counts))
		}, []string{"rank 0 called Alltoallv", "expects 2 elements of rank 2", "and sends 1"}},
		{"nonblocking", func(c *mpi.Comm, odd bool, x, y []float64) error {
			if odd {
				_, err := c.Ibarrier().Wait()
				return err
			}
			return c.Barrier()
		}, []string{"rank 0 called Barrier() at check_test.go:", "rank 2 called Ibarrier() at", "blocking and nonblocking"}},
		{"both nonblocking", func(c *mpi.Comm, odd bool, x, y []float64) error {
			if odd {
				_, err := mpi.Iallreduce(c, x, y, mpi.Max).Wait()
				return err
			}
			_, err := mpi.Ibcast(c, x, 0).Wait()
			return err
		}, []string{"rank 0 called Ibcast(", "rank 2 called Iallreduce("}},
		{"construction", func(c *mpi.Comm, odd bool, x, y []float64) error {
			var err error
			if odd {
				_, err = c.Dup()
			} else {
				_, err = c.Split(0, 0)
			}
			return err
		}, []string{"rank 0 called Split() at", "rank 2 called Dup() at", "not the same"}},
		{"group", func(c *mpi.Comm, odd bool, x, y []float64) error {
			g, _ := c.Group().Incl(0, 2)
			if odd {
				g, _ = c.Group().Incl(2, 0)
			}
			_, err := c.Create(g)
			return err
		}, []string{"Create", "the arguments differ"}},
		{"value", func(c *mpi.Comm, odd bool, x, y []float64) error {
			var err error
			if odd {
				_, err = mpi.AllgatherValue(c, 1)
			} else {
				_, err = mpi.AllreduceValue(c, 1, mpi.Sum)
			}
			return err
		}, []string{"rank 0 called AllreduceValue(1×int, Sum)", "rank 2 called AllgatherValue(1×int)"}},
	} {
		for name := range engines {
			t.Run(k.name+"/"+name, func(t *testing.T) {
				runEngine(t, name, 3, true, func(world *mpi.Comm) error {
					c, err := world.Dup()
					if err != nil {
						return err
					}
					err = k.call(c, c.Rank() == 2, make([]float64, 6), make([]float64, 6))
					if !errors.Is(err, mpi.ErrMismatch) || strings.Contains(err.Error(), "\n") {
						return fmt.Errorf("rank %d: %v", c.Rank(), err)
					}
					for _, text := range k.text {
						if !strings.Contains(err.Error(), text) {
							return fmt.Errorf("rank %d: %v: want %q", c.Rank(), err, text)
						}
					}
					return nil
				})
			})
		}
	}
}

// A program without a mistake runs the same in check mode, also one whose
// nonblocking calls overlap and one in which a rank waits for another's
// message between them.
func TestCheckIsQuiet(t *testing.T) {
	for name := range engines {
		for _, n := range sizes {
			runEngine(t, name, n, true, func(c *mpi.Comm) error {
				x := data(c.Rank(), 2, ranks(c)...)
				y, z := make([]int64, len(x)), make([]int64, len(x))
				a := mpi.Ialltoall(c, x, y)
				b := mpi.Iallreduce(c, x, z, mpi.Sum)
				d := c.Ibarrier()
				if err := mpi.WaitAll(d, a, b); err != nil {
					return err
				}
				if err := equal("alltoall", y, fromAll(c, 2, c.Rank())); err != nil {
					return err
				}
				// Rank 0 begins a collective and then waits for a message that the
				// last rank sends before it joins.
				last := c.Size() - 1
				switch r := c.Ibarrier; {
				case last == 0:
				case c.Rank() == 0:
					q := r()
					if _, err := mpi.Recv(c, y[:1], last, 0); err != nil {
						return err
					}
					if _, err := q.Wait(); err != nil {
						return err
					}
				case c.Rank() == last:
					time.Sleep(time.Millisecond)
					if err := mpi.Send(c, x[:1], 0, 0); err != nil {
						return err
					}
					fallthrough
				default:
					if _, err := r().Wait(); err != nil {
						return err
					}
				}
				parts, err := mpi.AllgatherSlices(c, x[:c.Rank()])
				if err != nil || len(parts[last]) != last {
					return fmt.Errorf("%v %v", parts, err)
				}
				e, err := c.Split(c.Rank()%2, 0)
				if err != nil {
					return err
				}
				send := make([][]int64, c.Size())
				for r := range send {
					send[r] = x[:pairCount(c.Rank(), r)%2]
				}
				if _, err := mpi.AlltoallSlices(c, send); err != nil {
					return err
				}
				var counts []int
				if e.Rank() == 0 {
					counts = make([]int, e.Size())
				}
				return first(mpi.Gatherv(e, x[:0], mpi.PartsOf(x[:0], counts), 0), mpi.AllreduceInPlace(e, x, mpi.Sum), e.Free(), c.Barrier())
			})
		}
	}
}

// A call that one rank never makes is found when that rank ends.
func TestCheckFindsMissingCalls(t *testing.T) {
	for name := range engines {
		err := runUntil(t, name, 3, true, func(c *mpi.Comm) error {
			d, err := c.Dup()
			if err != nil || c.Rank() == 1 {
				return err
			}
			return d.Barrier()
		})
		if !errors.Is(err, mpi.ErrMismatch) || !strings.Contains(err.Error(), "rank 0 called Barrier() at check_test.go:") || !strings.Contains(err.Error(), "rank 1 called Finalize()") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A reduction of objects, which is messages, is compared like a collective: one
// rank's wrong root keeps nobody waiting, and the ranks stay in step.
func TestCheckTellsOfRefusedObjects(t *testing.T) {
	for name := range engines {
		err := runUntil(t, name, 3, true, func(c *mpi.Comm) error {
			root, want := 0, mpi.ErrMismatch
			if c.Rank() == 2 {
				root, want = 3, mpi.ErrRoot
			}
			_, err := mpi.ReduceObject(c, 1, func(a, b int) int { return a + b }, root)
			if !errors.Is(err, want) || !strings.Contains(err.Error(), "root 3 is not a rank") {
				return fmt.Errorf("%v, want an error of class %v with the reason", err, want)
			}
			if sum, err := mpi.AllreduceValue(c, 1, mpi.Sum); err != nil || sum != 3 {
				return fmt.Errorf("afterwards the sum is %d (%w)", sum, err)
			}
			return nil
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Revoke releases also those who wait in a comparison.
func TestRevokeInCheckMode(t *testing.T) {
	for name := range engines {
		runEngine(t, name, 3, true, func(c *mpi.Comm) error {
			d, err := c.Dup()
			if err != nil {
				return err
			}
			if c.Rank() == 2 {
				d.Revoke() // and makes no call on it
			} else if err := d.Barrier(); !errors.Is(err, mpi.ErrRevoked) || !strings.Contains(err.Error(), "revoked by rank 2 of world/dup") {
				return fmt.Errorf("rank %d: %v", c.Rank(), err)
			}
			return c.Barrier()
		})
	}
}

// A context ends a comparison, too.
func TestContextInCheckMode(t *testing.T) {
	for name := range engines {
		runEngine(t, name, 2, true, func(c *mpi.Comm) error {
			for _, nonblocking := range []bool{false, true} {
				d, err := c.Dup()
				if err != nil {
					return err
				}
				if c.Rank() == 0 {
					ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
					defer cancel()
					if nonblocking {
						_, err = d.WithContext(ctx).Ibarrier().Wait()
					} else {
						err = d.WithContext(ctx).Barrier()
					}
					if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, mpi.ErrCancelled) {
						return fmt.Errorf("nonblocking %v: %v", nonblocking, err)
					}
				}
				if err := c.Barrier(); err != nil {
					return err
				}
				if err := d.Barrier(); !errors.Is(err, mpi.ErrRevoked) {
					return fmt.Errorf("rank %d, after: %v", c.Rank(), err)
				}
			}
			return nil
		})
	}
}

// What a communicator needs to be checked goes with it.
func TestCheckedCommsAreForgotten(t *testing.T) {
	t.Setenv("RINGO_CHECK", "1")
	if err := mpi.Run(2, func(world *mpi.Comm) error {
		before := mpi.Checkers(world)
		for range 5 {
			d, err := world.Dup()
			if err != nil {
				return err
			}
			if n := mpi.Checkers(world); n != before+1 {
				return fmt.Errorf("%d checkers with a duplicate, %d without", n, before)
			}
			if err := d.Free(); err != nil {
				return err
			}
		}
		if n := mpi.Checkers(world); n != before {
			return fmt.Errorf("%d checkers are left, of %d", n, before)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}
