package mpi

import (
	"errors"
	"fmt"

	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/object"
)

// The functions below send and receive values of any Go type, which the codec
// of the communicator encodes (see [Codec]); they are the lower-case family of
// mpi4py. A receive needs no length. Objects and buffers do not mix: what
// SendObject sends, RecvObject and its kin receive; other receives fail with
// ErrType, as do these on buffers, and the message stays. A probe finds an
// object as a message of the length of its first, or only, part.

// SendObject sends the value v to rank dest (MPI 5.0 §3.2.1). It blocks until v
// may be changed again, which for short objects is at once. If v cannot be
// encoded, or would not arrive whole because its codec leaves fields out that
// are not zero, the error is of class ErrCodec and nothing is sent.
func SendObject[T any](c *Comm, v T, dest, tag int) error {
	return sendObject(c, &v, dest, tag, engine.Standard)
}

// SsendObject sends the value v to rank dest and blocks until dest has begun to
// receive it (synchronous mode, MPI 5.0 §3.4). If v cannot be encoded, the
// error is of class ErrCodec and nothing is sent.
func SsendObject[T any](c *Comm, v T, dest, tag int) error {
	return sendObject(c, &v, dest, tag, engine.Synchronous)
}

// BsendObject sends the value v to rank dest and returns without waiting for
// the receiver: the object is copied, and v may be changed (buffered mode, MPI
// 5.0 §3.4). If v cannot be encoded, the error is of class ErrCodec and nothing
// is sent.
func BsendObject[T any](c *Comm, v T, dest, tag int) error {
	return sendObject(c, &v, dest, tag, engine.Buffered)
}

func sendObject[T any](c *Comm, v *T, dest, tag int, mode engine.SendMode) error {
	if !c.sendable(dest, tag) {
		return c.checkSend(rawElement, dest, tag)
	}
	buf := object.NewFrame()
	var p object.Packed
	var err error
	ok := false
	if c.codec == nil {
		p, ok, err = object.PackBasic(buf, &c.st.objects, v)
	}
	if !ok {
		other := *v // it escapes, v does not
		p, err = object.Pack(buf, c.objectCodec(), &c.st.objects, &other, object.FirstBytes)
	}
	if err != nil {
		return c.newError("", ErrCodec, dest, tag, err)
	}
	err = c.sendPacked(&p, dest, tag, mode)
	p.Free()
	if err != nil {
		return c.failed("", dest, tag, err)
	}
	return nil
}

// pack encodes the value v points to; the first message is at most limit long.
func (c *Comm) pack(v any, limit int) (object.Packed, error) {
	return object.Pack(object.NewFrame(), c.objectCodec(), &c.st.objects, v, limit)
}

func (c *Comm) sendPacked(p *object.Packed, dest, tag int, mode engine.SendMode) error {
	if p.Rest == nil {
		return c.ec.Send(engine.OfBytes(p.First), dest, tag, mode, c.done)
	}
	return c.sendLong(p, dest, tag, mode)
}

// rawElement stands for the element of an object's messages where arguments
// are checked.
var rawElement = &element{typ: engine.Basic(engine.Raw)}

// startLong starts all messages of a long object; the receiver may want them
// before this rank calls again. The first is synchronous: the whole object can
// be withdrawn until it completes, and the receiver takes the rest from then
// on.
func (c *Comm) startLong(p *object.Packed, dest, tag int, mode engine.SendMode) ([]engine.Request, error) {
	firstMode := engine.Synchronous
	if mode == engine.Buffered {
		firstMode = mode
	} else {
		mode = engine.Standard
	}
	reqs := make([]engine.Request, 0, 1+len(p.Rest))
	req, err := c.ec.Isend(engine.OfBytes(p.First), dest, tag, firstMode)
	if err != nil {
		return nil, err
	}
	reqs = append(reqs, req)
	for _, b := range p.Rest {
		req, err := c.ec.Isend(engine.OfBytes(b), dest, p.Tag, mode)
		if err != nil {
			return reqs, err
		}
		reqs = append(reqs, req)
	}
	return reqs, nil
}

