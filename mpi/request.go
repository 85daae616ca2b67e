package mpi

import (
	"context"
	"errors"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// Request is a running nonblocking operation (MPI 5.0 §3.7). Wait or Test says
// when it is complete; until then the buffers given to it belong to it. The
// errors of the operation, also of its arguments, come out of Wait and Test.
// (StartSend and StartRecv return those of the arguments.)
//
// Once complete, a request keeps its result: further calls return it again. A
// nil *Request and the zero Request count as requests that have nothing to do
// and are complete. Requests may be waited for, tested and cancelled from any
// goroutine. [StartSend] and [StartRecv] start in a request of the program's,
// which may be used again; other requests are for one operation.
//
// What the program wrote to a buffer before it started the operation is what
// is sent; the completion of a receive or collective "synchronizes before" the
// return of the Wait or Test that reports it (see the Go memory model).
type Request struct {
	_ noCopy

	// What a running operation needs; see lock for which call may use it. It is
	// nil in a request that was complete from the start without an error. Once the
	// request is complete, it may belong to another request, unless it keeps an
	// error.
	*operation

	out   engine.Outcome // the status; before the completion, the source and tag of the call
	state stateWord

	op        opName // the call that started the operation
	send      bool   // a send, whose status says nothing except Cancelled
	cancelled bool   // of the status
	ended     bool   // the operation is complete; unlock makes it known
}

// noCopy makes go vet report copies.
type noCopy struct{}

func (*noCopy) Lock()   {}
func (*noCopy) Unlock() {}

// operation is what a request needs until it is complete, or to keep an error.
// Programs start requests by the million, and short messages are complete at
// once, so a request itself is small. After a completion without an error
// another request may use the operation (see slab).
type operation struct {
	c    *Comm
	mem  unsafe.Pointer // the first buffer of a collective, kept alive
	req  engine.Request // nil once the operation is complete; see pending
	more *moreOfRequest

	blocked  int8 // goroutines that block on req
	busy     bool // one of them is to release it
	withdraw bool // cancelled because the context ended
	fixed    bool // cannot be withdrawn any more: the other side has begun
}

// moreOfRequest is what few requests have.
type moreOfRequest struct {
	err     error
	then    stage
	mem     unsafe.Pointer // the second buffer of a collective
	vec     *engine.Vector // the lists of a collective
	waiters []func()       // called when busy ends
}

// extra returns r.more to be written to.
func (r *Request) extra() *moreOfRequest {
	if r.more == nil {
		r.more = new(moreOfRequest)
	}
	return r.more
}

// opName is the name of a nonblocking call.
type opName uint8

const (
	opNone opName = iota
	opIsend
	opIssend
	opIbsend
	opIrsend
	opIrecv
	opImrecv
	opSendrecv
	opIsendView
	opIrecvView
	opIsendObject
	opIssendObject
	opIbsendObject
	opIrecvObject
	opImrecvObject
	opSendrecvObject
	opStartSend
	opStartRecv
	opColl // and, from here on, those of the collectives
)

var opNames = [...]string{
	"", "Isend", "Issend", "Ibsend", "Irsend", "Irecv", "Imrecv", "Sendrecv", "IsendView", "IrecvView",
	"IsendObject", "IssendObject", "IbsendObject", "IrecvObject", "ImrecvObject", "SendrecvObject",
	"StartSend", "StartRecv",
}

// String returns the name of the call.
func (o opName) String() string {
	if o >= opColl {
		return inames[o-opColl]
	}
	return opNames[o]
}

// stage runs when the engine's part of a request has ended, on the goroutine
// that finds the end. It may begin a further part by returning a request;
// otherwise it returns the result. It runs once; for the end of a further part
// it may set then anew. err is an *Error or nil.
type stage func(r *Request, st engine.Status, err error) (next engine.Request, result Status, resultErr error)

// newRequest wraps what an engine's Isend, Irecv … returned.
func newRequest(c *Comm, op opName, peer, tag int, req engine.Request, err error) *Request {
	return c.st.proc.allocRequest().wrap(c, op, peer, tag, req, emptyStatus, err)
}

// wrap is newRequest in r, which is new or complete. If req is complete, st is
// its status. (The calls that start many requests allocate before they call the
// engine: an atomic operation behind it waits until the frame that was just sent
// has left the core.)
func (r *Request) wrap(c *Comm, op opName, peer, tag int, req engine.Request, st Status, err error) *Request {
	r.op = op
	if _, done := req.(engine.Completed); done && err == nil {
		r.setStatus(st)
		r.completeAtOnce(c)
		return r
	}
	return r.begin(c, peer, tag, req, err)
}

// completeAtOnce makes r known as one whose operation was complete when the
// engine returned. Nothing else looks at r except slab.over, which reads its
// state.
func (r *Request) completeAtOnce(c *Comm) {
	if r.operation != nil {
		r.c, r.more, r.req = c, nil, nil // nothing is left of the operation before
	}
	r.ended = true
	r.state.store(over)
}

// begin is wrap for an operation that the engine has under way, or has refused.
func (r *Request) begin(c *Comm, peer, tag int, req engine.Request, err error) *Request {
	r.out.Source, r.out.Tag = int32(peer), int32(tag)
	if r.operation == nil {
		r.operation = &operation{c: c}
	} else {
		r.c, r.more, r.withdraw, r.fixed = c, nil, false, false
	}
	if err != nil {
		r.endAtOnce(emptyStatus, r.failed(err))
		return r
	}
	r.req, r.ended, r.cancelled = req, false, false
	r.state.store(0) // from now on the engine may change it
	return r
}

// doneRequest is a request that is complete from the start.
func doneRequest(c *Comm, st Status, err error) *Request {
	if err != nil {
		st = emptyStatus
	}
	r := new(Request)
	if err != nil {
		r.operation = &operation{c: c}
	}
	r.endAtOnce(st, err)
	return r
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
	if r.none() {
		return emptyStatus, nil
	}
	if !r.isOver() {
		r.lock()
		if r.poll(); r.pending() && !r.finish() {
			err := r.contextError()
			r.unlock()
			return emptyStatus, err
		}
		r.unlockOut()
	} else {
		r.handOut()
	}
	return r.status(), r.err()
}

// finish blocks until the operation is complete. It reports false when its
// context ended first and it cannot be withdrawn.
func (r *Request) finish() bool {
	for r.pending() {
		if r.busy {
			if !r.await() {
				return false
			}
		} else if !r.block() {
			return false
		}
	}
	return true
}

// block lets the lock go and waits for the engine's part to end. The caller
// holds the lock, before and after. It reports false when the context ended and
// the operation cannot be withdrawn.
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
	if again := r.c.st.again; again != nil {
		again.Recycle(r.req)
	}
	r.advance(st, err)
	return true
}

