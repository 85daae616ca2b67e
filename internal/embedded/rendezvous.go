package embedded

import (
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/proto"
	"github.com/ringo-mpi/ringo/internal/embedded/ring"
	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/memory"
)

// sendSelf is a send of a rank to itself: it meets its receive at once, or
// waits for it as an unexpected message.
func (ep *endpoint) sendSelf(r *request, mode engine.SendMode) {
	src := int32(r.cx.comm.rank)
	if to := ep.posted(r.cx, src, r.tag, r.sig, r.n); to != nil {
		memory.Copy(to.ptr, r.ptr, min(r.n, to.n))
		to.peer = int32(ep.rank)
		ep.received(to, src, r.tag, r.sig, r.n, nil)
		ep.complete(r, nil)
		return
	}
	if mode == engine.Ready {
		ep.complete(r, engine.PeerErrorf(engine.ErrNotReady, int(r.dest), int(r.tag), "this rank has no posted receive for its ready send to itself with tag %d", r.tag))
		return
	}
	state, n := msgWhole, 0
	if mode == engine.Synchronous {
		state = msgSelf
	} else if mode == engine.Standard && r.packed == nil {
		n = r.n // kept, so that a blocking send to itself before the receive returns
	}
	m := ep.newMessage(state, n)
	m.Source, m.Tag = src, r.tag
	m.cx, m.peer, m.sig, m.total = r.cx, int32(ep.rank), r.sig, r.n
	switch {
	case state == msgSelf:
		m.self = r
		r.turn(onAllLeft, stageAnswer)
	case r.packed != nil:
		m.data = r.packed
	default:
		memory.Copy(unsafe.Pointer(unsafe.SliceData(m.data)), r.ptr, r.n)
	}
	ep.keep(m)
	if state == msgWhole {
		ep.complete(r, nil)
	}
}

// arriveOffer handles the announcement of a long message.
func (ep *endpoint) arriveOffer(in *inbound, f ring.Frame, b proto.Body) {
	cx := ep.space(f.Ctx, f.Src)
	if cx == nil {
		ep.refuse(in, b.Number)
		return
	}
	r, back := ep.claimFor(cx, in, f, b)
	if back {
		return
	}
	if r != nil {
		r.peer = in.peer
		ep.startPull(r, b.Origin, f.Src, f.Tag, engine.Sig(f.Sig))
		return
	}
	if f.Flags&proto.Ready != 0 {
		ep.refuse(in, b.Number)
		return
	}
	m := ep.newMessage(msgOffered, 0)
	m.Source, m.Tag = f.Src, f.Tag
	m.cx, m.peer, m.sig, m.total, m.number = cx, in.peer, engine.Sig(f.Sig), b.Total, b.Number
	m.origin = b.Origin
	ep.keep(m)
}

// startPull begins to fetch an offered message for a receive that has matched
// it.
func (ep *endpoint) startPull(r *request, o proto.Origin, src, tag int32, sig engine.Sig) {
	n := min(int(o.Total), r.n)
	out := ep.outbound(r.peer)
	j := job{r: r, n: n, total: int(o.Total), reply: o.Number, src: src, tag: tag, sig: sig, from: o.Addr, out: out}
	if o.Offset != proto.NoOffset && out.reach != nil {
		p, ok := out.reach.At(o.Offset, n)
		if ok {
			j.addr = p
			ep.jobs.push(j)
			return
		}
	}
	if !out.pull {
		ep.askFor(j)
		return
	}
	ep.jobs.push(j)
}

// pulledAll ends a receive whose message has been copied.
func (ep *endpoint) pulledAll(j job) {
	ep.answer(j.r.peer, control{kind: proto.Taken, a: j.reply})
	ep.received(j.r, j.src, j.tag, j.sig, j.total, nil)
}

// pullFailed takes the other way: the sender is asked to send. (The peer may
// also have died, which its end will tell.)
func (ep *endpoint) pullFailed(j job, err error) {
	if why, ok := ep.gone[int(j.r.peer)]; ok {
		ep.received(j.r, j.src, j.tag, j.sig, 0, ep.goneError(j.r.cx, j.r.peer, why))
		return
	}
	j.out.pull = false
	ep.askFor(j)
}

// askFor answers an offer by asking for the data.
func (ep *endpoint) askFor(j job) {
	r := j.r
	r.turn(onAsk, stageReceived)
	r.total, r.sent = j.total, 0
	r.status.Source, r.status.Tag, r.status.Sig = int(j.src), int(j.tag), j.sig
	ep.answer(r.peer, control{kind: proto.Send, a: j.reply, b: ep.ops.add(r)})
	if r.total == 0 {
		ep.received(r, j.src, j.tag, j.sig, 0, nil)
	}
}

// arriveData takes a part of a message that was asked for.
func (ep *endpoint) arriveData(in *inbound, b proto.Body) {
	r := ep.ops.get(b.Number)
	if r == nil || r.peer != in.peer || r.stage != stageReceived {
		return // the receive has been given up
	}
	if b.Other != uint64(r.sent) || len(b.Data) > r.total-r.sent {
		ep.corrupt(in, "data for byte %d, byte %d of %d is next", b.Other, r.sent, r.total)
	}
	if r.sent < r.n {
		copy(unsafe.Slice((*byte)(r.ptr), r.n)[r.sent:], b.Data)
	}
	if r.sent += len(b.Data); r.sent == r.total {
		ep.received(r, int32(r.status.Source), int32(r.status.Tag), r.status.Sig, r.total, nil)
	}
}
