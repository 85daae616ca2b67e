package embedded

import (
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/proto"
	"github.com/ringo-mpi/ringo/internal/embedded/ring"
	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/memory"
)

// A system may forbid copies between processes in the middle of a collective
// whose members have agreed to make them. The member whose copy is forbidden then
// asks the other for the bytes, or sends them, in frames: both are in the same
// collective and wait for each other, so that their buffers are there.

// fetch is a copy of n bytes at addr of a member's memory by frames. Only during
// a collective on the communicator's board has the member such an address.
func (c *comm) fetch(rank int, dst unsafe.Pointer, addr uint64, n int) error {
	ep := c.ep
	ep.lock.Lock()
	defer ep.leave()
	return c.ask(rank, dst, addr, n)
}

// ask asks a member for n bytes of its memory and waits for them; with n 0, until
// it has dealt with everything that has been sent to it before. The caller holds
// ep.lock.
func (c *comm) ask(rank int, dst unsafe.Pointer, addr uint64, n int) error {
	ep, cx := c.ep, c.contexts[0]
	r := ep.newRequest()
	r.cx, r.recv, r.owner, r.peer, r.dest = cx, true, byCall, c.proc(rank), int32(rank)
	r.ptr, r.n, r.total, r.stage = dst, n, n, stageReceived
	ep.answer(r.peer, control{kind: proto.Fetch, ctx: cx.remote(rank), src: int32(c.rank), a: ep.ops.add(r), b: addr, n: uint64(n)})
	return c.moved(r)
}

// place is a copy of n bytes to addr of a member's memory by frames. It returns
// when they are there.
func (c *comm) place(rank int, addr uint64, src unsafe.Pointer, n int) error {
	ep := c.ep
	ep.lock.Lock()
	defer ep.leave()
	if err := c.moved(c.startPlacing(rank, addr, src, n)); err != nil {
		return err
	}
	return c.ask(rank, nil, 0, 0)
}

// startPlacing sends bytes for an address of a member. The caller holds ep.lock.
func (c *comm) startPlacing(rank int, addr uint64, src unsafe.Pointer, n int) *request {
	ep := c.ep
	r := ep.newRequest()
	r.cx, r.owner, r.peer, r.dest = c.contexts[0], byCall, c.proc(rank), int32(rank)
	r.ptr, r.n, r.other, r.stage = src, n, addr, stagePlaced
	if o := ep.outbound(r.peer); o.queue.head != nil || !ep.put(o, r) {
		ep.enqueue(o, r)
	}
	return r
}

// moved waits for a part of a fetch or place.
func (c *comm) moved(r *request) error {
	if err := c.ep.await(cond{any: func() bool { return r.done() }, comm: c}, nil); err != nil {
		if r.stage == stageReceived {
			c.ep.complete(r, err) // what comes late is dropped
		}
		return err
	}
	return r.err
}

// collective is the space of a communicator whose members may still be in one
// collective: not when it has broken, since some may have left it then. Nil for a
// peer that has no reach: only one that could copy by itself says addresses.
func (ep *endpoint) collective(in *inbound, f ring.Frame) *space {
	if cx := ep.space(f.Ctx, f.Src); cx != nil && cx.comm.broken == nil && in.link.Reach() != nil {
		return cx
	}
	return nil
}

// arriveFetch sends a member what it cannot copy itself.
func (ep *endpoint) arriveFetch(in *inbound, f ring.Frame, b proto.Body) {
	cx := ep.collective(in, f)
	switch {
	case cx == nil: // the member hears of that as well
	case b.Total == 0:
		ep.answer(in.peer, control{kind: proto.Taken, a: b.Number})
	default:
		r := ep.newRequest()
		r.cx, r.peer, r.dest, r.owner = cx, in.peer, f.Src, byEngine
		r.ptr, r.n, r.other, r.stage = memory.Pointer(uintptr(b.Other)), b.Total, b.Number, stageData
		if o := ep.outbound(r.peer); o.queue.head != nil || !ep.put(o, r) {
			ep.enqueue(o, r)
		}
	}
}

// arrivePlaced takes what a member cannot copy here itself.
func (ep *endpoint) arrivePlaced(in *inbound, f ring.Frame, b proto.Body) {
	if ep.collective(in, f) != nil {
		copy(unsafe.Slice((*byte)(memory.Pointer(uintptr(b.Number+b.Other))), len(b.Data)), b.Data)
	}
}

// putPlaced sends bytes to an address in the peer's memory.
func (ep *endpoint) putPlaced(o *outbound, r *request) bool {
	for r.sent < r.n {
		part := min(r.n-r.sent, min(streamPart, o.ring.Max()-proto.PairSize))
		h := o.ring.Reserve(proto.PairSize + part)
		if h == nil {
			return false
		}
		h.Fill(proto.PairSize, unsafe.Add(r.ptr, r.sent), part)
		proto.PutPair(unsafe.Slice((*byte)(h.Payload()), proto.PairSize), r.other, uint64(r.sent))
		h.Ctx, h.Src, h.Tag, h.Sig = r.cx.remote(int(r.dest)), int32(r.cx.comm.rank), 0, uint32(engine.Raw)
		o.ring.Publish(h, proto.Placed, 0)
		ep.published(o)
		r.sent += part
	}
	o.left(r)
	ep.complete(r, nil)
	return true
}
