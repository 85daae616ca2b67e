package mpi_test

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// fakeWorld is an engine for tests of this package alone: all ranks in one
// process behind one mutex, with collectives done by the last rank to arrive.
// It is slow and obvious.
type fakeWorld struct {
	mu     sync.Mutex
	cond   *sync.Cond
	n      int
	failed map[int]string
}

func newFakeWorld(n int) []engine.Engine {
	w := &fakeWorld{n: n, failed: map[int]string{}}
	w.cond = sync.NewCond(&w.mu)
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	world := w.newContext(all)
	engines := make([]engine.Engine, n)
	for i := range engines {
		e := &fakeEngine{w: w, rank: i}
		e.world = &fakeComm{e: e, ctx: world, rank: i}
		e.self = &fakeComm{e: e, ctx: w.newContext([]int{i})}
		engines[i] = e
	}
	return engines
}

type fakeEngine struct {
	w           *fakeWorld
	rank        int
	world, self *fakeComm
	gone        bool
}

func (e *fakeEngine) Info() engine.Info {
	return engine.Info{Name: "fake", Version: "1\nsecond line", Transport: "mutex", Host: "testhost", LocalRank: e.rank, LocalSize: e.w.n}
}
func (e *fakeEngine) World() engine.Comm { return e.world }
func (e *fakeEngine) Self() engine.Comm  { return e.self }

func (e *fakeEngine) Alloc(n int) ([]byte, error) { return make([]byte, n), nil }
func (e *fakeEngine) Free([]byte) error           { return nil }

func (e *fakeEngine) Abort(code int, reason string) {
	fmt.Fprintln(os.Stderr, "fake engine:", reason)
	os.Exit(code)
}

func (e *fakeEngine) Fail(reason string) {
	e.w.mu.Lock()
	e.w.failed[e.rank] = reason
	e.w.cond.Broadcast()
	e.w.mu.Unlock()
}

func (e *fakeEngine) Finalize() error {
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	if e.gone {
		return engine.Errorf(engine.ErrFinalized, "twice")
	}
	e.gone = true
	return nil
}

func (e *fakeEngine) WaitAny(reqs []engine.Request, done <-chan struct{}) (int, error) {
	hit := -1
	err := e.w.wait(done, func() (bool, error) {
		active := false
		for i, r := range reqs {
			if r == nil {
				continue
			}
			active = true
			if f := r.(*fakeRequest); f.ready() {
				hit = i
				return true, nil
			}
		}
		return !active, nil
	})
	return hit, err
}

// wait blocks until ready says so or done is closed; it takes the mutex.
func (w *fakeWorld) wait(done <-chan struct{}, ready func() (bool, error)) error {
	if done != nil {
		stop := make(chan struct{})
		defer close(stop)
		go func() {
			select {
			case <-done:
				w.mu.Lock()
				w.cond.Broadcast()
				w.mu.Unlock()
			case <-stop:
			}
		}()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		if ok, err := ready(); ok || err != nil {
			return err
		}
		select {
		case <-done:
			return engine.Errorf(engine.ErrCancelled, "the context ended")
		default:
		}
		w.cond.Wait()
	}
}

// fakeContext is what the ranks of a communicator share.
type fakeContext struct {
	w       *fakeWorld
	members []int
	queues  []fakeQueue // by receiver
	calls   []int       // collectives begun, by rank
	slots   map[int]*fakeSlot
	revoked string
}

type fakeQueue struct {
	messages []*fakeMessage
	posted   []*fakeRequest
}

func (w *fakeWorld) newContext(members []int) *fakeContext {
	return &fakeContext{w: w, members: members, queues: make([]fakeQueue, len(members)), calls: make([]int, len(members)), slots: map[int]*fakeSlot{}}
}

func (c *fakeContext) err() error {
	if c.revoked != "" {
		return engine.Errorf(engine.ErrRevoked, "%s", c.revoked)
	}
	for r, p := range c.members {
		if why, ok := c.w.failed[p]; ok {
			return engine.PeerErrorf(engine.ErrProcFailed, r, 0, "rank %d: %s", r, why)
		}
	}
	return nil
}

type fakeMessage struct {
	source, tag int
	data        []byte
	sig         engine.Sig
	taken       bool
}

func (m *fakeMessage) status() engine.Status {
	return engine.Status{Source: m.source, Tag: m.tag, Bytes: len(m.data), Detail: engine.Detail{Sig: m.sig}}
}

type fakeComm struct {
	e    *fakeEngine
	ctx  *fakeContext
	rank int
}

func (c *fakeComm) Rank() int                 { return c.rank }
func (c *fakeComm) Size() int                 { return len(c.ctx.members) }
func (c *fakeComm) Proc(rank int) engine.Proc { return engine.Proc(c.ctx.members[rank]) }

