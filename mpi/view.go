package mpi

import (
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// View is the elements of a slice that a layout picks. It refers to the slice,
// which the calls below read or write in place; a layout that picks an element
// twice may be sent, not received. The zero View is empty.
type View[T any] struct {
	buf    []T
	layout Layout
}

// ViewOf returns the view of buf by l. Where l does not fit into buf the calls
// that use the view fail with ErrBuffer; Err says so at once.
func ViewOf[T any](buf []T, l Layout) View[T] { return View[T]{buf, l} }

// Whole returns the view of all elements of buf.
func Whole[T any](buf []T) View[T] { return View[T]{buf, Contiguous(len(buf))} }

// Count returns the number of elements in the view.
func (v View[T]) Count() int { return v.layout.Count() }

// Err returns why the view cannot be used, or nil.
func (v View[T]) Err() error {
	return (*Comm)(nil).failed("ViewOf", Undefined, Undefined, v.layout.fits(len(v.buf)))
}

// Pack returns a copy of the elements of v, one after another (MPI_Pack, MPI
// 5.0 §5.2). Where v cannot be used, see its Err, that is the error. Local.
func Pack[T any](v View[T]) ([]T, error) {
	_, err := v.describe(nil)
	if err != nil {
		return nil, err
	}
	return v.pack(), nil
}

// Unpack copies packed to the places of v; it has length v.Count() (MPI_Unpack,
// MPI 5.0 §5.2). A layout that picks an element twice is an ErrBuffer, as in
// every receive. Local.
func Unpack[T any](v View[T], packed []T) error {
	_, err := v.target(nil)
	if err == nil && len(packed) != v.Count() {
		err = (*Comm)(nil).errorf(ErrCount, "%d packed elements for a view of %d", len(packed), v.Count())
	}
	if err != nil {
		return err
	}
	v.unpack(packed)
	return nil
}

// describe checks the view and its element type for a call on c.
func (v View[T]) describe(c *Comm) (engine.Buf, error) {
	e := elementOf[T]()
	if e.typ == nil {
		return engine.Buf{}, c.errorf(ErrType, "%w", e.err)
	}
	if err := v.layout.fits(len(v.buf)); err != nil {
		return engine.Buf{}, c.failed("", Undefined, Undefined, err)
	}
	if off, ok := v.layout.contiguous(); ok {
		return bufOf(e, v.buf[off:off+v.Count()]), nil
	}
	b := bufOf(e, v.buf)
	b.Count, b.Layout = v.Count(), v.layout.m.eng
	return b, nil
}

// target is describe for a view that is received into.
func (v View[T]) target(c *Comm) (engine.Buf, error) {
	b, err := v.describe(c)
	if err == nil && v.layout.twice() {
		err = c.errorf(ErrBuffer, "the layout picks an element twice: it may be sent, not received")
	}
	return b, err
}

// pack copies the elements of a checked view.
func (v View[T]) pack() []T {
	packed := make([]T, v.Count())
	if off, ok := v.layout.contiguous(); ok {
		copy(packed, v.buf[off:])
		return packed
	}
	b := bufOf(elementOf[T](), packed)
	v.layout.m.eng.Pack(b.Slice(), unsafe.Pointer(unsafe.SliceData(v.buf)), b.Type.Size)
	return packed
}

// unpack copies packed to its places in a checked view.
func (v View[T]) unpack(packed []T) {
	if off, ok := v.layout.contiguous(); ok {
		copy(v.buf[off:], packed)
		return
	}
	b := bufOf(elementOf[T](), packed)
	v.layout.m.eng.Unpack(unsafe.Pointer(unsafe.SliceData(v.buf)), b.Slice(), b.Type.Size)
}

// SendView is Send of the elements of a view, in the order of its layout (MPI
// 5.0 §3.2.1, §5.1). It blocks as Send does: until the slice may be changed
// again. The receiver need not use the same layout, or any. A view that does
// not fit its slice is an error of the layout's class.
func SendView[T any](c *Comm, v View[T], dest, tag int) error {
	b, err := v.describe(c)
	if err != nil {
		return err
	}
	if !c.sendable(dest, tag) {
		return c.checkSend(elementOf[T](), dest, tag)
	}
	return c.failed("", dest, tag, c.ec.Send(b, dest, tag, engine.Standard, c.done))
}

// RecvView is Recv into the places of a view (MPI 5.0 §3.2.4, §5.1). It blocks
// until the message is there. A shorter message fills the first places, a
// longer one is an ErrTruncate. Elements of the slice that the layout does not
// pick are not touched; a layout that picks one twice is an ErrBuffer.
func RecvView[T any](c *Comm, v View[T], source, tag int) (Status, error) {
	b, err := v.target(c)
	if err != nil {
		return emptyStatus, err
	}
	if !c.receivable(source, tag) {
		return nullStatus, c.checkRecv(elementOf[T](), source, tag)
	}
	st, err := c.ec.Recv(b, source, tag, c.done)
	return statusOf(st), c.failed("", source, tag, err)
}

// IsendView starts a SendView and returns at once (MPI 5.0 §3.7.2). The
// elements of the view may be read but not changed before the request is
// complete. Errors, also those of the arguments, come out of Wait and Test.
func IsendView[T any](c *Comm, v View[T], dest, tag int) *Request {
	b, err := v.describe(c)
	if err != nil {
		return doneRequest(c, emptyStatus, err)
	}
	if !c.sendable(dest, tag) {
		return doneRequest(c, emptyStatus, c.checkSend(elementOf[T](), dest, tag))
	}
	r := c.st.proc.allocRequest()
	r.send = true
	req, err := c.ec.Isend(b, dest, tag, engine.Standard)
	return r.wrap(c, opIsendView, dest, tag, req, emptyStatus, err)
}

// IrecvView starts a RecvView and returns at once (MPI 5.0 §3.7.2). The
// elements of the view are not to be touched before the request is complete.
// Errors, also those of the arguments, come out of Wait and Test.
func IrecvView[T any](c *Comm, v View[T], source, tag int) *Request {
	b, err := v.target(c)
	if err != nil {
		return doneRequest(c, emptyStatus, err)
	}
	if !c.receivable(source, tag) {
		return doneRequest(c, nullStatus, c.checkRecv(elementOf[T](), source, tag))
	}
	r := c.st.proc.allocRequest()
	req, st, err := c.early.IrecvNow(b, source, tag, r.reserve(), r.shared())
	return r.wrap(c, opIrecvView, source, tag, req, statusOf(st), err)
}

// SendrecvView is Sendrecv of views (MPI 5.0 §3.10, §5.1). It blocks until both
// are done. They may be views of one slice, as long as they have no element in
// common, which is not checked.
func SendrecvView[S, R any](c *Comm, send View[S], dest, sendTag int, recv View[R], source, recvTag int) (Status, error) {
	s, err := send.describe(c)
	if err != nil {
		return emptyStatus, err
	}
	r, err := recv.target(c)
	if err != nil {
		return emptyStatus, err
	}
	return sendrecv(c, elementOf[S](), s, dest, sendTag, elementOf[R](), r, source, recvTag)
}
