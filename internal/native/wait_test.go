package native

import (
	"testing"
	"time"
)

// wait has a goroutine wait for that long, by an invented clock: batch gives
// what a batch of so many polls that begins then takes. It returns the sleeps,
// and the time spent outside them.
func wait(w *waiter, long time.Duration, batch func(at time.Duration, polls int) time.Duration) (sleeps []time.Duration, busy time.Duration) {
	start := time.Unix(1e9, 0)
	w.begin()
	defer w.end()
	for now := start; now.Sub(start) < long; {
		if d := w.step(now); d > 0 {
			sleeps = append(sleeps, d)
			now = now.Add(d)
		}
		w.last = now
		took := batch(now.Sub(start), w.polls)
		busy += took
		now = now.Add(took)
	}
	return sleeps, busy
}

func idlePolls(_ time.Duration, polls int) time.Duration {
	return time.Duration(polls) * 100 * time.Nanosecond
}

// A rank that waits long uses little of the processor, and learns of the end
// within a millisecond.
func TestBackOff(t *testing.T) {
	for _, crowded := range []bool{false, true} {
		w := &waiter{d: &driver{}}
		w.d.local.crowded = crowded
		sleeps, busy := wait(w, 300*time.Millisecond, idlePolls)
		if len(sleeps) == 0 {
			t.Fatalf("crowded %v: no sleep in 300 ms", crowded)
		}
		first, last := sleeps[0], sleeps[len(sleeps)-1]
		if first < spinTime/16 || first > spinTime/15 || last != maxSleep {
			t.Errorf("crowded %v: sleeps begin with %v and end with %v, want %v and %v", crowded, first, last, spinTime/16, maxSleep)
		}
		if busy > 10*time.Millisecond {
			t.Errorf("crowded %v: %v of 300 ms were not slept", crowded, busy)
		}
	}
}

// A short wait does not sleep.
func TestBackOffShort(t *testing.T) {
	if sleeps, _ := wait(&waiter{d: &driver{}}, spinTime-100*time.Microsecond, idlePolls); len(sleeps) != 0 {
		t.Errorf("slept %v", sleeps)
	}
}

// A transfer that the polls themselves make is not slept through, however long
// it takes; after its end the goroutine sleeps again.
func TestBackOffTransfer(t *testing.T) {
	const end = 100 * time.Millisecond
	w := &waiter{d: &driver{}}
	sleeps, busy := wait(w, 2*end, func(at time.Duration, polls int) time.Duration {
		if at > 2*looksAfter && at < end {
			return 20 * time.Microsecond
		}
		return idlePolls(at, polls)
	})
	if busy < end || len(sleeps) == 0 || busy > end+20*time.Millisecond {
		t.Errorf("%v were not slept of a transfer of %v and as much time after it", busy, end)
	}
}

// A batch in which the core was taken away is no sign of a transfer.
func TestBackOffPreempted(t *testing.T) {
	i := 0
	w := &waiter{d: &driver{}}
	sleeps, _ := wait(w, time.Second, func(at time.Duration, polls int) time.Duration {
		if i++; i%16 == 0 {
			return 2 * preempted
		}
		return idlePolls(at, polls)
	})
	if len(sleeps) < 400 {
		t.Errorf("%d sleeps in a second", len(sleeps))
	}
}

// Pause sleeps when it is time to.
func TestPause(t *testing.T) {
	before := time.Now()
	w := &waiter{d: &driver{}, began: before.Add(-time.Second), last: before, idle: 2 * spinTime, polls: batch, shortest: time.Microsecond}
	w.pause()
	if took := time.Since(before); took < maxSleep || !w.slept {
		t.Errorf("a pause after a second took %v, slept %v", took, w.slept)
	}
	w.pause()
	if w.slept {
		t.Error("slept twice without a batch between")
	}
}
