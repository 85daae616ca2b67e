package embedded

import (
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/proto"
	"github.com/ringo-mpi/ringo/internal/embedded/ring"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
)

// Over a link with tails (transport.Tails) the data of a message longer than tailMin
// passes through no ring. A frame Whole says what follows it, and the receiver, who
// finds the receive of it, or makes it unexpected, says where that goes. A message
// that was offered, and asked for, comes in frames Piece.
//
// The number by which a tail ends is that of the sender's operation. At the receiver
// it is the place of the ring that its frame came by: one tail of a ring comes at a
// time.

// landingMark tells the number of a tail that comes from that of an operation.
const landingMark = 1 << 63

// The flag of package proto and that of the transport are the same.
var _ = [1]struct{}{}[proto.Tail-transport.Tail]

// endTails goes on with the operations whose tails have been sent or have come. It
// returns how many there were.
func (ep *endpoint) endTails() (n int) {
	for {
		number, ok := ep.poller.NextTail()
		if !ok {
			return n
		}
		n++
		if number&landingMark != 0 {
			ep.landed(ep.ins[number&^landingMark])
			continue
		}
		if r := ep.ops.get(number); r != nil {
			ep.tailSent(r)
		}
	}
}

// putWhole sends a message as the tail of a frame.
func (ep *endpoint) putWhole(o *outbound, r *request) bool {
	h := o.ring.Reserve(proto.PairSize)
	if h == nil {
		return false
	}
	number := ep.ops.add(r)
	if proto.Answers(r.flags) {
		ep.offerClaim(o, number)
	}
	proto.PutPair(unsafe.Slice((*byte)(h.Payload()), proto.PairSize), number, uint64(r.n))
	h.Ctx, h.Src, h.Tag, h.Sig = r.cx.remote(int(r.dest)), int32(r.cx.comm.rank), r.tag, uint32(r.sig)
	r.turn(onFirstPart, stageStream)
	o.link.(transport.Tails).Attach(number, r.ptr, r.n)
	o.ring.Publish(h, proto.Whole, r.flags|proto.Tail)
	o.left(r)
	ep.published(o)
	ep.endTails()
	return true
}

// putPiece sends the next part of a message that was asked for, as the tail of a
// frame. The part behind it follows when it has left.
func (ep *endpoint) putPiece(o *outbound, r *request) bool {
	h := o.ring.Reserve(proto.FetchSize)
	if h == nil {
		return false
	}
	part := min(r.n-r.sent, tailPart)
	proto.PutFetch(unsafe.Slice((*byte)(h.Payload()), proto.FetchSize), r.other, uint64(r.sent), uint64(part))
	h.Ctx, h.Src, h.Tag, h.Sig = 0, 0, 0, 0
	o.link.(transport.Tails).Attach(r.number, unsafe.Add(r.ptr, r.sent), part)
	o.ring.Publish(h, proto.Piece, proto.Tail)
	r.sent += part
	o.left(r)
	ep.published(o)
	ep.endTails()
	return true
}

// tailSent goes on with a send whose tail has left.
func (ep *endpoint) tailSent(r *request) {
	switch {
	case r.stage == stageStream:
		ep.sentAll(r)
	case r.stage != stageData:
	case r.sent == r.n:
		ep.complete(r, nil)
	default:
		if o := ep.outbound(r.peer); o.queue.head != nil || !ep.put(o, r) {
			ep.enqueue(o, r)
		}
	}
}

// arriveTail begins a message that is the tail of its frame.
func (ep *endpoint) arriveTail(in *inbound, f ring.Frame, b proto.Body) {
	ep.begin(in, f, b)
	var to unsafe.Pointer
	room := 0
	switch {
	case in.to != nil:
		to, room = in.to.ptr, in.to.n
	case in.into != nil:
		to, room = unsafe.Pointer(unsafe.SliceData(in.into.data)), len(in.into.data)
	}
	ep.land(in, to, room, b.Total)
}

// arrivePiece takes a part of a message that was asked for.
func (ep *endpoint) arrivePiece(in *inbound, b proto.Body) {
	in.piece, in.pieceLen = b.Number, b.Total
	r := ep.ops.get(b.Number)
	if r == nil || r.peer != in.peer || r.stage != stageReceived { // the receive has been given up
		ep.land(in, nil, 0, b.Total)
		return
	}
	if b.Other != uint64(r.sent) || b.Total > r.total-r.sent {
		ep.corrupt(in, "%d bytes from byte %d on, byte %d of %d is next", b.Total, b.Other, r.sent, r.total)
	}
	if r.sent >= r.n {
		ep.land(in, nil, 0, b.Total)
		return
	}
	ep.land(in, unsafe.Add(r.ptr, r.sent), r.n-r.sent, b.Total)
}

// land says where the tail of the frame that was read last goes.
func (ep *endpoint) land(in *inbound, to unsafe.Pointer, room, n int) {
	t, ok := in.link.(transport.Tails)
	if !ok {
		ep.corrupt(in, "a frame with a tail, which the way to it does not carry")
		return
	}
	if t.Land(landingMark|in.index, to, room, n) {
		ep.landed(in)
	}
}

// landed goes on with what has come as a tail.
func (ep *endpoint) landed(in *inbound) {
	ep.handled++
	if in.pieceLen == 0 {
		ep.arrivedWhole(in)
		return
	}
	r, n := ep.ops.get(in.piece), in.pieceLen
	in.piece, in.pieceLen = 0, 0
	if r == nil || r.peer != in.peer || r.stage != stageReceived {
		return
	}
	if r.sent += n; r.sent == r.total {
		ep.received(r, int32(r.status.Source), int32(r.status.Tag), r.status.Sig, r.total, nil)
	}
}