// endsBefore waits for the operation, at most until late is closed, and reports
// whether it has ended.
func (r *Request) endsBefore(late <-chan struct{}) bool {
	if r.isOver() {
		return true
	}
	r.lock()
	defer r.unlock()
	for r.pending() {
		st, err := r.waitUnlocked(late)
		if err != nil && r.interrupted(late, err) {
			return false
		}
		r.advance(st, err)
	}
	return true
}

// waitUnlocked lets the lock go and blocks. The caller holds the lock, before
// and after, also when a reduction function of the program panics inside.
func (r *Request) waitUnlocked(done <-chan struct{}) (engine.Status, error) {
	req := r.req
	r.blocked++
	r.unlock()
	defer func() {
		r.lock()
		r.blocked--
	}()
	return req.Wait(done)
}

// await lets the lock go and waits for another goroutine that blocks on the
// request. The caller holds the lock, before and after. It reports false when
// the context ended first.
func (r *Request) await() bool {
	ch := make(chan struct{})
	r.wake(func() { close(ch) })
	done := r.done()
	r.unlock()
	ok := true
	select {
	case <-ch:
	case <-done:
		ok = false
	}
	r.lock()
	return ok || !r.pending()
}

func (r *Request) release() {
	r.busy = false
	if r.more == nil {
		return
	}
	for _, f := range r.more.waiters {
		f()
	}
	r.more.waiters = nil
}

// wake has f called when the goroutine that blocks on the request has ended.
func (r *Request) wake(f func()) {
	x := r.extra()
	x.waiters = append(x.waiters, f)
}

func (r *Request) done() <-chan struct{} { return r.c.done }

// coll reports that the operation is a collective, which cannot be withdrawn.
func (r *Request) coll() bool { return r.op >= opColl }

