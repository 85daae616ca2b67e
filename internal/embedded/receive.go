package embedded

import (
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/match"
	"github.com/ringo-mpi/ringo/internal/embedded/proto"
	"github.com/ringo-mpi/ringo/internal/embedded/ring"
	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/memory"
)

// message is an unexpected message: it has arrived, or has been announced,
// before its receive.
type message struct {
	match.Msg[message]
	ep    *endpoint
	cx    *space
	peer  int32 // rank in the world
	sig   engine.Sig
	total int

	number  uint64 // of the sender's operation, when it wants an answer
	flags   uint8
	claimed bool // it can no longer be taken back
	state   messageState

	data   []byte       // arriving, promised, forgotten, whole
	origin proto.Origin // offered
	self   *request     // self
	taker  *request     // promised

	next  *message // in the pool
	small [128]byte
}

// newMessage takes a message from the pool, with memory for n bytes.
func (ep *endpoint) newMessage(state messageState, n int) *message {
	m := ep.messages
	if m == nil {
		m = &message{ep: ep}
		m.Op = m
	} else {
		ep.messages, m.next = m.next, nil
	}
	m.state = state
	if n <= len(m.small) {
		m.data = m.small[:n]
	} else {
		m.data = make([]byte, n)
	}
	return m
}

// freeMessage gives a message back to the pool that nothing refers to any more.
func (ep *endpoint) freeMessage(m *message, on messageEvent) {
	m.turn(on, msgUnused)
	if len(m.data) > 4<<10 { // let go of what is large; keep the struct
		m.data = nil
	}
	*m = message{ep: ep, next: ep.messages}
	m.Op = m
	ep.messages = m
}

// recv is the blocking receive.
func (ep *endpoint) recv(cx *space, b *engine.Buf, src, tag int, done <-chan struct{}) (engine.Status, error) {
	ep.lock.Lock()
	if st, ok := ep.recvNow(cx, b, src, tag); ok {
		ep.leave()
		return st, nil
	}
	r := ep.newRequest()
	r.owner, r.blocking = byCall, true
	ep.startRecv(r, cx, b, src, tag)
	if !r.done() {
		if err := ep.await(cond{req: r}, done); err != nil {
			ep.cancel(r)
			_ = ep.await(cond{req: r}, nil) // it had matched: the message comes first
			if r.status.Cancelled {
				ep.retire(r, onRelease)
				ep.leave()
				return engine.Status{}, err
			}
		}
	}
	st, err := r.status, r.err
	ep.retire(r, onRelease)
	ep.leave()
	return st, err
}

// irecv starts a nonblocking receive.
func (ep *endpoint) irecv(cx *space, b *engine.Buf, src, tag int) engine.Request {
	ep.lock.Lock()
	return ep.beginRecv(cx, b, src, tag, nil, nil)
}

// irecvNow starts a nonblocking receive, or takes a message that is there.
func (ep *endpoint) irecvNow(cx *space, b *engine.Buf, src, tag int, out *engine.Outcome, state *uint32) (engine.Request, engine.Status) {
	ep.lock.Lock()
	// While receives are posted before it, the ring is left to its writer, whom a
	// look at the next line would disturb.
	if posted, _ := cx.q.Len(); posted == 0 {
		if st, ok := ep.recvNow(cx, b, src, tag); ok {
			ep.leave()
			return engine.Completed{}, st
		}
	}
	return ep.beginRecv(cx, b, src, tag, out, state), engine.Status{}
}

// beginRecv starts a nonblocking receive and gives the lock back.
func (ep *endpoint) beginRecv(cx *space, b *engine.Buf, src, tag int, out *engine.Outcome, state *uint32) engine.Request {
	r := ep.newRequest()
	ep.startRecv(r, cx, b, src, tag)
	if !r.done() {
		r.counted, r.out, r.state = true, out, state
		ep.outstanding++
	}
	ep.leave()
	return handle{r}
}

