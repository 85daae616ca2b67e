package embedded

import (
	"fmt"
	"strings"

	"github.com/ringo-mpi/ringo/internal/embedded/match"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// What the stories know of the inside of an endpoint is in this file.

// introduce opens the rings between all ranks.
func introduce(ranks []*endpoint) {
	for _, ep := range ranks {
		for _, other := range ranks {
			if other != ep {
				ep.outbound(int32(other.rank))
			}
		}
	}
	for _, ep := range ranks {
		ep.findRings()
	}
}

// lockWanted reports whether a goroutine waits for the lock of the rank.
func lockWanted(ep *endpoint) bool { return ep.lock.Wanted() }

// lookOnce is a look of the rank at what has arrived, as a call makes it.
func lookOnce(ep *endpoint) {
	ep.lock.Lock()
	ep.once()
	ep.leave()
}

// tickOnce is a tick of the background goroutine for the rank.
func tickOnce(ep *endpoint) {
	ep.tick()
	ep.lock.Lock()
	ep.watched = true // still not by the background goroutine itself
	ep.lock.Unlock()
}

// outcome is how a nonblocking operation has ended, if it has. It makes no
// progress.
func outcome(r engine.Request) (st engine.Status, ended bool, err error) {
	h, ok := r.(handle)
	if !ok {
		return engine.Status{}, true, nil
	}
	ep := h.r.ep
	ep.lock.Lock()
	defer ep.lock.Unlock()
	return h.r.status, h.r.done(), h.r.err
}

// arrived is how much of a message that is arriving has come.
func arrived(ep *endpoint, m *message) int {
	for _, in := range ep.ins {
		if in.into == m {
			return in.have
		}
	}
	return 0
}

// describe lists what is under way on a rank.
func describe(ep *endpoint) string {
	ep.lock.Lock()
	defer ep.lock.Unlock()
	var s strings.Builder
	q := &ep.world.contexts[pointToPoint].q
	q.Each(func(p *match.Recv[request]) bool {
		fmt.Fprintf(&s, "posted: from %s, tag %d, %d bytes\n", rankName(int(p.Source)), p.Tag, p.Op.n)
		return false
	}, nil)
	for m := q.Unexpected(); m != nil; m = m.NextOfAll() {
		o, how := m.Op, "here"
		switch o.state {
		case msgOffered:
			how = "offered"
		case msgLost:
			how = "lost"
		case msgArriving:
			how = fmt.Sprintf("%d of them here", arrived(ep, o))
		}
		fmt.Fprintf(&s, "unexpected: from %d, tag %d, %d bytes, %s\n", m.Source, m.Tag, o.total, how)
	}
	ep.ops.each(func(r *request) {
		what := map[stage]string{
			stageStream: "its parts are leaving", stageAnswer: "awaits an answer",
			stageData: "its data is leaving", stageReceived: "expects data",
		}[r.stage]
		fmt.Fprintf(&s, "under way: %s, tag %d: %s\n", map[bool]string{false: fmt.Sprint("to ", r.peer), true: fmt.Sprint("from ", r.peer)}[r.recv], r.tag, what)
	})
	for _, c := range ep.running {
		fmt.Fprintf(&s, "under way: from %d: it is being copied\n", c.peer)
	}
	for _, j := range ep.settling {
		fmt.Fprintf(&s, "under way: from %d, tag %d: its sender copies the rest\n", j.src, j.tag)
	}
	for _, o := range ep.sending {
		n := 0
		for r := o.queue.head; r != nil; r = r.next {
			n++
		}
		fmt.Fprintf(&s, "waiting for room: %d to %d\n", n, o.peer)
	}
	switch {
	case ep.asleep:
		s.WriteString("asleep\n")
	case ep.polling:
		s.WriteString("polling\n")
	}
	if s.Len() == 0 {
		return "idle"
	}
	return s.String()
}

func rankName(r int) string {
	if r == engine.AnySource {
		return "any rank"
	}
	return fmt.Sprint(r)
}

// unread is the address of the next frame that the rank will read from a peer;
// known is false while it has not taken up the ring.
func unread(ep *endpoint, peer int) (at any, known bool) {
	ep.lock.Lock()
	defer ep.lock.Unlock()
	for _, in := range ep.ins {
		if int(in.peer) == peer {
			reader := in.ring // a copy: nothing is read
			f, _ := reader.Next()
			return f.Header, true
		}
	}
	return nil, false
}
