package embedded_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// closedSoon returns a channel that closes after a moment.
func closedSoon() <-chan struct{} {
	c := make(chan struct{})
	time.AfterFunc(5*time.Millisecond, func() { close(c) })
	return c
}

// A send that is given up is taken back while the receiver is far from any
// call, and the receiver gets the next message instead.
func TestSendGivenUp(t *testing.T) {
	for _, n := range []int{1, 1000, 3000, 100_000} {
		for _, self := range []bool{false, true} {
			t.Run(fmt.Sprint(n, self), func(t *testing.T) {
				given := make(chan struct{})
				ranks(t, 2, func(e engine.Engine) error {
					w := e.World()
					dest := 1
					if self {
						dest = w.Rank()
					}
					if w.Rank() == 0 || self {
						err := w.Send(floats(make([]float64, n)), dest, 3, engine.Synchronous, closedSoon())
						if !errors.Is(err, engine.ErrCancelled) {
							return fmt.Errorf("given up: %v", err)
						}
						if w.Rank() == 0 {
							close(given)
						}
						r, err := w.Isend(floats([]float64{7}), dest, 3, engine.Synchronous)
						if err != nil {
							return err
						}
						if !self {
							_, err = r.Wait(nil)
							return err
						}
					} else {
						<-given
					}
					st, ok, err := w.Probe(engine.AnySource, 3, true, nil)
					if err != nil || !ok || st.Bytes != 8 {
						return fmt.Errorf("probe %+v %v %v", st, ok, err)
					}
					v := []float64{0, 0}
					st, err = w.Recv(floats(v), engine.AnySource, engine.AnyTag, nil)
					if err != nil || v[0] != 7 || st.Bytes != 8 {
						return fmt.Errorf("%v %+v %v", v, st, err)
					}
					return nil
				})
			})
		}
	}
}

// A receive that is given up leaves the message for the next one.
func TestRecvGivenUp(t *testing.T) {
	given := make(chan struct{})
	ranks(t, 2, func(e engine.Engine) error {
		w := e.World()
		if w.Rank() == 0 {
			<-given
			return w.Send(floats([]float64{5}), 1, 0, engine.Standard, nil)
		}
		v := []float64{0}
		_, err := w.Recv(floats(v), 0, 0, closedSoon())
		close(given)
		if !errors.Is(err, engine.ErrCancelled) {
			return fmt.Errorf("given up: %w", err)
		}
		if _, err := w.Recv(floats(v), 0, 0, nil); err != nil || v[0] != 5 {
			return fmt.Errorf("%v %w", v, err)
		}
		return nil
	})
}

// Goroutines of one rank wait for each other: the one that polls sleeps while
// another one completes what it waits for.
func TestGoroutinesOfOneRank(t *testing.T) {
	ranks(t, 1, func(e engine.Engine) error {
		w := e.World()
		const pairs, rounds = 8, 200
		errs := make(chan error, 2*pairs)
		for p := range pairs {
			go func() {
				for i := range rounds {
					v := []float64{-1}
					if _, err := w.Recv(floats(v), 0, p, nil); err != nil || v[0] != float64(i) {
						errs <- fmt.Errorf("pair %d: %v %v", p, v, err)
						return
					}
				}
				errs <- nil
			}()
			go func() {
				for i := range rounds {
					if i%50 == 49 {
						time.Sleep(time.Millisecond)
					}
					if err := w.Send(floats([]float64{float64(i)}), 0, p, engine.SendMode(i%2), nil); err != nil {
						errs <- err
						return
					}
				}
				errs <- nil
			}()
		}
		for range 2 * pairs {
			if err := <-errs; err != nil {
				return err
			}
		}
		return nil
	})
}

// After more sends at a time than can be taken back, a single one can be again.
func TestSendGivenUpAfterMany(t *testing.T) {
	const many = 5000
	ranks(t, 2, func(e engine.Engine) error {
		w := e.World()
		if w.Rank() == 1 {
			for i := range many + 1 {
				if _, err := w.Recv(floats([]float64{0}), 0, i, nil); err != nil {
					return err
				}
			}
			return nil
		}
		var sends []engine.Request
		for i := range many {
			r, err := w.Isend(floats([]float64{0}), 1, i, engine.Synchronous)
			if err != nil {
				return err
			}
			sends = append(sends, r)
		}
		for _, r := range sends {
			if _, err := r.Wait(nil); err != nil {
				return err
			}
			e.(engine.Recycler).Recycle(r)
		}
		r, err := w.Isend(floats([]float64{0}), 1, many+1, engine.Synchronous)
		if err != nil {
			return err
		}
		if err := r.Cancel(); err != nil {
			return err
		}
		if st, done, err := r.Test(); !done || !st.Cancelled || err != nil {
			return fmt.Errorf("done: %v, cancelled: %v, %w", done, st.Cancelled, err)
		}
		return w.Send(floats([]float64{0}), 1, many, engine.Standard, nil)
	})
}