// recvNow is the common case of a receive whose message lies in the ring
// already: it is copied out, and no request is touched. Frames before it that
// belong to receives posted earlier are handled on the way.
func (ep *endpoint) recvNow(cx *space, b *engine.Buf, src, tag int) (engine.Status, bool) {
	if src < 0 || b.Layout != nil || ep.inFew == nil || !cx.q.Empty() || ep.usable(cx) != nil {
		return engine.Status{}, false
	}
	in := ep.inFew[cx.comm.proc(src)]
	if in == nil {
		return engine.Status{}, false
	}
	if ep.direct() {
		if ep.lookAround(in); !cx.q.Empty() || ep.usable(cx) != nil {
			return engine.Status{}, false
		}
	}
	for range framesBefore {
		f, ok := in.ring.Next()
		if !ok || f.Kind != proto.Eager || f.Flags != 0 { // what else there is takes longer
			break
		}
		if posted, _ := cx.q.Len(); posted > 0 {
			ep.arrive(in, f)
			if in.ring.Release(f) {
				in.released()
			}
			ep.handled++
			if cx.q.Empty() {
				continue
			}
			break
		}
		if f.Len > b.Bytes() || ep.space(f.Ctx, f.Src) != cx ||
			int(f.Src) != src || !match.Tag(int32(tag), f.Tag) || !engine.Sig(f.Sig).Matches(b.Type.Sig) || !in.ring.Valid(f) {
			break
		}
		st := engine.Status{Source: src, Tag: int(f.Tag), Bytes: f.Len, Detail: engine.Detail{Sig: engine.Sig(f.Sig)}}
		memory.CopyIn(b.Ptr, f.Payload(), f.Len)
		if in.ring.Release(f) {
			in.released()
		}
		ep.handled++
		return st, true
	}
	return engine.Status{}, false
}

func (r *request) receiveInto(b *engine.Buf) {
	r.recv, r.sig = true, b.Type.Sig
	r.ptr, r.n = b.Ptr, b.Bytes()
	if b.Layout != nil {
		r.layout, r.user = b.Layout, *b
		r.packed = make([]byte, r.n)
		r.ptr = unsafe.Pointer(unsafe.SliceData(r.packed))
	}
}

// startRecv begins a receive: with an unexpected message, or by posting it.
func (ep *endpoint) startRecv(r *request, cx *space, b *engine.Buf, src, tag int) {
	r.cx, r.tag = cx, int32(tag)
	r.receiveInto(b)
	if err := ep.usable(cx); err != nil {
		ep.complete(r, err)
		return
	}
	for !cx.q.Empty() {
		m := ep.unmatched(cx, src, tag)
		if m == nil {
			break
		}
		if ep.take(m, r) {
			return
		}
	}
	if len(ep.gone) > 0 {
		if err := ep.hopeless(cx, src, r.blocking); err != nil {
			ep.complete(r, err)
			return
		}
	}
	r.post.Source, r.post.Tag, r.post.Op = int32(src), int32(tag), r
	cx.q.Post(&r.post)
}

// take gives an unexpected message to a receive. A receive of another type
// fails and leaves the message where it is. It returns false if the sender has
// taken the message back.
func (ep *endpoint) take(m *message, r *request) bool {
	if !m.sig.Matches(r.sig) {
		ep.wrongType(r, m.Source, m.Tag, m.sig, m.total)
		return true
	}
	if !ep.secure(m) {
		return false
	}
	m.cx.q.Take(&m.Msg)
	ep.give(m, r)
	return true
}

// give hands a message that is in no queue any more to a receive.
func (ep *endpoint) give(m *message, r *request) {
	r.peer = m.peer
	switch src, tag, sig, total := m.Source, m.Tag, m.sig, m.total; m.state {
	case msgWhole:
		ep.matched(m)
		ep.deliver(m, r, onMatch)
	case msgArriving:
		ep.matched(m)
		m.taker = r
		m.turn(onMatch, msgPromised)
	case msgOffered:
		o := m.origin
		ep.freeMessage(m, onMatch)
		ep.startPull(r, o, src, tag, sig)
	case msgSelf:
		s := m.self
		memory.Copy(r.ptr, s.ptr, min(total, r.n))
		ep.freeMessage(m, onMatch)
		ep.complete(s, nil)
		ep.received(r, src, tag, sig, total, nil)
	case msgLost:
		peer := m.peer
		ep.freeMessage(m, onMatch)
		ep.received(r, src, tag, sig, 0, ep.goneError(r.cx, peer, ep.gone[int(peer)]))
	}
}