// fakeRequest is a receive, a send that waits for its receiver, or a
// collective; which one, done says.
type fakeRequest struct {
	ctx         *fakeContext
	buf         engine.Buf
	source, tag int
	done        bool
	st          engine.Status
	err         error
	msg         *fakeMessage // synchronous send
	slot        *fakeSlot
	rank        int
}

func (r *fakeRequest) ready() bool {
	switch {
	case r.done:
	case r.msg != nil:
		r.done = r.msg.taken
	case r.slot != nil && r.slot.done:
		r.done, r.err = true, r.slot.err
	}
	if err := r.ctx.err(); !r.done && err != nil {
		r.done, r.err = true, err
	}
	return r.done
}

func (r *fakeRequest) Test() (engine.Status, bool, error) {
	r.ctx.w.mu.Lock()
	defer r.ctx.w.mu.Unlock()
	if !r.ready() {
		return engine.Status{}, false, nil
	}
	return r.st, true, r.err
}

func (r *fakeRequest) Wait(done <-chan struct{}) (engine.Status, error) {
	if err := r.ctx.w.wait(done, func() (bool, error) { return r.ready(), nil }); err != nil {
		return engine.Status{}, err
	}
	return r.st, r.err
}

func (r *fakeRequest) Cancel() error {
	r.ctx.w.mu.Lock()
	defer r.ctx.w.mu.Unlock()
	if r.ready() {
		return nil
	}
	if r.slot != nil {
		return engine.Errorf(engine.ErrUnsupported, "a collective")
	}
	for i := range r.ctx.queues {
		q := &r.ctx.queues[i]
		q.posted = slices.DeleteFunc(q.posted, func(p *fakeRequest) bool { return p == r })
		q.messages = slices.DeleteFunc(q.messages, func(m *fakeMessage) bool { return m == r.msg })
	}
	r.done, r.st.Cancelled = true, true
	r.ctx.w.cond.Broadcast()
	return nil
}

// deliver ends a receive with a message.
func (r *fakeRequest) deliver(m *fakeMessage) {
	m.taken, r.done, r.st = true, true, m.status()
	r.err = store(r.buf, m)
	r.ctx.w.cond.Broadcast()
}

func store(b engine.Buf, m *fakeMessage) error {
	if !m.sig.Matches(b.Type.Sig) {
		return engine.PeerErrorf(engine.ErrType, m.source, m.tag, "sent as %v, received as %s", m.sig, b.Type.Name)
	}
	data := m.data[:min(len(m.data), b.Bytes())]
	if b.Layout != nil {
		b.Layout.Unpack(b.Ptr, data, b.Type.Size)
	} else {
		copy(b.Slice(), data)
	}
	if len(m.data) > b.Bytes() {
		return engine.PeerErrorf(engine.ErrTruncate, m.source, m.tag, "%d bytes for a buffer of %d", len(m.data), b.Bytes())
	}
	return nil
}

func load(b engine.Buf) []byte {
	if b.Layout != nil {
		p := make([]byte, b.Bytes())
		b.Layout.Pack(p, b.Ptr, b.Type.Size)
		return p
	}
	return slices.Clone(b.Slice())
}

func (r *fakeRequest) accepts(m *fakeMessage) bool {
	return (r.source == engine.AnySource || r.source == m.source) && (r.tag == engine.AnyTag || r.tag == m.tag)
}

func (c *fakeComm) Isend(b engine.Buf, dest, tag int, mode engine.SendMode) (engine.Request, error) {
	c.e.w.mu.Lock()
	defer c.e.w.mu.Unlock()
	if err := c.ctx.err(); err != nil {
		return nil, err
	}
	q := &c.ctx.queues[dest]
	m := &fakeMessage{source: c.rank, tag: tag, data: load(b), sig: b.Type.Sig}
	r := &fakeRequest{ctx: c.ctx, rank: c.rank, done: mode != engine.Synchronous, msg: m}
	for i, p := range q.posted {
		if p.accepts(m) {
			q.posted = slices.Delete(q.posted, i, i+1)
			p.deliver(m)
			return r, nil
		}
	}
	if mode == engine.Ready {
		return nil, engine.PeerErrorf(engine.ErrNotReady, dest, tag, "")
	}
	q.messages = append(q.messages, m)
	c.e.w.cond.Broadcast()
	return r, nil
}

func (c *fakeComm) Send(b engine.Buf, dest, tag int, mode engine.SendMode, done <-chan struct{}) error {
	r, err := c.Isend(b, dest, tag, mode)
	if err != nil {
		return err
	}
	_, err = r.Wait(done)
	if err != nil && done != nil {
		r.Cancel()
	}
	return err
}

