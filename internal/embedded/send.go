package embedded

import (
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/proto"
	"github.com/ringo-mpi/ringo/internal/embedded/ring"
	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/memory"
)

// send is the blocking send.
func (ep *endpoint) send(cx *space, b *engine.Buf, dest, tag int, mode engine.SendMode, done <-chan struct{}) error {
	peer := cx.comm.proc(dest)
	ep.lock.Lock()
	if mode == engine.Standard && ep.sendNow(cx, b, peer, dest, tag) {
		if ep.direct() {
			ep.lookAround(nil)
			ep.leave()
		} else {
			ep.lock.Unlock()
		}
		return nil
	}
	r := ep.newRequest()
	r.owner, r.blocking = byCall, true
	ep.startSend(r, cx, b, dest, tag, mode)
	if r.done() {
		err := r.err
		ep.retire(r, onRelease)
		ep.leave()
		return err
	}
	if mode == engine.Buffered {
		r.owner, r.counted = byEngine, true
		ep.outstanding++
		ep.leave()
		return nil
	}
	err := ep.await(cond{req: r}, done)
	if err != nil {
		// Given up: take the message back, unless it has been received.
		ep.cancel(r)
		_ = ep.await(cond{req: r}, nil)
		if !r.status.Cancelled {
			err = r.err
		}
	} else {
		err = r.err
	}
	ep.retire(r, onRelease)
	ep.leave()
	return err
}

// isend starts a nonblocking send.
func (ep *endpoint) isend(cx *space, b *engine.Buf, dest, tag int, mode engine.SendMode) engine.Request {
	peer := cx.comm.proc(dest)
	ep.lock.Lock()
	stream := b.Bytes() >= streamMin && ep.streams(cx, peer, dest)
	if mode == engine.Standard && !stream && ep.sendNow(cx, b, peer, dest, tag) {
		if ep.direct() {
			ep.lookAround(nil)
		}
		ep.leave()
		return engine.Completed{}
	}
	r := ep.newRequest()
	r.stream = stream
	ep.startSend(r, cx, b, dest, tag, mode)
	switch {
	case r.done() && r.err == nil:
		ep.retire(r, onRelease)
		ep.leave()
		return engine.Completed{}
	case !r.done():
		r.counted = true
		ep.outstanding++
		if mode == engine.Buffered { // local: the copy goes on by itself
			r.owner = byEngine
			ep.leave()
			return engine.Completed{}
		}
	}
	ep.leave()
	return handle{r}
}

// streams reports whether a nonblocking send is one of several in an exchange of
// messages with a peer: as many receives are posted from there. It is better
// offered than sent then, for the peer copies several together.
func (ep *endpoint) streams(cx *space, peer int32, dest int) bool {
	if int(peer) == ep.rank {
		return false
	}
	o := ep.outbound(peer)
	if !o.pull || !o.reach.Batches() {
		return false
	}
	if o.handled != ep.handled {
		o.handled, o.streak = ep.handled, 0
	}
	o.streak++
	return o.streak > streamAfter && cx.q.PostedFrom(int32(dest)) >= o.streak
}

// sendNow is the common case of a send, which touches no request: the frame
// goes straight into the ring. It reports whether it did.
func (ep *endpoint) sendNow(cx *space, b *engine.Buf, peer int32, dest, tag int) bool {
	n := b.Bytes()
	if b.Layout != nil || int(peer) == ep.rank || ep.closed || cx.comm.broken != nil || len(ep.gone) > 0 {
		return false
	}
	o := ep.outbound(peer)
	if n > o.eager || o.queue.head != nil {
		return false
	}
	o.ring.Stream, o.sentAt = o.sentAt == ep.handled, ep.handled
	f := ring.Header{Ctx: cx.remote(dest), Src: int32(cx.comm.rank), Tag: int32(tag), Sig: uint32(b.Type.Sig)}
	if !o.ring.Put(proto.Eager, f, b.Ptr, n) {
		return false
	}
	ep.published(o)
	return true
}

