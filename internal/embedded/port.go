package embedded

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/board"
	"github.com/ringo-mpi/ringo/internal/embedded/coll"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// Isend implements [coll.Port].
func (p *port) Isend(ptr unsafe.Pointer, n int, dest, tag int, s *coll.Schedule, vertex int) {
	ep := p.cx.comm.ep
	r := ep.newRequest()
	r.schedule, r.vertex = s, int32(vertex)
	ep.startSend(r, p.cx, &engine.Buf{Ptr: ptr, Count: n, Type: rawType}, p.rank(dest), tag, engine.Standard)
}

// Irecv implements [coll.Port].
func (p *port) Irecv(ptr unsafe.Pointer, n int, source, tag int, s *coll.Schedule, vertex int) {
	ep := p.cx.comm.ep
	r := ep.newRequest()
	r.schedule, r.vertex = s, int32(vertex)
	r.blocking = true // the collective does
	ep.startRecv(r, p.cx, &engine.Buf{Ptr: ptr, Count: n, Type: rawType}, p.rank(source), tag)
}

// boardHost gives a board what it needs of the endpoint.
type boardHost struct {
	c       *comm
	canPull bool
	spins   int
}

// boardSize is the length of the memory of a board.
func boardSize(h hub, members int) int {
	if h.transport() == "inproc" {
		return board.SizeInProcess(members)
	}
	return board.Size(members)
}

// boardSpin is how often a board polls before it waits: not at all where
// processes outnumber cores, which it takes for the sign of that.
func boardSpin(h hub) int {
	polls, time, _ := h.spin()
	if time == 0 && h.transport() != "inproc" {
		return 0
	}
	return polls
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
func (h *boardHost) Yield() { h.c.ep.hub.yield() }

// Notify implements [board.Host].
func (h *boardHost) Notify(r int) {
	ep := h.c.ep
	proc := int(h.c.proc(r))
	bell := ep.hub.bell(proc)
	if ep.hub.fenced() {
		atomic.SwapUint32(&ep.fence, 0)
	}
	if atomic.LoadUint32(&bell.Sleeping) != 0 {
		ep.hub.wake(proc)
	}
}

// Pull implements [board.Host].
func (h *boardHost) Pull(dst unsafe.Pointer, r int, addr uintptr, n int) error {
	return h.copied(h.c.ep.hub.pull(dst, int(h.c.proc(r)), uint64(addr), n))
}

// Push implements [board.Host].
func (h *boardHost) Push(r int, addr uintptr, src unsafe.Pointer, n int) error {
	return h.copied(h.c.ep.hub.push(int(h.c.proc(r)), uint64(addr), src, n))
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

// CanPull implements [board.Host].
func (h *boardHost) CanPull() bool { return h.canPull }

// InProcess implements [board.Host].
func (h *boardHost) InProcess() bool { return h.c.ep.hub.transport() == "inproc" }

// Spin implements [board.Host].
func (h *boardHost) Spin() int { return h.spins }
