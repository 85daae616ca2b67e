package mpi

import (
	"github.com/ringo-mpi/ringo/internal/engine"
)

// Send sends buf to rank dest (MPI 5.0 §3.2.1). It blocks until buf may be
// changed again, which may be before or after the message is received. A wrong
// dest or tag is an ErrRank or ErrTag, and nothing is sent.
func Send[T any](c *Comm, buf []T, dest, tag int) error {
	return send(c, buf, dest, tag, engine.Standard)
}

// Ssend sends buf to rank dest and blocks until dest has begun to receive it
// (synchronous mode, MPI 5.0 §3.4). Then buf may be changed. Errors are those
// of Send.
func Ssend[T any](c *Comm, buf []T, dest, tag int) error {
	return send(c, buf, dest, tag, engine.Synchronous)
}

// Bsend sends buf to rank dest and returns without waiting for the receiver:
// the message is copied, and buf may be changed (buffered mode, MPI 5.0 §3.4).
// The engine supplies the memory; there is no buffer to attach. Errors are
// those of Send.
func Bsend[T any](c *Comm, buf []T, dest, tag int) error {
	return send(c, buf, dest, tag, engine.Buffered)
}

// Rsend sends buf to rank dest, where the matching receive must already be
// posted; else the call fails with ErrNotReady and nothing is sent (ready mode,
// MPI 5.0 §3.4). It blocks until buf may be changed again. Other errors are
// those of Send.
func Rsend[T any](c *Comm, buf []T, dest, tag int) error {
	return send(c, buf, dest, tag, engine.Ready)
}

func send[T any](c *Comm, buf []T, dest, tag int, mode engine.SendMode) error {
	e := elementOf[T]()
	if e.typ == nil || !c.sendable(dest, tag) {
		return c.checkSend(e, dest, tag)
	}
	if err := c.ec.Send(bufOf(e, buf), dest, tag, mode, c.done); err != nil {
		return c.failed("", dest, tag, err)
	}
	return nil
}

// Recv receives a message of at most len(buf) elements from rank source, or
// AnySource, with the given tag, or AnyTag, and blocks until it is in buf (MPI
// 5.0 §3.2.4). The message may be shorter: [Count] of the status says how long
// it was. A longer one fails with ErrTruncate, one of another element type with
// ErrType.
func Recv[T any](c *Comm, buf []T, source, tag int) (Status, error) {
	e := elementOf[T]()
	if e.typ == nil || !c.receivable(source, tag) {
		return nullStatus, c.checkRecv(e, source, tag)
	}
	st, err := c.ec.Recv(bufOf(e, buf), source, tag, c.done)
	if err != nil {
		return statusOf(st), c.failed("", source, tag, err)
	}
	return statusOf(st), nil
}

// Isend starts a send of buf to rank dest and returns at once (MPI 5.0 §3.7.2).
// buf is not to be changed before the request is complete. Errors, also of the
// arguments, come out of Wait and Test.
func Isend[T any](c *Comm, buf []T, dest, tag int) *Request {
	return isend(c, buf, dest, tag, engine.Standard, opIsend)
}

// Issend starts a send as Ssend and returns at once (MPI 5.0 §3.7.2). The
// request is complete when dest has begun to receive. buf may be read but not
// changed before the request is complete. Errors, also those of the arguments,
// come out of Wait and Test.
func Issend[T any](c *Comm, buf []T, dest, tag int) *Request {
	return isend(c, buf, dest, tag, engine.Synchronous, opIssend)
}

// Ibsend starts a send as Bsend and returns at once (MPI 5.0 §3.7.2). buf is
// copied before it returns, so that the request is complete at once. Errors,
// also those of the arguments, come out of Wait and Test.
func Ibsend[T any](c *Comm, buf []T, dest, tag int) *Request {
	return isend(c, buf, dest, tag, engine.Buffered, opIbsend)
}

// Irsend starts a send as Rsend and returns at once (MPI 5.0 §3.7.2). dest has
// posted its receive already: if not, the error is of class ErrNotReady. buf
// may be read but not changed before the request is complete. Errors, also
// those of the arguments, come out of Wait and Test.
func Irsend[T any](c *Comm, buf []T, dest, tag int) *Request {
	return isend(c, buf, dest, tag, engine.Ready, opIrsend)
}

func isend[T any](c *Comm, buf []T, dest, tag int, mode engine.SendMode, op opName) *Request {
	e := elementOf[T]()
	if e.typ == nil || !c.sendable(dest, tag) {
		return doneRequest(c, emptyStatus, c.checkSend(e, dest, tag))
	}
	b := bufOf(e, buf)
	r := c.st.proc.allocRequest()
	r.send = true
	req, err := c.ec.Isend(b, dest, tag, mode)
	return r.wrap(c, op, dest, tag, req, emptyStatus, err)
}

// Irecv starts a receive as Recv and returns at once (MPI 5.0 §3.7.2). buf is
// not to be touched before the request is complete. Errors, also of the
// arguments, come out of Wait and Test.
func Irecv[T any](c *Comm, buf []T, source, tag int) *Request {
	e := elementOf[T]()
	if e.typ == nil || !c.receivable(source, tag) {
		return doneRequest(c, nullStatus, c.checkRecv(e, source, tag))
	}
	b := bufOf(e, buf)
	r := c.st.proc.allocReceive()
	req, st, err := c.early.IrecvNow(b, source, tag, r.reserve(), r.shared())
	return r.wrap(c, opIrecv, source, tag, req, statusOf(st), err)
}

// sendable reports that there is something to send: a usable communicator, a
// rank in it and a tag in range. Otherwise checkSend finds the error, or nil
// for a send to ProcNull.
func (c *Comm) sendable(dest, tag int) bool {
	return c.usable() && uint(dest) < uint(c.size) && uint(tag) <= TagUB
}

func (c *Comm) checkSend(e *element, dest, tag int) error {
	if err := c.unusable(); err != nil {
		return err
	}
	switch {
	case tag < 0 || tag > TagUB:
		return c.errorf(ErrTag, "tag %s is not in 0..%d", tagName(tag), TagUB)
	case dest != ProcNull && uint(dest) >= uint(c.size):
		return c.errorf(ErrRank, "destination %s is not a rank: %s has %s", rankName(dest), c.Name(), c.ranks())
	case e.typ == nil:
		return c.errorf(ErrType, "%w", e.err)
	}
	return nil
}

// receivable is sendable for receives and probes.
func (c *Comm) receivable(source, tag int) bool {
	return c.usable() && (uint(source) < uint(c.size) || source == AnySource) && (uint(tag) <= TagUB || tag == AnyTag)
}

func (c *Comm) checkRecv(e *element, source, tag int) error {
	if err := c.unusable(); err != nil {
		return err
	}
	switch {
	case tag != AnyTag && (tag < 0 || tag > TagUB):
		return c.errorf(ErrTag, "tag %d is neither AnyTag nor in 0..%d", tag, TagUB)
	case source != ProcNull && source != AnySource && uint(source) >= uint(c.size):
		return c.errorf(ErrRank, "source %d is not a rank: %s has %s", source, c.Name(), c.ranks())
	case e != nil && e.typ == nil:
		return c.errorf(ErrType, "%w", e.err)
	}
	return nil
}
