package inproc

import (
	"sync/atomic"
	"time"
)

// A goroutine rank loses no wake, so that nothing ends its sleep when what it
// waits for cannot come. While ranks sleep, one goroutine of the job wakes those
// that have slept for a while, ever more rarely, to look around.
const (
	watchEvery = 20 * time.Millisecond
	pauseMost  = 64 // times watchEvery between two wakes of a rank
	watchIdle  = 50 // times without a rank asleep before the goroutine stops looking
)

// nap is the sleep of a rank as the watch has seen it last.
type nap struct {
	seq   uint32 // which sleep
	woken bool   // by the watch
	pause int    // between two wakes
	left  int    // until the next
}

// watch runs until all ranks have ended. While none sleeps it does nothing.
func (j *job) watch() {
	naps := make([]nap, len(j.members))
	for {
		select {
		case <-j.over:
			return
		case <-j.slept:
		}
		if !j.watchSleepers(naps) {
			return
		}
	}
}

// watchSleepers wakes ranks until none has slept for a while, or returns false:
// all have ended.
func (j *job) watchSleepers(naps []nap) bool {
	ticks := time.NewTicker(watchEvery)
	defer ticks.Stop()
	for idle := 0; idle < watchIdle; idle++ {
		select {
		case <-j.over:
			return false
		case <-ticks.C:
		}
		if j.wakeSleepers(naps) {
			idle = 0
		}
	}
	j.watched.Store(false)
	if j.wakeSleepers(naps) { // one that has seen the watch still there
		j.ensureWatch()
	}
	return true
}

// wakeSleepers wakes those whose time has come, and tells whether any sleeps.
func (j *job) wakeSleepers(naps []nap) (any bool) {
	for r := range j.members {
		if m := &j.members[r]; atomic.LoadUint32(&m.bell.Sleeping) != 0 {
			any = true
			if naps[r].due(atomic.LoadUint32(&m.bell.Seq)) {
				m.Wake()
			}
		}
	}
	return any
}

// ensureWatch has the watch look at the ranks, one of which is about to sleep.
func (j *job) ensureWatch() {
	if !j.watched.Load() && j.watched.CompareAndSwap(false, true) {
		j.slept <- struct{}{}
	}
}

// due takes note that the rank is in the sleep seq, and tells whether it is to be
// woken. The sleep after such a wake counts as the same.
func (n *nap) due(seq uint32) bool {
	if n.pause == 0 || seq != n.seq && (!n.woken || seq != n.seq+1) {
		n.pause, n.left = 1, 2
	}
	n.seq, n.woken = seq, false
	if n.left--; n.left > 0 {
		return false
	}
	n.pause = min(2*n.pause, pauseMost)
	n.left, n.woken = n.pause, true
	return true
}
