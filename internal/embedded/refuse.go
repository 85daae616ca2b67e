package embedded

import (
	"slices"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/coll"
	"github.com/ringo-mpi/ringo/internal/embedded/proto"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// A collective over messages that a member has refused (see engine.Refused) ends
// at all members: the one that refuses tells each of them, and whoever is in the
// collective gives up its part and takes back what it has sent. A message of it
// that arrives later is discarded. The communicator goes on.
//
// Whoever is in the collective says so to each member that has refused. So a
// member learns whether all have refused, or that one goes on.

// decline is a collective over messages that a member has refused.
type decline struct {
	tag     int32
	err     error // from the first of them
	by      []int // those that have refused, each once
	joined  int   // a member that is in it, NoPeer: none has said so
	awaited bool  // a call waits for the answers of the others
}

// maxDeclines bounds how many are remembered that this rank has passed: messages
// of them may arrive late.
const maxDeclines = 64

// declineText is the greatest length of a reason.
const declineText = 400

// refuse takes this rank out of the collective that it would have started next.
// For several collectives that make one call, it waits to learn what the others
// do.
func (c *comm) refuse(op *engine.Coll, done <-chan struct{}) error {
	ep := c.ep
	ep.lock.Lock()
	defer ep.leave()
	if err := ep.usable(c.contexts[collectives]); err != nil {
		return err
	}
	c.start()
	d := c.decline(c.tag(), string(unsafe.Slice((*byte)(op.Send.Ptr), op.Send.Bytes())))
	if op.Kind != engine.RefusedFirst {
		return nil
	}
	d.awaited = true
	defer func() { d.awaited = false }()
	var hopeless error
	err := ep.await(cond{comm: c, any: func() bool {
		if len(d.by) == c.size || d.joined != engine.NoPeer {
			return true
		}
		hopeless = c.silent(d)
		return hopeless != nil
	}}, done)
	switch {
	case err != nil:
		return err
	case d.joined != engine.NoPeer:
		return engine.PeerErrorf(engine.ErrMismatch, d.joined, engine.Undefined, "rank %d goes on with the call that rank %d has refused", d.joined, c.rank)
	}
	return hopeless
}

// silent returns an error if a member has ended that has not refused: it answers
// no more.
func (c *comm) silent(d *decline) error {
	for proc, why := range c.ep.gone {
		if r := c.rankOf(int32(proc)); r >= 0 && !slices.Contains(d.by, r) {
			return c.ep.goneError(c.contexts[collectives], int32(proc), why)
		}
	}
	return nil
}

// decline tells all members that this one takes no part in a collective over
// messages.
func (c *comm) decline(tag int32, why string) *decline {
	why = why[:min(len(why), declineText)]
	d := c.declined(tag, c.rank, why)
	if d == nil {
		return nil
	}
	for r := range c.size {
		if r != c.rank {
			c.answer(r, control{kind: proto.Decline, tag: tag, text: why})
		}
	}
	return d
}

// answer sends a frame of a collective to a member that is there.
func (c *comm) answer(r int, k control) {
	peer := c.proc(r)
	if _, gone := c.ep.gone[int(peer)]; !gone {
		k.ctx, k.src = c.contexts[collectives].remote(r), int32(c.rank)
		c.ep.answer(peer, k)
	}
}

// declined takes note that member src takes no part in a collective over
// messages; nil: everything on the communicator has ended already. The caller
// holds ep.lock.
func (c *comm) declined(tag int32, src int, why string) *decline {
	if c.revoked != nil {
		return nil
	}
	d := c.declineOf(tag)
	if d == nil {
		c.forgetDecline()
		err := engine.PeerErrorf(engine.ErrMismatch, src, engine.Undefined, "%s", why)
		d = &decline{tag: tag, err: &coll.Ended{Err: err}, joined: engine.NoPeer}
		c.declines = append(c.declines, d)
	}
	if src != c.rank && c.passed(tag) && !slices.Contains(d.by, c.rank) {
		c.answer(src, control{kind: proto.Joined, tag: tag})
	}
	d.by = append(d.by, src)
	ep, cx := c.ep, c.contexts[collectives]
	for m := cx.q.Unexpected(); m != nil; {
		next := m.NextOfAll()
		if m.Tag == tag {
			cx.q.Take(m)
			ep.discard(m.Op)
		}
		m = next
	}
	ep.endCollectives(cx, d.err, func(t int32) bool { return t == tag })
	ep.news = true
	ep.serveWatchers()
	return d
}

// forgetDecline makes room for another decline, if there is one that nobody needs
// for more than late messages.
func (c *comm) forgetDecline() {
	if len(c.declines) < maxDeclines {
		return
	}
	i := slices.IndexFunc(c.declines, func(d *decline) bool { return !d.awaited && c.passed(d.tag) })
	if i >= 0 {
		c.declines = slices.Delete(c.declines, i, i+1)
	}
}

// joined takes note that member src is in a collective that this one has refused.
func (c *comm) joined(tag int32, src int) {
	if d := c.declineOf(tag); d != nil && !slices.Contains(d.by, src) {
		d.joined = src
		c.ep.news = true
		c.ep.serveWatchers()
	}
}

// join returns an error if a member has refused the collective over messages that
// this one starts, and tells those that have.
func (c *comm) join(tag int32) error {
	d := c.declineOf(tag)
	if d == nil {
		return nil
	}
	for _, r := range d.by {
		c.answer(r, control{kind: proto.Joined, tag: tag})
	}
	return d.err
}

// declineOf returns the refusals of a collective over messages, nil if there is
// none.
func (c *comm) declineOf(tag int32) *decline {
	for _, d := range c.declines {
		if d.tag == tag {
			return d
		}
	}
	return nil
}

// discard drops a message that is in no queue and that nobody receives. One that
// was offered is taken back by its sender.
func (ep *endpoint) discard(m *message) {
	if m.state == msgArriving {
		m.turn(onForget, msgForgotten)
		return
	}
	ep.freeMessage(m, onForget)
}
