package native

import (
	"runtime"
	"time"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// How a goroutine waits. It polls in batches, each one transition to C; between
// two batches other goroutines run. A batch that did nothing takes about as
// long as the shortest one seen; one that moved data takes longer. After
// spinTime of batches that did nothing the goroutine sleeps between batches, a
// sixteenth of the time that it has waited and at most maxSleep: a rank that
// waits long burns no core, and learns of the end at most 6 % later.
const (
	batch    = 64 // polls in a transition, with one goroutine waiting
	minBatch = 4
	spinTime = 5 * time.Millisecond
	minSleep = 50 * time.Microsecond
	maxSleep = time.Millisecond
)

// waiter is one goroutine's wait.
type waiter struct {
	d        *driver
	began    time.Time
	idle     time.Duration // spent in batches that did nothing, less what was done since
	shortest time.Duration // per poll
	polls    int
	last     time.Time
}

// await polls a request until it has completed. It returns an error before
// that when done is closed or the communicator is revoked, and leaves the
// operation running.
func (r *request) await(done <-chan struct{}) error {
	w := waiter{d: r.d}
	w.begin()
	defer w.end()
	for {
		select {
		case <-done:
			return errDone(r.peer, r.tag, "the context ended while the "+r.kind.String()+" was blocked")
		default:
		}
		if err := r.comm.usable(); err != nil {
			return err
		}
		w.pause()
		finished, err := r.poll(w.polls)
		if finished || err != nil {
			return err
		}
	}
}

func (w *waiter) begin() {
	w.d.waiting.Add(1)
	w.polls = w.count()
}

func (w *waiter) end() { w.d.waiting.Add(-1) }

// count is the number of polls in the next batch: fewer when other goroutines
// wait too, since each poll makes progress for all of them.
func (w *waiter) count() int {
	if w.d.local.crowded {
		return minBatch
	}
	return max(minBatch, batch/int(max(1, w.d.waiting.Load())))
}

// pause is called before each batch.
func (w *waiter) pause() {
	now := time.Now()
	if w.began.IsZero() {
		w.began, w.shortest = now, time.Hour
	} else {
		w.account(now)
	}
	w.polls = w.count()
	switch {
	case w.idle > spinTime:
		nap(min(max(now.Sub(w.began)/16, minSleep), maxSleep))
		w.last = time.Now()
		return
	case w.d.local.crowded:
		yieldThread()
	}
	runtime.Gosched()
	w.last = time.Now()
}

// account judges the batch that has just ended.
func (w *waiter) account(now time.Time) {
	took := now.Sub(w.last)
	each := took / time.Duration(w.polls)
	w.shortest = min(w.shortest, max(each, 1))
	switch {
	case w.d.local.crowded:
		// Other processes have the core for most of the time; what a batch took
		// says nothing.
		w.idle = now.Sub(w.began)
	case each > 4*w.shortest && took > 2*time.Microsecond:
		w.idle = max(0, w.idle-time.Millisecond) // it moved data
	default:
		w.idle += took
	}
}

// errRevoked is the error of a revoked communicator.
func errRevoked(reason string) *engine.Error {
	return engine.Errorf(engine.ErrRevoked, "%s", reason)
}
