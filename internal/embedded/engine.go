package embedded

import (
	"errors"
	"fmt"

	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// Version is the version of the engine.
const Version = "0.1"

// New makes the engine of a rank on its end of a transport. Its World and Self
// communicators exist from the start; any goroutine may use it.
func New(end transport.End) engine.Engine {
	ep := newEndpoint(end)
	ep.newWorld()
	return ep
}

// newWorld makes the two communicators that a rank has from the start.
func (ep *endpoint) newWorld() {
	size := ep.facts.Size
	ep.world, _ = ep.newComm(ep.rank, nil, size)
	ep.self, _ = ep.newComm(0, []int32{int32(ep.rank)}, 1)
	if size > 1 && ep.shared != nil {
		ep.world.boardMem = ep.shared.WorldBoard()
		ep.world.openBoard(true)
	}
}

// Info implements [engine.Engine].
func (ep *endpoint) Info() engine.Info {
	return engine.Info{
		Name: "embedded", Version: Version, Transport: ep.facts.Name, Host: ep.job.Host(ep.rank).Name,
		LocalRank: ep.facts.LocalRank, LocalSize: ep.facts.LocalSize, InProcess: ep.facts.InProcess, EndsAlone: true, TellsRefusals: true,
	}
}

// Lacks implements [engine.Lacker].
func (ep *endpoint) Lacks(c engine.Capability) string {
	switch c {
	case engine.EarlyReceive, engine.Recycling:
		return ""
	case engine.ParallelFiles:
		return "Ringo's own engine leaves files to the layers above it"
	}
	return "Ringo's own engine, version " + Version + ", has none"
}

// World implements [engine.Engine].
func (ep *endpoint) World() engine.Comm { return ep.world }

// Self implements [engine.Engine].
func (ep *endpoint) Self() engine.Comm { return ep.self }

// Alloc implements [engine.Engine].
func (ep *endpoint) Alloc(n int) ([]byte, error) {
	if ep.shared == nil {
		return ep.private.alloc(n)
	}
	p, err := ep.shared.Alloc(n)
	if errors.Is(err, transport.ErrNoRoom) {
		return ep.private.alloc(n)
	}
	return p, err
}

// Free implements [engine.Engine].
func (ep *endpoint) Free(p []byte) error {
	if ep.shared == nil || ep.private.gave(p) {
		return ep.private.free(p)
	}
	return ep.shared.Free(p)
}

// WaitAny implements [engine.Engine].
func (ep *endpoint) WaitAny(reqs []engine.Request, done <-chan struct{}) (int, error) {
	own := false
	for i, r := range reqs {
		switch r.(type) {
		case nil:
		case handle:
			own = true
		case engine.Completed:
			return i, nil
		default:
			return ep.WaitAny(engine.UnwrapAll(reqs), done)
		}
	}
	if !own {
		return -1, nil
	}
	found := -1
	look := func() bool {
		for i, r := range reqs {
			if h, ok := r.(handle); ok && h.r.done() {
				found = i
				return true
			}
		}
		return false
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
func (ep *endpoint) Abort(code int, reason string) { ep.job.Abort(code, reason) }

// Fail implements [engine.Engine].
func (ep *endpoint) Fail(reason string) {
	ep.lock.Lock()
	ep.closed = true
	ep.lock.Unlock()
	ep.job.Fail(firstCause(reason))
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
	ep.job.Advance(transport.Finalizing)
	wanted := func(peer int32) bool { return int(peer) != ep.rank && ep.job.State(int(peer)) <= transport.Running }
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
	ep.job.Advance(transport.Finalized)
	if e := ep.job.Leave(); err == nil && e != nil {
		err = fmt.Errorf("leave the job: %w", e)
	}
	return err
}
