package mpi

import (
	"runtime"
	"sync/atomic"
	"time"

	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/memory"
)

// stateWord says what state a request is in, and which side may act on it. Two
// of its bits are the engine's, see [engine.Outcome].
//
//	word               state                               what may change it, and to what
//	0                  running, and no call is on it       the engine, to over, with the outcome;
//	                   (or a zero Request: see none)       a call, to locked
//	locked             a call uses r.operation             that call, when it lets go: to 0, to attended
//	                                                       if a goroutine blocks, or to over
//	attended           running; goroutines block on the    a call, to attended+locked; the engine
//	                   engine's request                    reports through its request
//	attended+locked    both                                the call that holds the lock, as from locked
//	over               complete, its result is final       a call that reports it, to over+handedOut
//	over+failed        the same, with an error             the same
//	over+attended      complete; a goroutine has yet to    the same; the bit stays, so that r.operation
//	                   come back from the engine           is not given to another request
//	over+handedOut     complete, and a call has said so    StartSend and StartRecv, to a new operation
//	over+…+locked      a call was late: it finds the       that call, to the same without locked
//	                   request complete and lets go
//
// handedOut and failed come with over only. over, and what was written before it
// was set, are read without the lock.
type stateWord uint32

const (
	over      = stateWord(engine.OutcomeDone)     // the operation is complete
	handedOut = stateWord(2)                      // a call has reported the completion
	locked    = stateWord(engine.OutcomeReserved) // a call, or the engine, has r.operation for itself
	attended  = stateWord(8)                      // a goroutine blocks on the engine's request, or has yet to come back from that
	failed    = stateWord(16)                     // the operation has ended with an error
)

func (w *stateWord) load() stateWord { return stateWord(atomic.LoadUint32((*uint32)(w))) }

// store makes the word known, after all that was written before.
func (w *stateWord) store(to stateWord) { memory.StoreRelease32((*uint32)(w), uint32(to)) }

func (w *stateWord) swap(from, to stateWord) bool {
	return atomic.CompareAndSwapUint32((*uint32)(w), uint32(from), uint32(to))
}

// none reports whether r is nil, or has never had an operation.
func (r *Request) none() bool {
	return r == nil || r.operation == nil && r.state.load() == 0
}

// isOver reports whether the request is complete; its result does not change
// any more.
func (r *Request) isOver() bool {
	return r.operation == nil || r.state.load()&over != 0
}

// isOut reports whether a call has said that the request is complete.
func (r *Request) isOut() bool { return r.state.load()&handedOut != 0 }

// lock gives r.operation to the calling goroutine alone. A program that sends
// many messages takes the lock for each of them: it is one atomic operation,
// and letting it go is a plain store. The holder never blocks. If it finds the
// request complete, it leaves r.operation alone, which may be another request's
// by then.
func (r *Request) lock() {
	if s := r.state.load(); s&locked != 0 || !r.state.swap(s, s|locked) {
		r.lockSlow()
	}
}

func (r *Request) lockSlow() {
	for round := 0; ; round++ {
		s := r.state.load()
		if s&locked == 0 && r.state.swap(s, s|locked) {
			return
		}
		if round < 1000 {
			runtime.Gosched()
		} else { // the holder decodes a large object, or has lost its core
			time.Sleep(20 * time.Microsecond)
		}
	}
}

// reserve returns where the engine may leave the outcome once begin has let the
// lock go. The caller holds the lock from here on. shared returns the word that
// caller and engine share.
func (r *Request) reserve() *engine.Outcome {
	r.state.store(locked)
	return &r.out
}

func (r *Request) shared() *uint32 { return (*uint32)(&r.state) }

// unlock lets the lock go, and makes it known if the request has ended.
func (r *Request) unlock() { r.unlockTo(over) }

// unlockOut is unlock of a call that then reports the completion.
func (r *Request) unlockOut() { r.unlockTo(over | handedOut) }

func (r *Request) unlockTo(ended stateWord) {
	switch {
	case r.state.load()&over != 0: // others may be handing it out
		atomic.OrUint32((*uint32)(&r.state), uint32(ended))
		atomic.AndUint32((*uint32)(&r.state), uint32(^locked))
	case r.ended:
		if r.busy || r.blocked > 0 { // they will look at the operation again
			ended |= attended
		}
		if r.more != nil && r.more.err != nil {
			ended |= failed
		}
		r.state.store(ended)
	case r.busy || r.blocked > 0:
		r.state.store(attended)
	default:
		r.state.store(0)
	}
}

// pending reports whether the operation is not complete. The caller holds the
// lock. The state comes first: of a complete one, r.req may be another
// request's.
func (r *Request) pending() bool {
	return r.state.load()&over == 0 && r.req != nil
}

// handOut notes that a call reports the completion.
func (r *Request) handOut() {
	if r.state.load() == over {
		// A claim at the same time stores the same word. A lock taken at the same
		// time may be lost, which does no harm: its holder finds the request
		// complete and changes nothing.
		r.state.store(over | handedOut)
		return
	}
	if !r.isOut() {
		atomic.OrUint32((*uint32)(&r.state), uint32(over|handedOut))
	}
}

// claim is handOut where several calls may report the completion. It reports
// whether this one is the first.
func (r *Request) claim() bool {
	return stateWord(atomic.OrUint32((*uint32)(&r.state), uint32(over|handedOut)))&handedOut == 0
}
