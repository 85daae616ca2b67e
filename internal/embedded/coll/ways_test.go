package coll

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ringo-mpi/ringo/internal/engine"
)

var wayKinds = []engine.CollKind{engine.Barrier, engine.Bcast, engine.Allgather, engine.Alltoall, engine.Allreduce}

// layouts of ranks on hosts, by the number of ranks.
func hostLayouts(rng *rand.Rand, p int) []*Hosts {
	scattered, uneven := make([]int, p), make([]int, p)
	for r := range p {
		scattered[r] = rng.IntN(4)
		if r > 0 {
			uneven[r] = uneven[r-1] + rng.IntN(3)/2
		}
	}
	return []*Hosts{Blocks(p, 2), Blocks(p, 4), Blocks(p, 3), NewHosts(scattered), NewHosts(uneven)}
}

func plans(rng *rand.Rand, kind engine.CollKind, p int) (all []Plan) {
	for _, way := range append([]Way{Chosen}, Ways(kind)...) {
		all = append(all, Plan{Way: way})
		for _, h := range hostLayouts(rng, p) {
			all = append(all, Plan{Way: way, Hosts: h}, Plan{Way: way, Hosts: h, Shared: true})
		}
	}
	return all
}

// TestPlans does every collective in every way, flat and by stages, and compares
// with the model. Each way is gone at least once flat and once by stages.
func TestPlans(t *testing.T) {
	ps := []int{1, 2, 3, 4, 6, 8, 12, 13, 16}
	if raceEnabled {
		ps = []int{3, 8}
	}
	for _, kind := range wayKinds {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(7, uint64(kind)))
			gone := map[string]int{}
			for _, p := range ps {
				for _, plan := range plans(rng, kind, p) {
					for _, bytes := range []int{0, 1, 40, 300, 3000, 8000} {
						op := &testOps[rng.IntN(len(testOps))]
						if blocked(kind) {
							bytes /= p
						}
						tr := newTrial(rng, kind, p, bytes/op.op.Type.Size, op, rng.IntN(2) == 0 && kind.AllInPlace())
						tr.plan = plan
						if err := tr.check(mode(rng.IntN(int(numModes))), &small); err != nil {
							t.Fatalf("%s, %s: %v", tr.name, plan.describe(), err)
						}
						if plan.Fits(tr.colls[0], p) {
							gone[fmt.Sprint(plan.Way, " by stages: ", plan.Hosts != nil, ", shared: ", plan.Shared)]++
						}
					}
				}
			}
			for _, way := range Ways(kind) {
				if gone[fmt.Sprint(way, " by stages: false, shared: false")] == 0 {
					t.Errorf("%v was never tried", way)
				}
				if kind != engine.Alltoall && gone[fmt.Sprint(way, " by stages: true, shared: false")] == 0 {
					t.Errorf("%v was never tried by stages", way)
				}
				if kind == engine.Allreduce && gone[fmt.Sprint(way, " by stages: true, shared: true")] == 0 {
					t.Errorf("%v was never tried with shares", way)
				}
			}
		})
	}
}

func (p Plan) describe() string {
	if p.Hosts == nil {
		return p.Way.String()
	}
	return fmt.Sprintf("%v between hosts %v, shared %v", p.Way, p.Hosts.of, p.Shared)
}

// A way that is asked for is gone: by stages, only the first ranks of hosts
// have messages for other hosts, or with shares those of the same number.
func TestStagesStayOnTheirHosts(t *testing.T) {
	const p, per = 16, 4
	for _, kind := range wayKinds {
		if kind == engine.Alltoall {
			continue
		}
		for _, shared := range []bool{false, kind == engine.Allreduce} {
			rng := rand.New(rand.NewPCG(1, 1))
			tr := newTrial(rng, kind, p, 64, &testOps[0], false)
			for i := range tr.colls {
				tr.colls[i].Root = 0
			}
			for _, way := range Ways(kind) {
				plan := Plan{Way: way, Hosts: Blocks(p, per), Shared: shared}
				if !plan.Fits(tr.colls[0], p) {
					t.Errorf("%v: %v does not fit", kind, way)
				}
				far := 0
				var o Outline
				for r := range p {
					if err := o.Of(tr.colls[r], r, p, plan); err != nil {
						t.Fatal(err)
					}
					for _, st := range o.Steps {
						if (st.Do == Send || st.Do == Recv) && int(st.Peer)/per != r/per {
							far++
							if r%per != int(st.Peer)%per || !shared && r%per != 0 {
								t.Errorf("%v %v: rank %d has a message with %d", kind, way, r, st.Peer)
							}
						}
					}
				}
				if far == 0 {
					t.Errorf("%v %v: no message between hosts", kind, way)
				}
			}
		}
	}
}

