package mpi

import (
	"errors"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// Every collective has one builder, which checks the arguments and describes
// the call for the engine; the blocking, nonblocking and in-place functions
// hand its result to collective or icollective, also an error: every call is one.

// collective runs a call on the engine; err is what its builder found.
func (c *Comm) collective(k engine.Coll, err error) error {
	if err != nil {
		return c.refuse(err, false)
	}
	if c.st.check != nil {
		if err := c.st.check.before(c, &k); err != nil {
			return err
		}
	}
	if err := c.ec.Collective(k, c.done); err != nil {
		return c.failed("", Undefined, Undefined, err)
	}
	if v := vectorOf(k.V); v != nil && v.mem != nil {
		v.Vector = engine.Vector{}
		c.st.vector.Store(v)
	}
	return nil
}

// mismatched is a collective that has ended with an error when it was started.
type mismatched struct {
	engine.Completed
	err error
}

func (m mismatched) Test() (engine.Status, bool, error)          { return engine.Status{}, true, m.err }
func (m mismatched) Wait(<-chan struct{}) (engine.Status, error) { return engine.Status{}, m.err }

// icollective starts a call on the engine.
func (c *Comm) icollective(k engine.Coll, err error) *Request {
	if err != nil {
		return doneRequest(c, emptyStatus, c.refuse(err, true))
	}
	r := &Request{op: opColl + opName(k.Kind), out: engine.Outcome{Source: Undefined, Tag: Undefined}, operation: &operation{c: c, mem: k.Send.Ptr}}
	r.more = &moreOfRequest{mem: k.Recv.Ptr, vec: k.V}
	req, err := c.ec.Icollective(k)
	switch {
	case err != nil && c.st.check != nil && errors.Is(err, ErrMismatch):
		c.st.check.alongside(c, &k, r, mismatched{err: err}) // the comparison says more
	case err != nil:
		if c.st.check != nil {
			c.st.check.ended(c, &k)
		}
		r.endAtOnce(emptyStatus, r.failed(err))
	case c.st.check != nil:
		c.st.check.alongside(c, &k, r, req)
	default:
		r.req = req
	}
	return r
}

// inames are the names of the nonblocking collectives.
var inames = func() (names [engine.NumColls]string) {
	for k := range names {
		s := engine.CollKind(k).String()
		names[k] = "I" + string(s[0]|0x20) + s[1:]
	}
	return names
}()

// elementOn describes T and checks that c can be used.
func elementOn[T any](c *Comm) (*element, error) {
	e := elementOf[T]()
	if e.typ != nil && c.usable() {
		return e, nil
	}
	if err := c.unusable(); err != nil {
		return nil, err
	}
	return nil, c.errorf(ErrType, "%w", e.err)
}

func (c *Comm) checkRoot(root int) error {
	if uint(root) >= uint(c.size) {
		return c.errorf(ErrRoot, "root %d is not a rank: %s has %s", root, c.Name(), c.ranks())
	}
	return nil
}

// checkApart refuses send and receive buffers that share memory.
func checkApart[T any](c *Comm, send, recv []T) error {
	if overlap(send, recv) {
		return c.errorf(ErrBuffer, "send and receive buffer overlap; the InPlace function works on one buffer")
	}
	return nil
}

// checkBlocks checks that a buffer of length n consists of one block of size
// block for each rank.
func (c *Comm) checkBlocks(name string, n, block int) error {
	if n%c.size == 0 && n/c.size == block {
		return nil
	}
	return c.errorf(ErrCount, "%s has length %d, need %d: %s × %d", name, n, c.size*block, c.ranks(), block)
}

// checkWhole checks that a buffer of length n divides into equal blocks.
func (c *Comm) checkWhole(name string, n int) error {
	if n%c.size != 0 {
		return c.errorf(ErrCount, "%s has length %d, which %s do not divide", name, n, c.ranks())
	}
	return nil
}
