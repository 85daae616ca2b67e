package embedded

import (
	"slices"
	"sync/atomic"

	"github.com/ringo-mpi/ringo/internal/embedded/proto"
	"github.com/ringo-mpi/ringo/internal/embedded/ring"
)

// A send that awaits an answer can be taken back until its message has
// matched. Who has it is decided in a table of the sender's that the receiver
// reaches as well: the sender stores the operation's number there, the receiver
// replaces it when it matches the message, the sender when it gives up;
// whoever comes first has it. So giving up needs nothing of a receiver that may
// be busy elsewhere for hours.
//
// Two ranks without a common table, and operations beyond it, leave it to the
// receiver: the sender asks with a frame Recall, and the receiver answers Recalled
// unless the message has matched. That takes until the receiver is in a call.

const matchedMark = 1 << 63 // numbers have the bit clear

// offerClaim opens the message of an operation to being claimed.
func (ep *endpoint) offerClaim(o *outbound, number uint64) {
	if !o.claims {
		return
	}
	t := ep.own.Claims()
	ep.ops.near = len(t)
	if int(uint32(number)) < len(t) {
		atomic.StoreUint64(&t[uint32(number)], number)
	}
}

// takeBack reports whether the message of r had not been claimed; it never will
// be. Without an entry in a common table the peer is asked, whose answer ends r with
// r.err.
func (ep *endpoint) takeBack(r *request) bool {
	i := uint32(r.number)
	t := ep.own.Claims()
	if int(i) >= len(t) || !ep.outbound(r.peer).claims {
		ep.recall(r)
		return false
	}
	return atomic.CompareAndSwapUint64(&t[i], r.number, 0)
}

// recall asks the receiver of a message for it, once.
func (ep *endpoint) recall(r *request) {
	if !r.giveUp {
		r.giveUp = true
		ep.answer(r.peer, control{kind: proto.Recall, ctx: r.cx.remote(int(r.dest)), src: int32(r.cx.comm.rank), tag: r.tag, a: r.number})
	}
}

// arriveRecall gives a message back that has not matched: it is among the
// unexpected ones, or was dropped with its communicator or a collective that has
// been refused. If it has matched, that has been answered or will be, and the
// sender goes by the first answer. One that Mprobe has taken out has matched as
// well, but comes back with its communicator: nobody need receive it any more.
func (ep *endpoint) arriveRecall(in *inbound, f ring.Frame, number uint64) {
	if ep.copying(in.peer, number) {
		return // the sender's memory must stay as it is until it is told
	}
	if cx := ep.space(f.Ctx, f.Src); cx != nil && cx.comm.revoked == nil {
		m := cx.q.Unexpected()
		for m != nil && (m.Op.peer != in.peer || m.Op.number != number) {
			m = m.NextOfAll()
		}
		switch {
		case m != nil:
			ep.drop(m.Op)
		case cx.kind != collectives || cx.comm.declineOf(f.Tag) == nil:
			return
		}
	} else {
		ep.probed.giveBack(ep, in.peer, number)
	}
	ep.answer(in.peer, control{kind: proto.Recalled, a: number})
}

// probes are the messages that Mprobe has taken out of their queues, as far as
// their senders want an answer.
type probes []*taken

func (p *probes) remove(t *taken) {
	if i := slices.Index(*p, t); i >= 0 {
		*p = slices.Delete(*p, i, i+1)
	}
}

// giveBack forgets a message that its sender is told to have back.
func (p *probes) giveBack(ep *endpoint, peer int32, number uint64) {
	for _, t := range *p {
		if t.m.peer == peer && t.m.number == number {
			t.err = ep.unusable(t.m.cx)
			ep.discard(t.m)
			t.m = &message{ep: ep}
			p.remove(t)
			return
		}
	}
}

// claim takes a message that wants an answer from its sender. It fails when
// the sender has taken it back.
func (ep *endpoint) claim(peer int32, number uint64) bool {
	t := ep.carrier.Link(int(peer)).Claims()
	i := uint32(number)
	return int(i) >= len(t) || atomic.CompareAndSwapUint64(&t[i], number, number|matchedMark)
}

// withdrawn reports whether the sender of an unexpected message has taken it
// back.
func (ep *endpoint) withdrawn(m *message) bool {
	if m.number == 0 || m.claimed {
		return false
	}
	t := ep.carrier.Link(int(m.peer)).Claims()
	i := uint32(m.number)
	return int(i) < len(t) && atomic.LoadUint64(&t[i]) != m.number
}

// unmatched finds the oldest unexpected message for a receive. Those that have
// been taken back are dropped.
func (ep *endpoint) unmatched(cx *space, src, tag int) *message {
	for {
		f := cx.q.Find(int32(src), int32(tag))
		if f == nil {
			return nil
		}
		m := f.Op
		if !ep.withdrawn(m) {
			return m
		}
		ep.drop(m)
	}
}

// drop forgets an unexpected message.
func (ep *endpoint) drop(m *message) {
	m.cx.q.Take(&m.Msg)
	ep.discard(m)
}

// secure makes an unexpected message this rank's, before it is taken out of the
// queue. If its sender was faster, the message is dropped.
func (ep *endpoint) secure(m *message) bool {
	if m.number == 0 || m.claimed {
		return true
	}
	if !ep.claim(m.peer, m.number) {
		ep.drop(m)
		return false
	}
	m.claimed = true
	return true
}
