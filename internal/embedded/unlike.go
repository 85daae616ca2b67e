package embedded

import (
	"fmt"

	"github.com/ringo-mpi/ringo/internal/embedded/coll"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// Ranks that disagree about a length, or about the collective, may send each other
// messages that nobody expects, and wait for others that never come. So the messages
// of a collective carry its mark (coll.Schedule.Mark) in the place of a type, and
// whoever sees another mark than its own tells all (see refuse.go).

// underway is a collective over messages that this rank is in.
type underway struct {
	tag int32
	sig engine.Sig
}

// sigOf is the signature of the messages of a schedule.
func sigOf(s *coll.Schedule) engine.Sig {
	return engine.Sig(s.Mark()<<8) | engine.Basic(engine.Raw).Sig
}

func newPort(cx *space, op engine.Coll, s *coll.Schedule, tag int32) *port {
	p := &port{cx: cx, op: op, bytes: *engine.Basic(engine.Raw), underway: underway{tag, sigOf(s)}}
	p.bytes.Sig = p.sig
	return p
}

func unlikeError(src int) error {
	return engine.PeerErrorf(engine.ErrMismatch, src, engine.Undefined,
		"rank %d is in another collective, or has another length in this one", src)
}

// isLost reports whether nobody waits for an unexpected message of a collective,
// because a member has refused it, or goes another way: that is told to all.
func (c *comm) isLost(m *message) bool {
	if c.declines != nil && c.declineOf(m.Tag) != nil {
		return true
	}
	for _, u := range c.underway {
		if u.tag == m.Tag && u.sig != m.sig {
			c.giveUp(u, m)
			return true
		}
	}
	return false
}

// meetUnlike gives a collective up that begins if a message of another one is there
// in its place.
func (c *comm) meetUnlike(u *underway) {
	for m := c.contexts[collectives].q.Unexpected(); m != nil; m = m.NextOfAll() {
		if m.Tag == u.tag && m.Op.sig != u.sig {
			c.giveUp(u, m.Op)
			return
		}
	}
}

func (c *comm) giveUp(u *underway, m *message) {
	c.decline(u.tag, fmt.Sprintf("rank %d has given up its part: %v", c.rank, unlikeError(int(m.Source))))
}

// plan is how a collective is done over messages: where members run on several hosts,
// by stages or an algorithm that suits those.
func (c *comm) plan(k *engine.Coll) coll.Plan {
	if f := &c.ep.facts; f.LocalSize == f.Size {
		return coll.Plan{}
	}
	h := c.hosts.Load()
	if h == nil {
		on := make([]int, c.size)
		for r := range on {
			on[r] = c.ep.job.Host(int(c.proc(r))).Number
		}
		h = coll.NewHosts(on)
		c.hosts.Store(h)
	}
	return coll.Best(*k, h)
}
