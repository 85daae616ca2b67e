package embedded_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// ranks runs f on n goroutine ranks and fails the test with their errors.
func ranks(t testing.TB, n int, f func(e engine.Engine) error) {
	t.Helper()
	onEngines(t, embedded.NewInproc(n), f)
}

// onEngines runs f on the ranks of a job and fails the test with their errors.
func onEngines(t testing.TB, engines []engine.Engine, f func(e engine.Engine) error) {
	t.Helper()
	var wg sync.WaitGroup
	errs := make([]error, len(engines))
	for r, e := range engines {
		wg.Go(func() {
			if errs[r] = f(e); errs[r] != nil {
				errs[r] = fmt.Errorf("rank %d: %w", r, errs[r])
				e.Fail(errs[r].Error())
				return
			}
			errs[r] = e.Finalize()
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func floats(v []float64) engine.Buf {
	return engine.Buf{Ptr: unsafe.Pointer(unsafe.SliceData(v)), Count: len(v), Type: engine.Basic(engine.Float64)}
}

func now() float64 { return time.Since(began).Seconds() }

var began = time.Now()

func TestPingPongSizes(t *testing.T) { ranks(t, 2, pingPongSizes) }

// pingPongSizes sends messages of all lengths and modes to and fro.
func pingPongSizes(e engine.Engine) error {
	w := e.World()
	for _, n := range []int{0, 1, 5, 6, 100, 511, 512, 513, 1024, 2000, 8192, 9000, 100_000, 1_000_000} {
		for mode := engine.Standard; mode <= engine.Buffered; mode++ {
			out, in := make([]float64, n), make([]float64, n+1)
			for i := range out {
				out[i] = float64(i + n)
			}
			if w.Rank() == 0 {
				if err := w.Send(floats(out), 1, n%7, mode, nil); err != nil {
					return err
				}
			}
			st, err := w.Recv(floats(in), 1-w.Rank(), n%7, nil)
			if err != nil {
				return err
			}
			if st.Bytes != 8*n || st.Source != 1-w.Rank() || st.Tag != n%7 {
				return fmt.Errorf("status %+v for %d", st, n)
			}
			for i := range out {
				if in[i] != out[i] {
					return fmt.Errorf("n %d mode %d element %d: %g", n, mode, i, in[i])
				}
			}
			if w.Rank() == 1 {
				if err := w.Send(floats(out), 0, n%7, mode, nil); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// The rings of large worlds are small: a message may be longer than a frame can
// be where one of a small world is a single frame.
func TestMessagesOfRingsThatAreSmall(t *testing.T) {
	for _, n := range []int{20, 130} {
		ranks(t, n, func(e engine.Engine) error {
			w := e.World()
			if w.Rank() > 1 {
				return nil
			}
			for round := range 50 {
				for size := 50; size < 1200; size += 37 {
					out, in := make([]float64, size), make([]float64, size)
					for i := range out {
						out[i] = float64(i + round)
					}
					if w.Rank() == 0 {
						if err := w.Send(floats(out), 1, 0, engine.Standard, nil); err != nil {
							return err
						}
						continue
					}
					if _, err := w.Recv(floats(in), 0, 0, nil); err != nil {
						return err
					}
					if !slices.Equal(in, out) {
						return fmt.Errorf("round %d: %d elements arrived damaged", round, size)
					}
				}
			}
			return nil
		})
	}
}

func TestManyUnexpectedFillTheRing(t *testing.T) {
	ranks(t, 3, func(e engine.Engine) error {
		w := e.World()
		const k = 10000
		if w.Rank() > 0 {
			for i := range k {
				if err := w.Send(floats([]float64{float64(i)}), 0, i%10, engine.Buffered, nil); err != nil {
					return err
				}
			}
			return nil
		}
		time.Sleep(time.Millisecond)
		for tag := range 10 {
			for i := tag; i < k; i += 10 {
				for src := 1; src < 3; src++ {
					v := []float64{0}
					if _, err := w.Recv(floats(v), src, tag, nil); err != nil {
						return err
					}
					if v[0] != float64(i) {
						return fmt.Errorf("from %d: %g, want %d", src, v[0], i)
					}
				}
			}
		}
		return nil
	})
}

func BenchmarkPingPong(b *testing.B) {
	for _, n := range []int{1, 128, 512, 4096, 131072} {
		b.Run(fmt.Sprint(8*n), func(b *testing.B) {
			ranks(b, 2, func(e engine.Engine) error {
				w := e.World()
				buf := floats(make([]float64, n))
				me := w.Rank()
				b.ReportAllocs()
				for range b.N {
					if me == 0 {
						w.Send(buf, 1, 0, 0, nil)
					}
					w.Recv(buf, 1-me, 0, nil)
					if me == 1 {
						w.Send(buf, 0, 0, 0, nil)
					}
				}
				return nil
			})
		})
	}
}

// A copy that fails although nobody dies ends the collective of all members.
func TestFailedCopyEndsCollective(t *testing.T) {
	why := errors.New("not permitted")
	ranks(t, 3, func(e engine.Engine) error {
		w := e.World()
		if w.Rank() == 1 {
			if err := embedded.CopyFailed(w, why); !errors.Is(err, why) {
				return fmt.Errorf("got %v, want %v", err, why)
			}
			return nil
		}
		err := w.Collective(engine.Coll{Kind: engine.Barrier}, nil)
		if !errors.Is(err, engine.ErrRevoked) || !strings.Contains(err.Error(), "rank 1: not permitted") {
			return fmt.Errorf("got %v, want that it was revoked, and why", err)
		}
		return nil
	})
}

// A copy from a rank that is dying ends with the news of its death.
func TestFailedCopyOfTheDying(t *testing.T) {
	ranks := embedded.NewInproc(2)
	time.AfterFunc(20*time.Millisecond, func() { ranks[1].Fail("it was killed") })
	err := embedded.CopyFailed(ranks[0].World(), errors.New("no such process"))
	if !errors.Is(err, engine.ErrProcFailed) || !strings.Contains(err.Error(), "rank 1") || !strings.Contains(err.Error(), "it was killed") {
		t.Errorf("got %v", err)
	}
	if err := ranks[0].Finalize(); err != nil {
		t.Error(err)
	}
}
