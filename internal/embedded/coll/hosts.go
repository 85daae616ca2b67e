package coll

import (
	"slices"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// Hosts says which ranks of a communicator run on one host. It is made once for
// a communicator and shared by all its schedules.
type Hosts struct {
	of      []int32   // the host of each rank, by the order of their first ranks
	members [][]int32 // the ranks of each host, in order
	leaders []int32   // the first rank of each host
	sizes   []int     // the number of ranks of each host …
	first   []int     // … and of those on the hosts before it
	inOrder bool      // the ranks of a host follow each other
	equal   bool      // all hosts have equally many ranks
}

// NewHosts returns the hosts of ranks of which host is the host's number, any
// number.
func NewHosts(host []int) *Hosts {
	h := &Hosts{of: make([]int32, len(host)), inOrder: true, equal: true}
	number := map[int]int32{}
	for r, name := range host {
		i, known := number[name]
		if !known {
			i = int32(len(h.members))
			number[name] = i
			h.members = append(h.members, nil)
			h.leaders = append(h.leaders, int32(r))
		}
		if known && h.of[r-1] != i {
			h.inOrder = false
		}
		h.of[r] = i
		h.members[i] = append(h.members[i], int32(r))
	}
	before := 0
	for _, m := range h.members {
		h.sizes, h.first = append(h.sizes, len(m)), append(h.first, before)
		before += len(m)
		h.equal = h.equal && len(m) == len(h.members[0])
	}
	return h
}

// Blocks returns the hosts of size ranks of which each host has per, the last
// one the rest.
func Blocks(size, per int) *Hosts {
	host := make([]int, size)
	for r := range host {
		host[r] = r / per
	}
	return NewHosts(host)
}

// Plan is how a collective is done.
type Plan struct {
	Way    Way    // the algorithm; with Hosts, the one between them
	Hosts  *Hosts // if not nil, by stages: inside each host, between one rank of each, inside again
	Shared bool   // Allreduce with Hosts: each rank of a host does a part of the vector between the hosts
}

// BuildBy is [Build] with a plan. What the plan cannot do for this call (a way
// that needs a power of two of ranks, an order of operands that the hosts do not
// have) is done as Build would, on all ranks alike.
func BuildBy(k engine.Coll, rank, size int, p Plan) (*Schedule, error) {
	return buildBy(k, rank, size, &standard, p)
}

// Fits reports whether a plan does what it says for a call on size ranks, or
// whether [BuildBy] does something else.
func (p Plan) Fits(k engine.Coll, size int) bool {
	between, count := size, k.BlockLen(0, size)
	if p.Hosts != nil {
		if !p.staged(&k, size) {
			return false
		}
		between = len(p.Hosts.members)
		if p.Shared {
			count /= p.Hosts.sizes[0]
		}
	}
	n := 0
	if t := k.Type(); t != nil {
		n = count * t.Size
	}
	if k.Kind == engine.Allgather {
		n *= size
	}
	return p.Way == Chosen || fits(k.Kind, p.Way, between, n, count)
}

// staged reports whether a call can be done by stages.
func (p Plan) staged(k *engine.Coll, size int) bool {
	h := p.Hosts
	if h == nil || len(h.of) != size || len(h.members) < 2 || len(h.members) == size {
		return false
	}
	if p.Shared && (k.Kind != engine.Allreduce || !h.equal || k.Recv.Count < h.sizes[0]) {
		return false
	}
	switch k.Kind {
	case engine.Barrier, engine.Bcast:
		return true
	case engine.Allgather:
		return h.inOrder && (h.equal || p.Way != Doubling)
	case engine.Allreduce:
		return h.inOrder || k.Op.Commutative
	}
	return false
}

// team is the ranks that take part in one stage, if not all do: number i is
// ranks[i], but for the one that another stands for.
type team struct {
	ranks   []int32
	but, is int32
}

func (t *team) rank(i int32) int32 {
	if i == t.but {
		return t.is
	}
	return t.ranks[i]
}

// Stage is where in a collective by stages a step is.
type Stage uint8

// The stages.
const (
	Whole   Stage = iota // it is not by stages
	Inward               // towards one rank of a host, or to all that have a share
	Across               // between hosts
	Outward              // to all ranks of a host
)

// among adds a stage among the ranks of a team, of which this one is number me,
// after everything that this rank has added so far.
func (s *Schedule) among(stage Stage, t team, me int, way Way, add func()) {
	b := s.b
	b.stage = stage
	rank, size, team, old := b.rank, b.size, b.team, b.way
	b.rank, b.size, b.team, b.way = me, len(t.ranks), &t, way
	from := int32(len(s.vertices))
	add()
	b.rank, b.size, b.team, b.way = rank, size, team, old
	b.gate = s.ends(from)
}

// ends returns the vertex after which all from the given one on have completed.
func (s *Schedule) ends(from int32) int32 {
	n := int(int32(len(s.vertices)) - from)
	if n == 0 {
		return s.b.gate
	}
	inner := s.ints(n) // vertices that another waits for
	for i := len(s.b.arcs) - 1; i >= 0 && s.b.arcs[i].to >= from; i-- {
		if f := s.b.arcs[i].from; f >= from {
			inner[f-from] = 1
		}
	}
	last := make([]int32, 0, 8)
	for i, waited := range inner {
		if waited == 0 {
			last = append(last, from+int32(i))
		}
	}
	return s.join(last...)
}

// inside is the team of this rank's host.
func (s *Schedule) inside(h *Hosts) (t team, me int) {
	t = team{ranks: h.members[h.of[s.b.rank]], but: -1}
	me, _ = slices.BinarySearch(t.ranks, int32(s.b.rank))
	return t, me
}

// between is the team of one rank of each host: number i of its host, but root
// for its own if it is not -1.
func (s *Schedule) between(h *Hosts, i, root int) (t team, me int) {
	t = team{ranks: h.leaders, but: -1}
	if i > 0 {
		t.ranks = make([]int32, len(h.members))
		for j, m := range h.members {
			t.ranks[j] = m[i]
		}
	}
	if root >= 0 {
		t.but, t.is = h.of[root], int32(root)
	}
	return t, int(h.of[s.b.rank])
}

// stages adds the collective by stages.
func (s *Schedule) stages(k *engine.Coll, p Plan) {
	h := p.Hosts
	in, me := s.inside(h)
	switch k.Kind {
	case engine.Barrier:
		s.among(Inward, in, me, Chosen, func() { s.arrive() })
		if me == 0 {
			out, number := s.between(h, 0, -1)
			s.among(Across, out, number, p.Way, s.barrier)
		}
		s.among(Outward, in, me, Chosen, func() { s.bcastTree(place{}, 0, me, 0, none) })
	case engine.Bcast:
		s.stagedBcast(k, p)
	case engine.Allgather:
		s.stagedAllgather(k, p)
	case engine.Allreduce:
		if p.Shared {
			s.sharedAllreduce(k, p)
		} else {
			s.stagedAllreduce(k, p)
		}
	}
}

// stagedBcast goes from the root to one rank of each other host, and from there
// to the others. What goes along a chain is passed on in each host piece by
// piece.
func (s *Schedule) stagedBcast(k *engine.Coll, p Plan) {
	h, n := p.Hosts, k.Recv.Bytes()
	in, me := s.inside(h)
	out, number := s.between(h, 0, k.Root)
	top := 0 // of this rank's host
	if int(h.of[k.Root]) == number {
		top, _ = slices.BinarySearch(in.ranks, int32(k.Root))
	}
	root := int(h.of[k.Root])
	if p.Way != Chain || n == 0 {
		if me == top {
			s.among(Across, out, number, p.Way, func() { s.bcast(k.Recv, root) })
		}
		s.among(Outward, in, me, Chosen, func() { s.bcast(k.Recv, top) })
		return
	}
	length := s.b.cut.pieces(n, 1)
	for at := 0; at < n; at += length {
		l, piece := min(length, n-at), start(k.Recv).add(at)
		s.b.gate = none // pieces do not wait for each other
		if me == top {
			s.among(Across, out, number, Chain, func() {
				s.bcastChain(piece, l, (number-root+s.b.size)%s.b.size, root)
			})
		}
		s.among(Outward, in, me, Chosen, func() {
			s.bcastTree(piece, l, (me-top+s.b.size)%s.b.size, top, none)
		})
	}
}

// stagedAllgather gathers the blocks of a host on its first rank, brings those
// of all hosts to each first rank, and all to all there.
func (s *Schedule) stagedAllgather(k *engine.Coll, p Plan) {
	h := p.Hosts
	n := k.Recv.Bytes() / s.b.size
	all := start(k.Recv)
	own := start(k.Send)
	if k.InPlace {
		own = all.add(s.b.rank * n)
	}
	in, me := s.inside(h)
	host := int(h.of[s.b.rank])
	s.among(Inward, in, me, Chosen, func() {
		if s.b.size == 1 {
			s.move(all.add(h.first[host]*n), own, n)
			return
		}
		s.gatherTree(own, all.add(h.first[host]*n), n, 0)
	})
	if me == 0 {
		out, number := s.between(h, 0, -1)
		s.among(Across, out, number, p.Way, func() {
			parts := blocks{base: all, n: h.sizes[0] * n}
			kind := engine.Allgather
			if !h.equal {
				kind = engine.Allgatherv
				parts = blocks{base: all, elem: n, counts: h.sizes, displs: h.first}
			}
			mine, _ := parts.at(number)
			s.allgatherBlocks(kind, parts, mine, k.Recv.Bytes())
		})
	}
	s.among(Outward, in, me, Chosen, func() { s.bcast(k.Recv, 0) })
}

// stagedAllreduce combines the vectors of a host on its first rank, those of the
// hosts among the first ranks, and passes the result on in each host.
func (s *Schedule) stagedAllreduce(k *engine.Coll, p Plan) {
	in, me := s.inside(p.Hosts)
	inner := *k
	inner.Kind, inner.Root = engine.Reduce, 0
	if me != 0 && k.InPlace { // then Recv is the input of this rank
		inner.InPlace, inner.Send, inner.Recv = false, k.Recv, engine.Buf{}
	}
	s.among(Inward, in, me, Chosen, func() { s.reduceTo(&inner) })
	if me == 0 {
		out, number := s.between(p.Hosts, 0, -1)
		whole := engine.Coll{Kind: engine.Allreduce, InPlace: true, Recv: k.Recv, Op: k.Op}
		s.among(Across, out, number, p.Way, func() { s.allreduce(&whole) })
	}
	s.among(Outward, in, me, Chosen, func() { s.bcast(k.Recv, 0) })
}

// sharedAllreduce leaves one part of the combined vector of a host on each of
// its ranks, combines the parts with those of the same number on other hosts,
// and brings all parts together in each host (M. Bayatpour et al., 2017, data
// partitioning with many leaders): all cores combine, and all feed the network.
func (s *Schedule) sharedAllreduce(k *engine.Coll, p Plan) {
	in, me := s.inside(p.Hosts)
	count := k.Recv.Count
	from := start(*k.Input())
	all := blocks{base: start(k.Recv), elem: s.elem, split: splits{count: count, parts: len(in.ranks)}}
	mine, n := all.at(me)
	s.among(Inward, in, me, Chosen, func() { s.pairwise(from, all.split, mine) })

	out, number := s.between(p.Hosts, me, -1)
	s.among(Across, out, number, p.Way, func() { s.allreducePart(mine, mine, n/s.elem) })
	s.among(Outward, in, me, Chosen, func() { s.ring(&all, mine, none, none, count*s.elem) })
}
