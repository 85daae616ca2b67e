package coll

import (
	"slices"
	"sync"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// place is an address that is not computed before it is known that something
// is there: a base and an offset. The base tempBase stands for the schedule's
// temporary memory, which is allocated once its size is known.
type place struct {
	base unsafe.Pointer
	off  int
}

var (
	tempMark byte
	tempBase = unsafe.Pointer(&tempMark)
)

func (p place) add(n int) place { return place{p.base, p.off + n} }

// start returns the place at which a user's buffer begins.
func start(b engine.Buf) place { return place{base: b.Ptr} }

// none is the dependency on nothing.
const none int32 = -1

// builder is what a schedule needs while its graph is laid out.
type builder struct {
	rank, size int
	cut        *thresholds
	way        Way // asked for; see pick
	kind       engine.CollKind
	whole      bool  // not by stages
	team       *team // the ranks of this stage; nil: all
	stage      Stage
	gate       int32    // the end of the stage before, none in the first
	arcs       []arc    // dependencies, in the order of to
	outline    *Outline // if not nil, takes the places, and there is no memory
	patches    []patch  // pointers into the temporary memory
	temp       int      // bytes of it
	numbers    []int    // see ints
	last       []int32  // by peer, for issue order: last send, last receive
}

type arc struct{ from, to int32 }

type patch struct {
	vertex int32
	field  uint8 // 0: dst, 1: a, 2: b
	off    int
}

var (
	schedules = sync.Pool{New: func() any { return new(Schedule) }}
	builders  = sync.Pool{New: func() any { return new(builder) }}
)

// Build makes the schedule of one rank of a communicator of size ranks for the
// collective c. It reads nothing but c: the user's memory is touched only when
// the schedule runs.
func Build(k engine.Coll, rank, size int) (*Schedule, error) {
	return build(k, rank, size, &standard)
}

func build(k engine.Coll, rank, size int, cut *thresholds) (*Schedule, error) {
	return buildBy(k, rank, size, cut, Plan{})
}

func buildBy(k engine.Coll, rank, size int, cut *thresholds, p Plan) (*Schedule, error) {
	if err := check(&k, rank, size); err != nil {
		return nil, err
	}
	if k.Kind.Reduces() && k.Op.Type.Size == 0 {
		k = withoutMemory(k)
	}
	s := schedules.Get().(*Schedule)
	s.b = builders.Get().(*builder)
	s.layOut(&k, rank, size, cut, p)
	s.finish()
	return s, nil
}

// layOut adds the vertices of a collective.
func (s *Schedule) layOut(k *engine.Coll, rank, size int, cut *thresholds, p Plan) {
	s.b.rank, s.b.size, s.b.cut, s.b.way, s.b.gate = rank, size, cut, p.Way, none
	if k.Op != nil {
		s.kernel, s.elem, s.user = k.Op.Kernel, k.Op.Type.Size, k.Op.Code == engine.OpUser
	}
	s.mark = uint32(k.Kind) + 1
	s.b.kind, s.b.whole = k.Kind, false
	if p.staged(k, size) {
		s.mark |= 1<<23 | uint32(p.Way)<<8
		if p.Shared {
			s.mark |= 1 << 22
		}
		s.stages(k, p)
		return
	}
	s.b.whole = true
	if p.Hosts != nil {
		s.b.way = Chosen // it is one between hosts
	}
	switch k.Kind {
	case engine.Barrier:
		s.barrier()
	case engine.Bcast:
		s.bcast(k.Recv, k.Root)
	case engine.Scatter:
		s.scatter(k)
	case engine.Scatterv:
		s.scatterv(k)
	case engine.Gather:
		s.gather(k)
	case engine.Gatherv:
		s.gatherv(k)
	case engine.Allgather, engine.Allgatherv:
		s.allgather(k)
	case engine.Alltoall, engine.Alltoallv, engine.Alltoallw:
		s.alltoall(k)
	case engine.Reduce:
		s.reduceTo(k)
	case engine.Allreduce:
		s.allreduce(k)
	case engine.ReduceScatter, engine.ReduceScatterBlock:
		s.reduceScatter(k)
	case engine.Scan:
		s.scan(k)
	case engine.Exscan:
		s.exscan(k)
	}
}

// withoutMemory is a reduction of elements of size zero: one of no elements, which
// are given a size, since lengths are divided by it.
func withoutMemory(k engine.Coll) engine.Coll {
	op := *k.Op
	op.Type = engine.Basic(engine.Uint8)
	k.Op, k.Send.Count, k.Recv.Count = &op, 0, 0
	if k.V != nil {
		k.V = &engine.Vector{RecvCounts: make([]int, len(k.V.RecvCounts))}
	}
	return k
}

// check finds what would make the graph meaningless or unsafe and what package
// mpi never passes on.
func check(k *engine.Coll, rank, size int) error {
	bad := func(format string, args ...any) error {
		return engine.Errorf(engine.ErrIntern, "collective schedule: "+format, args...)
	}
	if k.Kind >= engine.NumColls {
		return bad("unknown operation %d", uint8(k.Kind))
	}
	if size < 1 || rank < 0 || rank >= size {
		return bad("%v: rank %d of %d", k.Kind, rank, size)
	}
	if !k.ListsFit(rank, size) {
		return bad("%v: the lists of counts do not have one entry for each of %d ranks", k.Kind, size)
	}
	if k.Kind.Rooted() && (k.Root < 0 || k.Root >= size) {
		return bad("%v: root %d of %d ranks", k.Kind, k.Root, size)
	}
	if k.Kind.Reduces() && (k.Op == nil || k.Op.Kernel == nil || k.Op.Type == nil || k.Op.Type.Size < 0) {
		return bad("%v: no reduction", k.Kind)
	}
	return nil
}

// allocate sets n bytes of temporary memory aside. Blocks do not share a
// 16-byte unit, so that each is aligned.
func (s *Schedule) allocate(n int) place {
	p := place{tempBase, s.b.temp}
	s.b.temp += (n + 15) &^ 15
	return p
}

// add appends a vertex that starts when the vertices deps have completed; none
// among them is passed over. Dependencies always come earlier in the graph.
func (s *Schedule) add(v vertex, dst, a, b place, deps []int32) int32 {
	i := int32(len(s.vertices))
	if o := s.b.outline; o != nil {
		o.places = append(o.places, [3]place{dst, a, b})
		o.stages = append(o.stages, s.b.stage)
	} else if v.n > 0 {
		v.dst = s.resolve(dst, i, 0)
		v.a = s.resolve(a, i, 1)
		v.b = s.resolve(b, i, 2)
	}
	for _, d := range deps {
		if d != none {
			s.b.arcs = append(s.b.arcs, arc{d, i})
			v.deps++
		}
	}
	if v.deps == 0 && s.b.gate != none {
		s.b.arcs = append(s.b.arcs, arc{s.b.gate, i})
		v.deps++
	}
	if t := s.b.team; t != nil && (v.kind == send || v.kind == recv) {
		v.peer = t.rank(v.peer)
	}
	s.vertices = append(s.vertices, v)
	return i
}

func (s *Schedule) resolve(p place, i int32, field uint8) unsafe.Pointer {
	switch p.base {
	case nil:
		return nil
	case tempBase:
		s.b.patches = append(s.b.patches, patch{i, field, p.off})
		return nil
	}
	return unsafe.Add(p.base, p.off)
}

func (s *Schedule) send(p place, n, dest int, deps ...int32) int32 {
	return s.add(vertex{kind: send, n: n, peer: int32(dest)}, place{}, p, place{}, deps)
}

func (s *Schedule) recv(p place, n, source int, deps ...int32) int32 {
	return s.add(vertex{kind: recv, n: n, peer: int32(source)}, p, place{}, place{}, deps)
}

// combine adds dst = a op b, where a comes from the lower ranks.
func (s *Schedule) combine(dst, a, b place, count int, deps ...int32) int32 {
	if count == 0 {
		return s.join(deps...)
	}
	return s.add(vertex{kind: reduce, n: count}, dst, a, b, deps)
}

func (s *Schedule) move(dst, src place, n int, deps ...int32) int32 {
	if n == 0 || dst == src {
		return s.join(deps...)
	}
	return s.add(vertex{kind: move, n: n}, dst, src, place{}, deps)
}

// moveRuns moves n bytes in runs of run bytes that lie dstStep and srcStep bytes
// apart.
func (s *Schedule) moveRuns(dst, src place, n, run, dstStep, srcStep int, deps ...int32) int32 {
	if n <= run {
		return s.move(dst, src, n, deps...)
	}
	s.strides = append(s.strides, strided{run, dstStep, srcStep})
	return s.add(vertex{kind: stride, n: n, peer: int32(len(s.strides) - 1)}, dst, src, place{}, deps)
}

func (s *Schedule) pack(dst place, src engine.Buf, deps ...int32) int32 {
	if src.Bytes() == 0 {
		return s.join(deps...)
	}
	s.packs = append(s.packs, packed{src.Layout, src.Type.Size})
	return s.add(vertex{kind: pack, n: src.Bytes(), peer: int32(len(s.packs) - 1)}, dst, start(src), place{}, deps)
}

func (s *Schedule) unpack(dst engine.Buf, src place, deps ...int32) int32 {
	if dst.Bytes() == 0 {
		return s.join(deps...)
	}
	s.packs = append(s.packs, packed{dst.Layout, dst.Type.Size})
	return s.add(vertex{kind: unpack, n: dst.Bytes(), peer: int32(len(s.packs) - 1)}, start(dst), src, place{}, deps)
}

// join returns a vertex that has completed when all of deps have: the only one
// of them, or a new one; none if there is nothing to wait for.
func (s *Schedule) join(deps ...int32) int32 {
	only, n := none, 0
	for _, d := range deps {
		if d != none && d != only {
			only = d
			n++
		}
	}
	if n <= 1 {
		return only
	}
	return s.add(vertex{kind: join}, place{}, place{}, place{}, deps)
}

// ints returns n zeroed integers that last until the schedule is built.
func (s *Schedule) ints(n int) []int {
	from := len(s.b.numbers)
	s.b.numbers = slices.Grow(s.b.numbers, n)[:from+n]
	p := s.b.numbers[from:]
	clear(p)
	return p
}

// prefix returns the sums of the first i counts, for i = 0 to len(counts).
func (s *Schedule) prefix(counts []int) []int {
	p := s.ints(len(counts) + 1)
	for i, n := range counts {
		p[i+1] = p[i] + n
	}
	return p
}

// finish allocates the temporary memory, chains the messages of each pair in
// issue order, and lays the dependencies out by the vertex they start from.
func (s *Schedule) finish() {
	if s.b.outline == nil {
		s.memory = newMemory(s.b.temp)
	}
	for _, p := range s.b.patches {
		v, at := &s.vertices[p.vertex], unsafe.Add(s.memory.p, p.off)
		switch p.field {
		case 0:
			v.dst = at
		case 1:
			v.a = at
		case 2:
			v.b = at
		}
	}
	s.chain()

	for _, a := range s.b.arcs {
		s.vertices[a.from].last++
	}
	total := int32(0)
	for i := range s.vertices {
		v := &s.vertices[i]
		n := v.last
		v.first, v.last = total, total
		total += n
	}
	s.edges = grow(s.edges, len(s.b.arcs))
	for _, a := range s.b.arcs {
		v := &s.vertices[a.from]
		s.edges[v.last] = a.to
		v.last++
	}
	s.queue = grow(s.queue, len(s.vertices))
	s.Reset()

	b := s.b
	*b = builder{arcs: b.arcs[:0], patches: b.patches[:0], numbers: b.numbers[:0], last: b.last}
	builders.Put(b)
	s.b = nil
}

// chain lets each message wait until the one before it between the same two
// ranks in the same direction has been issued.
func (s *Schedule) chain() {
	messages := 0
	for i := range s.vertices {
		if k := s.vertices[i].kind; k == send || k == recv {
			messages++
		}
	}
	if messages <= 32 { // most graphs: a table of all peers would cost more
		for i := range s.vertices {
			v := &s.vertices[i]
			for j := i - 1; j >= 0 && (v.kind == send || v.kind == recv); j-- {
				if u := &s.vertices[j]; u.kind == v.kind && u.peer == v.peer {
					u.next = int32(i)
					v.deps++
					break
				}
			}
		}
		return
	}
	if cap(s.b.last) < 2*s.b.size {
		s.b.last = make([]int32, 2*s.b.size)
	}
	last := s.b.last[:2*s.b.size] // all zero here and on return; holds 1 + the vertex
	for i := range s.vertices {
		v := &s.vertices[i]
		if v.kind != send && v.kind != recv {
			continue
		}
		before := &last[2*v.peer+int32(v.kind-send)]
		if *before != 0 {
			s.vertices[*before-1].next = int32(i)
			v.deps++
		}
		*before = int32(i) + 1
	}
	for i := range s.vertices {
		if v := &s.vertices[i]; v.kind == send || v.kind == recv {
			last[2*v.peer], last[2*v.peer+1] = 0, 0
		}
	}
}

// recycle empties the schedule, keeping its slices, and hands it to the pool.
func (s *Schedule) recycle() {
	s.memory.free()
	clear(s.vertices)
	clear(s.packs)
	*s = Schedule{
		vertices: s.vertices[:0], edges: s.edges[:0], queue: s.queue[:0],
		strides: s.strides[:0], packs: s.packs[:0],
	}
	schedules.Put(s)
}

func grow(p []int32, n int) []int32 {
	if cap(p) < n {
		return make([]int32, n)
	}
	return p[:n]
}
