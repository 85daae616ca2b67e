package mpi

import (
	"errors"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// StartSend starts a send as [Isend] does, in a request of the program's, like
// the MPI_Request that a C program hands to MPI_Isend (MPI 5.0 §3.7.2):
//
//	var r mpi.Request
//	if err := mpi.StartSend(c, &r, buf, dest, tag); err != nil { … }
//	_, err := r.Wait()
//
// As soon as Wait or Test, or a call for several requests, has reported its
// completion, r may be started again, as a send or a receive, with other
// arguments (it is not a persistent request). What it said about its former
// operation is forgotten. So a program that sends many messages allocates
// nothing once its requests have been used, on Ringo's own engine, where Isend
// makes a new request each time for the garbage collector to find.
//
// r is a zero Request, or one that StartSend or StartRecv has used before; it
// must not be copied. Before r is started again, all calls that were given it,
// in whatever goroutine, have to have returned.
//
// The call does not block. Errors of the arguments are returned at once, also
// ErrRequest if r is none of these or not reported complete, and leave r as it
// was; those of the operation come out of Wait and Test.
func StartSend[T any](c *Comm, r *Request, buf []T, dest, tag int) error {
	e := elementOf[T]()
	if e.typ == nil || !c.sendable(dest, tag) || !r.startable() {
		return r.startEmpty(c, opStartSend, dest, tag, emptyStatus, c.checkSend(e, dest, tag))
	}
	b := bufOf(e, buf)
	req, err := c.ec.Isend(b, dest, tag, engine.Standard)
	r.op, r.send = opStartSend, true
	if _, done := req.(engine.Completed); done && err == nil {
		r.out.Source, r.out.Tag, r.out.Bytes, r.cancelled = int32(AnySource), int32(AnyTag), 0, false
		r.completeAtOnce(c)
		return nil
	}
	r.begin(c, dest, tag, req, err)
	return nil
}

// StartRecv starts a receive as [Irecv] does, in a request of the program's
// (MPI 5.0 §3.7.2). For r, what blocks and errors see [StartSend].
func StartRecv[T any](c *Comm, r *Request, buf []T, source, tag int) error {
	e := elementOf[T]()
	if e.typ == nil || !c.receivable(source, tag) || !r.startable() {
		return r.startEmpty(c, opStartRecv, source, tag, nullStatus, c.checkRecv(e, source, tag))
	}
	b := bufOf(e, buf)
	req, st, err := c.early.IrecvNow(b, source, tag, r.reserve(), r.shared())
	r.op, r.send = opStartRecv, false
	if _, done := req.(engine.Completed); done && err == nil {
		r.setStatus(statusOf(st))
		r.completeAtOnce(c)
		return nil
	}
	r.begin(c, source, tag, req, err)
	return nil
}

// startable reports whether an operation can be started in r. (A request of
// another call may have a goroutine of its own; see [Request.drive].)
func (r *Request) startable() bool {
	return r != nil && (r.none() || (r.op == opStartSend || r.op == opStartRecv) && r.isOver() && r.isOut())
}

// startEmpty is a start that has not come to the engine: err says why, or is
// nil for ProcNull and for an r that cannot be started.
func (r *Request) startEmpty(c *Comm, op opName, peer, tag int, st Status, err error) error {
	if err == nil && !r.startable() {
		what := "Wait or Test has not reported its completion yet"
		if r == nil {
			what = "it is nil"
		} else if r.op != opStartSend && r.op != opStartRecv {
			what = "it is that of " + r.op.String()
		}
		err = c.newError("", ErrRequest, peer, tag, errors.New("the request cannot be started: "+what))
	}
	if err != nil {
		return err
	}
	r.send = op == opStartSend
	r.wrap(c, op, peer, tag, engine.Completed{}, st, nil)
	return nil
}
