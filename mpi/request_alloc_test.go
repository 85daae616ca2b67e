package mpi_test

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/ringo-mpi/ringo/mpi"
)

// Many receives: what they need until they are complete is used again for later
// ones, and nobody notices. Some end with an error, some are cancelled, some
// stay posted for long, and of many several goroutines wait for the end.
func TestManyReceives(t *testing.T) {
	const window = 64
	const short, withdrawn = 7, 8 // the tags whose messages are too long, in some rounds, and that are cancelled
	fails := func(round, i int) bool { return i == short && round%20 == 19 }
	rounds := 120
	if testing.Short() {
		rounds = 60
	}
	const late = 1000 // and on, the tags of those that stay posted
	keepFrom := rounds / 2
	type kept struct {
		r   *mpi.Request
		buf []int
	}
	run(t, 2, func(c *mpi.Comm) error {
		if c.Rank() == 0 {
			for round := range rounds {
				if err := c.Barrier(); err != nil {
					return err
				}
				for i := range window {
					if i == withdrawn {
						continue
					}
					if err := mpi.Send(c, []int{round, i}, 1, i); err != nil {
						return err
					}
				}
			}
			for round := keepFrom; round < rounds; round++ {
				if err := mpi.Send(c, []int{round, late}, 1, late+round); err != nil {
					return err
				}
			}
			return nil
		}
		var all [][]kept
		var long []kept
		seen := map[any]int{} // operations, and in how many stretches of rounds they were used
		var last any
		var reused bool
		for round := range rounds {
			if ops := mpi.Operations(c); ops != nil && ops != last {
				seen[ops]++
				reused = reused || seen[ops] > 1
				last = ops
			}
			if round == keepFrom && !reused {
				return fmt.Errorf("%d receives used %d different operations, none of them twice", round*window, len(seen))
			}
			if round >= keepFrom {
				buf := make([]int, 2)
				long = append(long, kept{mpi.Irecv(c, buf, 0, late+round), buf})
			}
			list := make([]kept, window)
			for i := range list {
				n := 2
				if fails(round, i) {
					n = 1
				}
				buf := make([]int, n)
				list[i] = kept{mpi.Irecv(c, buf, 0, i), buf}
			}
			if err := list[withdrawn].r.Cancel(); err != nil {
				return err
			}
			var wg sync.WaitGroup
			for g := range 3 {
				wg.Go(func() {
					for i := range list {
						switch k := list[(i+g*round)%window]; g {
						case 0:
							_, _ = k.r.Wait()
						case 1:
							for done := false; !done; runtime.Gosched() {
								_, done, _ = k.r.Test()
							}
						default:
							_ = k.r.Status()
						}
					}
				})
			}
			if err := c.Barrier(); err != nil {
				return err
			}
			wg.Wait()
			all = append(all, list)
		}
		for round, list := range all {
			for i, k := range list {
				st, err := k.r.Wait()
				switch {
				case fails(round, i):
					if !errors.Is(err, mpi.ErrTruncate) {
						return fmt.Errorf("round %d: a message that is too long: %v", round, err)
					}
				case err != nil:
					return err
				case i == withdrawn:
					if !st.Cancelled {
						return fmt.Errorf("round %d: the status of a cancelled receive is %v", round, st)
					}
				case st != mpi.Status{Source: 0, Tag: i, Bytes: st.Bytes} || mpi.Count[int](st) != 2 || st != k.r.Status() || k.buf[0] != round || k.buf[1] != i:
					return fmt.Errorf("round %d: receive %d got %v with %v", round, i, k.buf, st)
				}
			}
		}
		for i, k := range long {
			if st, err := k.r.Wait(); err != nil || k.buf[0] != keepFrom+i || k.buf[1] != late || st.Tag != late+keepFrom+i {
				return fmt.Errorf("a receive that stayed posted got %v, %v, %v", k.buf, st, err)
			}
		}
		return nil
	})
}

// Several goroutines of a rank start requests at the same time, and one of them
// takes over what those of the others needed.
func TestManyReceivesOfSeveralGoroutines(t *testing.T) {
	const goroutines = 4
	rounds := 4000
	if testing.Short() {
		rounds = 1500
	}
	run(t, 1, func(c *mpi.Comm) error {
		errs := make([]error, goroutines)
		var wg sync.WaitGroup
		for g := range goroutines {
			wg.Go(func() {
				for i := range rounds {
					buf := [1]int{}
					var reqs [2]*mpi.Request
					first := i % 2 // a send to a receive that is posted, or the other way round
					for k := range reqs {
						if k == first {
							reqs[k] = mpi.Irecv(c, buf[:], 0, g)
						} else {
							reqs[k] = mpi.Isend(c, []int{i}, 0, g)
						}
					}
					err := mpi.WaitAll(reqs[:]...)
					if st := reqs[first].Status(); err == nil && (buf[0] != i || st.Tag != g) {
						err = fmt.Errorf("round %d of goroutine %d: got %v with %v", i, g, buf, st)
					}
					if err != nil {
						errs[g] = err
						return
					}
				}
			})
		}
		wg.Wait()
		return errors.Join(errs...)
	})
}
