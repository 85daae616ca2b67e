package mpi

import (
	"errors"
	"time"

	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/object"
)

// IsendObject starts a send of the value v to rank dest and returns at once
// (MPI 5.0 §3.7.2). v is encoded before it returns; its long slices are not to
// be changed before the request is complete. Errors, also of the arguments and
// the encoding, come out of Wait and Test.
func IsendObject[T any](c *Comm, v T, dest, tag int) *Request {
	return isendObject(c, &v, dest, tag, engine.Standard, opIsendObject)
}

// IssendObject starts a send as SsendObject and returns at once (MPI 5.0
// §3.7.2): the request is complete when dest has begun to receive. v is encoded
// before it returns; its long slices are not to be changed before the request
// is complete. Errors, also of the arguments and the encoding, come out of Wait
// and Test.
func IssendObject[T any](c *Comm, v T, dest, tag int) *Request {
	return isendObject(c, &v, dest, tag, engine.Synchronous, opIssendObject)
}

// IbsendObject starts a send as BsendObject and returns at once (MPI 5.0
// §3.7.2): v is copied before it returns and may be changed. Errors, also of
// the arguments and the encoding, come out of Wait and Test.
func IbsendObject[T any](c *Comm, v T, dest, tag int) *Request {
	return isendObject(c, &v, dest, tag, engine.Buffered, opIbsendObject)
}

func isendObject[T any](c *Comm, v *T, dest, tag int, mode engine.SendMode, op opName) *Request {
	if !c.sendable(dest, tag) {
		return doneRequest(c, emptyStatus, c.checkSend(rawElement, dest, tag))
	}
	p, err := c.pack(v, object.FirstBytes)
	if err != nil {
		return doneRequest(c, emptyStatus, c.newError(op.String(), ErrCodec, dest, tag, err))
	}
	if p.Rest == nil {
		b := engine.OfBytes(p.First)
		req, err := c.ec.Isend(b, dest, tag, mode)
		r := newRequest(c, op, dest, tag, req, err)
		if r.isOver() {
			p.Free()
			return r
		}
		r.extra().then = func(_ *Request, st engine.Status, err error) (engine.Request, Status, error) {
			p.Free()
			return nil, statusOf(st), err
		}
		return r
	}
	reqs, err := c.startLong(&p, dest, tag, mode)
	if err != nil {
		withdraw(&p, reqs)
		return newRequest(c, op, dest, tag, nil, err)
	}
	s := longSend{p: p, reqs: reqs}
	// The first may be complete; the others follow.
	r := &Request{op: op, out: engine.Outcome{Source: int32(dest), Tag: int32(tag)}, operation: &operation{c: c, req: reqs[0]}}
	r.extra().then = s.then
	return r
}

// longSend is the progress of a started send of a long object.
type longSend struct {
	p    object.Packed
	reqs []engine.Request
	done int
	st   engine.Status // of the first message
	err  error
}

func (s *longSend) then(r *Request, st engine.Status, err error) (engine.Request, Status, error) {
	if s.done == 0 {
		s.st = st
		if st.Cancelled {
			for _, q := range s.reqs[1:] {
				_ = q.Cancel()
			}
		}
		r.fixed = true // the receiver waits for the rest
	}
	if s.err == nil {
		s.err = err
	}
	if s.done++; s.done < len(s.reqs) {
		r.extra().then = s.then
		return s.reqs[s.done], Status{}, nil
	}
	s.p.Free()
	return nil, statusOf(s.st), s.err
}

// ObjectRequest is a running receive of an object of type T. Its value comes
// out of Wait or Test. [ObjectRequest.Request] makes it one of several requests
// that WaitAll, WaitAny … handle.
type ObjectRequest[T any] struct {
	r     *Request
	value T
	frame *object.Frame
	in    object.Incoming
	piece []byte
	open  bool
	st    engine.Status
	timer *time.Timer
}

// IrecvObject starts a receive as RecvObject and returns at once (MPI 5.0
// §3.7.2). The value comes out of Wait and Test, and so do errors, also those
// of the arguments.
func IrecvObject[T any](c *Comm, source, tag int) *ObjectRequest[T] {
	if !c.receivable(source, tag) {
		return &ObjectRequest[T]{r: doneRequest(c, nullStatus, c.checkRecv(rawElement, source, tag))}
	}
	o := &ObjectRequest[T]{frame: object.NewFrame()}
	b := engine.OfBytes(o.frame.B[:object.FirstBytes])
	req, err := c.ec.Irecv(b, source, tag)
	o.start(newRequest(c, opIrecvObject, source, tag, req, err))
	return o
}

