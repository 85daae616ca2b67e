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
	l.list = append(l.list, r)
	if len(l.list) >= max(l.next, 16) {
		l.sweep()
		l.next = 2 * len(l.list)
	}
}

// sweep drops what has completed.
func (l *detachedList) sweep() {
	rest := l.list[:0]
	for _, r := range l.list {
		if finished, _ := r.poll(1); finished {
			r.drop()
		} else {
			rest = append(rest, r)
		}
	}
	clear(l.list[len(rest):])
	l.list = rest
}

// finishTimeout bounds the time that Finalize gives to messages which nobody
// has received.
var finishTimeout = 10 * time.Second

// settle completes what this rank has begun, for Finalize: sends that nobody
// waited for are given time to be received, receives are withdrawn. It returns
// an error when operations remain that cannot end.
func (d *driver) settle() error {
	for _, r := range d.active.all() {
		d.active.remove(r)
		if !r.withdrawn {
			r.withdraw()
		}
		d.detach(r)
	}
	l := &d.detached
	l.lock.Lock()
	defer l.lock.Unlock()
	w := waiter{d: d}
	w.begin()
	defer w.end()
	for began := time.Now(); ; w.pause() {
		l.sweep()
		if len(l.list) == 0 {
			return nil
		}
		if time.Since(began) > finishTimeout {
			break
		}
	}
	r := l.list[0]
	return engine.PeerErrorf(engine.ErrPending, r.peer, r.tag,
		"%d operations have not completed %v after Finalize was called; the first is a %v with rank %d, tag %d", len(l.list), finishTimeout, r.kind, r.peer, r.tag)
}
