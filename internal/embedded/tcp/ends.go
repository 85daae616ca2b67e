//go:build unix

package tcp

import (
	"time"

	"github.com/ringo-mpi/ringo/internal/embedded/transport"
)

// lostTime is how long a connection may have ended before the launcher tells what
// has become of the peer. One that has timed out is not waited for.
const lostTime = 10 * time.Second

// ends are the ranks that have ended, as far as this one is to know. The transport
// below may know of an end before what that rank has sent is here: so a far rank has
// ended when its connection has as well.
type ends struct {
	list   []int
	known  map[int]bool
	due    map[int]bool   // ended, but the connection has not
	dead   map[int]string // out of reach, and why
	seen   uint32         // changes of the transport below
	left   bool           // this rank has
	failed bool           // likewise, with an error
}

// look takes up what the transport below has to tell. The caller holds e.mu.
func (e *end) look() {
	if n := e.base.Job.Changes(); n != e.seen {
		if e.due == nil {
			e.due = make(map[int]bool)
		}
		e.base.Job.Ended(e.seen, func(rank int) {
			if !e.known[rank] && e.base.Job.State(rank) > transport.Finalizing {
				e.due[rank] = true
			}
		})
		e.seen = n
	}
	// One that has left may have missed another: a rank that was lost is known before
	// it, and those that have left are known together.
	all := true
	for rank := range e.due {
		switch {
		case !e.over(rank):
			all = false
		case e.base.Job.State(rank) != transport.Finalized:
			delete(e.due, rank)
			e.note(rank)
		}
	}
	if all {
		for rank := range e.due {
			e.note(rank)
		}
		clear(e.due)
	}
}

// over reports whether nothing comes from a rank any more.
func (e *end) over(rank int) bool {
	p := e.peers[rank]
	return e.near(rank) || p == nil || p.state == apart || p.state == parted
}

func (e *end) note(rank int) {
	if e.known == nil {
		e.known = make(map[int]bool)
	}
	if !e.known[rank] {
		e.known[rank] = true
		e.list = append(e.list, rank)
	}
}

// parted is called when the connection to a peer has ended.
func (e *end) parted(p *peer) {
	if e.left || e.base.Job.State(p.rank) > transport.Finalizing {
		return
	}
	wait := min(lostTime, e.cfg.Timeout)
	if p.cut {
		wait = 0
	}
	time.AfterFunc(wait, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if !e.left && e.base.Job.State(p.rank) <= transport.Finalizing {
			e.giveUp(p)
		}
	})
}

// giveUp takes a peer for dead that is out of reach.
func (e *end) giveUp(p *peer) {
	if e.dead == nil {
		e.dead = make(map[int]string)
	}
	if e.dead[p.rank] = p.why; p.why == "" {
		e.dead[p.rank] = "the connection to it has ended"
	}
	e.note(p.rank)
	e.wakeSelf()
}

// Host implements [transport.Job].
func (e *end) Host(rank int) transport.Host {
	if e.cfg.Host != nil {
		return e.cfg.Host(rank)
	}
	return e.base.Job.Host(rank)
}

// State implements [transport.Job].
func (e *end) State(rank int) transport.State {
	s := e.base.Job.State(rank)
	if e.near(rank) {
		return s
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.dead[rank] != "":
		return transport.Dead
	case s > transport.Finalizing && !e.known[rank]:
		return transport.Finalizing
	}
	return s
}

// Cause implements [transport.Job].
func (e *end) Cause(rank int) string {
	e.mu.Lock()
	why := e.dead[rank]
	e.mu.Unlock()
	if why != "" {
		return why
	}
	return e.base.Job.Cause(rank)
}

// Changes implements [transport.Job].
func (e *end) Changes() uint32 {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.look()
	return uint32(len(e.list))
}

// Ended implements [transport.Job].
func (e *end) Ended(seen uint32, f func(rank int)) {
	e.mu.Lock()
	list := e.list[seen:len(e.list):len(e.list)]
	e.mu.Unlock()
	for _, rank := range list {
		f(rank)
	}
}

// Losses implements [transport.Job].
func (e *end) Losses() uint32 { return e.base.Job.Losses() + e.Changes() }

// Alarm implements [transport.Job].
func (e *end) Alarm() { e.base.Job.Alarm() }

// Advance implements [transport.Job]. A rank has left when what it has sent is on
// its way.
func (e *end) Advance(to transport.State) {
	if to == transport.Finalized {
		e.flush()
	}
	e.base.Job.Advance(to)
}

// Fail implements [transport.Job]: what this rank has sent until now is all.
func (e *end) Fail(cause string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.failed = true
	for _, p := range append([]*peer(nil), e.joined...) {
		p.send()
	}
	e.base.Job.Fail(cause)
	for _, p := range e.joined {
		shutdownFD(p.fd)
	}
}

// Abort implements [transport.Job].
func (e *end) Abort(code int, reason string) { e.base.Job.Abort(code, reason) }

// flush waits until the connections have taken everything.
func (e *end) flush() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closing = true
	e.until(func(p *peer) bool {
		if p.state == joined {
			p.send()
		}
		_, more := p.out.Next()
		return !more
	})
}

// until waits until done says so of every peer that has a ring and is alive, and
// drops meanwhile what comes in. The caller holds e.mu, which is given away while
// it waits.
func (e *end) until(done func(p *peer) bool) {
	for pause := 20 * time.Microsecond; ; pause = min(2*pause, time.Millisecond) {
		all := true
		for _, p := range e.peers {
			if p.outMem.Data == nil || p.state == parted || p.state == apart {
				continue
			}
			if e.base.Job.State(p.rank) > transport.Finalizing && p.state == calling {
				continue
			}
			if p.state == joined {
				p.receive()
			}
			all = (p.state == parted || done(p)) && all
		}
		if all {
			return
		}
		e.mu.Unlock()
		time.Sleep(pause)
		e.mu.Lock()
	}
}

// Leave implements [transport.Job]. A connection with bytes that nobody has read
// takes those with it that are still on their way: so it is closed when its peer
// has acknowledged all.
func (e *end) Leave() error {
	e.mu.Lock()
	e.left = true
	for _, p := range e.joined {
		shutdownFD(p.fd)
	}
	since := time.Now()
	e.until(func(p *peer) bool {
		return acknowledged(p.fd) || time.Since(since) > lostTime
	})
	for len(e.joined) > 0 {
		e.joined[0].part("this rank has left")
	}
	e.watcher.kick()
	e.set.close()
	e.gone.Store(true)
	e.mu.Unlock()
	closeFD(e.stop[1])
	if e.belled {
		e.wakeSelf()
	}
	closeFD(e.alarm[0])
	closeFD(e.alarm[1])
	return e.base.Job.Leave()
}
