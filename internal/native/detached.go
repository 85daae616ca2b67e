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

// finishTimeout bounds the time that Finalize gives to calls of other
// goroutines and to collectives that a caller has left.
var finishTimeout = 10 * time.Second

// settle completes what this rank has begun, for Finalize: calls of other
// goroutines that wait are ended, receives are withdrawn, and sends are waited
// for until they are received, or their receivers have finished too: these are
// left to takeLeave. Meanwhile it answers other ranks' questions. It returns an
// error when operations remain that cannot end.
func (d *driver) settle(f *parting) error {
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
		if err := d.findOrphans(time.Since(began)); err != nil {
			return err
		}
		sends, others := l.pending()
		if len(sends)+len(others) == 0 {
			return nil
		}
		if err := f.answer(); err != nil {
			return err
		}
		if len(others) > 0 && time.Since(began) > finishTimeout {
			r := others[0]
			return engine.PeerErrorf(engine.ErrPending, r.peer, r.tag,
				"%d operations have not completed %v after Finalize was called; the first is a %v with rank %d, tag %d", len(others), finishTimeout, r.kind, r.peer, r.tag)
		}
	}
}

// findOrphans marks the sends that no rank will receive: those to this rank
// itself, and those to ranks that have finished, which it asks once the wait
// has lasted a while.
func (d *driver) findOrphans(waited time.Duration) error {
	for _, r := range d.detached.list {
		if r.kind != opSend || r.orphan || r.peer < 0 {
			continue
		}
		left, err := d.hasLeft(int(r.comm.Proc(r.peer)), waited)
		if err != nil {
			return err
		}
		r.orphan = left
	}
	return nil
}

// pending returns the operations that are waited for.
func (l *detachedList) pending() (sends, others []*request) {
	for _, r := range l.list {
		switch {
		case r.orphan:
		case r.kind == opSend:
			sends = append(sends, r)
		default:
			others = append(others, r)
		}
	}
	return sends, others
}
