package coll

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// mode is how the simulated messages behave.
type mode int

const (
	eager      mode = iota // a send completes at once
	rendezvous             // a send completes when it has been received
	mixed                  // either, at random
	numModes
)

func (m mode) String() string { return [...]string{"eager", "rendezvous", "mixed"}[m] }

// sim runs the schedules of all ranks against each other in one goroutine, in
// random order.
type sim struct {
	rng    *rand.Rand
	mode   mode
	ranks  []*simPort
	sends  map[[2]int][]*message // by source and destination, not matched yet
	recvs  map[[2]int][]*message
	events []func()

	matched []match                // in the order in which messages matched
	deepest int                    // calls of one port on the stack, at most
	fault   func(m *message) error // non-nil result: the operation ends with it when it is issued
	spoil   func(m *message) error // non-nil result: the receive ends with it
}

type message struct {
	isSend      bool
	rank, peer  int
	p           unsafe.Pointer
	n, tag      int
	vertex      int
	s           *Schedule
	data        []byte // of an eager send
	bufferEager bool
}

type match struct {
	source, sendVertex, dest, recvVertex, n int
}

type simPort struct {
	sim           *sim
	rank          int
	s             *Schedule
	sent          int // messages
	out           int // bytes
	depth         int // calls on the stack
	dead, started bool
}

func newSim(rng *rand.Rand, m mode, schedules []*Schedule) *sim {
	sm := &sim{rng: rng, mode: m, sends: map[[2]int][]*message{}, recvs: map[[2]int][]*message{}}
	for r, s := range schedules {
		sm.ranks = append(sm.ranks, &simPort{sim: sm, rank: r, s: s})
	}
	return sm
}

func view(p unsafe.Pointer, n int) []byte { return unsafe.Slice((*byte)(p), n) }

func (p *simPort) Isend(b unsafe.Pointer, n int, dest, tag int, s *Schedule, vertex int) {
	sm := p.sim
	p.depth++
	sm.deepest = max(sm.deepest, p.depth)
	defer func() { p.depth-- }()
	p.sent++
	p.out += n
	m := &message{isSend: true, rank: p.rank, peer: dest, p: b, n: n, tag: tag, vertex: vertex, s: s}
	if sm.failed(m) {
		return
	}
	m.bufferEager = sm.mode == eager || sm.mode == mixed && sm.rng.IntN(2) == 0
	if m.bufferEager {
		m.data = bytes.Clone(view(b, n))
		if sm.rng.IntN(2) == 0 {
			s.Done(vertex, n, nil)
		} else {
			sm.later(func() { s.Done(vertex, n, nil) })
		}
	}
	sm.sends[[2]int{p.rank, dest}] = append(sm.sends[[2]int{p.rank, dest}], m)
	sm.match(p.rank, dest)
}

// Unlike tells nobody: the ranks end by themselves.
func (p *simPort) Unlike(int, error) bool { return false }

func (p *simPort) Irecv(b unsafe.Pointer, n int, source, tag int, s *Schedule, vertex int) {
	sm := p.sim
	p.depth++
	sm.deepest = max(sm.deepest, p.depth)
	defer func() { p.depth-- }()
	m := &message{rank: p.rank, peer: source, p: b, n: n, tag: tag, vertex: vertex, s: s}
	if sm.failed(m) {
		return
	}
	sm.recvs[[2]int{source, p.rank}] = append(sm.recvs[[2]int{source, p.rank}], m)
	sm.match(source, p.rank)
}

func (sm *sim) failed(m *message) bool {
	if sm.fault == nil {
		return false
	}
	err := sm.fault(m)
	if err != nil {
		m.s.Done(m.vertex, 0, err)
	}
	return err != nil
}

func (sm *sim) later(f func()) { sm.events = append(sm.events, f) }

