package native

import (
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// Probe is MPI_Iprobe, repeated.
func (c *comm) Probe(source, tag int, block bool, done <-chan struct{}) (engine.Status, bool, error) {
	r, err := c.probe(fnIprobe, source, tag)
	if err != nil {
		return engine.Status{}, false, err
	}
	a := &r.block.PollArgs
	a[3], a[4] = pointer(unsafe.Pointer(&r.flag)), pointer(unsafe.Pointer(&r.status))
	return r.look(block, done)
}

// Mprobe is MPI_Improbe, repeated.
func (c *comm) Mprobe(source, tag int, block bool, done <-chan struct{}) (engine.Message, engine.Status, bool, error) {
	r, err := c.probe(fnImprobe, source, tag)
	if err != nil {
		return nil, engine.Status{}, false, err
	}
	m := &message{comm: c}
	a := &r.block.PollArgs
	a[3], a[4], a[5] = pointer(unsafe.Pointer(&r.flag)), pointer(unsafe.Pointer(&m.handle)), pointer(unsafe.Pointer(&r.status))
	st, ok, err := r.look(block, done)
	if !ok || err != nil {
		return nil, st, false, err
	}
	m.source, m.tag = st.Source, st.Tag
	return m, st, true, nil
}

// probe makes a request that polls a probing entry point.
func (c *comm) probe(f function, source, tag int) (*request, error) {
	if err := c.usable(); err != nil {
		return nil, err
	}
	r := c.d.take(c, opRecv, false)
	r.peer, r.tag = source, tag
	r.block.Fn, r.block.Poll = 0, c.d.fn(f)
	r.status = status{} // MPICH leaves the cancelled bit of an earlier one
	envelope := c.envelope(source, tag)
	copy(r.block.PollArgs[:], envelope[:])
	return r, nil
}

// look polls once, or until a message is there.
func (r *request) look(block bool, done <-chan struct{}) (st engine.Status, ok bool, err error) {
	polls := 1
	if block {
		polls = batch
	}
	finished, err := r.poll(polls)
	if !finished && block {
		if err = r.await(done); err == nil {
			finished = true
		}
	}
	if finished && err == nil {
		st, ok = r.received(), true
	}
	r.d.give(r)
	return st, ok, err
}

// message is a message taken by Mprobe.
type message struct {
	comm        *comm
	handle      uintptr
	source, tag int
}

func (m *message) begin(b engine.Buf, own bool) (*request, error) {
	if err := m.comm.usable(); err != nil {
		return nil, err
	}
	r := m.comm.d.take(m.comm, opRecv, own)
	r.peer, r.tag = m.source, m.tag
	w, err := r.stage(b, true, false)
	if err == nil {
		r.hold(unsafe.Pointer(m))
		err = r.message(fnImrecv, w, [3]uintptr{pointer(unsafe.Pointer(&m.handle))}, 1)
	}
	if err != nil {
		r.drop()
		return nil, err
	}
	return r, nil
}

// Recv receives the message. It is matched: done does not withdraw it.
func (m *message) Recv(b engine.Buf, done <-chan struct{}) (engine.Status, error) {
	r, err := m.begin(b, false)
	if err != nil {
		return engine.Status{}, err
	}
	return r.receive(nil)
}

func (m *message) Irecv(b engine.Buf) (engine.Request, error) {
	r, err := m.begin(b, true)
	if err != nil {
		return nil, err
	}
	return r.nonblocking(1)
}
