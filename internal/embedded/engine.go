package embedded

import (
	"fmt"

	"github.com/ringo-mpi/ringo/internal/embedded/segment"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// Version is the version of the engine.
const Version = "0.1"

// newWorld makes the two communicators that a rank has from the start.
func (ep *endpoint) newWorld() {
	size := ep.hub.size()
	ep.world, _ = ep.newComm(ep.rank, nil, size)
	ep.self, _ = ep.newComm(0, []int32{int32(ep.rank)}, 1)
	if size > 1 {
		ep.world.boardMem = ep.hub.worldBoard()
		ep.world.openBoard()
	}
}

// Info implements [engine.Engine].
func (ep *endpoint) Info() engine.Info {
	return engine.Info{
		Name: "embedded", Version: Version, Transport: ep.hub.transport(), Host: ep.hub.host(),
		LocalRank: ep.rank, LocalSize: ep.hub.size(),
	}
}

// World implements [engine.Engine].
func (ep *endpoint) World() engine.Comm { return ep.world }

// Self implements [engine.Engine].
func (ep *endpoint) Self() engine.Comm { return ep.self }

// Alloc implements [engine.Engine].
func (ep *endpoint) Alloc(n int) ([]byte, error) { return ep.hub.alloc(ep.rank, n) }

// Free implements [engine.Engine].
func (ep *endpoint) Free(p []byte) error { return ep.hub.free(ep.rank, p) }

// WaitAny implements [engine.Engine].
func (ep *endpoint) WaitAny(reqs []engine.Request, done <-chan struct{}) (int, error) {
	found := -1
	look := func() bool {
		for i, r := range reqs {
			if h, ok := r.(handle); ok && h.r.done {
				found = i
				return true
			}
		}
		return false
	}
	any := false
	for _, r := range reqs {
		_, ok := r.(handle)
		any = any || ok
	}
	if !any {
		return -1, nil
	}
	ep.lock.Lock()
	defer ep.leave()
	if look() {
		return found, nil
	}
	for _, r := range reqs {
		if h, ok := r.(handle); ok {
			ep.waitedFor(h.r)
		}
	}
	if err := ep.await(cond{any: look}, done); err != nil {
		return -1, err
	}
	return found, nil
}

// Abort implements [engine.Engine].
func (ep *endpoint) Abort(code int, reason string) { ep.hub.abort(ep.rank, code, reason) }

// Fail implements [engine.Engine].
func (ep *endpoint) Fail(reason string) {
	ep.lock.Lock()
	ep.closed = true
	ep.lock.Unlock()
	ep.hub.fail(ep.rank, reason)
}

// Finalize implements [engine.Engine]. It waits until what this rank has begun
// to send has left, or has been received where the receiver copies it, but for
// peers that have entered Finalize themselves: they receive nothing any more.
func (ep *endpoint) Finalize() error {
	ep.lock.Lock()
	if ep.closed {
		ep.lock.Unlock()
		return engine.Errorf(engine.ErrFinalized, "Finalize was called before")
	}
	ep.hub.advance(ep.rank, segment.Finalizing)
	wanted := func(peer int32) bool { return int(peer) != ep.rank && ep.hub.state(int(peer)) <= segment.Running }
	err := ep.await(cond{any: func() bool {
		for _, o := range ep.sending {
			if wanted(o.peer) {
				return false
			}
		}
		for _, r := range ep.ops.slots {
			if r != nil && !r.recv && wanted(r.peer) {
				return false
			}
		}
		return true
	}}, nil)
	left := 0
	for _, cx := range ep.contexts {
		if cx != nil && cx.kind == 0 {
			posted, _ := cx.q.Len()
			left += posted
		}
	}
	ep.closed = true
	ep.lock.Unlock()
	if left > 0 && err == nil {
		err = engine.Errorf(engine.ErrPending, "%d receives were still posted at Finalize", left)
	}
	ep.hub.advance(ep.rank, segment.Finalized)
	if e := ep.hub.leave(ep.rank); err == nil && e != nil {
		err = fmt.Errorf("leave the job: %w", e)
	}
	return err
}