// ImrecvObject starts to receive the message m as a value of type T and returns
// at once (MPI 5.0 §3.8.3). The value comes out of Wait and Test, and so do
// errors, also those of the arguments. A message can be received once.
func ImrecvObject[T any](m *Message) *ObjectRequest[T] {
	em, err := m.take(rawElement)
	if em == nil {
		return &ObjectRequest[T]{r: doneRequest(nil, nullStatus, err)}
	}
	o := &ObjectRequest[T]{frame: object.NewFrame()}
	b := engine.OfBytes(o.frame.B[:object.FirstBytes])
	req, err := em.Irecv(b)
	o.start(newRequest(m.c, opImrecvObject, m.st.Source, m.st.Tag, req, err))
	return o
}

// driveAfter is when a receive that is still pending is given a goroutine.
const driveAfter = 500 * time.Microsecond

// start completes o. This rank has to act between the messages of a long
// object. If the program does not wait for the request soon, a goroutine does,
// so that the sender never depends on the program.
func (o *ObjectRequest[T]) start(r *Request) {
	o.r = r
	if r.isOver() {
		o.frame.Free()
		return
	}
	r.lock()
	defer r.unlock()
	r.extra().then = o.then
	r.poll()
	if r.pending() {
		o.timer = time.AfterFunc(driveAfter, r.drive)
	}
}

// drive waits until the request is complete, without handing it out.
func (r *Request) drive() {
	r.lock()
	defer r.unlock()
	for r.pending() {
		if !r.busy {
			r.block()
			continue
		}
		ch := make(chan struct{})
		r.wake(func() { close(ch) })
		r.unlock()
		<-ch
		r.lock()
	}
}

// then takes one message of the object and starts the receive of the next.
func (o *ObjectRequest[T]) then(r *Request, st engine.Status, err error) (engine.Request, Status, error) {
	c := r.c
	if !o.open {
		o.st = st
		if err != nil || st.Cancelled {
			if errors.Is(err, ErrTruncate) {
				err = c.notObject(r.op.String(), st.Source, st.Tag, errors.Unwrap(err))
			}
			return o.end(st, err)
		}
		if err := c.openObject(&o.in, o.frame.B[:st.Bytes], st); err != nil {
			return o.end(st, c.objectFailed(r.op.String(), int(r.out.Source), int(r.out.Tag), statusOf(st), err))
		}
		o.open, r.fixed = true, true
	} else {
		if err != nil && !(o.in.Bad != nil && errors.Is(err, ErrTruncate)) {
			return o.end(o.st, err)
		}
		o.in.Got(o.piece, st.Bytes)
	}
	b, more := o.in.Next()
	if more {
		o.piece = b
		next, err := c.ec.Irecv(engine.OfBytes(b), o.st.Source, o.in.Tag)
		if err != nil {
			return o.end(o.st, c.failed(r.op.String(), int(r.out.Source), int(r.out.Tag), err))
		}
		r.extra().then = o.then
		return next, Status{}, nil
	}
	o.st.Bytes = o.in.Bytes
	if err := o.in.Decode(c.objectCodec(), &o.value); err != nil {
		var zero T
		o.value = zero
		return o.end(o.st, c.newError(r.op.String(), ErrCodec, o.st.Source, o.st.Tag, err))
	}
	return o.end(o.st, nil)
}

func (o *ObjectRequest[T]) end(st engine.Status, err error) (engine.Request, Status, error) {
	if o.timer != nil {
		o.timer.Stop()
	}
	o.frame.Free()
	o.frame, o.piece, o.in = nil, nil, object.Incoming{}
	return nil, statusOf(st), err
}

// Wait blocks until the object has been received and returns it with the
// status; see [Request.Wait].
func (o *ObjectRequest[T]) Wait() (T, Status, error) {
	if o == nil {
		var zero T
		return zero, emptyStatus, nil
	}
	st, err := o.r.Wait()
	if err != nil {
		var zero T
		return zero, st, err
	}
	return o.value, st, nil
}

// Test makes progress and reports whether the object has been received; then
// it returns what Wait would. It does not block.
func (o *ObjectRequest[T]) Test() (T, Status, bool, error) {
	var zero T
	if o == nil {
		return zero, emptyStatus, true, nil
	}
	st, ok, err := o.r.Test()
	if err != nil || !ok {
		return zero, st, ok, err
	}
	return o.value, st, true, nil
}

// Cancel asks for the receive to be withdrawn, if no message has matched it
// yet; see [Request.Cancel].
func (o *ObjectRequest[T]) Cancel() error {
	if o == nil {
		return nil
	}
	return o.r.Cancel()
}

// Request returns the request of the receive, for the functions that handle
// several requests; the value comes out of Wait afterwards.
func (o *ObjectRequest[T]) Request() *Request {
	if o == nil {
		return nil
	}
	return o.r
}
