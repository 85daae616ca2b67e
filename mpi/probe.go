package mpi

import (
	"sync/atomic"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// Probe blocks until a message has arrived that Recv with the same source and
// tag would receive, and describes it (MPI 5.0 §3.8.1). The message stays:
// where several goroutines receive, use Mprobe.
func (c *Comm) Probe(source, tag int) (Status, error) {
	st, _, err := c.probe(source, tag, true)
	return st, err
}

// Iprobe is Probe without blocking: it reports whether there is such a message
// (MPI 5.0 §3.8.1).
func (c *Comm) Iprobe(source, tag int) (Status, bool, error) {
	return c.probe(source, tag, false)
}

func (c *Comm) probe(source, tag int, block bool) (Status, bool, error) {
	if !c.receivable(source, tag) {
		err := c.checkRecv(nil, source, tag)
		return nullStatus, err == nil, err
	}
	st, ok, err := c.ec.Probe(source, tag, block, c.done)
	if err != nil {
		return emptyStatus, false, c.failed("", source, tag, err)
	}
	return statusOf(st), ok, nil
}

// Message is a message taken out of the queue by Mprobe or Improbe; only
// Mrecv, Imrecv or MrecvAppend of it receives it. It is received once.
type Message struct {
	c     *Comm
	m     engine.Message // nil: from ProcNull
	st    Status
	taken atomic.Bool
}

// Mprobe blocks as Probe does and takes the message out of the queue, so that
// no other receive or probe can get it (MPI 5.0 §3.8.2). The program receives
// it by Mrecv and the like.
func (c *Comm) Mprobe(source, tag int) (*Message, Status, error) {
	m, st, _, err := c.mprobe(source, tag, true)
	return m, st, err
}

// Improbe is Mprobe without blocking; the Message is nil and the bool false
// when there is none (MPI 5.0 §3.8.2).
func (c *Comm) Improbe(source, tag int) (*Message, Status, bool, error) {
	return c.mprobe(source, tag, false)
}

func (c *Comm) mprobe(source, tag int, block bool) (*Message, Status, bool, error) {
	if !c.receivable(source, tag) {
		if err := c.checkRecv(nil, source, tag); err != nil {
			return nil, emptyStatus, false, err
		}
		return &Message{c: c, st: nullStatus}, nullStatus, true, nil
	}
	m, st, ok, err := c.ec.Mprobe(source, tag, block, c.done)
	if err != nil {
		return nil, emptyStatus, false, c.failed("", source, tag, err)
	}
	if !ok {
		return nil, emptyStatus, false, nil
	}
	return &Message{c: c, m: m, st: statusOf(st)}, statusOf(st), true, nil
}

// Mrecv receives the message m into buf and blocks until it is there (MPI 5.0
// §3.8.3). Errors are those of Recv. A message can be received once: a second
// receive, and one of a nil Message, is an ErrRequest.
func Mrecv[T any](m *Message, buf []T) (Status, error) {
	e := elementOf[T]()
	em, err := m.take(e)
	if em == nil {
		return nullStatus, err
	}
	st, err := em.Recv(bufOf(e, buf), m.c.done)
	if err != nil {
		return statusOf(st), m.c.failed("", m.st.Source, m.st.Tag, err)
	}
	return statusOf(st), nil
}

// Imrecv starts to receive the message m into buf and returns at once (MPI 5.0
// §3.8.3). buf is not to be touched before the request is complete. A message
// can be received once. Errors, also those of the arguments, come out of Wait
// and Test.
func Imrecv[T any](m *Message, buf []T) *Request {
	e := elementOf[T]()
	em, err := m.take(e)
	if em == nil {
		return doneRequest(nil, nullStatus, err)
	}
	b := bufOf(e, buf)
	req, err := em.Irecv(b)
	return newRequest(m.c, opImrecv, m.st.Source, m.st.Tag, req, err)
}

// take hands out the message for its one receive. It returns nil and no error
// for a message from ProcNull.
func (m *Message) take(e *element) (engine.Message, error) {
	if m == nil {
		return nil, (*Comm)(nil).errorf(ErrRequest, "nil message: there was none to receive")
	}
	if err := m.c.unusable(); err != nil {
		return nil, err
	}
	if e.typ == nil {
		return nil, m.c.errorf(ErrType, "%w", e.err)
	}
	if m.st.Source == ProcNull {
		return nil, nil
	}
	if m.taken.Swap(true) {
		return nil, m.c.errorf(ErrRequest, "the message has been received before")
	}
	return m.m, nil
}
