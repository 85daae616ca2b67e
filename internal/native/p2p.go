package native

import (
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// sends are the entry points of the modes. Buffered sends are standard sends
// of a private copy, which need no attached buffer and have no limit.
var sends = [...]function{
	engine.Standard: fnIsend, engine.Synchronous: fnIssend, engine.Buffered: fnIsend, engine.Ready: fnIrsend,
}

// larges are the forms with a 64-bit count.
func larges(f function) function {
	switch f {
	case fnIsend:
		return fnIsendC
	case fnIssend:
		return fnIssendC
	case fnIrsend:
		return fnIrsendC
	case fnImrecv:
		return fnImrecvC
	}
	return fnIrecvC
}

// message fills the block with a send or receive: buffer, count and datatype,
// then the arguments given, then the request.
func (r *request) message(f function, w wire, args [3]uintptr, n int) error {
	d := r.d
	if w.count < d.leastRecv && r.kind == opRecv {
		x := r.ext()
		x.spill = new(byte)
		w = wire{ptr: pointer(unsafe.Pointer(x.spill)), count: 1, dtype: d.types.basic[engine.Raw]}
	}
	count := integer(w.count)
	if w.count > d.maxCount {
		if large := larges(f); d.largeForms && d.fn(large) != 0 {
			f, count = large, uintptr(w.count)
		} else {
			t, err := d.contiguous(w.count, w.dtype, w.elem)
			if err != nil {
				return err
			}
			r.ext().types = append(r.ext().types, t)
			w.dtype, count = t, 1
		}
	}
	b := &r.block
	b.Fn = d.fn(f)
	b.Args[0], b.Args[1], b.Args[2] = w.ptr, count, w.dtype
	copy(b.Args[3:], args[:n])
	b.Args[3+n] = pointer(unsafe.Pointer(&r.handle))
	return nil
}

// beginSend makes the request of a send, without starting it. A private one
// does not touch the user's memory after it has started.
func (c *comm) beginSend(b engine.Buf, dest, tag int, mode engine.SendMode, private, own bool) (*request, error) {
	if err := c.usable(); err != nil {
		return nil, err
	}
	d := c.d
	handle, wireTag := c.handle, tag
	if tag > d.tagUB {
		if tag < engine.InternalTag {
			return nil, engine.PeerErrorf(engine.ErrTag, dest, tag, "the library allows tags up to %d", d.tagUB)
		}
		handle, wireTag = c.inner, d.innerTag(tag)
	}
	r := d.take(c, opSend, own)
	r.peer, r.tag = dest, tag
	if dest == engine.ProcNull {
		dest = d.procNull
	}
	w, err := r.stage(b, false, private)
	if err == nil {
		err = r.message(sends[mode], w, [3]uintptr{integer(dest), integer(wireTag), handle}, 3)
	}
	if err != nil {
		r.drop()
		return nil, err
	}
	return r, nil
}

func (c *comm) beginRecv(b engine.Buf, source, tag int, own bool) (*request, error) {
	if err := c.usable(); err != nil {
		return nil, err
	}
	r := c.d.take(c, opRecv, own)
	r.peer, r.tag = source, tag
	w, err := r.stage(b, true, false)
	if err == nil {
		err = r.message(fnIrecv, w, c.envelope(source, tag), 3)
	}
	if err != nil {
		r.drop()
		return nil, err
	}
	return r, nil
}

// envelope makes the arguments that select a message: source, tag and the
// library's communicator.
func (c *comm) envelope(source, tag int) [3]uintptr {
	d, handle := c.d, c.handle
	switch source {
	case engine.AnySource:
		source = d.anySource
	case engine.ProcNull:
		source = d.procNull
	}
	switch {
	case tag == engine.AnyTag:
		tag = d.anyTag
	case tag >= engine.InternalTag:
		tag, handle = d.innerTag(tag), c.inner
	}
	return [3]uintptr{integer(source), integer(tag), handle}
}

// innerTag makes an internal tag fit a library that has fewer tags. The two
// kinds, with and without bit 29, stay apart. Two tags of one kind become the
// same only if they are thousands of messages from each other.
func (d *driver) innerTag(tag int) int {
	const bit = 1 << 29
	half := d.tagUB/2 + 1
	low := tag - engine.InternalTag
	if low&bit != 0 {
		return half + (low&^bit)%(half/2) // the last two tags are those of leavers
	}
	return low % half
}

// end finishes a completed request and gives it back.
func (r *request) end(err error) (engine.Status, error) {
	if r.own {
		r.over.Store(true)
	}
	if err != nil {
		r.drop()
		return engine.Status{}, err
	}
	r.d.active.remove(r)
	st := r.finish()
	if r.more != nil && r.more.spill != nil && st.Bytes > 0 {
		err = engine.PeerErrorf(engine.ErrTruncate, st.Source, st.Tag, "a message came for a receive of length 0")
		st = engine.Status{}
	}
	r.d.give(r)
	return st, err
}

// selfBuffered is the longest message that a rank may send to itself before it
// receives. Some libraries have such a send wait for the receive.
const selfBuffered = 64 << 10

// Send is MPI_Isend and polling. With done the library sends from a copy,
// because no library can withdraw a send: when done is closed first, the
// message stays on its way, and the memory is the user's again.
func (c *comm) Send(b engine.Buf, dest, tag int, mode engine.SendMode, done <-chan struct{}) error {
	if mode == engine.Standard && done == nil && dest != c.rank && uint(dest) < uint(c.size) && uint(tag) <= uint(c.d.tagUB) {
		if dtype, ok := c.d.contiguousType(&b); ok {
			if err := c.usable(); err != nil {
				return err
			}
			return c.sendShort(&b, dtype, dest, tag)
		}
	}
	buffered := mode == engine.Buffered || mode == engine.Standard && dest == c.rank && (b.Type == nil || b.Bytes() <= selfBuffered)
	r, err := c.beginSend(b, dest, tag, mode, done != nil || buffered, false)
	if err != nil {
		return err
	}
	finished, err := r.start(batch)
	switch {
	case finished:
		_, err = r.end(err)
	case buffered:
		c.d.detach(r)
	default:
		_, err = r.complete(done)
	}
	return err
}

func (c *comm) Recv(b engine.Buf, source, tag int, done <-chan struct{}) (engine.Status, error) {
	if done == nil && (uint(source) < uint(c.size) || source == engine.AnySource) && (uint(tag) <= uint(c.d.tagUB) || tag == engine.AnyTag) {
		if dtype, ok := c.d.contiguousType(&b); ok {
			if err := c.usable(); err != nil {
				return engine.Status{}, err
			}
			return c.recvShort(&b, dtype, source, tag)
		}
	}
	r, err := c.beginRecv(b, source, tag, false)
	if err != nil {
		return engine.Status{}, err
	}
	return r.receive(done)
}

// receive runs a receive to its end.
func (r *request) receive(done <-chan struct{}) (engine.Status, error) {
	finished, err := r.start(batch)
	if finished {
		return r.end(err)
	}
	return r.complete(done)
}

// complete waits for an operation that has started. When the context ends or
// the communicator is revoked, the library withdraws the operation, or has
// matched it and completes it; one that it cannot withdraw is left to itself.
func (r *request) complete(done <-chan struct{}) (engine.Status, error) {
	w := waiter{d: r.d}
	w.begin()
	defer w.end()
	reason := w.await(r, done)
	if reason == nil || r.block.Ret != 0 {
		return r.end(reason)
	}
	if !r.withdrawable() {
		r.orphan = engineClass(reason) == engine.ErrProcFailed
		r.d.detach(r)
		return engine.Status{}, reason
	}
	r.withdraw()
	var err error
	d := r.d
	for finished := false; !finished; {
		w.pause()
		finished, err = r.poll(w.polls)
	}
	st, err := r.end(err)
	if err == nil && st.Cancelled {
		if reason == error(errFinalized) { //nolint:errorlint // the very value
			d.posted.Add(1)
		}
		return engine.Status{}, reason
	}
	return st, err
}

// withdrawable tells whether the library can cancel the operation: a receive,
// and with MPICH a send to the rank itself, since MPICH does not let go of the
// communicator's number while one is pending. No library cancels other sends,
// and MPI has deprecated it.
func (r *request) withdrawable() bool {
	return r.kind == opRecv || r.kind == opSend && r.peer == r.comm.rank && r.d.family == mpichFamily
}

func (c *comm) Isend(b engine.Buf, dest, tag int, mode engine.SendMode) (engine.Request, error) {
	buffered := mode == engine.Buffered
	r, err := c.beginSend(b, dest, tag, mode, buffered, !buffered)
	if err != nil {
		return nil, err
	}
	if !buffered {
		return r.nonblocking(1) // a small send completes at once
	}
	finished, err := r.start(1)
	if finished {
		_, err = r.end(err)
		return engine.Completed{}, err
	}
	c.d.detach(r)
	return engine.Completed{}, nil
}

func (c *comm) Irecv(b engine.Buf, source, tag int) (engine.Request, error) {
	r, err := c.beginRecv(b, source, tag, true)
	if err != nil {
		return nil, err
	}
	return r.nonblocking(0)
}

// nonblocking starts a request that the user will test or wait for.
func (r *request) nonblocking(polls int) (engine.Request, error) {
	finished, err := r.start(polls)
	if err != nil {
		_, err = r.end(err)
		return nil, err
	}
	if !finished {
		r.d.active.add(r)
	}
	r.canCancel = r.withdrawable()
	return r, nil
}

var errReleased = engine.Errorf(engine.ErrRequest, "the request has completed and was released before")

func (r *request) Test() (engine.Status, bool, error) {
	r.using.Lock()
	defer r.using.Unlock()
	if r.taken {
		return engine.Status{}, true, errFinalized
	}
	if r.comm == nil {
		return engine.Status{}, false, errReleased
	}
	if r.flag == 0 && r.block.Ret == 0 {
		if finished, err := r.poll(1); !finished {
			if err := r.comm.running(); err != nil {
				st, err := r.giveUp(err)
				return st, true, err
			}
			return engine.Status{}, false, nil
		} else if err != nil {
			_, err = r.end(err)
			return engine.Status{}, true, err
		}
	}
	st, err := r.end(r.lastError())
	return st, true, err
}

// lastError is the error that an earlier poll, by WaitAny, has met.
func (r *request) lastError() error {
	if r.block.Ret != 0 {
		return r.error()
	}
	return nil
}

func (r *request) Wait(done <-chan struct{}) (engine.Status, error) {
	r.using.Lock()
	defer r.using.Unlock()
	if r.taken {
		return engine.Status{}, errFinalized
	}
	if r.comm == nil {
		return engine.Status{}, errReleased
	}
	if r.flag == 0 && r.block.Ret == 0 {
		finished, err := r.poll(batch)
		if !finished {
			err = r.await(done)
		}
		if err != nil && r.block.Ret == 0 {
			if engineClass(err) != engine.ErrCancelled {
				return r.giveUp(err)
			}
			return engine.Status{}, err // done: the operation goes on
		}
	}
	return r.end(r.lastError())
}

// giveUp ends a request on a revoked communicator, with a rank that has
// finished, or when Finalize is called on another goroutine: a receive is
// withdrawn, the library finishes the rest when it can. The calling goroutine
// has the request for itself.
func (r *request) giveUp(reason error) (engine.Status, error) {
	atEnd := reason == error(errFinalized)            //nolint:errorlint // the very value
	if !r.withdrawn && !(atEnd && r.kind == opSend) { // takeLeave ends sends
		r.withdraw()
	}
	r.posted = atEnd && r.kind == opRecv
	r.taken, r.orphan = true, r.kind == opSend && engineClass(reason) == engine.ErrProcFailed
	l := &r.d.detached
	l.lock.Lock()
	defer l.lock.Unlock()
	r.d.active.remove(r)
	l.add(r)
	return engine.Status{}, reason
}

// Cancel asks for the operation to be withdrawn, which the goroutine in Test or
// Wait does. A send that the library cannot withdraw goes on, with the user's
// memory.
func (r *request) Cancel() error {
	switch {
	case r.kind == opColl:
		return errCollectiveCancel
	case r.over.Load():
		return nil
	case !r.canCancel:
		return engine.Errorf(engine.ErrUnsupported, "MPI libraries cannot withdraw a send; it goes on")
	}
	r.cancelled.Store(true)
	return nil
}