func (c *fakeComm) find(source, tag int, take bool) *fakeMessage {
	q := &c.ctx.queues[c.rank]
	for i, m := range q.messages {
		if (&fakeRequest{source: source, tag: tag}).accepts(m) {
			if take {
				q.messages = slices.Delete(q.messages, i, i+1)
			}
			return m
		}
	}
	return nil
}

func (c *fakeComm) Irecv(b engine.Buf, source, tag int) (engine.Request, error) {
	c.e.w.mu.Lock()
	defer c.e.w.mu.Unlock()
	r := &fakeRequest{ctx: c.ctx, rank: c.rank, buf: b, source: source, tag: tag}
	if m := c.find(source, tag, true); m != nil {
		r.deliver(m)
		return r, nil
	}
	if err := c.ctx.err(); err != nil {
		return nil, err
	}
	q := &c.ctx.queues[c.rank]
	q.posted = append(q.posted, r)
	return r, nil
}

func (c *fakeComm) Recv(b engine.Buf, source, tag int, done <-chan struct{}) (engine.Status, error) {
	r, err := c.Irecv(b, source, tag)
	if err != nil {
		return engine.Status{}, err
	}
	st, err := r.Wait(done)
	if err != nil && done != nil {
		r.Cancel()
	}
	return st, err
}

func (c *fakeComm) Probe(source, tag int, block bool, done <-chan struct{}) (engine.Status, bool, error) {
	m, err := c.probe(source, tag, block, done, false)
	if m == nil {
		return engine.Status{}, false, err
	}
	return m.status(), true, nil
}

func (c *fakeComm) Mprobe(source, tag int, block bool, done <-chan struct{}) (engine.Message, engine.Status, bool, error) {
	m, err := c.probe(source, tag, block, done, true)
	if m == nil {
		return nil, engine.Status{}, false, err
	}
	return fakeMatched{c, m}, m.status(), true, nil
}

func (c *fakeComm) probe(source, tag int, block bool, done <-chan struct{}, take bool) (m *fakeMessage, err error) {
	err = c.e.w.wait(done, func() (bool, error) {
		if m = c.find(source, tag, take); m != nil || !block {
			return true, nil
		}
		return false, c.ctx.err()
	})
	return m, err
}

type fakeMatched struct {
	c *fakeComm
	m *fakeMessage
}

func (m fakeMatched) Recv(b engine.Buf, done <-chan struct{}) (engine.Status, error) {
	r, err := m.Irecv(b)
	if err != nil {
		return engine.Status{}, err
	}
	return r.Wait(done)
}

func (m fakeMatched) Irecv(b engine.Buf) (engine.Request, error) {
	m.c.e.w.mu.Lock()
	defer m.c.e.w.mu.Unlock()
	r := &fakeRequest{ctx: m.c.ctx, buf: b}
	r.deliver(m.m)
	return r, nil
}

func (c *fakeComm) Free() error { return nil }

func (c *fakeComm) Revoke(reason string) {
	c.e.w.mu.Lock()
	c.ctx.revoked = reason
	c.e.w.cond.Broadcast()
	c.e.w.mu.Unlock()
}

// fakeSlot is one collective call of a communicator, or one construction.
type fakeSlot struct {
	arrived int
	args    []any
	done    bool
	err     error
	result  []*fakeContext // constructions, by rank
}

func (c *fakeComm) enter(arg any, run func(s *fakeSlot)) *fakeRequest {
	c.e.w.mu.Lock()
	defer c.e.w.mu.Unlock()
	n := c.ctx.calls[c.rank]
	c.ctx.calls[c.rank]++
	s := c.ctx.slots[n]
	if s == nil {
		s = &fakeSlot{args: make([]any, c.Size()), result: make([]*fakeContext, c.Size())}
		c.ctx.slots[n] = s
	}
	s.args[c.rank] = arg
	if s.arrived++; s.arrived == c.Size() {
		delete(c.ctx.slots, n)
		run(s)
		s.done = true
		c.e.w.cond.Broadcast()
	}
	return &fakeRequest{ctx: c.ctx, slot: s, rank: c.rank}
}

func (c *fakeComm) Icollective(k engine.Coll) (engine.Request, error) {
	c.e.w.mu.Lock()
	err := c.ctx.err()
	c.e.w.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return c.enter(k, func(s *fakeSlot) {
		calls := make([]engine.Coll, len(s.args))
		if s.err = fakeRefusal(s.args); s.err != nil {
			return
		}
		for i, a := range s.args {
			call, ok := a.(engine.Coll)
			if !ok || call.Kind != k.Kind {
				s.err = engine.Errorf(engine.ErrIntern, "the ranks called different collectives")
				return
			}
			calls[i] = call
		}
		fakeCollective(calls)
	}), nil
}