// deliver ends a receive with a message that is all there.
func (ep *endpoint) deliver(m *message, r *request, on messageEvent) {
	src, tag, sig, total := m.Source, m.Tag, m.sig, m.total
	memory.Copy(r.ptr, unsafe.Pointer(unsafe.SliceData(m.data)), min(total, r.n))
	ep.freeMessage(m, on)
	ep.received(r, src, tag, sig, total, nil)
}

// matched answers the sender of a synchronous message.
func (ep *endpoint) matched(m *message) {
	if proto.Answers(m.flags) {
		m.flags = 0
		ep.answer(m.peer, control{kind: proto.Matched, a: m.number})
	}
}

func (ep *endpoint) wrongType(r *request, src, tag int32, sig engine.Sig, total int) {
	if r.cx.kind == collectives {
		ep.complete(r, unlikeError(int(src)))
		return
	}
	r.status = engine.Status{Source: int(src), Tag: int(tag), Bytes: total, Detail: engine.Detail{Sig: sig}}
	sent, wanted := amount(total, sig), "the buffer is for "+r.sig.String()
	if sig.Kind() == engine.Raw {
		sent = "an object"
	}
	if r.sig.Kind() == engine.Raw {
		wanted = "the receive is for an object"
	}
	ep.complete(r, engine.PeerErrorf(engine.ErrType, int(src), int(tag),
		"rank %d sent %s with tag %d, %s; the message stays for a receive of its type", src, sent, tag, wanted))
}

// posted finds the posted receive for a message that arrives, or nil. Receives
// of another type fail on the way.
func (ep *endpoint) posted(cx *space, src, tag int32, sig engine.Sig, total int) *request {
	for {
		p := cx.q.Arrive(src, tag)
		if p == nil {
			return nil
		}
		if r := p.Op; sig.Matches(r.sig) {
			return r
		}
		ep.wrongType(p.Op, src, tag, sig, total)
	}
}

// claimFor finds the posted receive for a message that wants an answer, and
// claims the message. back reports that its sender has taken it back.
func (ep *endpoint) claimFor(cx *space, in *inbound, f ring.Frame, b proto.Body) (r *request, back bool) {
	if r = ep.posted(cx, f.Src, f.Tag, engine.Sig(f.Sig), b.Total); r != nil && !ep.claim(in.peer, b.Number) {
		cx.q.Restore(&r.post)
		return nil, true
	}
	return r, false
}

