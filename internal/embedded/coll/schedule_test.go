package coll

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

var float64Sum = &engine.Op{Code: engine.OpSum, Commutative: true, Type: engine.Basic(engine.Float64),
	Kernel: func(dst, a, b unsafe.Pointer, n int) {
		d, x, y := unsafe.Slice((*float64)(dst), n), unsafe.Slice((*float64)(a), n), unsafe.Slice((*float64)(b), n)
		for i := range d {
			d[i] = x[i] + y[i]
		}
	}}

// TestSameBits sums floats of very different size: the result is the same to the
// bit on all ranks and in every order of delivery.
func TestSameBits(t *testing.T) {
	for _, cut := range []*thresholds{&small, &standard} {
		for _, p := range []int{2, 3, 6, 8, 13} {
			for _, count := range []int{1, 10, 40, 300, 700, 5000} {
				rng := rand.New(rand.NewPCG(uint64(p), uint64(count)))
				colls, results := make([]engine.Coll, p), make([][]float64, p)
				for r := range p {
					send := make([]float64, count)
					for i := range send {
						send[i] = math.Ldexp(rng.Float64()-0.5, rng.IntN(100))
					}
					results[r] = make([]float64, count)
					colls[r] = engine.Coll{Kind: engine.Allreduce, Op: float64Sum,
						Send: engine.Buf{Ptr: unsafe.Pointer(&send[0]), Count: count, Type: float64Sum.Type},
						Recv: engine.Buf{Ptr: unsafe.Pointer(&results[r][0]), Count: count, Type: float64Sum.Type}}
				}
				var first []byte
				for range 4 {
					var schedules []*Schedule
					for r := range p {
						schedules = append(schedules, mustBuild(t, colls[r], r, p, cut))
					}
					if err := newSim(rng, mixed, schedules).run(0); err != nil {
						t.Fatal(err)
					}
					for r := range p {
						got := view(unsafe.Pointer(&results[r][0]), 8*count)
						if first == nil {
							first = bytes.Clone(got)
						}
						if !bytes.Equal(got, first) {
							t.Fatalf("%d ranks, %d elements: rank %d has other bits", p, count, r)
						}
					}
				}
			}
		}
	}
}

// TestWrongCounts lets one rank call with a smaller count: every rank ends, and
// who is told is told with whom it disagrees.
func TestWrongCounts(t *testing.T) {
	for _, kind := range []engine.CollKind{engine.Bcast, engine.Scatter, engine.Scatterv, engine.Gather, engine.Gatherv,
		engine.Allgather, engine.Reduce, engine.Allreduce, engine.ReduceScatterBlock, engine.Scan, engine.Exscan} {
		for seed := range uint64(40) {
			rng := rand.New(rand.NewPCG(seed, uint64(kind)))
			p := 2 + rng.IntN(8)
			tr := newTrial(rng, kind, p, 5, &testOps[0], false)
			odd := (tr.colls[0].Root + 1 + rng.IntN(p-1)) % p
			c := &tr.colls[odd]
			less := func(b *engine.Buf, n int) { b.Count = max(0, b.Count-n) }
			switch kind {
			case engine.Allgather:
				less(&c.Send, 1)
				less(&c.Recv, p)
			case engine.ReduceScatterBlock:
				less(&c.Send, p)
				less(&c.Recv, 1)
			default:
				less(&c.Send, 1)
				less(&c.Recv, 1)
			}
			schedules := buildAll(t, tr, &small)
			if err := newSim(rng, mode(seed%3), schedules).run(0); err != nil {
				t.Fatalf("%s: %v", tr.name, err)
			}
			told := 0
			for r, s := range schedules {
				err := s.Err()
				if err == nil {
					continue
				}
				told++
				var e *engine.Error
				if !errors.As(err, &e) || e.Peer < 0 || e.Peer >= p || e.Peer == r || e.Class != engine.ErrMismatch && e.Class != engine.ErrTruncate {
					t.Fatalf("%s: rank %d: %#v", tr.name, r, err)
				}
			}
			same := kind == engine.Scatterv || kind == engine.Gatherv // a count of 0 stays 0
			if told == 0 && !same {
				t.Fatalf("%s: nobody is told that rank %d called with another count", tr.name, odd)
			}
		}
	}
}

func buildAll(t *testing.T, tr *trial, cut *thresholds) (schedules []*Schedule) {
	t.Helper()
	for r := range tr.colls {
		schedules = append(schedules, mustBuild(t, tr.colls[r], r, len(tr.colls), cut))
	}
	return schedules
}