func (c *Comm) sendLong(p *object.Packed, dest, tag int, mode engine.SendMode) error {
	reqs, err := c.startLong(p, dest, tag, mode)
	if err != nil {
		withdraw(p, reqs)
		return err
	}
	st, err := reqs[0].Wait(c.done)
	if err != nil && c.ended(err) {
		// Not matched yet: take it back, unless it is matched just now.
		if reqs[0].Cancel() != nil {
			p.Keep()
			return err
		}
		st, err = reqs[0].Wait(nil)
		if err == nil && st.Cancelled {
			withdraw(p, reqs[1:])
			return ErrCancelled
		}
	}
	for _, r := range reqs[1:] {
		if _, e := r.Wait(nil); err == nil {
			err = e
		}
	}
	return err
}

// ended reports whether err only says that the context of c has ended.
func (c *Comm) ended(err error) bool {
	return c.ctx != nil && c.ctx.Err() != nil && errors.Is(err, ErrCancelled)
}

// withdraw cancels sends of p that nobody will receive. Those that the engine
// cannot cancel go on, and keep the memory of p.
func withdraw(p *object.Packed, reqs []engine.Request) {
	var cancelled []engine.Request
	for _, r := range reqs {
		if r.Cancel() == nil {
			cancelled = append(cancelled, r)
		} else {
			p.Keep()
		}
	}
	for _, r := range cancelled {
		_, _ = r.Wait(nil)
	}
}

// RecvObject receives an object from rank source, or AnySource, with the given
// tag, or AnyTag, as a value of type T (MPI 5.0 §3.2.4), of whatever length. It
// blocks until the whole object is there. The Bytes of the status are the
// length of its encoding. If it does not fit into a T, or is longer than the
// codec's limit, the error is of class ErrCodec and the object is gone. From
// ProcNull comes the zero T.
func RecvObject[T any](c *Comm, source, tag int) (T, Status, error) {
	var v T
	if !c.receivable(source, tag) {
		return v, nullStatus, c.checkRecv(rawElement, source, tag)
	}
	f := object.NewFrame()
	b := f.B[:object.FirstBytes]
	st, err := c.ec.Recv(engine.OfBytes(b), source, tag, c.done)
	if err == nil && c.codec == nil && ofObject(st.Sig) && object.UnpackBasic(b[:st.Bytes], &v) {
		f.Free()
		st.Bytes -= object.HeadBytes
		return v, statusOf(st), nil
	}
	other := new(T) // it escapes, v does not
	if err == nil {
		st, err = c.takeInto(other, b, st)
	}
	f.Free()
	if err != nil {
		return v, statusOf(st), c.objectFailed("", source, tag, statusOf(st), err)
	}
	return *other, statusOf(st), nil
}

// recvObject receives into the value v points to.
func (c *Comm) recvObject(v any, source, tag int, done <-chan struct{}) (Status, error) {
	f := object.NewFrame()
	defer f.Free()
	b := f.B[:object.FirstBytes]
	st, err := c.ec.Recv(engine.OfBytes(b), source, tag, done)
	if err == nil {
		st, err = c.takeInto(v, b, st)
	}
	return statusOf(st), err
}

// recvWhole receives all messages of an object; f holds the first.
func (c *Comm) recvWhole(in *object.Incoming, f *object.Frame, source, tag int, done <-chan struct{}) (engine.Status, error) {
	b := f.B[:object.FirstBytes]
	st, err := c.ec.Recv(engine.OfBytes(b), source, tag, done)
	if err != nil {
		return st, err
	}
	return c.takeObject(in, b, st)
}

// takeInto is takeObject, and then makes the value v points to.
func (c *Comm) takeInto(v any, first []byte, st engine.Status) (engine.Status, error) {
	var in object.Incoming
	st, err := c.takeObject(&in, first, st)
	if err == nil {
		err = c.decodeInto(&in, v)
	}
	return st, err
}

