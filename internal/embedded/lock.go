package embedded

import (
	"runtime"
	"sync/atomic"
	"time"

	"github.com/ringo-mpi/ringo/internal/memory"
)

// lock guards an endpoint, and the blocking collectives of a communicator. It
// differs from sync.Mutex in two ways: its holder can see that somebody waits
// for it and let go in the middle of a poll, and letting go is a plain store,
// which does not wait for the frame that was just published to leave the core.
type lock struct {
	state   uint32
	waiting atomic.Int32
}

// Lock takes the lock.
func (l *lock) Lock() {
	if !atomic.CompareAndSwapUint32(&l.state, 0, 1) {
		l.slow()
	}
}

// TryLock takes the lock if nobody has it.
func (l *lock) TryLock() bool {
	return atomic.LoadUint32(&l.state) == 0 && atomic.CompareAndSwapUint32(&l.state, 0, 1)
}

func (l *lock) slow() {
	l.waiting.Add(1)
	defer l.waiting.Add(-1)
	for round := 0; ; round++ {
		for range 50 {
			if l.TryLock() {
				return
			}
			memory.Pause()
		}
		switch {
		case round < 200:
			runtime.Gosched()
		case round < 400: // the holder has lost its core
			time.Sleep(50 * time.Microsecond)
		default: // or waits in a collective
			time.Sleep(time.Millisecond)
		}
	}
}

// Unlock gives the lock back.
func (l *lock) Unlock() { memory.StoreRelease32(&l.state, 0) }

// Wanted reports whether somebody waits for the lock.
func (l *lock) Wanted() bool { return l.waiting.Load() != 0 }

// Pass lets somebody who waits have the lock, and takes it back.
func (l *lock) Pass() {
	l.Unlock()
	for range 20 {
		runtime.Gosched()
		if !l.Wanted() {
			break
		}
	}
	l.Lock()
}
