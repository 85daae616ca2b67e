package embedded

import (
	"fmt"
	"os"
	"strings"

	"github.com/ringo-mpi/ringo/internal/embedded/match"
	"github.com/ringo-mpi/ringo/internal/embedded/proto"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// departures are the ranks that have left or died, as far as this one has seen.
type departures struct {
	losses  uint32         // of the job, seen
	changes uint32         // of the job, seen
	gone    map[int]string // ranks that have ended, and how
	lost    map[int]bool   // of them, those that did not finish properly
}

// seeChanges takes note of ranks that have left or died since the last look,
// and ends what can no longer succeed. It reports whether there were any.
func (ep *endpoint) seeChanges() bool {
	ep.losses = ep.job.Losses() // before changes: a loss in between is seen at the next look
	if ep.job.Changes() == ep.changes {
		return false
	}
	seen := ep.changes
	ep.changes = ep.job.Changes()
	// Whoever is the cause comes before those that left because of it: losses
	// first, looked for after the leavers, and of the leavers the one that has
	// begun the fewest collectives.
	left := ep.newlyEnded(seen, false)
	for _, rank := range ep.newlyEnded(seen, true) {
		ep.noteEnd(rank, true)
		ep.peerEnded(int32(rank), true)
	}
	for _, rank := range left {
		ep.noteEnd(rank, false)
	}
	for _, rank := range left {
		ep.memberLeft(int32(rank))
	}
	for _, rank := range left {
		ep.peerEnded(int32(rank), false)
	}
	return true
}

// newlyEnded returns the ranks that have died, or that have left, and that this
// rank does not know of.
func (ep *endpoint) newlyEnded(seen uint32, lost bool) (ranks []int) {
	ep.job.Ended(seen, func(rank int) {
		state := ep.job.State(rank)
		if rank == ep.rank || state <= transport.Finalizing || ep.lost[rank] || lost != (state != transport.Finalized) {
			return
		}
		if _, known := ep.gone[rank]; !known || lost {
			ranks = append(ranks, rank)
		}
	})
	return ranks
}

// noteEnd takes note of a rank that has ended, after what it sent before.
func (ep *endpoint) noteEnd(rank int, lost bool) {
	if ep.gone == nil {
		ep.gone, ep.lost = make(map[int]string), make(map[int]bool)
	}
	ep.findRings()
	for _, in := range ep.ins {
		if int(in.peer) == rank {
			for ep.drain(in) > 0 {
			}
		}
	}
	ep.gone[rank] = ep.job.Cause(rank)
	ep.lost[rank] = lost
}

// goneError says that an operation with a peer cannot succeed any more.
func (ep *endpoint) goneError(cx *space, peer int32, why string) error {
	rank := int(peer)
	where := ""
	if cx != nil {
		rank = cx.comm.rankOf(peer)
		if rank != int(peer) {
			where = fmt.Sprintf(" (rank %d of the world)", peer)
		}
	}
	e := engine.PeerErrorf(engine.ErrProcFailed, rank, engine.Undefined, "rank %d%s on %s has ended: %s", rank, where, ep.job.Host(int(peer)).Name, why)
	if !ep.lost[int(peer)] {
		e.Err = engine.ErrFinalized
	}
	return e
}

// firstCause shortens the reason of a rank that has failed because another had
// ended, perhaps because of a third: what the others are told is the first of
// them. Else each would repeat what it was told, until the cause is cut off.
func firstCause(reason string) string {
	const ended = " has ended: "
	last := strings.LastIndex(reason, ended)
	if last < 0 {
		return reason
	}
	i := strings.LastIndex(reason[:last], "rank ")
	if i < 0 {
		return reason
	}
	// Of "rank 0 (rank 3 of the world)" the second number means the same to all.
	return strings.Replace(reason[i:], " of the world)", "", 1)
}

// hopeless returns an error if a receive from src (or any source) of a
// communicator cannot be served any more: a rank that may have been the one to
// send has died, or, when a call waits for the receive, has finished. (A
// receive that no call waits for may still be cancelled.)
func (ep *endpoint) hopeless(cx *space, src int, blocking bool) error {
	if src != engine.AnySource {
		peer := cx.comm.proc(src)
		if why, ok := ep.gone[int(peer)]; ok && (blocking || ep.lost[int(peer)]) {
			return ep.goneError(cx, peer, why)
		}
		return nil
	}
	alive := cx.comm.size == 1 || !blocking
	for r := range cx.comm.size {
		peer := cx.comm.proc(r)
		if why, ok := ep.gone[int(peer)]; !ok {
			alive = alive || int(peer) != ep.rank
		} else if ep.lost[int(peer)] {
			return ep.goneError(cx, peer, why) // it may have been the one to send
		}
	}
	if !alive {
		e := engine.Errorf(engine.ErrProcFailed, "all other ranks of the communicator have finished: nobody is left to send")
		e.Err = engine.ErrFinalized
		return e
	}
	return nil
}

// peerEnded ends what waits for a rank that has left (lost false) or died.
func (ep *endpoint) peerEnded(peer int32, lost bool) {
	for _, in := range ep.ins {
		if in.peer == peer && in.total > 0 { // a message that will never be whole
			to, m := in.to, in.into
			in.to, in.into, in.total, in.have = nil, nil, 0, 0
			if m != nil && m.state == msgArriving {
				m.turn(onSenderEnd, msgLost)
			} else if m != nil {
				to = m.taker
				ep.freeMessage(m, onSenderEnd)
			}
			if to != nil {
				ep.received(to, in.src, in.tag, in.sig, 0, ep.goneError(to.cx, peer, ep.gone[int(peer)]))
			}
		}
	}
	for _, cx := range ep.contexts {
		if cx == nil || cx.comm.rankOf(peer) < 0 {
			continue
		}
		for m := cx.q.Unexpected(); m != nil; {
			next := m.NextOfAll()
			if o := m.Op; o.peer == peer && o.state == msgOffered && o.origin.Offset == proto.NoOffset && lost {
				o.turn(onSenderEnd, msgLost) // it lay in the memory of the dead
			}
			m = next
		}
		if lost && cx.comm.broken == nil {
			cx.comm.broken = ep.goneError(cx, peer, ep.gone[int(peer)])
			cx.comm.bad.Store(true)
		}
		if lost && cx.kind == collectives {
			ep.endCollectives(cx, cx.comm.broken, func(int32) bool { return true })
			continue
		}
		cx.q.Each(func(p *match.Recv[request]) bool { return ep.hopeless(cx, int(p.Source), p.Op.blocking) != nil },
			func(p *match.Recv[request]) {
				ep.complete(p.Op, ep.hopeless(cx, int(p.Source), p.Op.blocking))
			})
	}
	// Nobody makes room in its ring any more. Those that wait for room come first:
	// the others are in no queue, so that completing one leaves no link to it.
	if o := ep.outs.get(peer); o != nil {
		for r := o.queue.head; r != nil; r = o.queue.head {
			o.queue.pop()
			ep.complete(r, ep.goneError(r.cx, peer, ep.gone[int(peer)]))
		}
	}
	ep.ops.each(func(r *request) {
		if r.peer == peer {
			ep.complete(r, ep.goneError(r.cx, peer, ep.gone[int(peer)]))
		}
	})
	ep.news = true
	ep.serveWatchers()
}

// usable returns why nothing can be started on a communicator.
func (ep *endpoint) usable(cx *space) error {
	if !ep.closed && !cx.comm.bad.Load() {
		return nil
	}
	return ep.unusable(cx)
}

func (ep *endpoint) unusable(cx *space) error {
	switch {
	case ep.closed:
		return engine.Errorf(engine.ErrFinalized, "")
	case cx.comm.freed:
		return engine.Errorf(engine.ErrComm, "the communicator has been freed")
	default:
		return cx.comm.revoked
	}
}

// revoke ends everything on a communicator on this rank.
func (ep *endpoint) revoke(c *comm, reason string) {
	if c.revoked != nil {
		return
	}
	err := engine.Errorf(engine.ErrRevoked, "%s", reason)
	c.revoked, c.broken = err, err
	c.bad.Store(true)
	for _, cx := range c.contexts {
		cx.q.Each(func(*match.Recv[request]) bool { return true }, func(p *match.Recv[request]) { ep.complete(p.Op, err) })
		for m := cx.q.Unexpected(); m != nil; m = cx.q.Unexpected() {
			cx.q.Take(m)
			s := m.Op.self
			ep.discard(m.Op)
			if s != nil {
				ep.complete(s, err)
			}
		}
	}
	ep.ops.each(func(r *request) {
		if r.cx != nil && r.cx.comm == c && !r.recv && (r.stage == stageAnswer || r.stage == stageStream) {
			r.err = err
			ep.cancel(r)
			if r.stage == stageAnswer && r.number != 0 { // the receiver has it, and may never receive it
				ep.recall(r)
			}
		}
	})
	ep.endQueued(err, func(r *request) bool { return r.cx != nil && r.cx.comm == c })
	ep.news = true
	ep.serveWatchers()
}

// tellRevoked tells the other members.
func (ep *endpoint) tellRevoked(c *comm, reason string) {
	cx := c.contexts[0]
	for r := range c.size {
		if peer := c.proc(r); int(peer) != ep.rank {
			if _, gone := ep.gone[int(peer)]; !gone {
				ep.answer(peer, control{kind: proto.Revoke, ctx: cx.remote(r), src: int32(c.rank), text: reason[:min(len(reason), 200)]})
			}
		}
	}
}

// corrupt ends the rank: what lies in a ring cannot be understood, so nothing
// that follows can be trusted.
func (ep *endpoint) corrupt(in *inbound, format string, args ...any) {
	reason := fmt.Sprintf("rank %d received what it cannot read from rank %d: %s", ep.rank, in.peer, fmt.Sprintf(format, args...))
	fmt.Fprintln(os.Stderr, "ringo: "+reason)
	ep.job.Abort(1, reason)
}