// TestErrorIsPassedOn spoils one receive: all ranks end, and each has an error
// or the right result.
func TestErrorIsPassedOn(t *testing.T) {
	for seed := range uint64(400) {
		rng := rand.New(rand.NewPCG(seed, 0))
		kind := engine.CollKind(1 + rng.IntN(int(engine.NumColls)-1))
		tr := newTrial(rng, kind, 2+rng.IntN(9), 1+rng.IntN(200), &testOps[rng.IntN(len(testOps))], seed%2 == 0)
		schedules := buildAll(t, tr, &small)
		sm := newSim(rng, mode(seed%3), schedules)
		countdown, victim := rng.IntN(12), -1
		sm.spoil = func(m *message) error {
			if countdown--; countdown != -1 || m.n == 0 {
				return nil
			}
			victim = m.rank
			return engine.Errorf(engine.ErrNoMem, "no memory for the message")
		}
		if err := sm.run(0); err != nil {
			t.Fatalf("%s: %v", tr.name, err)
		}
		if victim < 0 {
			continue
		}
		err := schedules[victim].Err()
		var e *engine.Error
		if !errors.As(err, &e) || e.Class != engine.ErrNoMem || e.Peer == engine.NoPeer || !strings.Contains(err.Error(), "no memory for the message") {
			t.Fatalf("%s: the rank with the error reports %v", tr.name, err)
		}
		for _, g := range tr.bufs { // buffers of ranks that know of an error may hold anything
			if schedules[g.rank].Err() != nil {
				g.undefined = len(g.data)
			}
		}
		if err := tr.verify(); err != nil {
			t.Fatalf("%s: wrong without an error: %v", tr.name, err)
		}
	}
}

// TestDeadRank runs without one rank: when the port has ended what waits for it,
// all others have completed, and none has taken it for anything else.
func TestDeadRank(t *testing.T) {
	for seed := range uint64(400) {
		rng := rand.New(rand.NewPCG(seed, 1))
		kind := engine.CollKind(rng.IntN(int(engine.NumColls)))
		p := 2 + rng.IntN(9)
		tr := newTrial(rng, kind, p, rng.IntN(300), &testOps[rng.IntN(len(testOps))], seed%2 == 0)
		schedules := buildAll(t, tr, &small)
		sm := newSim(rng, mode(seed%3), schedules)
		dead := rng.IntN(p)
		cause := engine.PeerErrorf(engine.ErrProcFailed, dead, 0, "rank %d was killed", dead)
		sm.fault = func(m *message) error {
			if m.peer == dead && rng.IntN(2) == 0 {
				return cause
			}
			return nil
		}
		sm.ranks[dead].dead = true
		sm.play(0)
		for sm.sweep(cause) {
			sm.play(0)
		}
		for r, s := range schedules {
			if r == dead {
				continue
			}
			if !s.Completed() {
				t.Fatalf("%s: rank %d waits for ever for dead rank %d: %s", tr.name, r, dead, s.stuck())
			}
			if err := s.Err(); err != nil && err != error(cause) {
				t.Fatalf("%s: rank %d reports %v", tr.name, r, err)
			}
		}
	}
}

func TestUserFunctionPanics(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	op := testOps[2]
	tr := newTrial(rng, engine.Allreduce, 4, 3, &op, false)
	bad := *op.op
	bad.Kernel = func(dst, a, b unsafe.Pointer, n int) { panic("division by zero") }
	tr.colls[2].Op = &bad
	schedules := buildAll(t, tr, &small)
	if err := newSim(rng, mixed, schedules).run(0); err != nil {
		t.Fatal(err)
	}
	if err := schedules[2].Err(); !errors.Is(err, engine.ErrOp) || !strings.Contains(err.Error(), "division by zero") {
		t.Error(err)
	}
	if schedules[0].Err() == nil {
		t.Error("rank 0 takes the result of rank 2 for good")
	}
}

// silent is a port on which nothing ever arrives.
type silent struct{}

func (silent) Isend(unsafe.Pointer, int, int, int, *Schedule, int) {}
func (silent) Irecv(unsafe.Pointer, int, int, int, *Schedule, int) {}
func (silent) Unlike(int, error) bool                              { return false }

func TestSpuriousDone(t *testing.T) {
	for _, vertices := range [][]int{{-1}, {99}, {0, 0}, {1}} {
		tr := newTrial(rand.New(rand.NewPCG(1, 1)), engine.Barrier, 4, 0, &testOps[0], false)
		s := mustBuild(t, tr.colls[0], 0, 4, &standard)
		s.Start(silent{}, 0)
		if vertices[0] == 1 && s.vertices[1].state == issued {
			vertices[0] = 2 // the send of the second round waits for the first
		}
		for _, v := range vertices {
			s.Done(v, 0, nil)
		}
		if !errors.Is(s.Err(), engine.ErrIntern) || s.Completed() {
			t.Errorf("Done of vertices %v: %v", vertices, s.Err())
		}
	}
}

