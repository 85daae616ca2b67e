package mpi

import (
	"runtime"
	"sync/atomic"
	"time"

	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/memory"
)

// The bits of a request's state, which the engine shares (see engine.Outcome):
// while it is 0, nobody looks after the request but the engine. The first two
// are read without the lock.
const (
	over      = engine.OutcomeDone // the operation is complete; set when the lock is let go, or by the engine
	handedOut = 2                  // and a call has said so
	locked    = engine.OutcomeReserved
	attended  = 8  // a goroutine blocks on the engine's request, or has yet to come back from that
	failed    = 16 // the operation has ended with an error
)

// none reports whether there is no request: none that ever had an operation.
func (r *Request) none() bool {
	return r == nil || r.operation == nil && atomic.LoadUint32(&r.state) == 0
}

// isOver reports whether the request is complete; its result does not change
// any more.
func (r *Request) isOver() bool {
	return r.operation == nil || atomic.LoadUint32(&r.state)&over != 0
}

// isOut reports whether a call has said that the request is complete.
func (r *Request) isOut() bool { return atomic.LoadUint32(&r.state)&handedOut != 0 }

// lock guards what is in r.operation. A program that sends many messages takes
// it for each of them: it is one atomic operation, and letting it go is a plain
// store. Nobody blocks who has it. Who finds the request complete when he has it
// does not look at r.operation, which may be another request's.
func (r *Request) lock() {
	if s := atomic.LoadUint32(&r.state); s&locked != 0 || !atomic.CompareAndSwapUint32(&r.state, s, s|locked) {
		r.lockSlow()
	}
}

func (r *Request) lockSlow() {
	for round := 0; ; round++ {
		s := atomic.LoadUint32(&r.state)
		if s&locked == 0 && atomic.CompareAndSwapUint32(&r.state, s, s|locked) {
			return
		}
		if round < 1000 {
			runtime.Gosched()
		} else { // who has it decodes a large object, or has lost its core
			time.Sleep(20 * time.Microsecond)
		}
	}
}

// reserve is where the engine may leave the outcome, once wrap says so.
func (r *Request) reserve() *engine.Outcome {
	memory.StoreRelease32(&r.state, locked)
	return &r.out
}

// unlock lets the lock go, and makes it known if the request has ended.
func (r *Request) unlock() { r.unlockTo(over) }

// unlockOut is unlock of a call that then reports the completion.
func (r *Request) unlockOut() { r.unlockTo(over | handedOut) }

func (r *Request) unlockTo(ended uint32) {
	switch {
	case atomic.LoadUint32(&r.state)&over != 0: // others may be handing it out
		atomic.OrUint32(&r.state, ended)
		atomic.AndUint32(&r.state, ^locked)
	case r.ended:
		if r.busy || r.blocked > 0 { // they will look at the operation again
			ended |= attended
		}
		if r.more != nil && r.more.err != nil {
			ended |= failed
		}
		memory.StoreRelease32(&r.state, ended)
	case r.busy || r.blocked > 0:
		memory.StoreRelease32(&r.state, attended)
	default:
		memory.StoreRelease32(&r.state, 0)
	}
}

// pending reports, with the lock held, whether the operation is not complete.
// The state comes first: of a complete one, r.req may be another request's.
func (r *Request) pending() bool {
	return atomic.LoadUint32(&r.state)&over == 0 && r.req != nil
}

// handOut notes that a call reports the completion.
func (r *Request) handOut() {
	if atomic.LoadUint32(&r.state) == over {
		// As whoever claims it at the same time. A lock that is taken at the same
		// time may be lost, but then nobody reads or changes anything any more.
		memory.StoreRelease32(&r.state, over|handedOut)
		return
	}
	if !r.isOut() {
		atomic.OrUint32(&r.state, over|handedOut)
	}
}

// claim is handOut for the one call among several that is the first.
func (r *Request) claim() bool {
	return atomic.OrUint32(&r.state, over|handedOut)&handedOut == 0
}