// startSend begins a send; the request may be complete on return.
func (ep *endpoint) startSend(r *request, cx *space, b *engine.Buf, dest, tag int, mode engine.SendMode) {
	r.cx, r.peer, r.dest, r.tag, r.sig = cx, cx.comm.proc(dest), int32(dest), int32(tag), b.Type.Sig
	r.ptr, r.n = b.Ptr, b.Bytes()
	if err := ep.usable(cx); err != nil {
		ep.complete(r, err)
		return
	}
	switch mode {
	case engine.Synchronous:
		r.flags = proto.Sync
	case engine.Ready:
		r.flags = proto.Ready
	}
	if b.Layout != nil || mode == engine.Buffered && r.n > 0 {
		r.packed = make([]byte, r.n)
		if b.Layout != nil {
			b.Layout.Pack(r.packed, b.Ptr, b.Type.Size)
		} else {
			memory.Copy(unsafe.Pointer(unsafe.SliceData(r.packed)), b.Ptr, r.n)
		}
		r.ptr = unsafe.Pointer(unsafe.SliceData(r.packed))
	}
	if int(r.peer) == ep.rank {
		ep.sendSelf(r, mode)
		return
	}
	why, ended := ep.gone[int(r.peer)]
	if ended && ep.lost[int(r.peer)] {
		ep.complete(r, ep.goneError(cx, r.peer, why))
		return
	}
	o := ep.outbound(r.peer)
	r.stream = r.stream && !ended
	if ended && (proto.Answers(r.flags) || r.n > max(o.offer, o.eager) || r.n > o.eager && o.tailed) { // nobody answers it any more
		ep.complete(r, ep.goneError(cx, r.peer, why))
		return
	}
	// Once all of it has left, r may be complete, and in use for another operation.
	switch left := o.queue.head == nil && ep.put(o, r); {
	case left:
	case ended: // nobody makes room for it any more
		ep.complete(r, ep.goneError(cx, r.peer, why))
	default:
		ep.enqueue(o, r)
	}
}

func (l *links) enqueue(o *outbound, r *request) {
	o.queue.push(r)
	if !o.listed {
		o.listed = true
		l.sending = append(l.sending, o)
	}
}

// resend puts into the rings what has been waiting for room. A send that ends
// may start others.
func (ep *endpoint) resend() int {
	n, list := 0, ep.sending
	ep.sending = ep.spare[:0]
	for _, o := range list {
		o.listed = false
		for o.queue.head != nil {
			r := o.queue.head
			before := r.sent
			left := ep.put(o, r)
			if left || r.sent != before {
				n++
			}
			if !left {
				break
			}
		}
		if o.queue.head != nil {
			if !o.listed {
				o.listed = true
				ep.sending = append(ep.sending, o)
			}
			if o.near {
				o.link.Help()
			}
		}
	}
	clear(list)
	ep.spare = list
	return n
}

// put moves a send on as far as the ring has room. It reports whether all of it
// has left; r may be complete, or await an answer. If r is the head of the
// ring's queue it is taken out first.
func (ep *endpoint) put(o *outbound, r *request) bool {
	switch r.stage {
	case stageControl:
		if !ep.putControl(o, r.control) {
			return false
		}
		o.left(r)
		ep.complete(r, nil)
		return true
	case stageNew:
		switch {
		case r.n > o.offer || r.stream:
			return ep.putOffer(o, r)
		case r.n <= o.eager:
			return ep.putEager(o, r)
		case o.tailed:
			return ep.putWhole(o, r)
		default:
			return ep.putFirst(o, r) && ep.putMore(o, r)
		}
	case stageStream:
		return ep.putMore(o, r)
	case stageData:
		if o.tailed {
			return ep.putPiece(o, r)
		}
		return ep.putData(o, r)
	case stagePlaced:
		return ep.putPlaced(o, r)
	}
	return true
}

// left takes a send out of the queue if it was its head.
func (o *outbound) left(r *request) {
	if o.queue.head == r {
		o.queue.pop()
	}
}

func (ep *endpoint) putEager(o *outbound, r *request) bool {
	front := 0
	if proto.Answers(r.flags) {
		front = proto.NumberSize
	}
	h := o.ring.Reserve(front + r.n)
	if h == nil {
		return false
	}
	h.Fill(front, r.ptr, r.n)
	if front > 0 {
		number := ep.ops.add(r)
		ep.offerClaim(o, number)
		proto.PutNumber(unsafe.Slice((*byte)(h.Payload()), proto.NumberSize), number)
	}
	h.Ctx, h.Src, h.Tag, h.Sig = r.cx.remote(int(r.dest)), int32(r.cx.comm.rank), r.tag, uint32(r.sig)
	o.ring.Publish(h, proto.Eager, r.flags)
	ep.published(o)
	o.left(r)
	ep.sentAll(r)
	return true
}

// sentAll ends a send whose last byte has left, unless an answer is awaited.
func (ep *endpoint) sentAll(r *request) {
	if proto.Answers(r.flags) {
		r.turn(onAllLeft, stageAnswer)
		if r.giveUp {
			r.giveUp = false
			ep.cancel(r)
		}
		return
	}
	ep.complete(r, r.err) // refused while its parts were leaving
}

