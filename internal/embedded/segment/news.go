package segment

import (
	"sync/atomic"
	"time"

	"github.com/ringo-mpi/ringo/internal/embedded/futex"
)

// news is how the launcher of a job of several hosts hears what it has to tell the
// other hosts: that a rank has moved to another state, or waits for connections.
type news struct {
	count   uint32
	wanted  uint32 // 1: the launcher waits for it
	stopped uint32
	_       [52]byte
}

// tellNews wakes the launcher.
func (s *Segment) tellNews() {
	n := &s.head.news
	atomic.AddUint32(&n.count, 1)
	if atomic.LoadUint32(&n.wanted) != 0 {
		futex.Wake(&n.count, 1)
	}
}

// AwaitNews waits until a state or an address has changed since it returned seen,
// and returns what to wait with next. It reports false after StopNews. One process
// calls it, and of that one goroutine.
func (s *Segment) AwaitNews(seen uint32) (now uint32, more bool) {
	n := &s.head.news
	atomic.StoreUint32(&n.wanted, 1)
	for {
		if atomic.LoadUint32(&n.stopped) != 0 {
			return seen, false
		}
		if now = atomic.LoadUint32(&n.count); now != seen {
			return now, true
		}
		futex.Wait(&n.count, seen, time.Second)
	}
}

// StopNews ends AwaitNews.
func (s *Segment) StopNews() {
	n := &s.head.news
	atomic.StoreUint32(&n.stopped, 1)
	atomic.AddUint32(&n.count, 1)
	futex.Wake(&n.count, 1)
}
