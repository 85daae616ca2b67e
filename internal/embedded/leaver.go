package embedded

import (
	"errors"
	"slices"

	"github.com/ringo-mpi/ringo/internal/embedded/match"
	"github.com/ringo-mpi/ringo/internal/embedded/proto"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// A member of a communicator that has finalized begins no further collective.
// How many it had begun lies in the board of the communicator; a collective
// beyond that, which others may be waiting in, cannot succeed.
//
// A rank that is about to sleep in a collective on a board looks whether the
// member that it waits for has left, which costs a collective that succeeds next
// to nothing: when thousands of ranks leave, nobody looks at all of them. If it
// has, everybody looks, since others wait for those that now give up.
//
// Where members share no board, the first to miss a message of the member that
// has left tells the others which collective has to do without it.

// missLeavers looks whether a member that a goroutine of this rank waits for on
// a board has left. The caller holds ep.lock.
func (ep *endpoint) missLeavers(c *cond) {
	missed := c.left()
	for p := ep.watchers.head; p != nil && !missed; p = p.next {
		missed = p.left()
	}
	if missed {
		ep.job.Alarm()
		ep.seeChanges()
		ep.serveWatchers()
	}
}

// left reports whether the rank that is to count up the word has finalized
// without having done so.
func (c *cond) left() bool {
	return c.flag != nil && c.comm.ep.job.State(int(c.peer)) == transport.Finalized && !c.holds()
}

// parting is the member that has left a communicator with the least number of
// collectives of one kind.
type parting struct {
	left  bool
	begun uint64
	peer  int32 // in the world
}

// groupTag and what is above it are tags of exchanges among some members only
// (see comm.among); below it they are numbers of collectives over messages.
const groupTag = 1 << 30

// start counts a collective over messages, where others can read it.
func (c *comm) start() {
	c.started++
	if c.board != nil {
		c.board.Start(uint64(c.started))
	}
}

// tag is the tag of the collective over messages that this rank has started last.
func (c *comm) tag() int32 { return int32(c.started & (groupTag - 1)) }

// passed reports whether this rank has started the collective over messages with
// a tag.
func (c *comm) passed(tag int32) bool { return !laterThan(uint32(tag), c.started) }

// laterThan compares the numbers of two collectives over messages, of which tags
// have the low bits only.
func laterThan(a, b uint32) bool { return int32((a-b)<<2) > 0 }

func (p *parting) note(begun uint64, peer int32) {
	if !p.left || begun < p.begun {
		*p = parting{true, begun, peer}
	}
}

// memberLeft takes note of a rank that has finalized in all its communicators,
// and ends the collectives over messages that it has not started. Those on a
// board end when the waits for them look (see cond.broken). The caller holds
// ep.lock.
func (ep *endpoint) memberLeft(peer int32) {
	for _, cx := range ep.contexts {
		if cx != nil && cx.kind == collectives && cx.comm.rankOf(peer) >= 0 {
			cx.comm.memberLeft(peer)
		}
	}
}

func (c *comm) memberLeft(peer int32) {
	if c.board == nil {
		return
	}
	r := c.rankOf(peer)
	c.partedBoard.note(c.board.Begun(r), peer)
	c.partedMessages.note(c.board.Started(r), peer)
	c.endParted()
}

// missing takes note of a member that has left without its part in a collective
// over messages. It reports whether that is news.
func (c *comm) missing(number uint64, member int) bool {
	if p := &c.partedMessages; p.left && p.begun < number {
		return false
	}
	c.partedMessages.note(number-1, c.proc(member))
	c.endParted()
	return true
}

// tellMissing tells the other members of one that has left, if that is why a
// collective over messages has failed, and if they have not been told.
func (c *comm) tellMissing(number uint64, err error) {
	var e *engine.Error
	if !errors.As(err, &e) || e.Peer < 0 || !errors.Is(err, engine.ErrFinalized) || !c.missing(number, e.Peer) {
		return
	}
	cx := c.contexts[collectives]
	for r := range c.size {
		if peer := c.proc(r); r != c.rank && r != e.Peer {
			if _, gone := c.ep.gone[int(peer)]; !gone {
				c.ep.answer(peer, control{kind: proto.Parted, ctx: cx.remote(r), src: int32(c.rank), a: number, b: uint64(e.Peer)})
			}
		}
	}
}

// endParted ends the collectives over messages that a member has left without
// having started.
func (c *comm) endParted() {
	last := uint32(c.partedMessages.begun)
	c.ep.endCollectives(c.contexts[collectives], c.ep.partedError(c, &c.partedMessages), func(tag int32) bool {
		return tag < groupTag && laterThan(uint32(tag), last)
	})
}

// partedError says that a collective needs a member that has left.
func (ep *endpoint) partedError(c *comm, p *parting) error {
	why, known := ep.gone[int(p.peer)]
	if !known { // told by another member
		why = ep.job.Cause(int(p.peer))
	}
	return ep.goneError(c.contexts[collectives], p.peer, why)
}

// withoutMember returns an error if the wait for a word of the board is in vain:
// a member has left without having begun the collective, or the one that is to
// count up the word in the middle of it.
func (c *comm) withoutMember(w *cond) error {
	p := &c.partedBoard
	if !p.left {
		return nil
	}
	if p.begun > w.number {
		if !w.left() {
			return nil
		}
		p = &parting{peer: w.peer}
		if _, known := c.ep.gone[int(w.peer)]; !known {
			return nil // it is seen at the next look
		}
	}
	return c.ep.partedError(c, p)
}

// startedWithout returns an error if a member has left without having started
// the collective over messages that this one has started last.
func (c *comm) startedWithout() error {
	if p := &c.partedMessages; p.left && c.started > uint32(p.begun) {
		return c.ep.partedError(c, p)
	}
	return nil
}

// endCollectives ends the messages of collectives under way on a context that
// can succeed no more, those whose tags are picked: also those with members that
// are alive, which may have given up their part.
func (ep *endpoint) endCollectives(cx *space, why error, picked func(tag int32) bool) {
	cx.q.Each(func(p *match.Recv[request]) bool { return picked(p.Tag) }, func(p *match.Recv[request]) { ep.complete(p.Op, why) })
	ep.ops.each(func(r *request) {
		if r.cx == cx && !r.recv && r.stage == stageAnswer && picked(r.tag) {
			r.err = why
			if ep.takeBack(r) {
				ep.complete(r, why)
			}
		}
	})
	ep.endQueued(why, func(r *request) bool { return r.cx == cx && picked(r.tag) })
}

// endQueued ends the sends of which nothing has left, those that are picked.
func (ep *endpoint) endQueued(why error, picked func(r *request) bool) {
	for _, o := range slices.Clone(ep.sending) {
		for r := o.queue.head; r != nil; {
			next := r.next
			if r.stage == stageNew && picked(r) && o.queue.remove(r) {
				ep.complete(r, why)
			}
			r = next
		}
	}
}