func (ep *endpoint) putOffer(o *outbound, r *request) bool {
	h := o.ring.Reserve(proto.OriginSize)
	if h == nil {
		return false
	}
	h.Ctx, h.Src, h.Tag, h.Sig = r.cx.remote(int(r.dest)), int32(r.cx.comm.rank), r.tag, uint32(r.sig)
	var addr uint64
	offset := proto.NoOffset
	if o.reach != nil {
		addr = uint64(uintptr(r.ptr))
		if at, ok := o.reach.Place(r.ptr); ok {
			offset = at
		}
	}
	number := ep.ops.add(r)
	ep.offerClaim(o, number)
	proto.Origin{
		Number: number, Total: uint64(r.n), Addr: addr, Offset: offset,
	}.Put(unsafe.Slice((*byte)(h.Payload()), proto.OriginSize))
	o.ring.Publish(h, proto.Offer, r.flags)
	ep.published(o)
	o.left(r)
	r.turn(onAllLeft, stageAnswer)
	if r.n >= shareMin && o.pull {
		if r.transfer = ep.own.Transfer(number); r.transfer != nil {
			ep.offered.add(r)
		}
	}
	return true
}

func (ep *endpoint) putFirst(o *outbound, r *request) bool {
	part := min(r.n, streamPart, o.ring.Max()-proto.FirstSize)
	if r.blocking {
		part = min(part, firstPart)
	}
	h := o.ring.Reserve(proto.FirstSize + part)
	if h == nil {
		return false
	}
	var number uint64
	if proto.Answers(r.flags) {
		number = ep.ops.add(r)
		ep.offerClaim(o, number)
	}
	h.Fill(proto.FirstSize, r.ptr, part)
	proto.PutFirst(unsafe.Slice((*byte)(h.Payload()), proto.FirstSize), r.n, number)
	h.Ctx, h.Src, h.Tag, h.Sig = r.cx.remote(int(r.dest)), int32(r.cx.comm.rank), r.tag, uint32(r.sig)
	o.ring.Publish(h, proto.First, r.flags)
	ep.published(o)
	r.turn(onFirstPart, stageStream)
	r.sent = part
	return true
}

func (ep *endpoint) putMore(o *outbound, r *request) bool {
	for r.sent < r.n {
		part := streamPart
		if r.blocking {
			part = nextPart
		}
		part = min(part, r.n-r.sent, o.ring.Max())
		h := o.ring.Reserve(part)
		if h == nil {
			return false
		}
		h.Fill(0, unsafe.Add(r.ptr, r.sent), part)
		o.ring.Publish(h, proto.More, 0)
		ep.published(o)
		r.sent += part
	}
	o.left(r)
	ep.sentAll(r)
	return true
}

func (ep *endpoint) putData(o *outbound, r *request) bool {
	for r.sent < r.n {
		part := min(r.n-r.sent, min(streamPart, o.ring.Max()-proto.PairSize))
		h := o.ring.Reserve(proto.PairSize + part)
		if h == nil {
			return false
		}
		h.Fill(proto.PairSize, unsafe.Add(r.ptr, r.sent), part)
		proto.PutPair(unsafe.Slice((*byte)(h.Payload()), proto.PairSize), r.other, uint64(r.sent))
		o.ring.Publish(h, proto.Data, 0)
		ep.published(o)
		r.sent += part
	}
	o.left(r)
	ep.complete(r, nil)
	return true
}

// answer sends a frame without user data to a peer: at once, or behind what
// waits for room.
func (ep *endpoint) answer(peer int32, c control) {
	if ep.lost[int(peer)] {
		return
	}
	o := ep.outbound(peer)
	if o.queue.head == nil && ep.putControl(o, &c) {
		return
	}
	r := ep.newRequest()
	kept := c
	r.peer, r.stage, r.control, r.owner = peer, stageControl, &kept, byEngine
	ep.enqueue(o, r)
}

func (ep *endpoint) putControl(o *outbound, c *control) bool {
	n := proto.PairSize
	if c.kind == proto.Revoke || c.kind == proto.Decline {
		n = len(c.text)
	} else if c.kind == proto.Fetch {
		n = proto.FetchSize
	}
	h := o.ring.Reserve(n)
	if h == nil {
		return false
	}
	h.Ctx, h.Src, h.Tag, h.Sig = c.ctx, c.src, c.tag, 0
	p := unsafe.Slice((*byte)(h.Payload()), n)
	switch c.kind {
	case proto.Revoke, proto.Decline:
		copy(p, c.text)
	case proto.Fetch:
		proto.PutFetch(p, c.a, c.b, c.n)
	default:
		proto.PutPair(p, c.a, c.b)
	}
	o.ring.Publish(h, c.kind, 0)
	ep.published(o)
	return true
}