// arrive handles one frame.
func (ep *endpoint) arrive(in *inbound, f ring.Frame) {
	if !in.ring.Valid(f) {
		ep.corrupt(in, "a frame of %d bytes reaches out of the ring", f.Len)
	}
	if f.Kind == proto.Eager && f.Flags == 0 {
		// The common case: data for a posted receive.
		if cx := ep.space(f.Ctx, f.Src); cx != nil {
			p := cx.q.Arrive(f.Src, f.Tag)
			var r *request
			if p != nil {
				if r = p.Op; !engine.Sig(f.Sig).Matches(r.sig) {
					ep.wrongType(r, f.Src, f.Tag, engine.Sig(f.Sig), f.Len)
					r = ep.posted(cx, f.Src, f.Tag, engine.Sig(f.Sig), f.Len)
				}
			}
			if r != nil {
				if r.blocking && f.Len <= ring.LineMax && ep.outs.few != nil {
					if o := ep.outs.few[in.peer]; o != nil {
						o.ring.Prepare()
					}
				}
				memory.CopyIn(r.ptr, f.Payload(), min(f.Len, r.n))
				if r.out != nil && f.Len <= r.n && r.layout == nil && ep.hand(r, f.Len, f.Src, f.Tag) {
					ep.retire(r, onHandedAtOnce)
					return
				}
				r.peer = in.peer
				ep.received(r, f.Src, f.Tag, engine.Sig(f.Sig), f.Len, nil)
				return
			}
			m := ep.unexpected(msgWhole, cx, in, f, f.Len)
			copy(m.data, unsafe.Slice((*byte)(f.Payload()), f.Len))
			ep.keep(m)
		}
		return
	}
	b, err := proto.Decode(f.Kind, f.Flags, unsafe.Slice((*byte)(f.Payload()), f.Len))
	if err != nil {
		ep.corrupt(in, "%v", err)
	}
	switch f.Kind {
	case proto.Eager:
		ep.arriveEager(in, f, b)
	case proto.First:
		ep.arriveFirst(in, f, b)
	case proto.More:
		ep.arriveMore(in, b.Data)
	case proto.Offer:
		ep.arriveOffer(in, f, b)
	case proto.Data:
		ep.arriveData(in, b)
	case proto.Parted:
		if cx := ep.space(f.Ctx, f.Src); cx != nil && b.Other < uint64(cx.comm.size) {
			cx.comm.missing(b.Number, int(b.Other))
		}
	case proto.Fetch:
		ep.arriveFetch(in, f, b)
	case proto.Placed:
		ep.arrivePlaced(in, f, b)
	case proto.Whole:
		ep.arriveTail(in, f, b)
	case proto.Piece:
		ep.arrivePiece(in, b)
	case proto.Recall:
		ep.arriveRecall(in, f, b.Number)
	case proto.Revoke:
		if cx := ep.space(f.Ctx, f.Src); cx != nil {
			ep.revoke(cx.comm, string(b.Data))
		}
	case proto.Decline:
		if cx := ep.space(f.Ctx, f.Src); cx != nil {
			cx.comm.declined(f.Tag, int(f.Src), string(b.Data))
		}
	case proto.Joined:
		if cx := ep.space(f.Ctx, f.Src); cx != nil {
			cx.comm.joined(f.Tag, int(f.Src))
		}
	default:
		ep.arriveAnswer(in, f.Kind, b)
	}
}

func (ep *endpoint) unexpected(state messageState, cx *space, in *inbound, f ring.Frame, n int) *message {
	m := ep.newMessage(state, n)
	m.Source, m.Tag = f.Src, f.Tag
	m.cx, m.peer, m.sig, m.flags, m.total = cx, in.peer, engine.Sig(f.Sig), f.Flags, n
	return m
}

// keep puts a message among the unexpected ones.
func (ep *endpoint) keep(m *message) {
	if m.cx.kind == collectives && m.cx.comm.isLost(m) {
		ep.discard(m)
		return
	}
	m.cx.q.Add(&m.Msg)
	ep.news = true // a probe may wait for it
}

// refuse answers a message that nobody can receive: a ready send without a
// receive, or one for a communicator that has been freed.
func (ep *endpoint) refuse(in *inbound, number uint64) {
	ep.answer(in.peer, control{kind: proto.Refused, a: number})
}

// arriveEager handles a synchronous or ready message in one frame.
func (ep *endpoint) arriveEager(in *inbound, f ring.Frame, b proto.Body) {
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
		ep.answer(in.peer, control{kind: proto.Matched, a: b.Number})
		copy(unsafe.Slice((*byte)(r.ptr), r.n), b.Data)
		r.peer = in.peer
		ep.received(r, f.Src, f.Tag, engine.Sig(f.Sig), b.Total, nil)
		return
	}
	if f.Flags&proto.Ready != 0 {
		ep.refuse(in, b.Number)
		return
	}
	m := ep.unexpected(msgWhole, cx, in, f, b.Total)
	copy(m.data, b.Data)
	m.number = b.Number
	ep.keep(m)
}

// arriveFirst begins a message in parts.
func (ep *endpoint) arriveFirst(in *inbound, f ring.Frame, b proto.Body) {
	ep.begin(in, f, b)
	ep.arriveMore(in, b.Data)
}

