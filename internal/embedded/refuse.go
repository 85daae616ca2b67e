package embedded

import (
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/coll"
	"github.com/ringo-mpi/ringo/internal/embedded/proto"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// A collective over messages that a member has refused (see engine.Refused) ends
// at all members: the one that refuses tells each of them, and whoever is in the
// collective gives up its part and takes back what it has sent. A message of it
// that arrives later is discarded. The communicator goes on.

// decline is a collective over messages that a member has refused.
type decline struct {
	tag int32
	err error
}

// maxDeclines bounds how many are remembered: messages of them may arrive late.
const maxDeclines = 64

// declineText is the greatest length of a reason.
const declineText = 400

// refuse takes this rank out of the collective that it would have started next.
// Of several collectives that make one call, it cannot know what the others do.
func (c *comm) refuse(op *engine.Coll) error {
	ep := c.ep
	why := string(unsafe.Slice((*byte)(op.Send.Ptr), op.Send.Bytes()))
	why = why[:min(len(why), declineText)]
	ep.lock.Lock()
	defer ep.leave()
	if err := ep.usable(c.contexts[collectives]); err != nil {
		return err
	}
	c.start()
	tag := int32(c.started & (groupTag - 1))
	c.declined(tag, c.rank, why)
	cx := c.contexts[collectives]
	for r := range c.size {
		if peer := c.proc(r); int(peer) != ep.rank {
			if _, gone := ep.gone[int(peer)]; !gone {
				ep.answer(peer, control{kind: proto.Decline, ctx: cx.remote(r), src: int32(c.rank), tag: tag, text: why})
			}
		}
	}
	if op.Kind == engine.RefusedFirst {
		return engine.Errorf(engine.ErrMismatch, "%s", why)
	}
	return nil
}

// declined takes note that member src takes no part in a collective over
// messages. The caller holds ep.lock.
func (c *comm) declined(tag int32, src int, why string) {
	if c.freed || c.revoked != nil {
		return
	}
	if c.declineOf(tag) == nil {
		if len(c.declines) == maxDeclines {
			c.declines = append(c.declines[:0], c.declines[1:]...)
		}
		err := engine.PeerErrorf(engine.ErrMismatch, src, engine.Undefined, "%s", why)
		c.declines = append(c.declines, decline{tag, &coll.Ended{Err: err}})
	}
	ep, cx := c.ep, c.contexts[collectives]
	for m := cx.q.Unexpected(); m != nil; {
		next := m.NextOfAll()
		if m.Tag == tag {
			cx.q.Take(m)
			ep.discard(m.Op)
		}
		m = next
	}
	ep.endCollectives(cx, c.declineOf(tag), func(t int32) bool { return t == tag })
	ep.news = true
	ep.serveWatchers()
}

// declineOf returns the error of a collective over messages that a member has
// refused, nil if none has.
func (c *comm) declineOf(tag int32) error {
	for i := range c.declines {
		if c.declines[i].tag == tag {
			return c.declines[i].err
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
