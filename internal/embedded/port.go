package embedded

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/board"
	"github.com/ringo-mpi/ringo/internal/embedded/coll"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// Isend implements [coll.Port].
func (p *port) Isend(ptr unsafe.Pointer, n int, dest, tag int, s *coll.Schedule, vertex int) {
	if p.refused(tag, s, vertex) {
		return
	}
	ep := p.cx.comm.ep
	r := ep.newRequest()
	r.owner, r.schedule, r.vertex = bySchedule, s, int32(vertex)
	ep.startSend(r, p.cx, &engine.Buf{Ptr: ptr, Count: n, Type: &p.bytes}, p.rank(dest), tag, engine.Standard)
}

// Irecv implements [coll.Port].
func (p *port) Irecv(ptr unsafe.Pointer, n int, source, tag int, s *coll.Schedule, vertex int) {
	if p.refused(tag, s, vertex) {
		return
	}
	ep := p.cx.comm.ep
	r := ep.newRequest()
	r.owner, r.schedule, r.vertex = bySchedule, s, int32(vertex)
	r.blocking = true // the collective does
	ep.startRecv(r, p.cx, &engine.Buf{Ptr: ptr, Count: n, Type: &p.bytes}, p.rank(source), tag)
}

// refused ends a message of a collective that a member has refused while nothing
// of this rank's part could be ended: its messages had matched.
func (p *port) refused(tag int, s *coll.Schedule, vertex int) bool {
	c := p.cx.comm
	if c.declines == nil || p.ranks != nil {
		return false
	}
	d := c.declineOf(int32(tag))
	if d != nil {
		s.Done(vertex, 0, d.err)
	}
	return d != nil
}

// Unlike implements [coll.Port]. An exchange among some members only is not
// known by its number to the others.
func (p *port) Unlike(tag int, err error) bool {
	if p.ranks != nil {
		return false
	}
	c := p.cx.comm
	c.decline(int32(tag), fmt.Sprintf("rank %d has given up its part: %v", c.rank, err))
	return true
}

// boardHost gives a board what it needs of the endpoint.
type boardHost struct {
	c     *comm
	facts board.Facts
	peers []boardPeer // the members of a small communicator
}

// boardPeer is a member as a board meets it.
type boardPeer struct {
	bell   *transport.Bell
	link   transport.Link
	reach  transport.Reach
	fenced bool
}

func newBoardHost(c *comm) *boardHost {
	f := c.ep.facts
	h := &boardHost{c: c, facts: board.Facts{InProcess: f.InProcess, Crowded: f.Crowded, CanPull: true, Polls: f.Polls}}
	if c.size <= fewRanks {
		h.peers = make([]boardPeer, c.size)
		for r := range h.peers {
			h.peers[r] = c.boardPeer(r)
		}
	}
	return h
}

// reaches reports whether this rank reaches the memory of every member.
func (h *boardHost) reaches() bool {
	for r := range h.c.size {
		if reach := h.peer(r).reach; r != h.c.rank && (reach == nil || !reach.Pulls()) {
			return false
		}
	}
	return true
}

func (c *comm) boardPeer(r int) boardPeer {
	link := c.ep.carrier.Link(int(c.proc(r)))
	return boardPeer{bell: link.Bell(), link: link, reach: link.Reach(), fenced: link.Traits().Fenced}
}

func (h *boardHost) peer(r int) boardPeer {
	if h.peers != nil {
		return h.peers[r]
	}
	return h.c.boardPeer(r)
}

// Wait implements [board.Host].
func (h *boardHost) Wait(r int, p *uint64, v uint64, done <-chan struct{}) error {
	ep := h.c.ep
	ep.lock.Lock()
	err := ep.await(cond{flag: p, want: v, comm: h.c, number: h.c.board.Number(), peer: h.c.proc(r)}, done)
	ep.leave()
	return err
}

// Yield implements [board.Host].
func (h *boardHost) Yield() { h.c.ep.carrier.Yield() }

// Notify implements [board.Host].
func (h *boardHost) Notify(r int) {
	if h.peers != nil {
		h.peers[r].notify(h.c.ep)
		return
	}
	p := h.c.boardPeer(r)
	p.notify(h.c.ep)
}

// notify wakes the member if it sleeps.
func (p *boardPeer) notify(ep *endpoint) {
	if p.fenced {
		atomic.SwapUint32(&ep.fence, 0)
	}
	if atomic.LoadUint32(&p.bell.Sleeping) != 0 {
		p.link.Wake()
	}
}

// Pull implements [board.Host].
func (h *boardHost) Pull(dst unsafe.Pointer, r int, addr uintptr, n int) error {
	err := h.peer(r).reach.Pull(dst, uint64(addr), n)
	if errors.Is(err, transport.ErrUnreachable) {
		return h.c.fetch(r, dst, uint64(addr), n)
	}
	return h.copied(err)
}

// Push implements [board.Host].
func (h *boardHost) Push(r int, addr uintptr, src unsafe.Pointer, n int) error {
	err := h.peer(r).reach.Push(uint64(addr), src, n)
	if errors.Is(err, transport.ErrUnreachable) {
		return h.c.place(r, uint64(addr), src, n)
	}
	return h.copied(err)
}

// deathKnown is how long the launcher may take to say that a rank has died.
const deathKnown = time.Second

// copied returns why a copy has failed: mostly because the other member is
// dying, which the launcher is about to tell. If not, the collective cannot go
// on all the same, and the others are told.
func (h *boardHost) copied(err error) error {
	if err == nil {
		return nil
	}
	late := make(chan struct{})
	timer := time.AfterFunc(deathKnown, func() { close(late) })
	defer timer.Stop()
	ep := h.c.ep
	ep.lock.Lock()
	broken := ep.await(cond{any: func() bool { return false }, comm: h.c}, late)
	ep.leave()
	if !errors.Is(broken, errStopped) {
		return broken
	}
	h.c.Revoke(fmt.Sprintf("rank %d: %v", h.c.rank, err))
	return err
}

// Facts implements [board.Host].
func (h *boardHost) Facts() board.Facts { return h.facts }
