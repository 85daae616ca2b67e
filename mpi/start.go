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
// As soon as Wait or Test has reported its completion, r may be started again.
// So a program that sends many messages allocates nothing, where Isend makes a
// new request each time for the garbage collector to find.
//
// r is a zero Request, one that has been started before and is complete, or a
// complete one from any other call. What it said about its former operation is
// forgotten. Nobody else may use r during the call, and r must not be copied.
//
// The call does not block. Errors of the arguments are returned at once, also
// ErrRequest if r is still under way, and leave r as it was; those of the
// operation come out of Wait and Test.
func StartSend[T any](c *Comm, r *Request, buf []T, dest, tag int) error {
	e := elementOf[T]()
	if e.typ == nil || !c.sendable(dest, tag) || !r.startable() {
		return r.startEmpty(c, opStartSend, dest, tag, emptyStatus, c.checkSend(e, dest, tag))
	}
	b := bufOf(e, buf)
	req, err := c.ec.Isend(b, dest, tag, engine.Standard)
	r.send = true
	r.wrap(c, opStartSend, dest, tag, b, req, emptyStatus, err)
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
	req, st, err := c.ec.IrecvNow(b, source, tag)
	r.send = false
	r.wrap(c, opStartRecv, source, tag, b, req, statusOf(st), err)
	return nil
}

// startable reports whether an operation can be started in r.
func (r *Request) startable() bool { return r != nil && r.isOver() }

// startEmpty is a start that has not come to the engine: err says why, or is
// nil for ProcNull and for an r that cannot be started.
func (r *Request) startEmpty(c *Comm, op opName, peer, tag int, st Status, err error) error {
	if err == nil && !r.startable() {
		what := "it is under way: Wait or Test must report its completion first"
		if r == nil {
			what = "it is nil"
		}
		err = c.newError("", ErrRequest, peer, tag, errors.New("the request cannot be started: "+what))
	}
	if err != nil {
		return err
	}
	r.send = op == opStartSend
	r.wrap(c, op, peer, tag, engine.Buf{}, engine.Completed{}, st, nil)
	return nil
}
