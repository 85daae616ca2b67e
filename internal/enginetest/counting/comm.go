package counting

import "github.com/ringo-mpi/ringo/internal/engine"

// comm counts the calls on the communicator inside.
type comm struct {
	engine.Comm // Rank, Size and Proc are passed on as they are

	e     *Engine
	early engine.EarlyReceiver // nil: absent
}

func (e *Engine) comm(c engine.Comm) *comm {
	w := &comm{Comm: c, e: e}
	if e.early {
		w.early = c.(engine.EarlyReceiver)
	}
	return w
}

// made wraps a communicator that was made; a rank that is not in it has nil.
func (c *comm) made(n engine.Comm, err error) (engine.Comm, error) {
	c.e.counts.result(Construct, err)
	if n == nil || err != nil {
		return nil, err
	}
	return c.e.comm(n), nil
}

// Unwrap returns the communicator inside.
func (c *comm) Unwrap() engine.Comm { return c.Comm }

// Send implements [engine.Comm].
func (c *comm) Send(b engine.Buf, dest, tag int, mode engine.SendMode, done <-chan struct{}) error {
	err := c.Comm.Send(b, dest, tag, mode, done)
	c.e.counts.result(Send, err)
	return err
}

// Recv implements [engine.Comm].
func (c *comm) Recv(b engine.Buf, source, tag int, done <-chan struct{}) (engine.Status, error) {
	st, err := c.Comm.Recv(b, source, tag, done)
	c.e.counts.result(Recv, err)
	return st, err
}

// Isend implements [engine.Comm].
func (c *comm) Isend(b engine.Buf, dest, tag int, mode engine.SendMode) (engine.Request, error) {
	r, err := c.Comm.Isend(b, dest, tag, mode)
	c.e.counts.result(Isend, err)
	return c.e.started(r, err)
}

// Irecv implements [engine.Comm].
func (c *comm) Irecv(b engine.Buf, source, tag int) (engine.Request, error) {
	r, err := c.Comm.Irecv(b, source, tag)
	c.e.counts.result(Irecv, err)
	return c.e.started(r, err)
}

// IrecvNow implements [engine.EarlyReceiver]. The outcome of a request may go
// past the wrapper: then nobody asks for it.
func (c *comm) IrecvNow(b engine.Buf, source, tag int, out *engine.Outcome, state *uint32) (engine.Request, engine.Status, error) {
	r, st, err := c.early.IrecvNow(b, source, tag, out, state)
	c.e.counts.result(IrecvNow, err)
	r, err = c.e.started(r, err)
	return r, st, err
}

// Probe implements [engine.Comm].
func (c *comm) Probe(source, tag int, block bool, done <-chan struct{}) (engine.Status, bool, error) {
	st, ok, err := c.Comm.Probe(source, tag, block, done)
	c.e.counts.result(Probe, err)
	return st, ok, err
}

// Mprobe implements [engine.Comm].
func (c *comm) Mprobe(source, tag int, block bool, done <-chan struct{}) (engine.Message, engine.Status, bool, error) {
	m, st, ok, err := c.Comm.Mprobe(source, tag, block, done)
	c.e.counts.result(Mprobe, err)
	if m != nil {
		m = message{m, c.e}
	}
	return m, st, ok, err
}

// Collective implements [engine.Comm].
func (c *comm) Collective(k engine.Coll, done <-chan struct{}) error {
	err := c.Comm.Collective(k, done)
	c.e.counts.result(Collective, err)
	return err
}

// Icollective implements [engine.Comm].
func (c *comm) Icollective(k engine.Coll) (engine.Request, error) {
	r, err := c.Comm.Icollective(k)
	c.e.counts.result(Icollective, err)
	return c.e.started(r, err)
}

// Dup implements [engine.Comm].
func (c *comm) Dup() (engine.Comm, error) { return c.made(c.Comm.Dup()) }

// Split implements [engine.Comm].
func (c *comm) Split(color, key int) (engine.Comm, error) { return c.made(c.Comm.Split(color, key)) }

// SplitShared implements [engine.Comm].
func (c *comm) SplitShared(key int) (engine.Comm, error) { return c.made(c.Comm.SplitShared(key)) }

// Create implements [engine.Comm].
func (c *comm) Create(members []int) (engine.Comm, error) { return c.made(c.Comm.Create(members)) }

// CreateGroup implements [engine.Comm].
func (c *comm) CreateGroup(members []int, tag int) (engine.Comm, error) {
	return c.made(c.Comm.CreateGroup(members, tag))
}

// Free implements [engine.Comm].
func (c *comm) Free() error {
	err := c.Comm.Free()
	c.e.counts.result(FreeComm, err)
	return err
}

// Revoke implements [engine.Comm].
func (c *comm) Revoke(reason string) {
	c.e.counts.add(Revoke)
	c.Comm.Revoke(reason)
}
