package mpi

import (
	"context"
	"errors"
	"sync"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// Request is a running nonblocking operation (MPI 5.0 §3.7). Wait or Test says
// when it is complete; until then the buffers given to it belong to it. The
// errors of the operation, also of its arguments, come out of Wait and Test.
//
// Once complete, a request keeps its result: further calls return it again. A
// nil *Request counts as a request that has nothing to do and is complete.
// Requests may be waited for, tested and cancelled from any goroutine.
//
// What the program wrote to a buffer before it started the operation is what
// is sent; the completion of a receive or collective "synchronizes before" the
// return of the Wait or Test that reports it (see the Go memory model).
type Request struct {
	c         *Comm
	op        string
	peer, tag int
	mem       [2]unsafe.Pointer // the buffers, kept alive
	vec       *engine.Vector    // likewise
	then      stage

	mu       sync.Mutex
	req      engine.Request // nil: complete
	coll     bool           // a collective: cannot be withdrawn; constant
	send     bool           // a send: has no status but Cancelled; constant
	busy     bool           // a goroutine blocks on req and is to release it
	withdraw bool           // cancelled because the context ended
	fixed    bool           // can be withdrawn no more: the other side has begun
	taken    bool           // the completion has been handed out
	waiters  []func()       // called when busy ends
	st       Status
	err      error
}

// stage runs when the engine's part of a request has ended, on the goroutine
// that finds it so. It may begin a further part by returning a request;
// otherwise it returns the result. It runs once; for the end of a further part
// it may set r.then anew. err is an *Error or nil.
type stage func(r *Request, st engine.Status, err error) (next engine.Request, result Status, resultErr error)

// newRequest wraps what an engine's Isend, Irecv … returned.
func newRequest(c *Comm, op string, peer, tag int, b engine.Buf, req engine.Request, err error) *Request {
	r := &Request{c: c, op: op, peer: peer, tag: tag, req: req, st: emptyStatus}
	r.mem[0] = b.Ptr
	if err != nil {
		r.req, r.err = nil, c.failed(op, peer, tag, err)
	}
	return r
}

// newSend is newRequest of a send.
func newSend(c *Comm, op string, dest, tag int, b engine.Buf, req engine.Request, err error) *Request {
	r := newRequest(c, op, dest, tag, b, req, err)
	r.send = true
	return r
}

// doneRequest is a request that is complete from the start.
func doneRequest(c *Comm, st Status, err error) *Request {
	if err != nil {
		st = emptyStatus
	}
	return &Request{c: c, st: st, err: err}
}

// Wait blocks until the operation is complete and returns its status
// (MPI 5.0 §3.7.3). The status of a send or collective is empty: Source
// AnySource, Tag AnyTag, no bytes.
//
// If the operation was started on a communicator with a context and that ends
// first, the operation is withdrawn and Wait returns an error of class
// ErrCancelled that is also the context's; the buffers are the program's
// again. Only a send that the engine cannot withdraw stays pending.
func (r *Request) Wait() (Status, error) {
	if r == nil {
		return emptyStatus, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.req != nil {
		if r.busy {
			if !r.await() {
				return emptyStatus, r.contextError()
			}
			continue
		}
		if !r.block() {
			return emptyStatus, r.contextError()
		}
	}
	r.taken = true
	return r.st, r.err
}

// block waits for the engine's part to end, with the mutex released. It
// reports false when the context ended and the operation cannot be withdrawn.
func (r *Request) block() bool {
	done := r.done()
	if r.withdraw {
		done = nil
	}
	r.busy = true
	st, err := r.waitUnlocked(done)
	r.release()
	if err != nil && r.interrupted(done, err) {
		return r.giveUp()
	}
	r.advance(st, err)
	return true
}

// endsBefore waits for the operation, at most until late is closed, and reports
// whether it has ended.
func (r *Request) endsBefore(late <-chan struct{}) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.req != nil {
		st, err := r.waitUnlocked(late)
		if err != nil && r.interrupted(late, err) {
			return false
		}
		r.advance(st, err)
	}
	return true
}

// waitUnlocked blocks with the mutex released; it is held again also when a
// reduction function of the program panics inside.
func (r *Request) waitUnlocked(done <-chan struct{}) (engine.Status, error) {
	req := r.req
	r.mu.Unlock()
	defer r.mu.Lock()
	return req.Wait(done)
}

// await waits, with the mutex released, for another goroutine that blocks on
// the request. It reports false when the context ended first.
func (r *Request) await() bool {
	ch := make(chan struct{})
	r.waiters = append(r.waiters, func() { close(ch) })
	done := r.done()
	r.mu.Unlock()
	ok := true
	select {
	case <-ch:
	case <-done:
		ok = false
	}
	r.mu.Lock()
	return ok || r.req == nil
}

func (r *Request) release() {
	r.busy = false
	for _, f := range r.waiters {
		f()
	}
	r.waiters = nil
}

func (r *Request) done() <-chan struct{} {
	if r.c == nil {
		return nil
	}
	return r.c.done
}

// interrupted reports whether err only says that done was closed.
func (r *Request) interrupted(done <-chan struct{}, err error) bool {
	if done == nil || !errors.Is(err, ErrCancelled) {
		return false
	}
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// giveUp withdraws the operation after its context has ended. It reports false
// when that is not possible and the operation goes on.
func (r *Request) giveUp() bool {
	r.withdraw = true
	if r.coll {
		reason := "the context of " + r.op + " ended: " + context.Cause(r.c.ctx).Error()
		r.c.ec.Revoke(reason)
		if r.c.st.check != nil {
			r.c.st.check.revoke(reason)
		}
		return true
	}
	return !r.fixed && r.req.Cancel() == nil
}

func (r *Request) contextError() error {
	return r.c.failed(r.op, r.peer, r.tag, ErrCancelled)
}

// advance records the end of the engine's part.
func (r *Request) advance(st engine.Status, err error) {
	r.req = nil
	r.st, r.err = statusOf(st), r.c.failed(r.op, r.peer, r.tag, err)
	if r.coll || r.send {
		r.st = emptyStatus
		r.st.Cancelled = st.Cancelled
	}
	if r.withdraw && (r.st.Cancelled || r.coll && err != nil) {
		r.err = r.contextError()
	}
	if then := r.then; then != nil {
		r.then = nil
		r.req, r.st, r.err = then(r, st, r.err)
	}
	if r.req == nil {
		r.mem, r.vec = [2]unsafe.Pointer{}, nil
	}
}

// poll makes progress on a request without blocking; the mutex is held.
func (r *Request) poll() {
	for r.req != nil && !r.busy {
		st, ok, err := r.req.Test()
		if !ok && err == nil {
			if r.withdraw || r.c.ctx == nil || r.c.ctx.Err() == nil || !r.giveUp() {
				return
			}
			continue
		}
		r.advance(st, err)
	}
}

// Test makes progress and reports whether the operation is complete; then it
// returns what Wait would (MPI 5.0 §3.7.3). It does not block.
func (r *Request) Test() (Status, bool, error) {
	if r == nil {
		return emptyStatus, true, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.poll()
	if r.req != nil {
		return emptyStatus, false, nil
	}
	r.taken = true
	return r.st, true, r.err
}

// Cancel asks for a receive that has not matched, or a send that has not been
// received, to be withdrawn (MPI 5.0 §3.8.4). The request still completes, by
// Wait or Test; its Status says by Cancelled whether the withdrawal came in
// time. Cancel is local and does not block. Collectives cannot be cancelled:
// ErrUnsupported. Cancelling a complete request does nothing.
func (r *Request) Cancel() error {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.req == nil || r.fixed:
		return nil
	case r.coll:
		return r.c.newError("Cancel", ErrUnsupported, Undefined, Undefined, errors.New(r.op+" is a collective and cannot be cancelled"))
	}
	return r.c.failed("Cancel", r.peer, r.tag, r.req.Cancel())
}

// Status returns the status of a complete request again, and the empty status
// before (MPI_Request_get_status, MPI 5.0 §3.7.6). Local.
func (r *Request) Status() Status {
	if r == nil {
		return emptyStatus
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.req != nil {
		return emptyStatus
	}
	return r.st
}
