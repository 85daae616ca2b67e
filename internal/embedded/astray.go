package embedded

import (
	"fmt"

	"github.com/ringo-mpi/ringo/internal/embedded/match"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// Ranks that call different collectives on a communicator could wait for each
// other for ever. A rank that is about to sleep looks at the member that it
// waits for, which costs a collective that succeeds next to nothing. On a board
// that member may have called something else (see board.Board.Astray). Where
// one rank calls the blocking form of a collective and another one the
// nonblocking form, one waits on the board and the other for messages: how many
// each has begun of both kinds lies in the board, and shows that their orders
// differ. The communicator is revoked then, since its ranks are out of step.

// findAstray ends the waits of this rank that are in vain because other ranks
// have called something else. It returns the error of c. The caller holds
// ep.lock, and is the poller.
func (ep *endpoint) findAstray(c *cond) error {
	err := c.astray()
	for p := ep.watchers.head; p != nil; {
		next := p.next
		if p.astray() != nil {
			p.signal()
		}
		p = next
	}
	for p := ep.waiters.head; p != nil; {
		next := p.next // of a request: to end it wakes who waits for it
		_ = p.astray()
		p = next
	}
	return err
}

// astray returns an error if the word that c waits for does not come because other
// ranks have called something else. A request for which that is so ends.
func (c *cond) astray() error {
	switch {
	case c.flag != nil && c.comm.board != nil && !c.holds():
		return c.comm.astrayFor(c)
	case c.req != nil && c.req.owner == byCollective && c.req.cx.comm.board != nil && !c.holds():
		c.req.cx.comm.endAstray()
	}
	return nil
}

// astrayFor is astray for a word of the board.
func (c *comm) astrayFor(w *cond) error {
	r := c.rankOf(w.peer)
	if err := c.board.Astray(r, w.flag, w.want); err != nil {
		return err
	}
	if laterThan(uint32(c.board.Started(r)), c.started) && c.board.Begun(r) <= w.number {
		return c.outOfStep(c.rank, r)
	}
	return nil
}

// endAstray ends the collectives over messages if one of them waits for a member
// that is in a blocking collective instead. They end by themselves when the
// communicator is revoked: parts of their messages may be on their way.
func (c *comm) endAstray() {
	own, who := c.board.Begun(c.rank), -1
	c.contexts[collectives].q.Each(func(p *match.Recv[request]) bool {
		if r := int(p.Source); who < 0 && r >= 0 && p.Tag < groupTag && c.board.Begun(r) > own && laterThan(uint32(p.Tag), uint32(c.board.Started(r))) {
			who = r
		}
		return false
	}, nil)
	if who >= 0 {
		_ = c.outOfStep(who, c.rank)
	}
}

// outOfStep revokes the communicator, on which the member blocked waits in a
// collective and the member other for a nonblocking one.
func (c *comm) outOfStep(blocked, other int) error {
	why := fmt.Sprintf("rank %d waits in a blocking collective, and rank %d has called a nonblocking one instead: all ranks call the same form", blocked, other)
	c.ep.revoke(c, why)
	c.ep.tellRevoked(c, why)
	return engine.PeerErrorf(engine.ErrMismatch, other+blocked-c.rank, engine.Undefined, "%s", why)
}
