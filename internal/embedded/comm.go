package embedded

import (
	"errors"
	"slices"
	"sync/atomic"

	"github.com/ringo-mpi/ringo/internal/embedded/board"
	"github.com/ringo-mpi/ringo/internal/embedded/coll"
	"github.com/ringo-mpi/ringo/internal/embedded/match"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// space is where messages match: every communicator has one for
// the user's messages and one for those of its collectives.
type space struct {
	comm *comm
	kind uint32
	q    match.Queue[request, message] // the whole takes whole cache lines: see wholeLines
}

// spaces are those of all communicators of a rank. See ctxNumber.
type spaces struct {
	contexts []*space
	freeCtx  []uint32
	ctxGens  []uint32
}

// The kinds of contexts.
const (
	pointToPoint uint32 = iota
	collectives
)

// The number of a context in a frame is the receiver's own: its place in the
// receiver's table, and a count that tells a freed communicator from the next
// one in the same place. Members learn each other's numbers when the
// communicator is made.
const (
	ctxKindBits  = 2 // room for more kinds
	ctxIndexBits = 19
	ctxIndexMask = 1<<ctxIndexBits - 1
	maxComms     = 1 << ctxIndexBits
	ctxKinds     = 1 << ctxKindBits
)

func ctxNumber(id, kind uint32) uint32 { return id<<ctxKindBits | kind }

// space finds the context a frame is for; nil if its communicator has been
// freed, or the frame's source is not a member.
func (t *spaces) space(number uint32, src int32) *space {
	i := number & (1<<(ctxIndexBits+ctxKindBits) - 1)
	if int(i) >= len(t.contexts) {
		return nil
	}
	cx := t.contexts[i]
	if cx == nil || cx.comm.id != number>>ctxKindBits || uint(src) >= uint(cx.comm.size) {
		return nil
	}
	return cx
}

// remote is the number of this context at a member.
func (cx *space) remote(rank int) uint32 {
	if cx.comm.ids == nil {
		return ctxNumber(cx.comm.id, cx.kind)
	}
	return ctxNumber(cx.comm.ids[rank], cx.kind)
}

// comm is a communicator on one rank.
type comm struct {
	ep       *endpoint
	rank     int
	size     int
	members  []int32         // ranks in the world; nil: the world itself
	ranks    map[int32]int32 // the other way round, for large communicators
	id       uint32          // of its contexts here
	ids      []uint32        // at each member; nil: the same everywhere
	contexts [2]*space

	bad     atomic.Bool // one of the next three is set: see the lock-guarded fields
	freed   bool
	revoked error
	broken  error // collectives can no longer succeed: revoked, or a member died

	boardMem    []byte
	boardHandle uint64
	board       *board.Board
	collective  lock   // one blocking collective at a time
	started     uint32 // collectives over messages so far: their tags

	declines []*decline                 // collectives over messages that a member has refused
	underway []*underway                // those that this one is in
	hosts    atomic.Pointer[coll.Hosts] // where its members run; nil before it is asked for

	partedBoard, partedMessages parting // which collectives still have all members
}

// newComm makes a communicator's local part, with room for its messages. The
// caller holds ep.lock.
func (ep *endpoint) newComm(rank int, members []int32, size int) (*comm, error) {
	c := &comm{ep: ep, rank: rank, size: size, members: members}
	var index uint32
	if n := len(ep.freeCtx); n > 0 {
		index = ep.freeCtx[n-1]
		ep.freeCtx = ep.freeCtx[:n-1]
	} else {
		index = uint32(len(ep.ctxGens))
		if index >= maxComms {
			return nil, engine.Errorf(engine.ErrNoMem, "%d communicators are in use: free those no longer needed", maxComms)
		}
		ep.ctxGens = append(ep.ctxGens, 0)
		ep.contexts = append(ep.contexts, make([]*space, ctxKinds)...)
	}
	c.id = ep.ctxGens[index]<<ctxIndexBits | index
	for kind := range uint32(len(c.contexts)) {
		cx := &space{comm: c, kind: kind}
		cx.q.Init(size)
		c.contexts[kind] = cx
		ep.contexts[ctxNumber(index, kind)] = cx
	}
	if size > 16 && members != nil {
		c.ranks = make(map[int32]int32, size)
		for r, m := range members {
			c.ranks[m] = int32(r)
		}
	}
	return c, nil
}

// dropComm takes a communicator out of the table. The caller holds ep.lock.
func (t *spaces) dropComm(c *comm) {
	index := c.id & ctxIndexMask
	clear(t.contexts[ctxNumber(index, 0):ctxNumber(index+1, 0)])
	t.ctxGens[index] = (t.ctxGens[index] + 1) & (1<<(32-ctxIndexBits-ctxKindBits) - 1)
	t.freeCtx = append(t.freeCtx, index)
}

func (c *comm) Rank() int                 { return c.rank }
func (c *comm) Size() int                 { return c.size }
func (c *comm) Proc(rank int) engine.Proc { return engine.Proc(c.proc(rank)) }

// proc returns the rank in the world of a member.
func (c *comm) proc(rank int) int32 {
	if c.members == nil {
		return int32(rank)
	}
	return c.members[rank]
}

// rankOf returns the rank of a process of the world, -1 if it is no member.
func (c *comm) rankOf(proc int32) int {
	switch {
	case c.members == nil:
		return int(proc)
	case c.ranks != nil:
		if r, ok := c.ranks[proc]; ok {
			return int(r)
		}
		return -1
	}
	for r, m := range c.members {
		if m == proc {
			return r
		}
	}
	return -1
}

func (c *comm) Send(b engine.Buf, dest, tag int, mode engine.SendMode, done <-chan struct{}) error {
	return c.ep.send(c.contexts[0], &b, dest, tag, mode, done)
}

func (c *comm) Recv(b engine.Buf, source, tag int, done <-chan struct{}) (engine.Status, error) {
	return c.ep.recv(c.contexts[0], &b, source, tag, done)
}

func (c *comm) Isend(b engine.Buf, dest, tag int, mode engine.SendMode) (engine.Request, error) {
	return c.ep.isend(c.contexts[0], &b, dest, tag, mode), nil
}

func (c *comm) Irecv(b engine.Buf, source, tag int) (engine.Request, error) {
	return c.ep.irecv(c.contexts[0], &b, source, tag), nil
}

// IrecvNow implements [engine.EarlyReceiver].
func (c *comm) IrecvNow(b engine.Buf, source, tag int, out *engine.Outcome, state *uint32) (engine.Request, engine.Status, error) {
	req, st := c.ep.irecvNow(c.contexts[0], &b, source, tag, out, state)
	return req, st, nil
}

// Probe implements [engine.Comm].
func (c *comm) Probe(source, tag int, block bool, done <-chan struct{}) (engine.Status, bool, error) {
	c.ep.lock.Lock()
	m, err := c.ep.find(c.contexts[0], source, tag, block, done)
	if m == nil {
		c.ep.leaveInVain()
		return engine.Status{}, false, err
	}
	st := m.status()
	c.ep.leave()
	return st, true, nil
}

// Mprobe implements [engine.Comm].
func (c *comm) Mprobe(source, tag int, block bool, done <-chan struct{}) (engine.Message, engine.Status, bool, error) {
	c.ep.lock.Lock()
	m, err := c.ep.find(c.contexts[0], source, tag, block, done)
	for m != nil && !c.ep.secure(m) { // taken back since
		m, err = c.ep.find(c.contexts[0], source, tag, block, done)
	}
	if m == nil {
		c.ep.leaveInVain()
		return nil, engine.Status{}, false, err
	}
	st := m.status()
	m.cx.q.Take(&m.Msg)
	t := &taken{ep: c.ep, m: m, sig: m.sig}
	if m.number != 0 {
		c.ep.probed = append(c.ep.probed, t)
	}
	c.ep.leave()
	return t, st, true, nil
}

func (m *message) status() engine.Status {
	return engine.Status{Source: int(m.Source), Tag: int(m.Tag), Bytes: m.total, Detail: engine.Detail{Sig: m.sig}}
}

// find looks for an unexpected message and, with block, waits for one.
func (ep *endpoint) find(cx *space, source, tag int, block bool, done <-chan struct{}) (*message, error) {
	if err := ep.usable(cx); err != nil {
		return nil, err
	}
	look := func() *message { return ep.unmatched(cx, source, tag) }
	if m := look(); m != nil {
		return m, nil
	}
	ep.once()
	m := look()
	if m != nil || !block {
		return m, nil
	}
	var hopeless error
	err := ep.await(cond{any: func() bool {
		if m = look(); m == nil {
			if hopeless = ep.usable(cx); hopeless == nil && len(ep.gone) > 0 {
				hopeless = ep.hopeless(cx, source, true)
			}
		}
		return m != nil || hopeless != nil
	}}, done)
	if err == nil && m == nil {
		err = hopeless
	}
	return m, err
}

// taken is a message that Mprobe has taken out of the queue.
type taken struct {
	ep  *endpoint
	m   *message
	sig engine.Sig
	err error // why it is gone: its sender has it back
}

// Recv implements [engine.Message].
func (t *taken) Recv(b engine.Buf, done <-chan struct{}) (engine.Status, error) {
	req, err := t.Irecv(b)
	if err != nil {
		return engine.Status{}, err
	}
	st, err := req.Wait(done)
	for errors.Is(err, errStopped) { // it has matched: it is received in any case
		st, err = req.Wait(nil)
	}
	return st, err
}

// Irecv implements [engine.Message].
func (t *taken) Irecv(b engine.Buf) (engine.Request, error) {
	ep := t.ep
	ep.lock.Lock()
	defer ep.leave()
	m := t.m
	if t.err != nil {
		return nil, t.err
	}
	if m.cx == nil {
		return nil, engine.Errorf(engine.ErrRequest, "the message has been received already")
	}
	r := &request{ep: ep, cx: m.cx, tag: m.Tag}
	r.receiveInto(&b)
	if !m.sig.Matches(r.sig) {
		ep.wrongType(r, m.Source, m.Tag, m.sig, m.total)
		return handle{r}, nil
	}
	t.m = &message{ep: ep} // a second receive finds no message
	ep.probed.remove(t)
	ep.give(m, r)
	if !r.done() {
		r.counted = true
		ep.outstanding++
	}
	return handle{r}, nil
}

// Collective implements [engine.Comm].
func (c *comm) Collective(k engine.Coll, done <-chan struct{}) error {
	c.collective.Lock()
	defer c.collective.Unlock()
	if c.bad.Load() {
		if err := c.unusable(); err != nil {
			return err
		}
	}
	var err error
	switch {
	case k.Kind.Refuses() && c.board == nil:
		err = c.refuse(&k, done)
	case c.board != nil:
		err = c.board.Run(k, done)
	default:
		err = c.runSchedule(k, done)
	}
	if err != nil && errors.Is(err, errStopped) {
		c.Revoke("a collective on it was given up by one of its ranks")
	}
	return err
}

func (c *comm) unusable() error {
	c.ep.lock.Lock()
	defer c.ep.lock.Unlock()
	if err := c.ep.usable(c.contexts[0]); err != nil {
		return err
	}
	return c.broken
}

// runSchedule runs a collective over messages.
func (c *comm) runSchedule(k engine.Coll, done <-chan struct{}) error {
	req, err := c.Icollective(k)
	if err != nil {
		return err
	}
	_, err = req.Wait(done)
	return err
}

// Icollective implements [engine.Comm].
func (c *comm) Icollective(k engine.Coll) (engine.Request, error) {
	if k.Kind.Refuses() {
		k.Kind = engine.Refused // a call that does not block waits for nobody
		return engine.Completed{}, c.refuse(&k, nil)
	}
	ep := c.ep
	s, err := coll.BuildBy(k, c.rank, c.size, c.plan(&k))
	if err != nil {
		return nil, err
	}
	r := &request{ep: ep, cx: c.contexts[1], peer: -1, owner: byCollective}
	ep.lock.Lock()
	defer ep.leave()
	err = ep.usable(c.contexts[1])
	if err == nil {
		err = c.broken
	}
	c.start()
	if err == nil {
		err = c.startedWithout()
	}
	if err == nil && c.declines != nil {
		err = c.join(c.tag())
	}
	if err != nil {
		s.Release()
		return nil, err
	}
	number := c.started
	p := newPort(c.contexts[1], k, s, int32(number&(groupTag-1)))
	c.underway = append(c.underway, &p.underway)
	s.OnDone = func() {
		c.underway = slices.DeleteFunc(c.underway, func(u *underway) bool { return u == &p.underway })
		if s.Err() != nil && c.board == nil {
			c.tellMissing(uint64(number), s.Err())
		}
		ep.complete(r, s.Err())
		s.Release()
	}
	c.meetUnlike(&p.underway)
	s.Start(p, int(p.underway.tag))
	if !r.done() {
		r.counted = true
		ep.outstanding++
	}
	return handle{r}, nil
}

// port carries the messages of a schedule. It keeps the call's buffers alive.
type port struct {
	cx    *space
	ranks []int // of the members of a group in cx; nil: the communicator
	op    engine.Coll
	bytes engine.Type // of what the messages carry, with the mark of the collective
	underway
}

var rawType = engine.Basic(engine.Raw)

func (p *port) rank(r int) int {
	if p.ranks == nil {
		return r
	}
	return p.ranks[r]
}

// Free implements [engine.Comm].
func (c *comm) Free() error {
	ep := c.ep
	ep.lock.Lock()
	defer ep.leave()
	if c == ep.world || c == ep.self {
		return engine.Errorf(engine.ErrComm, "the world and self communicators cannot be freed")
	}
	if c.freed {
		return engine.Errorf(engine.ErrComm, "the communicator has been freed")
	}
	c.freed = true
	c.bad.Store(true)
	posted := 0
	for _, cx := range c.contexts {
		n, _ := cx.q.Len()
		posted += n
	}
	if posted == 0 && c.started == 0 { // else what is under way completes in its place
		ep.dropComm(c)
	}
	if c.boardHandle != 0 {
		ep.shared.FreeBoard(c.boardHandle)
		c.board, c.boardMem = nil, nil
	}
	return nil
}

// Revoke implements [engine.Comm].
func (c *comm) Revoke(reason string) {
	ep := c.ep
	ep.lock.Lock()
	if c.revoked == nil && !c.freed && !ep.closed {
		ep.revoke(c, reason)
		ep.tellRevoked(c, reason)
	}
	ep.leave()
}
