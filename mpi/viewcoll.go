package mpi

import "github.com/ringo-mpi/ringo/internal/engine"

// flat returns the elements of a view in one piece: the slice itself where the
// view is contiguous, else a copy, which is packed if load is set and has to be
// unpacked afterwards.
func (v View[T]) flat(c *Comm, load bool) (buf []T, copied bool, err error) {
	if err := c.unusable(); err != nil {
		return nil, false, err
	}
	if _, err := v.describe(c); err != nil {
		return nil, false, err
	}
	if !load && v.layout.twice() {
		_, err := v.target(c)
		return nil, false, err
	}
	if off, ok := v.layout.contiguous(); ok {
		return v.buf[off : off+v.Count()], false, nil
	}
	if load {
		return v.pack(), true, nil
	}
	return make([]T, v.Count()), true, nil
}

// BcastView is Bcast of the elements of a view, which has the same Count on
// all ranks; the layouts may differ (MPI 5.0 §6.4, §5.1). Collective; it
// blocks as Bcast does.
func BcastView[T any](c *Comm, v View[T], root int) error {
	buf, copied, err := v.flat(c, c != nil && c.rank == root)
	if err != nil {
		return c.refuse(err, false)
	}
	if err := Bcast(c, buf, root); err != nil {
		return err
	}
	if copied && c.rank != root {
		v.unpack(buf)
	}
	return nil
}

// ScatterView is Scatter of views (MPI 5.0 §6.6, §5.1): the elements of send
// on the root, in the order of its layout, are divided into Size() equal
// blocks, and block i goes to recv of rank i. [Concat] makes a layout out of
// one for each rank. Collective; it blocks as Scatter does.
func ScatterView[T any](c *Comm, send, recv View[T], root int) error {
	to, copied, err := recv.flat(c, false)
	if err != nil {
		return c.refuse(err, false)
	}
	var from []T
	if c.rank == root {
		if from, _, err = send.flat(c, true); err != nil {
			return c.refuse(err, false)
		}
	}
	if err := Scatter(c, from, to, root); err != nil {
		return err
	}
	if copied {
		recv.unpack(to)
	}
	return nil
}

// GatherView is Gather of views (MPI 5.0 §6.5, §5.1): the elements of recv on
// the root, in the order of its layout, are divided into Size() equal blocks,
// and block i comes from send of rank i. Collective; it blocks as Gather does.
func GatherView[T any](c *Comm, send, recv View[T], root int) error {
	from, _, err := send.flat(c, true)
	if err != nil {
		return c.refuse(err, false)
	}
	var to []T
	copied := false
	if c.rank == root {
		if to, copied, err = recv.flat(c, false); err != nil {
			return c.refuse(err, false)
		}
	}
	if err := Gather(c, from, to, root); err != nil {
		return err
	}
	if copied {
		recv.unpack(to)
	}
	return nil
}

// AllgatherView is Allgather of views (MPI 5.0 §6.7, §5.1): as GatherView, on
// every rank. Collective; it blocks as Allgather does.
func AllgatherView[T any](c *Comm, send, recv View[T]) error {
	from, _, err := send.flat(c, true)
	if err != nil {
		return c.refuse(err, false)
	}
	to, copied, err := recv.flat(c, false)
	if err != nil {
		return c.refuse(err, false)
	}
	if err := Allgather(c, from, to); err != nil {
		return err
	}
	if copied {
		recv.unpack(to)
	}
	return nil
}

// Block is a view whose element type is no longer part of its type, so that
// blocks of different types go into one [Alltoallw]. The zero Block is empty.
type Block struct {
	buf engine.Buf
	err error
}

// BlockOf makes a block of a view.
func BlockOf[T any](v View[T]) Block {
	b, err := v.describe(nil)
	return Block{b, err}
}

// Alltoallw sends the elements of send[j] to rank j and receives into the
// places of recv[i] what rank i sends (MPI 5.0 §6.8). Each block has its own
// element type and layout; what i sends to j and what j receives from i have
// the same type and count. send and recv have length Size(). The blocks of
// recv overlap neither each other nor those of send. Collective; it blocks
// until this rank's buffers may be used.
func Alltoallw(c *Comm, send, recv []Block) error { return c.collective(alltoallw(c, send, recv)) }

// Ialltoallw starts an Alltoallw and returns at once (MPI 5.0 §6.12.6). Until
// the request is complete, the memory of the blocks that are sent may be read
// but not changed, and that of the others is not to be touched; the two lists
// may be used again at once. Errors, also those of the arguments, come out of
// Wait and Test. Collective: all ranks call Ialltoallw; Alltoallw does not
// match it.
func Ialltoallw(c *Comm, send, recv []Block) *Request {
	return c.icollective(alltoallw(c, send, recv))
}

func alltoallw(c *Comm, send, recv []Block) (engine.Coll, error) {
	if err := c.unusable(); err != nil {
		return engine.Coll{}, err
	}
	k := engine.Coll{Kind: engine.Alltoallw, V: &new(vector).Vector}
	var err error
	if k.V.SendBufs, err = c.bufsOf("send", send); err != nil {
		return k, err
	}
	if k.V.RecvBufs, err = c.bufsOf("recv", recv); err != nil {
		return k, err
	}
	s, r := k.V.SendBufs[c.rank], k.V.RecvBufs[c.rank]
	if s.Count != r.Count || s.Count > 0 && !s.Type.Sig.Matches(r.Type.Sig) {
		return k, c.errorf(ErrCount, "this rank sends itself %d elements of %s and receives %d of %s", s.Count, s.Type.Name, r.Count, r.Type.Name)
	}
	return k, nil
}

func (c *Comm) bufsOf(name string, blocks []Block) ([]engine.Buf, error) {
	if len(blocks) != c.size {
		return nil, c.errorf(ErrCount, "%s: %d blocks for %s", name, len(blocks), c.ranks())
	}
	bufs := make([]engine.Buf, len(blocks))
	for i, b := range blocks {
		if b.err != nil {
			return nil, c.errorf(classOf(b.err), "%s: block %d: %w", name, i, b.err)
		}
		bufs[i] = b.buf
		if b.buf.Type == nil {
			bufs[i].Type = engine.Basic(engine.Raw)
		}
	}
	return bufs, nil
}
