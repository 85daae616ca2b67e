package native

import (
	"runtime"
	"time"
)

// A goroutine that waits polls in batches, each one transition to C. Other
// goroutines run between two batches: always when some of them wait too,
// otherwise now and then, because giving way wakes a thread that looks for
// work. When nothing has happened for spinTime it sleeps between batches, for a
// sixteenth of the time that it has waited and at most maxSleep: a rank that
// waits long burns no core, and learns of the end not much later.
//
// Many libraries move data only in calls, so a transfer must not be slept
// through. Whether a batch has moved data shows in its time: after looksAfter
// batches are short, and one that takes longer than the polls themselves counts
// as work.
const (
	batch      = 64 // polls in a transition, with one goroutine waiting
	minBatch   = 4
	lookBatch  = 8 // polls in a batch that is judged
	looksAfter = time.Millisecond
	spinTime   = 5 * time.Millisecond
	workTime   = 3 * time.Microsecond  // measured: more than idle polls take, less than moving 32 KiB does
	workCredit = 32                    // times what a batch that worked took are spent spinning after it
	preempted  = time.Millisecond      // a batch that took longer did not have the core for all of it
	turnTime   = 20 * time.Microsecond // between two turns of other goroutines, when none of them waits
	minSleep   = 50 * time.Microsecond
	maxSleep   = time.Millisecond
)

// waiter is one goroutine's wait.
type waiter struct {
	d        *driver
	polls    int // in the next batch
	began    time.Time
	last     time.Time     // when the last batch began
	idle     time.Duration // spent in batches that did nothing, less what was done since
	shortest time.Duration // time of lookBatch polls
	slept    bool          // the last batch came after a sleep, with cold caches
	yielded  time.Time     // when other goroutines last had a turn
	looked   time.Time     // when it was last seen whether ranks have finished
}

// await polls a request until it has completed. It returns an error before
// that when done is closed, the communicator is revoked, or the ranks that it
// waits for have finished, and leaves the operation running.
func (r *request) await(done <-chan struct{}) error {
	w := waiter{d: r.d}
	w.begin()
	defer w.end()
	return w.await(r, done)
}

// await is request.await between begin and end of a wait that goes on after it.
func (w *waiter) await(r *request, done <-chan struct{}) error {
	for {
		select {
		case <-done:
			return errDone(r.peer, r.tag, "the context ended while the "+r.kind.String()+" was blocked")
		default:
		}
		if err := r.comm.running(); err != nil {
			return err
		}
		w.pause()
		finished, err := r.poll(w.polls)
		if finished || err != nil {
			return err
		}
		if w.looks() {
			if err := r.missed(w.last.Sub(w.began)); err != nil {
				return err
			}
		}
	}
}

// looks tells whether it is time to look for ranks that have finished: now and
// then, once a call has waited for a while.
func (w *waiter) looks() bool {
	if w.last.Sub(w.began) < spinTime || w.last.Sub(w.looked) < maxSleep {
		return false
	}
	w.looked = w.last
	return true
}

func (w *waiter) begin() {
	w.d.waiting.Add(1)
	w.polls = w.count()
}

func (w *waiter) end() { w.d.waiting.Add(-1) }

// count is the number of polls in a batch: fewer when other goroutines wait
// too, since each poll makes progress for all of them, and when other processes
// wait for the core.
func (w *waiter) count() int {
	if w.d.local.crowded {
		return minBatch
	}
	return max(minBatch, batch/int(max(1, w.d.waiting.Load())))
}

// pause is called before each batch.
func (w *waiter) pause() {
	now := time.Now()
	sleep := w.step(now)
	switch {
	case sleep > 0:
		nap(sleep)
		w.last = time.Now()
		w.yielded = w.last
		return
	case w.d.local.crowded:
		yieldThread()
	}
	w.last = now
	if w.d.waiting.Load() > 1 || now.Sub(w.yielded) > turnTime {
		runtime.Gosched()
		w.last = time.Now()
		w.yielded = w.last
	}
}

// step judges the batch that has just ended, decides how many polls the next
// one has, and returns how long to sleep before it.
func (w *waiter) step(now time.Time) time.Duration {
	if w.began.IsZero() {
		w.began, w.yielded, w.shortest = now, now, time.Hour
	} else {
		w.account(now)
	}
	waited := now.Sub(w.began)
	w.polls = w.count()
	if waited > looksAfter {
		w.polls = min(lookBatch, w.polls)
	}
	w.slept = w.idle > spinTime && !w.slept
	if !w.slept {
		return 0
	}
	return min(max(waited/16, minSleep), maxSleep)
}

// account judges the batch that has just ended.
func (w *waiter) account(now time.Time) {
	took := now.Sub(w.last)
	switch {
	case w.d.local.crowded:
		// Other processes have the core for most of the time; what a batch took
		// says nothing.
		w.idle = now.Sub(w.began)
	case w.slept:
	case w.polls > lookBatch:
		w.idle += took
	default:
		w.shortest = min(w.shortest, took)
		switch {
		case took > preempted:
		case took > workTime+2*w.shortest:
			// In proportion: what else the host does now and then must not keep
			// a waiting rank spinning.
			w.idle = max(0, min(w.idle, spinTime)-workCredit*took)
		default:
			w.idle += took
		}
	}
}