// telling is a port that tells the others of a message of unlike length.
type telling struct {
	silent
	told []error
}

func (p *telling) Unlike(_ int, err error) bool {
	p.told = append(p.told, err)
	return true
}

// A schedule that gets a message of another length tells it once, and starts
// nothing more if the others are told.
func TestUnlikeLengthIsTold(t *testing.T) {
	for _, err := range []error{nil, engine.Errorf(engine.ErrTruncate, "longer")} {
		tr := newTrial(rand.New(rand.NewPCG(1, 1)), engine.Gather, 4, 10, &testOps[0], false)
		root := tr.colls[0].Root
		s := mustBuild(t, tr.colls[root], root, 4, &standard)
		p := new(telling)
		s.Start(p, 5)
		for i := range s.vertices {
			if v := &s.vertices[i]; v.state == issued {
				s.Done(i, v.n-1, err)
			}
		}
		if len(p.told) != 1 || p.told[0] != s.Err() || !s.Completed() {
			t.Errorf("after %v: told %v, the error is %v, completed: %v", err, p.told, s.Err(), s.Completed())
		}
	}
}

func TestBuildRefuses(t *testing.T) {
	typ := engine.Basic(engine.Int32)
	for name, test := range map[string]struct {
		c          engine.Coll
		rank, size int
	}{
		"unknown kind": {engine.Coll{Kind: engine.NumColls}, 0, 1},
		"no ranks":     {engine.Coll{}, 0, 0},
		"rank":         {engine.Coll{}, 3, 3},
		"root":         {engine.Coll{Kind: engine.Bcast, Root: 3, Recv: engine.Buf{Type: typ}}, 0, 3},
		"no op":        {engine.Coll{Kind: engine.Allreduce, Recv: engine.Buf{Type: typ}}, 0, 3},
		"no vector":    {engine.Coll{Kind: engine.Allgatherv, Recv: engine.Buf{Type: typ}}, 0, 3},
		"short vector": {engine.Coll{Kind: engine.Alltoallv, V: &engine.Vector{RecvCounts: []int{1, 2}, SendCounts: []int{1, 2, 3}}}, 0, 3},
	} {
		if s, err := Build(test.c, test.rank, test.size); !errors.Is(err, engine.ErrIntern) || s != nil {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
}

// TestAllocations holds the cost of a small schedule: once the pools are warm
// nothing is allocated.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Log("NOT CHECKED with -race, under which sync.Pool drops what it is given at random")
		return
	}
	for _, kind := range []engine.CollKind{engine.Barrier, engine.Bcast, engine.Allgather, engine.Alltoall, engine.Reduce, engine.Allreduce, engine.ReduceScatter, engine.Scan} {
		tr := newTrial(rand.New(rand.NewPCG(1, 1)), kind, 8, 10, &testOps[0], false)
		n := testing.AllocsPerRun(100, func() {
			s, err := Build(tr.colls[3], 3, 8)
			if err != nil {
				t.Fatal(err)
			}
			s.Release()
		})
		if n != 0 {
			t.Errorf("%v: %g allocations", kind, n)
		}
	}
}

func BenchmarkBuild(b *testing.B) {
	for _, kind := range []engine.CollKind{engine.Barrier, engine.Allreduce, engine.Allgather} {
		for _, p := range []int{2, 16, 1000} {
			tr := newTrial(rand.New(rand.NewPCG(1, 1)), kind, p, 1, &testOps[0], false)
			b.Run(kind.String()+"/"+strconv.Itoa(p), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					s, err := Build(tr.colls[p/2], p/2, p)
					if err != nil {
						b.Fatal(err)
					}
					s.Release()
				}
			})
		}
	}
}

// TestBarrierHolds keeps one rank back: nobody leaves the barrier before it has
// come.
func TestBarrierHolds(t *testing.T) {
	for _, p := range sizes {
		for late := range p {
			rng := rand.New(rand.NewPCG(uint64(p), uint64(late)))
			tr := newTrial(rng, engine.Barrier, p, 0, &testOps[0], false)
			schedules := buildAll(t, tr, &standard)
			sm := newSim(rng, mode(late%3), schedules)
			sm.ranks[late].dead = true
			sm.play(0)
			for r, s := range schedules {
				if p > 1 && s.Completed() {
					t.Fatalf("%d ranks: rank %d leaves before rank %d has come", p, r, late)
				}
			}
			sm.ranks[late].dead = false
			if err := sm.run(0); err != nil {
				t.Fatal(err)
			}
		}
	}
}
