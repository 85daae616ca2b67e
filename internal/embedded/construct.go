package embedded

import (
	"cmp"
	"slices"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/board"
	"github.com/ringo-mpi/ringo/internal/embedded/coll"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// A communicator is made in two exchanges among the ranks that call: first
// what decides its members, and at the same time the number under which each
// member knows it; then where the memory of its board is, which its first
// member has made, and whether each member reaches the memory of all others.

// exchange gathers one record of every caller, in rank order.
type exchange func(mine []int64) (all []int64, err error)

var int64Type = engine.Basic(engine.Int64)

func ofInts(v []int64) engine.Buf {
	return engine.Buf{Ptr: unsafe.Pointer(unsafe.SliceData(v)), Count: len(v), Type: int64Type}
}

// over exchanges among all ranks of c.
func (c *comm) over() exchange {
	return func(mine []int64) ([]int64, error) {
		all := make([]int64, len(mine)*c.size)
		err := c.Collective(engine.Coll{Kind: engine.Allgather, Send: ofInts(mine), Recv: ofInts(all)}, nil)
		return all, err
	}
}

// among exchanges among some ranks of c only, with messages of a tag that no
// collective uses.
func (c *comm) among(ranks []int, me, tag int) exchange {
	return func(mine []int64) ([]int64, error) {
		all := make([]int64, len(mine)*len(ranks))
		s, err := coll.Build(engine.Coll{Kind: engine.Allgather, Send: ofInts(mine), Recv: ofInts(all)}, me, len(ranks))
		if err != nil {
			return nil, err
		}
		ep := c.ep
		ep.lock.Lock()
		defer ep.leave()
		if err := ep.usable(c.contexts[1]); err != nil {
			return nil, err
		}
		ended := false
		s.OnDone = func() { ended = true }
		s.Start(&port{cx: c.contexts[1], ranks: ranks, bytes: *rawType}, groupTag|tag&(groupTag-1))
		if err := ep.await(cond{any: func() bool { return ended }}, nil); err != nil {
			return nil, err
		}
		return all, s.Err()
	}
}

// member is what a caller says of itself.
type member struct {
	rank  int // among the callers
	key   int64
	color int64
	id    uint32
}

// build makes a communicator: choose picks its members out of all callers, in
// order; nil means that this rank is not in one. me is this rank among the
// callers, procs their ranks in the world.
func (c *comm) build(x exchange, me int, proc func(int) int32, color, key int64, choose func([]member) []member) (engine.Comm, error) {
	ep := c.ep
	var made *comm
	ep.lock.Lock()
	err := ep.usable(c.contexts[0])
	if err == nil {
		made, err = ep.newComm(0, nil, 0)
	}
	ep.lock.Unlock()
	if err != nil {
		return nil, err
	}
	drop := func(err error) (engine.Comm, error) {
		ep.lock.Lock()
		ep.dropComm(made)
		ep.lock.Unlock()
		return nil, err
	}
	all, err := x([]int64{color, key, int64(made.id)})
	if err != nil {
		return drop(err)
	}
	callers := make([]member, len(all)/3)
	for i := range callers {
		callers[i] = member{rank: i, color: all[3*i], key: all[3*i+1], id: uint32(all[3*i+2])}
	}
	members := choose(callers)
	if members != nil {
		// Before the second exchange: as soon as that has ended somewhere, messages
		// may arrive.
		ep.lock.Lock()
		made.fill(members, me, proc)
		ep.lock.Unlock()
	}

	// The first member of each new communicator makes the memory of its board.
	var handle uint64
	if len(members) > 1 && members[0].rank == me && made.shares() {
		if h, mem, err := ep.shared.NewBoard(len(members)); err == nil {
			handle, made.boardMem = h, mem
		} // without one, its collectives go over messages
	}
	pulls := int64(0)
	if len(members) > 1 && made.shares() && made.reaches() {
		pulls = 1
	}
	said, err := x([]int64{int64(handle), pulls})
	if err != nil {
		return drop(err)
	}
	if members == nil {
		return drop(nil)
	}
	handle = uint64(said[2*members[0].rank])
	for _, m := range members {
		pulls = min(pulls, said[2*m.rank+1])
	}
	if handle != 0 && made.boardMem == nil {
		if made.boardMem, err = ep.shared.OpenBoard(handle, len(members)); err != nil {
			return drop(err)
		}
	}
	made.boardHandle = handle
	ep.lock.Lock()
	made.openBoard(pulls == 1)
	for peer := range ep.gone { // members that have left in the meantime
		if made.rankOf(int32(peer)) >= 0 && !ep.lost[peer] {
			made.memberLeft(int32(peer))
		}
	}
	ep.lock.Unlock()
	return made, nil
}

// fill sets what is known once the members are.
func (c *comm) fill(members []member, me int, proc func(int) int32) {
	c.size = len(members)
	c.members = make([]int32, len(members))
	c.ids = make([]uint32, len(members))
	same := true
	for r, m := range members {
		c.members[r], c.ids[r] = proc(m.rank), m.id
		same = same && m.id == c.id
		if m.rank == me {
			c.rank = r
		}
	}
	if same {
		c.ids = nil
	}
	if c.size > 16 {
		c.ranks = make(map[int32]int32, c.size)
		for r, m := range c.members {
			c.ranks[m] = int32(r)
		}
	}
	for _, cx := range c.contexts {
		cx.q.Init(c.size)
	}
}

// openBoard makes this rank's side of the board over boardMem, if there is one.
// pulls says whether all members reach one another's memory; the members of the
// world, who have not met before, agree on that at their first collective.
func (c *comm) openBoard(pulls bool) {
	if c.boardMem == nil {
		return
	}
	h := newBoardHost(c)
	h.facts.CanPull = pulls
	if c == c.ep.world {
		h.facts.Confirm = h.reaches
	}
	c.board = board.New(c.boardMem, c.rank, c.size, h)
}

// reaches reports whether this rank reaches the memory of every other member.
func (c *comm) reaches() bool { return c.ep.facts.InProcess || newBoardHost(c).reaches() }

// shares reports whether the members share memory.
func (c *comm) shares() bool {
	if c.ep.shared == nil {
		return false
	}
	if c.ep.facts.LocalSize == c.ep.facts.Size {
		return true
	}
	for r := range c.size {
		if c.host(r) != c.host(c.rank) {
			return false
		}
	}
	return true
}

// host is the number of the host of a member.
func (c *comm) host(rank int) int { return c.ep.job.Host(int(c.proc(rank))).Number }

// Dup implements [engine.Comm].
func (c *comm) Dup() (engine.Comm, error) {
	return c.build(c.over(), c.rank, c.proc, 0, 0, func(all []member) []member { return all })
}

// Split implements [engine.Comm].
func (c *comm) Split(color, key int) (engine.Comm, error) {
	return c.build(c.over(), c.rank, c.proc, int64(color), int64(key), func(all []member) []member {
		if color == engine.Undefined {
			return nil
		}
		all = slices.DeleteFunc(all, func(m member) bool { return m.color != int64(color) })
		slices.SortStableFunc(all, func(a, b member) int { return cmp.Compare(a.key, b.key) })
		return all
	})
}

// SplitShared implements [engine.Comm]: the ranks of one host share memory.
func (c *comm) SplitShared(key int) (engine.Comm, error) { return c.Split(c.host(c.rank), key) }

// Create implements [engine.Comm].
func (c *comm) Create(ranks []int) (engine.Comm, error) {
	return c.build(c.over(), c.rank, c.proc, 0, 0, func(all []member) []member {
		if !slices.Contains(ranks, c.rank) {
			return nil
		}
		picked := make([]member, len(ranks))
		for i, r := range ranks {
			picked[i] = all[r]
		}
		return picked
	})
}

// CreateGroup implements [engine.Comm].
func (c *comm) CreateGroup(ranks []int, tag int) (engine.Comm, error) {
	me := slices.Index(ranks, c.rank)
	if me < 0 {
		return nil, nil
	}
	proc := func(i int) int32 { return c.proc(ranks[i]) }
	return c.build(c.among(ranks, me, tag), me, proc, 0, 0, func(all []member) []member { return all })
}