// Plans that cannot be done are done as Build does.
func TestPlansThatDoNotFit(t *testing.T) {
	op := &testOps[4] // does not commute
	rng := rand.New(rand.NewPCG(3, 3))
	for _, test := range []struct {
		kind engine.CollKind
		p    int
		plan Plan
	}{
		{engine.Allgather, 6, Plan{Way: Doubling}},
		{engine.Bcast, 6, Plan{Way: ScatterDouble}},
		{engine.Bcast, 2, Plan{Way: Chain}},
		{engine.Bcast, 8, Plan{Way: Dissemination}},
		{engine.Allreduce, 8, Plan{Way: Doubling, Hosts: NewHosts([]int{0, 1, 0, 1, 0, 1, 0, 1})}},
		{engine.Allreduce, 8, Plan{Way: Doubling, Hosts: Blocks(8, 8)}},
		{engine.Allreduce, 8, Plan{Way: Doubling, Hosts: Blocks(8, 1)}},
		{engine.Allreduce, 8, Plan{Way: Doubling, Hosts: Blocks(9, 3)}},
		{engine.Allgather, 8, Plan{Way: Ring, Hosts: NewHosts([]int{0, 1, 0, 1, 0, 1, 0, 1})}},
		{engine.Bcast, 8, Plan{Way: Tree, Hosts: Blocks(8, 4), Shared: true}},
		{engine.Alltoall, 8, Plan{Way: Pairs, Hosts: Blocks(8, 4)}},
	} {
		tr := newTrial(rng, test.kind, test.p, 10, op, false)
		if test.plan.Fits(tr.colls[0], test.p) {
			t.Errorf("%v on %d ranks: %s fits", test.kind, test.p, test.plan.describe())
		}
		for r := range test.p {
			as, by := Outline{}, Outline{}
			if err := as.Of(tr.colls[r], r, test.p, Plan{}); err != nil {
				t.Fatal(err)
			}
			if err := by.Of(tr.colls[r], r, test.p, test.plan); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(as.Steps, by.Steps) {
				t.Errorf("%v on %d ranks: %s changes the schedule", test.kind, test.p, test.plan.describe())
			}
		}
	}
}

// An outline has the vertices, edges and lengths of the schedule that runs.
func TestOutlineIsTheSchedule(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	var o Outline
	for kind := range engine.NumColls {
		for _, p := range []int{1, 5, 8} {
			for _, count := range []int{1, 10, 9000} {
				tr := newTrial(rng, kind, p, count, &testOps[0], false)
				for r := range p {
					err := o.Of(tr.colls[r], r, p, Plan{})
					if kind == engine.Alltoallw {
						if err == nil {
							t.Fatal("Alltoallw has an outline")
						}
						continue
					}
					if err != nil {
						t.Fatal(err)
					}
					s := mustBuild(t, tr.colls[r], r, p, &standard)
					if len(s.vertices) != len(o.Steps) || !slices.Equal(s.edges, o.Edges) {
						t.Fatalf("%s: rank %d has %d vertices, %d in outline", tr.name, r, len(s.vertices), len(o.Steps))
					}
					for i, st := range o.Steps {
						v := &s.vertices[i]
						n := v.n
						if v.kind == reduce {
							n *= s.elem
						}
						if (v.dst != nil) != (st.Dst.In != Nowhere && st.N > 0) || n != st.N || v.deps != st.Waits {
							t.Fatalf("%s: rank %d, vertex %d: %+v", tr.name, r, i, st)
						}
						if st.Dst.In == TempBuf && v.n > 0 && uintptr(v.dst)-uintptr(s.memory.p) != uintptr(st.Dst.Off) {
							t.Fatalf("%s: rank %d, vertex %d is at another place: %+v", tr.name, r, i, st)
						}
						if st.Dst.In == TempBuf && st.Dst.Off+st.N > o.Temp && st.Run == 0 {
							t.Fatalf("%s: rank %d, vertex %d lies beyond the temporary memory", tr.name, r, i)
						}
					}
					s.Release()
				}
			}
		}
	}
	if err := o.Of(engine.Coll{Kind: engine.Bcast, Root: 9}, 0, 2, Plan{}); err == nil {
		t.Error("a root outside has an outline")
	}
}