func (c *fakeComm) Collective(k engine.Coll, done <-chan struct{}) error {
	r, err := c.Icollective(k)
	if err != nil {
		return err
	}
	if k.Kind == engine.Refused {
		return nil
	}
	if _, err = r.Wait(done); err != nil && done != nil {
		c.Revoke("a context ended")
	}
	return err
}

// fakeRefusal is the error of a collective that some, but not all, have refused.
func fakeRefusal(args []any) error {
	var err error
	refusals := 0
	for i, a := range args {
		if k, ok := a.(engine.Coll); ok && k.Kind.Refuses() {
			refusals++
			err = engine.PeerErrorf(engine.ErrMismatch, i, engine.Undefined, "%s", load(k.Send))
		}
	}
	if refusals == len(args) && args[0].(engine.Coll).Kind == engine.RefusedFirst {
		return nil
	}
	return err
}

func (c *fakeComm) construct(arg any, run func(s *fakeSlot)) (engine.Comm, error) {
	r := c.enter(arg, run)
	if _, err := r.Wait(nil); err != nil {
		return nil, err
	}
	ctx := r.slot.result[c.rank]
	if ctx == nil {
		return nil, nil
	}
	return &fakeComm{e: c.e, ctx: ctx, rank: slices.Index(ctx.members, c.e.rank)}, nil
}

func (c *fakeComm) Dup() (engine.Comm, error) {
	return c.construct("dup", func(s *fakeSlot) {
		ctx := c.e.w.newContext(c.ctx.members)
		for i := range s.result {
			s.result[i] = ctx
		}
	})
}

func (c *fakeComm) Split(color, key int) (engine.Comm, error) {
	return c.construct([2]int{color, key}, func(s *fakeSlot) {
		parts := map[int][]int{}
		for r, a := range s.args {
			if color := a.([2]int)[0]; color != engine.Undefined {
				parts[color] = append(parts[color], r)
			}
		}
		for _, ranks := range parts {
			slices.SortStableFunc(ranks, func(a, b int) int { return s.args[a].([2]int)[1] - s.args[b].([2]int)[1] })
			ctx := c.e.w.newContext(c.procs(ranks))
			for _, r := range ranks {
				s.result[r] = ctx
			}
		}
	})
}

func (c *fakeComm) procs(ranks []int) []int {
	procs := make([]int, len(ranks))
	for i, r := range ranks {
		procs[i] = c.ctx.members[r]
	}
	return procs
}

func (c *fakeComm) SplitShared(key int) (engine.Comm, error) { return c.Split(0, key) }

func (c *fakeComm) Create(members []int) (engine.Comm, error) {
	return c.construct("create", func(s *fakeSlot) {
		if len(members) == 0 {
			return
		}
		ctx := c.e.w.newContext(c.procs(members))
		for _, r := range members {
			s.result[r] = ctx
		}
	})
}

func (c *fakeComm) CreateGroup(members []int, tag int) (engine.Comm, error) {
	w := c.e.w
	leader := members[0]
	q := &c.ctx.queues[leader]
	if c.rank == leader {
		ctx := w.newContext(c.procs(members))
		w.mu.Lock()
		for _, r := range members[1:] {
			m := &fakeMessage{source: r, tag: -100 - tag, data: make([]byte, 8)}
			*(*uintptr)(unsafe.Pointer(&m.data[0])) = fakeContexts.put(ctx)
			q.messages = append(q.messages, m)
		}
		w.cond.Broadcast()
		w.mu.Unlock()
		return &fakeComm{e: c.e, ctx: ctx, rank: 0}, nil
	}
	var ctx *fakeContext
	err := w.wait(nil, func() (bool, error) {
		for i, m := range q.messages {
			if m.source == c.rank && m.tag == -100-tag {
				ctx = fakeContexts.get(*(*uintptr)(unsafe.Pointer(&m.data[0])))
				q.messages = slices.Delete(q.messages, i, i+1)
				return true, nil
			}
		}
		return false, c.ctx.err()
	})
	if err != nil {
		return nil, err
	}
	return &fakeComm{e: c.e, ctx: ctx, rank: slices.Index(ctx.members, c.e.rank)}, nil
}

// fakeContexts hands contexts from rank to rank as numbers.
var fakeContexts contextTable

type contextTable struct {
	mu   sync.Mutex
	list []*fakeContext
}

func (t *contextTable) put(c *fakeContext) uintptr {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.list = append(t.list, c)
	return uintptr(len(t.list) - 1)
}

func (t *contextTable) get(i uintptr) *fakeContext {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.list[i]
}
