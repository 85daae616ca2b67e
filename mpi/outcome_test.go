package mpi_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"github.com/ringo-mpi/ringo/mpi"
)

// Receives end by themselves, in calls of one goroutine and while several are
// in calls on them; whoever finds them complete finds the same. Each is handed
// out by WaitAny once at most, also when it is one used again, and one that was
// cancelled before.
func TestReceivesEndBesideCalls(t *testing.T) {
	const window, last = 16, 15 // the last request is cancelled in every second round
	rounds := 400
	if testing.Short() {
		rounds = 100
	}
	run(t, 2, func(c *mpi.Comm) error {
		rng := rand.New(rand.NewPCG(7, uint64(c.Rank())))
		var again [window]mpi.Request
		for round := range rounds {
			cancelled := round%2 == 0
			if c.Rank() == 0 {
				if err := c.Barrier(); err != nil {
					return err
				}
				for _, i := range rng.Perm(window) {
					if i == last && cancelled {
						continue
					}
					if err := mpi.Send(c, []int{round, i}, 1, i); err != nil {
						return err
					}
					for range rng.IntN(20) {
						runtime.Gosched()
					}
				}
				continue
			}
			var reqs [window]*mpi.Request
			bufs := make([][3]int, window)
			for i := range reqs {
				if i%3 == 1 {
					reqs[i] = mpi.Irecv(c, bufs[i][:], 0, i)
					continue
				}
				reqs[i] = &again[i]
				if err := mpi.StartRecv(c, reqs[i], bufs[i][:], 0, i); err != nil {
					return err
				}
			}
			if err := c.Barrier(); err != nil {
				return err
			}
			var wg sync.WaitGroup
			var mu sync.Mutex
			var hits [window]int
			errs := make(chan error, 8)
			fail := func(err error) {
				if err != nil {
					select {
					case errs <- err:
					default:
					}
				}
			}
			check := func(i int, st mpi.Status, err error) {
				switch {
				case err != nil:
					fail(fmt.Errorf("round %d, request %d: %w", round, i, err))
				case i == last && cancelled:
					if !st.Cancelled {
						fail(fmt.Errorf("round %d: the cancelled request says %v", round, st))
					}
				case st.Cancelled || st.Tag != i || st.Source != 0 || mpi.Count[int](st) != 2 || bufs[i][0] != round || bufs[i][1] != i:
					fail(fmt.Errorf("round %d, request %d: %v, %v", round, i, st, bufs[i]))
				}
			}
			for range 2 {
				wg.Go(func() {
					for {
						i, st, err := mpi.WaitAny(reqs[:]...)
						if i < 0 {
							fail(err)
							return
						}
						check(i, st, err)
						mu.Lock()
						hits[i]++
						mu.Unlock()
					}
				})
			}
			order := rng.Perm(window)
			wg.Go(func() {
				for left := len(order); left > 0; {
					left = 0
					for _, i := range order {
						if st, ok, err := reqs[i].Test(); ok {
							check(i, st, err)
						} else {
							left++
						}
					}
					runtime.Gosched()
				}
			})
			wait := rng.IntN(window)
			wg.Go(func() {
				st, err := reqs[wait].Wait()
				check(wait, st, err)
			})
			if cancelled {
				wg.Go(func() { fail(reqs[last].Cancel()) })
			}
			wg.Wait()
			select {
			case err := <-errs:
				return err
			default:
			}
			for i, n := range hits {
				if n > 1 {
					return fmt.Errorf("round %d: WaitAny hands out request %d %d times", round, i, n)
				}
			}
			fail(mpi.WaitAll(reqs[:]...)) // whatever nobody has asked for
		}
		return nil
	})
}