// takeObject receives the messages that follow the first of an object. It does
// not heed the context, since they are under way.
func (c *Comm) takeObject(in *object.Incoming, first []byte, st engine.Status) (engine.Status, error) {
	if err := c.openObject(in, first[:st.Bytes], st); err != nil {
		return st, err
	}
	for in.Waiting > 0 {
		b, _ := in.Next()
		part, err := c.ec.Recv(engine.OfBytes(b), st.Source, in.Tag, nil)
		if err != nil && !(in.Bad != nil && errors.Is(err, ErrTruncate)) {
			return st, err
		}
		in.Got(b, part.Bytes)
	}
	in.Finish()
	st.Bytes = in.Bytes
	return st, nil
}

func (c *Comm) decodeInto(in *object.Incoming, v any) error {
	if err := in.Decode(c.objectCodec(), v); err != nil {
		return &codecError{err}
	}
	return nil
}

func (c *Comm) openObject(in *object.Incoming, first []byte, st engine.Status) error {
	if !ofObject(st.Sig) {
		return engine.Errorf(ErrType, "the message is a buffer of %v, not an object", st.Sig)
	}
	if err := in.Open(first, c.objectCodec().MaxBytes()); err != nil {
		return &codecError{err}
	}
	c.st.proc.garbage(in.Bytes)
	return nil
}

// ofObject reports whether a message with this signature can be of an object.
func ofObject(sig engine.Sig) bool { return sig == 0 || sig.Kind() == engine.Raw }

// codecError marks an error of a codec, or of the form of an object.
type codecError struct{ err error }

func (e *codecError) Error() string { return e.err.Error() }
func (e *codecError) Unwrap() error { return e.err }

// objectFailed turns an error of receiving an object into an *Error.
func (c *Comm) objectFailed(op string, source, tag int, st Status, err error) error {
	var ce *codecError
	switch {
	case errors.As(err, &ce):
		return c.newError(op, ErrCodec, st.Source, st.Tag, ce.err)
	case errors.Is(err, ErrTruncate):
		return c.notObject(op, st.Source, st.Tag, err)
	}
	return c.failed(op, source, tag, err)
}

// notObject is the error of a message that is longer than the first of any
// object.
func (c *Comm) notObject(op string, source, tag int, err error) error {
	return c.newError(op, ErrType, source, tag, fmt.Errorf("the message is not an object: %w", err))
}

// SendrecvObject sends v to rank dest and receives an object from rank source
// at the same time (MPI 5.0 §3.10); any of the partners may be the same or
// ProcNull. It blocks until both are done; the status is that of the receive.
// Errors are those of SendObject and RecvObject.
func SendrecvObject[S, R any](c *Comm, v S, dest, sendTag, source, recvTag int) (R, Status, error) {
	send := isendObject(c, &v, dest, sendTag, engine.Standard, opSendrecvObject)
	r, st, err := RecvObject[R](c, source, recvTag)
	_, sendErr := send.Wait()
	switch {
	case err == nil:
		err = sendErr
	case sendErr != nil:
		err = errors.Join(err, sendErr)
	}
	return r, st, err
}

// MrecvObject receives the message m as a value of type T (MPI 5.0 §3.8.3). It
// blocks until the whole object is there; errors are those of [RecvObject]. A
// message can be received once.
func MrecvObject[T any](m *Message) (T, Status, error) {
	var v T
	em, err := m.take(rawElement)
	if em == nil {
		return v, nullStatus, err
	}
	f := object.NewFrame()
	defer f.Free()
	b := f.B[:object.FirstBytes]
	st, err := em.Recv(engine.OfBytes(b), m.c.done)
	if err == nil {
		st, err = m.c.takeInto(&v, b, st)
	}
	if err != nil {
		var zero T
		return zero, statusOf(st), m.c.objectFailed("", m.st.Source, m.st.Tag, statusOf(st), err)
	}
	return v, statusOf(st), nil
}
