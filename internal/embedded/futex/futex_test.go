package futex_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/ringo-mpi/ringo/internal/embedded/futex"
)

func TestWakeEndsWait(t *testing.T) {
	var asleep atomic.Uint32
	p := new(uint32)
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		for atomic.LoadUint32(p) == 0 {
			asleep.Store(1)
			futex.Wait(p, 0, time.Minute)
		}
	}()
	for asleep.Load() == 0 {
		futex.Yield()
	}
	atomic.StoreUint32(p, 1)
	futex.Wake(p, 1)
	<-finished
}

func TestWaitReturnsWhenWordDiffers(t *testing.T) {
	p := new(uint32)
	*p = 3
	futex.Wait(p, 2, time.Hour)
}

func TestWaitTimesOut(t *testing.T) {
	futex.Wait(new(uint32), 0, time.Millisecond)
}