// status returns the status of the complete operation.
func (r *Request) status() Status {
	return Status{Source: int(r.out.Source), Tag: int(r.out.Tag), Bytes: r.out.Bytes, Cancelled: r.cancelled}
}

// err returns the error of the complete operation.
func (r *Request) err() error {
	if r.state.load()&failed == 0 {
		return nil
	}
	return r.more.err
}

// end records the result of the operation, which is complete.
func (r *Request) end(st Status, err error) {
	r.setStatus(st)
	if r.operation == nil {
		return
	}
	r.req, r.mem = nil, nil
	if err != nil {
		r.extra().err = err
	}
}

// endAtOnce is end for an operation that was over when the engine returned, or
// has not come to it. Nothing else looks at r except slab.over, which reads its
// state.
func (r *Request) endAtOnce(st Status, err error) {
	r.end(st, err)
	r.ended = true
	state := over
	if err != nil {
		state |= failed
	}
	r.state.store(state)
}

func (r *Request) setStatus(st Status) {
	r.out.Source, r.out.Tag, r.out.Bytes, r.cancelled = int32(st.Source), int32(st.Tag), st.Bytes, st.Cancelled
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
	if r.coll() {
		reason := "the context of " + r.op.String() + " ended: " + context.Cause(r.c.ctx).Error()
		r.c.revoke(reason)
		return true
	}
	return !r.fixed && r.req.Cancel() == nil
}

func (r *Request) contextError() error {
	return r.failed(ErrCancelled)
}

// advance records the end of the engine's part.
func (r *Request) advance(st engine.Status, err error) {
	result := emptyStatus
	if result.Cancelled = st.Cancelled; !r.send && !r.coll() {
		result = statusOf(st)
	}
	if err != nil {
		err = r.failed(err)
	}
	if r.withdraw && (result.Cancelled || r.coll() && err != nil) {
		err = r.contextError()
	}
	if r.more != nil && r.more.then != nil {
		then := r.more.then
		r.more.then = nil
		r.req, result, err = then(r, st, err)
		if r.req != nil {
			return
		}
	}
	r.more = nil
	r.end(result, err)
	r.ended = true
}

// failed is err as an error of this operation.
func (r *Request) failed(err error) error {
	err = r.c.failed(r.op.String(), int(r.out.Source), int(r.out.Tag), err)
	if e, ok := err.(*Error); ok && e.At == "" { //nolint:errorlint // one of this operation's own
		e.seen, e.At = caller()
	}
	return err
}

// poll makes progress on a request without blocking. The caller holds the lock.
func (r *Request) poll() {
	for r.pending() && !r.busy {
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

// tryEnd makes progress and reports whether the request is complete, without
// handing it out.
func (r *Request) tryEnd() bool {
	if !r.isOver() {
		r.lock()
		r.poll()
		r.unlock()
	}
	return r.isOver()
}

// Test makes progress and reports whether the operation is complete; then it
// returns what Wait would (MPI 5.0 §3.7.3). It does not block.
func (r *Request) Test() (Status, bool, error) {
	if r.none() {
		return emptyStatus, true, nil
	}
	if !r.tryEnd() {
		return emptyStatus, false, nil
	}
	r.handOut()
	return r.status(), true, r.err()
}

// Cancel asks for a receive that has not matched, or a send that has not been
// received, to be withdrawn (MPI 5.0 §3.8.4). The request still completes, by
// Wait or Test; its Status says by Cancelled whether the withdrawal came in
// time. Cancel is local and does not block. Collectives cannot be cancelled:
// ErrUnsupported. Cancelling a complete request does nothing.
func (r *Request) Cancel() error {
	if r == nil || r.isOver() {
		return nil
	}
	r.lock()
	defer r.unlock()
	switch {
	case !r.pending() || r.fixed:
		return nil
	case r.coll():
		return r.c.newError("Cancel", ErrUnsupported, Undefined, Undefined, errors.New(r.op.String()+" is a collective and cannot be cancelled"))
	}
	return r.c.failed("Cancel", int(r.out.Source), int(r.out.Tag), r.req.Cancel())
}

// Status returns the status of a complete request again, and the empty status
// before (MPI_Request_get_status, MPI 5.0 §3.7.6). Local.
func (r *Request) Status() Status {
	if r.none() || !r.isOver() {
		return emptyStatus
	}
	return r.status()
}
