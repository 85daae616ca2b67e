package native

import (
	"runtime"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// Blocking and nonblocking collectives of MPI do not match each other (MPI 5.0
// §6.12), so which form a blocking collective takes is agreed by all ranks at
// the start and never depends on one rank's state: the blocking one, or the
// nonblocking one with polling (driver.pollCollectives).

// A collective of one rank needs no library. That also goes around a defect of
// MPICH 4.0 to 5.0, whose Alltoall family sends a message to itself:
// MPIDI_Self_isend in src/mpid/ch4/src/ch4_self.c looks at its tag and
// communicator and not at its context, so that a receive with AnyTag of the
// program's takes it, and the collective never ends.

// aloneRequest is a nonblocking collective of one rank.
type aloneRequest struct{ engine.Completed }

func (aloneRequest) Cancel() error { return errCollectiveCancel }

// Collective runs a collective.
func (c *comm) Collective(k engine.Coll, done <-chan struct{}) error {
	if k.Kind.Refuses() {
		return nil // the library cannot be told of a refused call
	}
	if err := c.usable(); err != nil {
		return err
	}
	if c.size == 1 {
		return engine.Alone(&k)
	}
	withoutMemory(&k)
	d := c.d
	if done == nil && !d.pollCollectives {
		if ok, err := c.collectiveShort(&k); ok {
			return err
		}
	}
	width := d.width(c, &k)
	if width == split {
		m, err := c.parts(k)
		if err != nil {
			return err
		}
		_, err = m.Wait(done)
		return c.revokeIfDone(err, &k)
	}
	r := d.take(c, opColl, false)
	if err := r.collective(&k, width, d.pollCollectives, done != nil); err != nil {
		r.drop()
		return err
	}
	if !d.pollCollectives {
		if done != nil {
			return r.collectiveAside(&k, done)
		}
		r.block.Poll = 0
		r.run(0)
		r.flag = 1
		return r.endCollective(r.lastError())
	}
	finished, err := r.start(minBatch)
	if !finished {
		w := waiter{d: d}
		w.begin()
		defer w.end()
		if err = w.await(r, done); err != nil && r.block.Ret == 0 {
			d.detach(r)
			return c.revokeIfDone(err, &k)
		}
	}
	return r.endCollective(err)
}

func (r *request) endCollective(err error) error {
	_, err = r.end(err)
	return err
}

// revokeIfDone revokes the communicator when a context has ended inside a
// collective: the ranks are no longer in step.
func (c *comm) revokeIfDone(err error, k *engine.Coll) error {
	if err != nil && engineClass(err) == engine.ErrCancelled {
		c.Revoke("a context ended inside " + k.Kind.String())
	}
	return err
}

// collectiveAside runs a blocking collective on a thread of its own, so that
// the caller can leave when done is closed. It works on copies, which it keeps
// when it is left behind.
func (r *request) collectiveAside(k *engine.Coll, done <-chan struct{}) error {
	c, d, over := r.comm, r.d, make(chan struct{})
	go func() {
		r.block.Poll = 0
		r.run(0)
		close(over)
	}()
	select {
	case <-over:
		return r.endCollective(r.lastError())
	case <-done:
	}
	select {
	case <-over: // both have happened: the result counts
		return r.endCollective(r.lastError())
	default:
		d.left.Add(1)
		go func() {
			<-over
			r.drop()
			d.left.Add(-1)
		}()
		return c.revokeIfDone(errDone(engine.NoPeer, 0, "the context ended inside "+k.Kind.String()), k)
	}
}

// withoutMemory makes a collective of elements of size zero a barrier: libraries
// refuse their buffers, which are one address, and there is nothing to move.
func withoutMemory(k *engine.Coll) {
	if t := k.Type(); t != nil && t.Size == 0 {
		*k = engine.Coll{Kind: engine.Barrier}
	}
}

// Icollective starts a collective.
func (c *comm) Icollective(k engine.Coll) (engine.Request, error) {
	if k.Kind.Refuses() {
		return engine.Completed{}, nil
	}
	if err := c.usable(); err != nil {
		return nil, err
	}
	if c.size == 1 {
		if err := engine.Alone(&k); err != nil {
			return nil, err
		}
		return aloneRequest{}, nil
	}
	withoutMemory(&k)
	width := c.d.width(c, &k)
	if width == split {
		m, err := c.parts(k)
		if err != nil {
			return nil, err
		}
		return m, nil
	}
	r := c.d.take(c, opColl, true)
	if err := r.collective(&k, width, true, false); err != nil {
		r.drop()
		return nil, err
	}
	return r.nonblocking(0)
}

// collective fills the block with the call of a collective. A private one does
// not touch the user's memory after it has started.
func (r *request) collective(k *engine.Coll, width width, async, private bool) error {
	c, d := r.comm, r.d
	a := args{r: r, large: width == wide}
	p := c.size
	var f form
	if async {
		f |= nonblocking
	}
	if a.large {
		f |= largeCount
	}
	entry := collective(k.Kind, f)

	// The two sides. An in-place one gives the library MPI_IN_PLACE.
	var err error
	send, recv := wire{dtype: d.types.basic[engine.Raw]}, wire{dtype: d.types.basic[engine.Raw]}
	if k.Send.Type != nil && k.Kind != engine.Alltoallw {
		if send, err = r.stage(k.Send, false, private); err != nil {
			return err
		}
	}
	if k.Recv.Type != nil && k.Kind != engine.Alltoallw {
		if recv, err = r.stageRecv(k, private); err != nil {
			return err
		}
	}
	inPlace := k.InPlace
	if inPlace && d.copyInPlace(c, k, async) {
		inPlace = false
		if send, err = r.stage(k.Recv, false, true); err != nil {
			return err
		}
	}
	if inPlace {
		if k.Kind == engine.Scatter || k.Kind == engine.Scatterv {
			recv.ptr, recv.count = d.inPlace, 0
		} else {
			send.ptr, send.count = d.inPlace, 0
		}
	}

	root := integer(k.Root)
	rooted := k.Root == c.rank
	switch k.Kind {
	case engine.Barrier:
	case engine.Bcast:
		n := a.count(recv.count, &recv)
		a.add(recv.ptr, n, recv.dtype, root)
	case engine.Scatter:
		n, m := a.count(send.count/p, &send), a.count(recv.count, &recv)
		a.add(send.ptr, n, send.dtype, recv.ptr, m, recv.dtype, root)
	case engine.Gather:
		n, m := a.count(send.count, &send), a.count(recv.count/p, &recv)
		a.add(send.ptr, n, send.dtype, recv.ptr, m, recv.dtype, root)
	case engine.Allgather:
		n, m := a.count(send.count, &send), a.count(recv.count/p, &recv)
		a.add(send.ptr, n, send.dtype, recv.ptr, m, recv.dtype)
	case engine.Alltoall:
		n, m := a.count(send.count/p, &send), a.count(recv.count/p, &recv)
		a.add(send.ptr, n, send.dtype, recv.ptr, m, recv.dtype)
	case engine.Scatterv:
		var counts, displs uintptr
		if rooted {
			counts, displs = a.vectors(k.V.SendCounts, k.V.SendDispls, &send)
		}
		m := a.count(recv.count, &recv)
		a.add(send.ptr, counts, displs, send.dtype, recv.ptr, m, recv.dtype, root)
	case engine.Gatherv:
		var counts, displs uintptr
		if rooted {
			counts, displs = a.vectors(k.V.RecvCounts, k.V.RecvDispls, &recv)
		}
		n := a.count(send.count, &send)
		a.add(send.ptr, n, send.dtype, recv.ptr, counts, displs, recv.dtype, root)
	case engine.Allgatherv:
		counts, displs := a.vectors(k.V.RecvCounts, k.V.RecvDispls, &recv)
		n := a.count(send.count, &send)
		a.add(send.ptr, n, send.dtype, recv.ptr, counts, displs, recv.dtype)
	case engine.Alltoallv:
		var sendCounts, sendDispls uintptr
		switch {
		case !k.InPlace:
			sendCounts, sendDispls = a.vectors(k.V.SendCounts, k.V.SendDispls, &send)
		case !inPlace:
			sendCounts, sendDispls = a.vectors(k.V.RecvCounts, k.V.RecvDispls, &send)
		}
		recvCounts, recvDispls := a.vectors(k.V.RecvCounts, k.V.RecvDispls, &recv)
		a.add(send.ptr, sendCounts, sendDispls, send.dtype, recv.ptr, recvCounts, recvDispls, recv.dtype)
	case engine.Alltoallw:
		a.err = r.alltoallw(&a, k, private)
	default:
		a.err = r.reduction(&a, k, send, recv)
	}
	if a.err != nil {
		return a.err
	}
	a.add(c.handle)
	if async {
		a.add(pointer(unsafe.Pointer(&r.handle)))
	}
	if r.block.Fn = d.fn(entry); r.block.Fn == 0 {
		return engine.Errorf(engine.ErrUnsupported, "the library has no %v", entry)
	}
	return nil
}

// reduction adds the arguments of the reductions.
func (r *request) reduction(a *args, k *engine.Coll, send, recv wire) error {
	op, slot, err := r.d.ops.get(r.d, k.Op)
	if err != nil {
		return err
	}
	if slot != nil {
		r.ext().slot = slot
	}
	w := &send
	if k.Input() == &k.Recv {
		w = &recv
	}
	switch k.Kind {
	case engine.Reduce:
		n := a.count(w.count, w)
		a.add(send.ptr, recv.ptr, n, w.dtype, op, integer(k.Root))
	case engine.Allreduce, engine.Scan, engine.Exscan:
		n := a.count(w.count, w)
		a.add(send.ptr, recv.ptr, n, w.dtype, op)
	case engine.ReduceScatterBlock:
		n := a.count(w.count/r.comm.size, w)
		a.add(send.ptr, recv.ptr, n, w.dtype, op)
	case engine.ReduceScatter:
		a.add(send.ptr, recv.ptr, a.vector(k.V.RecvCounts), w.dtype, op)
	default:
		return engine.Errorf(engine.ErrUnsupported, "collective %d is unknown to the native engine", k.Kind)
	}
	return a.err
}

// stageRecv is stage for the receiving side of a collective, whose buffer may
// also be the input: of a broadcast on the root, and in place.
func (r *request) stageRecv(k *engine.Coll, private bool) (wire, error) {
	w, err := r.stage(k.Recv, true, private)
	if err == nil && private && w.ptr != 0 {
		u := r.more.unpack[len(r.more.unpack)-1]
		copy(u.tmp, k.Recv.Slice()) // input, and what the operation leaves alone
	}
	return w, err
}

// alltoallw adds the arguments of Alltoallw. Its buffers are anywhere in
// memory, the library wants one base and displacements in bytes: the base is
// the lowest buffer, and where an int cannot hold the distance a datatype that
// contains it.
func (r *request) alltoallw(a *args, k *engine.Coll, private bool) error {
	if k.InPlace {
		// The library would want the input in the receive buffers, whose
		// datatypes it may have to pack; a copy of the input is as good.
		send := make([]engine.Buf, len(k.V.RecvBufs))
		copy(send, k.V.RecvBufs)
		if err := r.side(a, send, false, true); err != nil {
			return err
		}
	} else if err := r.side(a, k.V.SendBufs, false, private); err != nil {
		return err
	}
	return r.side(a, k.V.RecvBufs, true, private)
}

func (r *request) side(a *args, bufs []engine.Buf, receive, private bool) error {
	d := r.d
	wires := make([]wire, len(bufs))
	base := ^uintptr(0)
	for i, b := range bufs {
		if b.Type == nil || b.Count == 0 {
			wires[i] = wire{dtype: d.types.basic[engine.Raw]}
			continue
		}
		w, err := r.stage(b, receive, private)
		if err != nil {
			return err
		}
		wires[i] = w
		base = min(base, w.ptr)
	}
	if base == ^uintptr(0) {
		base = 0
	}
	counts, displs, types := make([]int, len(bufs)), make([]int, len(bufs)), make([]uintptr, len(bufs))
	for i, w := range wires {
		types[i] = w.dtype
		if w.count == 0 {
			continue
		}
		counts[i], displs[i] = w.count, int(w.ptr-base)
		if w.count > d.maxCount || displs[i] > d.maxDispl {
			t, err := d.contiguous(w.count, w.dtype, w.elem)
			if err != nil {
				return err
			}
			far, err := d.commit(d.structType([]int64{int64(displs[i])}, []uintptr{t}))
			d.freeType(t)
			if err != nil {
				return err
			}
			r.ext().types = append(r.ext().types, far)
			counts[i], displs[i], types[i] = 1, 0, far
		}
	}
	list := d.handleArray(types)
	x := r.ext()
	x.arrays = append(x.arrays, list)
	a.add(base, a.vector(counts), a.vector(displs), pointer(unsafe.Pointer(unsafe.SliceData(list))))
	runtime.KeepAlive(bufs)
	return nil
}