// match pairs the first unmatched send and receive of two ranks.
func (sm *sim) match(source, dest int) {
	k := [2]int{source, dest}
	if len(sm.sends[k]) == 0 || len(sm.recvs[k]) == 0 {
		return
	}
	out, in := sm.sends[k][0], sm.recvs[k][0]
	sm.sends[k], sm.recvs[k] = sm.sends[k][1:], sm.recvs[k][1:]
	sm.matched = append(sm.matched, match{source, out.vertex, dest, in.vertex, out.n})
	deliver := func() {
		data := out.data
		if !out.bufferEager {
			data = view(out.p, out.n)
		}
		n := copy(view(in.p, in.n), data)
		var err error
		if out.n > in.n {
			err = engine.Errorf(engine.ErrTruncate, "%d bytes for %d", out.n, in.n)
		} else if out.tag != in.tag {
			err = engine.Errorf(engine.ErrIntern, "tag %d for %d", out.tag, in.tag)
		}
		received := func() { in.s.Done(in.vertex, n, err) }
		sent := func() {
			if !out.bufferEager {
				out.s.Done(out.vertex, out.n, nil)
			}
		}
		if err == nil && sm.spoil != nil {
			err = sm.spoil(in)
		}
		switch sm.rng.IntN(3) {
		case 0:
			received()
			sent()
		case 1:
			sent()
			received()
		default:
			sm.later(sent)
			received()
		}
	}
	if out.bufferEager && sm.rng.IntN(2) == 0 {
		deliver() // found waiting: the receive completes inside Irecv
	} else {
		sm.later(deliver)
	}
}

// sweep ends the operations that wait, as a port does when a rank has died. It
// reports whether there were any.
func (sm *sim) sweep(err error) bool {
	var all []*message
	for _, ms := range []map[[2]int][]*message{sm.sends, sm.recvs} {
		for _, k := range slices.SortedFunc(maps.Keys(ms), func(a, b [2]int) int { return slices.Compare(a[:], b[:]) }) {
			all = append(all, ms[k]...)
			delete(ms, k)
		}
	}
	for _, m := range all {
		if !m.bufferEager && !sm.ranks[m.rank].dead {
			m.s.Done(m.vertex, 0, err)
		}
	}
	return len(all) > 0
}

// run plays a whole collective. It returns an error if some schedule has not
// completed then or a message is left.
func (sm *sim) run(tag int) error {
	sm.play(tag)
	var errs []error
	for r, p := range sm.ranks {
		if !p.s.Completed() {
			errs = append(errs, fmt.Errorf("rank %d does not complete: %s", r, p.s.stuck()))
		}
	}
	for k, ms := range sm.sends {
		if len(ms) > 0 {
			errs = append(errs, fmt.Errorf("%d messages of rank %d to %d are not received", len(ms), k[0], k[1]))
		}
	}
	return errors.Join(errs...)
}

// play starts the schedules in random order and delivers until nothing is left
// to do.
func (sm *sim) play(tag int) {
	var start []int
	for _, r := range sm.rng.Perm(len(sm.ranks)) {
		if p := sm.ranks[r]; !p.started && !p.dead {
			p.started = true
			start = append(start, r)
		}
	}
	for len(start) > 0 || len(sm.events) > 0 {
		if i := sm.rng.IntN(len(start) + len(sm.events)); i < len(start) {
			p := sm.ranks[start[0]]
			start = start[1:]
			p.s.Start(p, tag)
		} else {
			i -= len(start)
			f := sm.events[i]
			sm.events[i] = sm.events[len(sm.events)-1]
			sm.events = sm.events[:len(sm.events)-1]
			f()
		}
	}
}

// stuck lists the vertices that have not completed.
func (s *Schedule) stuck() string {
	var b bytes.Buffer
	for i := range s.vertices {
		if v := &s.vertices[i]; v.state != completed && (v.state == issued || v.left == 0) {
			fmt.Fprintf(&b, " [%d: %s peer %d, %d bytes, state %d]", i, kindNames[v.kind], v.peer, v.n, v.state)
		}
	}
	return b.String()
}

var kindNames = [...]string{"join", "send", "recv", "reduce", "move", "stride", "pack", "unpack"}