// begin finds the receive of a message that is arriving, or makes it unexpected.
func (ep *endpoint) begin(in *inbound, f ring.Frame, b proto.Body) {
	in.to, in.into, in.have, in.total = nil, nil, 0, b.Total
	in.src, in.tag, in.sig = f.Src, f.Tag, engine.Sig(f.Sig)
	cx := ep.space(f.Ctx, f.Src)
	if cx == nil { // freed: the data is dropped
		if proto.Answers(f.Flags) {
			ep.refuse(in, b.Number)
		}
		return
	}
	r, back := (*request)(nil), false
	if proto.Answers(f.Flags) {
		r, back = ep.claimFor(cx, in, f, b)
	} else {
		r = ep.posted(cx, f.Src, f.Tag, in.sig, b.Total)
	}
	switch {
	case back:
	case r != nil:
		if proto.Answers(f.Flags) {
			ep.answer(in.peer, control{kind: proto.Matched, a: b.Number})
		}
		r.peer = in.peer
		in.to = r
	case f.Flags&proto.Ready != 0:
		ep.refuse(in, b.Number)
	default:
		m := ep.unexpected(msgArriving, cx, in, f, b.Total)
		m.number = b.Number
		in.into = m
		ep.keep(m)
	}
}

// arriveMore takes the next part of the message that arrives in parts.
func (ep *endpoint) arriveMore(in *inbound, part []byte) {
	if len(part) > in.total-in.have {
		ep.corrupt(in, "%d bytes more than the message of %d has left", len(part)-in.total+in.have, in.total)
	}
	switch {
	case in.to != nil:
		if in.have < in.to.n {
			memory.CopyIn(unsafe.Add(in.to.ptr, in.have), unsafe.Pointer(unsafe.SliceData(part)), min(len(part), in.to.n-in.have))
		}
	case in.into != nil:
		copy(in.into.data[in.have:], part)
	}
	in.have += len(part)
	if in.have == in.total {
		ep.arrivedWhole(in)
	}
}

// arrivedWhole ends the message that has arrived in parts, or as a tail.
func (ep *endpoint) arrivedWhole(in *inbound) {
	to, m, total := in.to, in.into, in.total
	in.to, in.into, in.total, in.have = nil, nil, 0, 0
	if to != nil {
		ep.received(to, in.src, in.tag, in.sig, total, nil)
	} else if m != nil {
		ep.arrivedAll(m)
	}
}

// arrivedAll goes on with an unexpected message whose last part has come.
func (ep *endpoint) arrivedAll(m *message) {
	switch m.state {
	case msgArriving:
		m.turn(onLastPart, msgWhole)
	case msgPromised:
		ep.deliver(m, m.taker, onLastPart)
	case msgForgotten:
		ep.freeMessage(m, onLastPart)
	}
}

// arriveAnswer ends, or moves on, an operation of this rank.
func (ep *endpoint) arriveAnswer(in *inbound, kind uint8, b proto.Body) {
	r := ep.ops.get(b.Number)
	if r == nil || r.peer != in.peer {
		return // it has ended meanwhile: taken back, or its peer is thought dead
	}
	switch kind {
	case proto.Matched:
		if r.stage == stageAnswer {
			ep.complete(r, nil)
		} else {
			r.flags = 0 // parts of it are still to leave
		}
	case proto.Taken:
		ep.complete(r, nil)
	case proto.Recalled:
		if r.stage == stageAnswer {
			r.status.Cancelled = true
			ep.complete(r, r.err)
		}
	case proto.Refused:
		err := engine.PeerErrorf(engine.ErrNotReady, int(r.dest), int(r.tag), "rank %d has no posted receive for the ready send with tag %d; the message was not delivered", r.dest, r.tag)
		if r.flags&proto.Ready == 0 {
			err = engine.PeerErrorf(engine.ErrComm, int(r.dest), int(r.tag), "rank %d has freed the communicator", r.dest)
		}
		if r.stage == stageStream { // its parts must follow all the same
			r.flags, r.err = 0, err
		} else {
			ep.complete(r, err)
		}
	case proto.Send:
		if r.stage != stageAnswer {
			return
		}
		r.turn(onAsked, stageData)
		r.other, r.sent = b.Other, 0
		o := ep.outbound(r.peer)
		if o.queue.head != nil || !ep.put(o, r) {
			ep.enqueue(o, r)
		}
	}
}
