package mpi

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// Comm is a communicator: a group of ranks and a context of its own in which
// their messages travel (MPI 5.0 §7). All its methods may be called from any
// goroutine.
//
// A *Comm is a view of the communicator: [Comm.WithContext] and
// [Comm.WithCodec] return further views of the same one.
type Comm struct {
	st   *commState
	ec   engine.Comm // st.ec
	rank int
	size int

	early engine.EarlyReceiver // ec, or what stands in for it

	ctx  context.Context // nil: no context
	done <-chan struct{} // ctx.Done()

	codec Codec // of objects, nil: the default
}

// commState is what all views of one communicator share.
type commState struct {
	proc  *process
	ec    engine.Comm
	again engine.Recycler // nil: requests are the collector's
	freed atomic.Bool
	name  atomic.Pointer[string]
	check *checker // nil: no check mode

	mu    sync.Mutex
	attrs map[any]any

	objects atomic.Uint32          // objects sent in more than one message
	vector  atomic.Pointer[vector] // of blocking collectives, between two of them
}

// process is one rank's end of the job: what all its communicators share.
type process struct {
	eng       engine.Engine
	info      engine.Info
	recycler  engine.Recycler // nil: absent
	world     *Comm
	self      *Comm
	finalized atomic.Bool
	checkers  checkers
	requests  atomic.Pointer[slab]
	lastSlab  atomic.Pointer[slab] // the one before
	received  atomic.Int64         // bytes of objects
}

// newProcess makes the communicators of a rank. In check mode it is collective.
func newProcess(eng engine.Engine, check bool) (*process, error) {
	p := &process{eng: eng, info: eng.Info()}
	p.recycler, _ = engine.Find[engine.Recycler](eng, nil, engine.Recycling) // nil with an error
	p.world = p.newComm(eng.World(), "world")
	p.self = p.newComm(eng.Self(), "self")
	if check {
		var err error
		if p.world.st.check, err = newChecker(p.world); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *process) newComm(ec engine.Comm, name string) *Comm {
	st := &commState{proc: p, ec: ec, again: p.recycler}
	st.name.Store(&name)
	early, err := engine.Find[engine.EarlyReceiver](p.eng, ec, engine.EarlyReceive)
	if err != nil {
		early = plainReceiver{ec}
	}
	return &Comm{st: st, ec: ec, early: early, rank: ec.Rank(), size: ec.Size()}
}

// plainReceiver is the EarlyReceiver of an engine that has none: it receives
// nothing early, and leaves no outcome.
type plainReceiver struct{ engine.Comm }

func (p plainReceiver) IrecvNow(b engine.Buf, source, tag int, _ *engine.Outcome, _ *uint32) (engine.Request, engine.Status, error) {
	r, err := p.Irecv(b, source, tag)
	return r, engine.Status{}, err
}

// valid reports whether c is one of the communicators that Main, Init and other
// communicators make, also if it has been freed: not nil, nor the zero Comm.
func (c *Comm) valid() bool { return c != nil && c.st != nil }

// usable reports whether calls on c make sense; unusable says why not.
func (c *Comm) usable() bool {
	return c.valid() && !c.st.freed.Load() && !c.st.proc.finalized.Load()
}

func (c *Comm) unusable() error {
	switch {
	case c == nil:
		return c.errorf(ErrComm, "nil communicator: this rank is not in it")
	case c.st == nil:
		return (*Comm)(nil).errorf(ErrComm, "the zero Comm is not a communicator: Main, Init and the methods of other communicators make them")
	case c.st.proc.finalized.Load():
		return c.errorf(ErrFinalized, "after Finalize")
	case c.st.freed.Load():
		return c.errorf(ErrComm, "%s has been freed", c.Name())
	}
	return nil
}

// Rank returns the rank of the caller, 0 to Size()-1 (MPI 5.0 §7.4.1);
// Undefined of a nil *Comm. Local.
func (c *Comm) Rank() int {
	if c == nil {
		return Undefined
	}
	return c.rank
}

// Size returns the number of ranks (MPI 5.0 §7.4.1); 0 of a nil *Comm. Local.
func (c *Comm) Size() int {
	if c == nil {
		return 0
	}
	return c.size
}

// ranks says in a message how many ranks there are.
func (c *Comm) ranks() string {
	if c.size == 1 {
		return "1 rank"
	}
	return fmt.Sprintf("%d ranks", c.size)
}

// Host returns the name of the caller's host (MPI_Get_processor_name,
// MPI 5.0 §9.1.2). Local.
func (c *Comm) Host() string {
	if !c.valid() {
		return ""
	}
	return c.st.proc.info.Host
}

// Name returns the name given by SetName; the world and self communicators
// and those made from them have one from the start (MPI 5.0 §7.8). Local.
func (c *Comm) Name() string {
	if !c.valid() {
		return ""
	}
	return *c.st.name.Load()
}

// SetName names the communicator for messages, on this rank. Local.
func (c *Comm) SetName(name string) {
	if c.valid() {
		c.st.name.Store(&name)
	}
}

// Self returns the communicator of the calling rank alone (MPI_COMM_SELF); nil
// of a nil *Comm. Local.
func (c *Comm) Self() *Comm {
	if !c.valid() {
		return nil
	}
	return c.st.proc.self
}

// WithContext returns a view of c whose blocking calls end when ctx does, with
// an error of class ErrCancelled that is also ctx's error
// (errors.Is(err, context.DeadlineExceeded)). The operation is withdrawn: a
// message that had not matched stays receivable. A collective that ends so
// revokes the communicator on all its ranks, since they could otherwise wait
// for ever. Local; it allocates the view only.
func (c *Comm) WithContext(ctx context.Context) *Comm {
	if c == nil {
		return nil
	}
	v := *c
	v.ctx, v.done = ctx, nil
	if ctx != nil {
		v.done = ctx.Done()
	}
	return &v
}