// poison fills the temporary memory, so that nothing rests on what was in it.
func (s *Schedule) poison(rng *rand.Rand) {
	if s.memory.p == nil {
		return
	}
	randomFill(rng, 0, view(s.memory.p, 1<<min(s.memory.class, maxClass)))
}

// access is a use of memory by a vertex.
type access struct {
	lo, hi uintptr
	vertex int32
	write  bool
}

func (s *Schedule) accesses() (all []access) {
	use := func(i int, p unsafe.Pointer, n int, write bool) {
		if n > 0 {
			all = append(all, access{uintptr(p), uintptr(p) + uintptr(n), int32(i), write})
		}
	}
	for i := range s.vertices {
		v := &s.vertices[i]
		switch v.kind {
		case send:
			use(i, v.a, v.n, false)
		case recv:
			use(i, v.dst, v.n, true)
		case reduce:
			use(i, v.dst, v.n*s.elem, true)
			use(i, v.a, v.n*s.elem, false)
			use(i, v.b, v.n*s.elem, false)
		case move:
			use(i, v.dst, v.n, true)
			use(i, v.a, v.n, false)
		case stride:
			st := s.strides[v.peer]
			for at, k := 0, 0; at < v.n; at, k = at+st.run, k+1 {
				n := min(st.run, v.n-at)
				use(i, unsafe.Add(v.dst, k*st.dst), n, true)
				use(i, unsafe.Add(v.a, k*st.src), n, false)
			}
		case pack, unpack:
			p := s.packs[v.peer]
			packed, loose := v.dst, v.a
			if v.kind == unpack {
				packed, loose = loose, packed
			}
			use(i, packed, v.n, v.kind == pack)
			for _, r := range p.layout.Runs() {
				for k := range r.Count {
					use(i, unsafe.Add(loose, (r.Offset+k*r.Stride)*p.size), r.Len*p.size, v.kind == unpack)
				}
			}
		}
	}
	return all
}

// hazards returns an error if two vertices touch the same memory, one of them
// writing, and the graph does not order them; or if the operands of a reduction
// overlap in a way that engine.Kernel does not allow.
func (s *Schedule) hazards() error {
	n := len(s.vertices)
	words := (n + 63) / 64
	before := make([]uint64, n*words) // before[i*words:]: the vertices that have completed before i starts
	for i := range n {
		v := &s.vertices[i]
		for _, to := range s.edges[v.first:v.last] {
			if int(to) <= i {
				return fmt.Errorf("vertex %d depends on the later %d", to, i)
			}
			dst, src := before[int(to)*words:][:words], before[i*words:][:words]
			for w := range dst {
				dst[w] |= src[w]
			}
			dst[i/64] |= 1 << (i % 64)
		}
	}
	ordered := func(a, b int32) bool {
		a, b = min(a, b), max(a, b)
		return before[int(b)*words+int(a)/64]>>(a%64)&1 == 1
	}
	all := s.accesses()
	slices.SortFunc(all, func(a, b access) int { return int(int64(a.lo) - int64(b.lo)) })
	var open []access
	for _, a := range all {
		open = slices.DeleteFunc(open, func(o access) bool { return o.hi <= a.lo })
		for _, o := range open {
			if !a.write && !o.write {
				continue
			}
			if a.vertex == o.vertex {
				if a.lo != o.lo || a.hi != o.hi || s.vertices[a.vertex].kind != reduce {
					return fmt.Errorf("the operands of vertex %d overlap", a.vertex)
				}
				continue
			}
			if !ordered(a.vertex, o.vertex) {
				return fmt.Errorf("vertices %d (%s) and %d (%s) touch the same memory in no order",
					o.vertex, kindNames[s.vertices[o.vertex].kind], a.vertex, kindNames[s.vertices[a.vertex].kind])
			}
		}
		open = append(open, a)
	}
	return nil
}

func mustBuild(t testing.TB, c engine.Coll, rank, size int, cut *thresholds) *Schedule {
	t.Helper()
	s, err := build(c, rank, size, cut)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
