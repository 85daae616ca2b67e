package counting

import (
	"cmp"
	"errors"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// Engine counts the calls of the engine inside.
type Engine struct {
	engine.Engine // Info, Abort, Fail and Finalize are passed on as they are

	recycler    engine.Recycler // nil: absent
	early       bool            // there are early receives
	world, self *comm
	counts      counts
}

// Wrap puts a counting engine around eng.
func Wrap(eng engine.Engine) engine.Engine {
	e := &Engine{Engine: eng}
	world := eng.World()
	e.recycler, _ = engine.Find[engine.Recycler](eng, world, engine.Recycling)
	_, err := engine.Find[engine.EarlyReceiver](eng, world, engine.EarlyReceive)
	e.early = err == nil
	e.world, e.self = e.comm(world), e.comm(eng.Self())
	return e
}

// Of returns the counting engine that eng is or has inside, nil if there is
// none.
func Of(eng engine.Engine) *Engine {
	for {
		if e, ok := eng.(*Engine); ok {
			return e
		}
		w, ok := eng.(interface{ Unwrap() engine.Engine })
		if !ok {
			return nil
		}
		eng = w.Unwrap()
	}
}

// Count returns how often a call was made.
func (e *Engine) Count(c Call) int { return int(e.counts[c].Load()) }

// Unwrap returns the engine inside.
func (e *Engine) Unwrap() engine.Engine { return e.Engine }

// Lacks implements [engine.Lacker]: of the capabilities inside, it passes on
// early receives and recycling.
func (e *Engine) Lacks(c engine.Capability) string {
	switch {
	case c == engine.EarlyReceive && e.early, c == engine.Recycling && e.recycler != nil:
		return ""
	case c == engine.EarlyReceive, c == engine.Recycling:
		if l, ok := e.Engine.(engine.Lacker); ok {
			return cmp.Or(l.Lacks(c), "the engine inside has none")
		}
		return "the engine inside has none"
	}
	return "the counting engine does not pass it on"
}

// World implements [engine.Engine].
func (e *Engine) World() engine.Comm { return e.world }

// Self implements [engine.Engine].
func (e *Engine) Self() engine.Comm { return e.self }

// Alloc implements [engine.Engine].
func (e *Engine) Alloc(n int) ([]byte, error) {
	p, err := e.Engine.Alloc(n)
	e.counts.result(Alloc, err)
	return p, err
}

// Free implements [engine.Engine].
func (e *Engine) Free(p []byte) error {
	err := e.Engine.Free(p)
	e.counts.result(Free, err)
	return err
}

// WaitAny implements [engine.Engine]. The engine inside unwraps the requests.
func (e *Engine) WaitAny(reqs []engine.Request, done <-chan struct{}) (int, error) {
	e.counts.add(WaitAny) // before it blocks, so that a test knows that it does
	i, err := e.Engine.WaitAny(reqs, done)
	if err != nil {
		e.counts.add(Failed)
	}
	return i, err
}

// Recycle implements [engine.Recycler].
func (e *Engine) Recycle(r engine.Request) {
	e.counts.add(Recycle)
	if w, ok := r.(request); ok {
		r = w.Request
	}
	e.recycler.Recycle(r)
}

// request counts what becomes of a request.
type request struct {
	engine.Request
	e *Engine
}

// started wraps the request of an operation that was begun. One that was
// complete at once stays as it is.
func (e *Engine) started(r engine.Request, err error) (engine.Request, error) {
	if r == nil || err != nil {
		return r, err
	}
	if _, ok := r.(engine.Completed); ok {
		e.counts.add(AtOnce)
		return r, nil
	}
	e.counts.add(Started)
	return request{r, e}, nil
}

// Unwrap returns the request inside.
func (r request) Unwrap() engine.Request { return r.Request }

// Test implements [engine.Request].
func (r request) Test() (engine.Status, bool, error) {
	st, ok, err := r.Request.Test()
	r.e.counts.result(Test, err)
	if ok {
		r.e.counts.add(Ended)
	}
	return st, ok, err
}

// Wait implements [engine.Request].
func (r request) Wait(done <-chan struct{}) (engine.Status, error) {
	st, err := r.Request.Wait(done)
	r.e.counts.result(Wait, err)
	if done == nil || !errors.Is(err, engine.ErrCancelled) {
		r.e.counts.add(Ended)
	}
	return st, err
}

// Cancel implements [engine.Request].
func (r request) Cancel() error {
	err := r.Request.Cancel()
	r.e.counts.result(Cancel, err)
	return err
}

// message counts what becomes of a message.
type message struct {
	engine.Message
	e *Engine
}

// Unwrap returns the message inside.
func (m message) Unwrap() engine.Message { return m.Message }

// Recv implements [engine.Message].
func (m message) Recv(b engine.Buf, done <-chan struct{}) (engine.Status, error) {
	st, err := m.Message.Recv(b, done)
	m.e.counts.result(MessageRecv, err)
	return st, err
}

// Irecv implements [engine.Message].
func (m message) Irecv(b engine.Buf) (engine.Request, error) {
	r, err := m.Message.Irecv(b)
	m.e.counts.result(MessageIrecv, err)
	return m.e.started(r, err)
}
