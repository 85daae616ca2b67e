package mpi_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/ringo-mpi/ringo/internal/start"
	"github.com/ringo-mpi/ringo/mpi"
)

// pingPong exchanges a message with the other one of two ranks.
func pingPong(c *mpi.Comm, buf []float64) error {
	other := 1 - c.Rank()
	if c.Rank() == 0 {
		if err := mpi.Send(c, buf, other, 1); err != nil {
			return err
		}
	}
	if _, err := mpi.Recv(c, buf, other, 1); err != nil {
		return err
	}
	if c.Rank() == 1 {
		return mpi.Send(c, buf, other, 1)
	}
	return nil
}

// objectPingPong exchanges an object of a basic type.
func objectPingPong(c *mpi.Comm, v int) error {
	other := 1 - c.Rank()
	if c.Rank() == 0 {
		if err := mpi.SendObject(c, v, other, 1); err != nil {
			return err
		}
	}
	got, _, err := mpi.RecvObject[int](c, other, 1)
	if err != nil || got != v {
		return fmt.Errorf("got %d, error %v", got, err)
	}
	if c.Rank() == 1 {
		return mpi.SendObject(c, v, other, 1)
	}
	return nil
}

// windows returns a call that exchanges a window of messages with the other one
// of two ranks, with requests that are used again.
func windows(c *mpi.Comm, n int) func() error {
	var slots [16]mpi.Request
	in, out := make([]float64, len(slots)/2*n), make([]float64, n)
	reqs := make([]*mpi.Request, len(slots))
	for i := range slots {
		reqs[i] = &slots[i]
	}
	return func() error {
		for i, r := range reqs {
			var err error
			if i < len(reqs)/2 {
				err = mpi.StartRecv(c, r, in[i*n:(i+1)*n], 1-c.Rank(), i)
			} else {
				err = mpi.StartSend(c, r, out, 1-c.Rank(), i-len(reqs)/2)
			}
			if err != nil {
				return err
			}
		}
		return mpi.WaitAll(reqs...)
	}
}

// hotCalls are the calls that are to allocate nothing.
func hotCalls(c *mpi.Comm) map[string]func() error {
	small, large := make([]float64, 4), make([]float64, 1<<16)
	out, both, one := make([]float64, 4), make([]float64, 8), make([]float64, 1)
	counts, ones := []int{1, 3}, []int{1, 1}
	mine, each := 0, []int{2, 2}
	if c != nil {
		mine = counts[c.Rank()]
	}
	return map[string]func() error{
		"objects of a basic type": func() error { return objectPingPong(c, 12345) },
		"StartSend and StartRecv": windows(c, 4),
		"the same of 80 KB":       windows(c, 10000),
		"Scatterv":                func() error { return mpi.Scatterv(c, mpi.PartsOf(small, counts), out[:mine], 0) },
		"Allgatherv":              func() error { return mpi.Allgatherv(c, out[:mine], mpi.PartsOf(small, counts)) },
		"Alltoallv":               func() error { return mpi.Alltoallv(c, mpi.PartsOf(both[:4], each), mpi.PartsOf(small, each)) },
		"ReduceScatter":           func() error { return mpi.ReduceScatter(c, mpi.PartsOf(both[:2], ones), one, mpi.Sum) },
		"Send and Recv":           func() error { return pingPong(c, small) },
		"Send and Recv of 512 KB": func() error { return pingPong(c, large) },
		"Bcast":                   func() error { return mpi.Bcast(c, small, 0) },
		"Bcast of 512 KB":         func() error { return mpi.Bcast(c, large, 0) },
		"Allreduce":               func() error { return mpi.Allreduce(c, small, out, mpi.Sum) },
		"AllreduceInPlace":        func() error { return mpi.AllreduceInPlace(c, large, mpi.Sum) },
		"Barrier":                 func() error { return c.Barrier() },
	}
}

// With the embedded engine below, nothing is allocated either.
func TestNoAllocationsInAJob(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for name := range hotCalls(nil) {
		err := mpi.RunOn(start.InProcess(2), false, func(c *mpi.Comm) error {
			call := hotCalls(c)[name]
			const rounds = 2000
			var before, after runtime.MemStats
			for i := range 2 * rounds {
				if i == rounds { // the first half fills the pools
					if err := c.Barrier(); err != nil {
						return err
					}
					runtime.ReadMemStats(&before)
				}
				if err := call(); err != nil {
					return err
				}
			}
			runtime.ReadMemStats(&after)
			if n := after.Mallocs - before.Mallocs; c.Rank() == 0 && n > rounds/10 {
				return fmt.Errorf("%d allocations in %d rounds", n, rounds)
			}
			return nil
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// BenchmarkJob is what a call costs between goroutine ranks.
func BenchmarkJob(b *testing.B) {
	for _, name := range []string{"Send and Recv", "Bcast", "Allreduce", "Barrier"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			err := mpi.RunOn(start.InProcess(2), false, func(c *mpi.Comm) error {
				call := hotCalls(c)[name]
				for range b.N {
					if err := call(); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		})
	}
}

// BenchmarkOverhead is what a call costs in this package alone.
func BenchmarkOverhead(b *testing.B) {
	x, y := make([]float64, 4), make([]float64, 4)
	for name, call := range map[string]func(c *mpi.Comm) error{
		"Send":      func(c *mpi.Comm) error { return mpi.Send(c, x, 0, 0) },
		"Recv":      func(c *mpi.Comm) error { _, err := mpi.Recv(c, x, 0, 0); return err },
		"Bcast":     func(c *mpi.Comm) error { return mpi.Bcast(c, x, 0) },
		"Allreduce": func(c *mpi.Comm) error { return mpi.Allreduce(c, x, y, mpi.Sum) },
	} {
		b.Run(name, func(b *testing.B) {
			err := mpi.RunOn(silentEngines(), false, func(c *mpi.Comm) error {
				for b.Loop() {
					if err := call(c); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		})
	}
}
