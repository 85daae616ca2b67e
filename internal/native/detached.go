package native

import (
	"sync"
	"time"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// detachedList holds operations that nobody waits for any more: buffered sends,
// sends whose context has ended, operations on revoked communicators. The
// library completes them; they are looked through now and then.
type detachedList struct {
	lock sync.Mutex
	list []*request
	next int // length at which the list is swept
}

// detach hands an operation over to the list.
func (d *driver) detach(r *request) {
	l := &d.detached
	l.lock.Lock()
	defer l.lock.Unlock()
	l.add(r)
}

// add is detach for a caller that holds the lock.
func (l *detachedList) add(r *request) {
	l.list = append(l.list, r)
	if len(l.list) >= max(l.next, 16) {
		l.sweep()
		l.next = 2 * len(l.list)
	}
}

// sweep drops what has completed.
func (l *detachedList) sweep() {
	sweepRequests(&l.list)
}

// first returns the first operation that is no orphan, nil when there is none.
func (l *detachedList) first() *request {
	for _, r := range l.list {
		if !r.orphan {
			return r
		}
	}
	return nil
}

// finishTimeout bounds the time that Finalize gives to messages which nobody
// has received.
var finishTimeout = 10 * time.Second

// settle completes what this rank has begun, for Finalize: calls of other
// goroutines that wait are ended, sends that nobody waited for are given time to
// be received, receives are withdrawn. It returns an error when operations
// remain that cannot end.
func (d *driver) settle() error {
	began := time.Now()
	for d.waiting.Load() > 0 || d.left.Load() > 0 {
		if time.Since(began) > finishTimeout {
			return engine.Errorf(engine.ErrPending, "%d calls on other goroutines and %d collectives that a context has ended are still under way %v after Finalize was called",
				d.waiting.Load(), d.left.Load(), finishTimeout)
		}
		nap(minSleep)
	}
	l := &d.detached
	l.lock.Lock()
	active := d.active.all()
	l.lock.Unlock()
	for _, r := range active {
		r.using.Lock()
		if r.active {
			_, _ = r.giveUp(errFinalized)
		}
		r.using.Unlock()
	}
	l.lock.Lock()
	defer l.lock.Unlock()
	w := waiter{d: d}
	w.begin()
	defer w.end()
	for ; ; w.pause() {
		l.sweep()
		if l.first() == nil {
			return nil
		}
		if time.Since(began) > finishTimeout {
			break
		}
	}
	r := l.first()
	return engine.PeerErrorf(engine.ErrPending, r.peer, r.tag,
		"%d operations have not completed %v after Finalize was called; the first is a %v with rank %d, tag %d", len(l.list), finishTimeout, r.kind, r.peer, r.tag)
}
