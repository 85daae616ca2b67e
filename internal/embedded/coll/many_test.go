package coll

import (
	"math/rand/v2"
	"testing"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// The plan of the table can be done as it says, on any number of hosts and of
// ranks of a host, and the data arrives.
func TestBest(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	planned, staged := 0, 0
	for _, kind := range wayKinds {
		for _, m := range []struct{ p, per int }{{2, 1}, {4, 2}, {6, 2}, {7, 2}, {8, 1}, {9, 3}, {12, 4}, {13, 4}, {16, 2}, {24, 4}} {
			for _, bytes := range []int{0, 8, 1000, 4000, 20_000, 300_000} {
				if blocked(kind) {
					bytes /= m.p
				}
				tr := newTrial(rng, kind, m.p, bytes/8, &testOps[0], false)
				layout := Blocks(m.p, m.per)
				tr.plan = Best(tr.colls[0], layout)
				if tr.plan == (Plan{}) {
					continue
				}
				if !tr.plan.Fits(tr.colls[0], m.p) {
					t.Errorf("%s: %s does not fit", tr.name, tr.plan.describe())
				}
				planned++
				if tr.plan.Hosts != nil {
					staged++
				}
				for r := range m.p {
					if Best(tr.colls[r], layout) != tr.plan {
						t.Errorf("%s: rank %d has another plan", tr.name, r)
					}
				}
				if err := tr.check(mixed, &standard); err != nil {
					t.Errorf("%s, %s: %v", tr.name, tr.plan.describe(), err)
				}
			}
		}
	}
	if planned < 200 || staged < 30 {
		t.Errorf("%d plans, %d of them by stages", planned, staged)
	}
}

// What the table says nothing of has no plan.
func TestBestOfNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	for _, kind := range []engine.CollKind{engine.Scan, engine.Alltoallv, engine.Gather} {
		tr := newTrial(rng, kind, 8, 4, &testOps[0], false)
		if p := Best(tr.colls[0], Blocks(8, 2)); p != (Plan{}) {
			t.Errorf("%v: %s", kind, p.describe())
		}
	}
	tr := newTrial(rng, engine.Bcast, 8, 4, &testOps[0], false)
	if p := Best(tr.colls[0], Blocks(8, 8)); p != (Plan{}) {
		t.Errorf("on one host: %s", p.describe())
	}
}

// Each row of the table has an end, and grows towards it.
func TestManyHostsIsInOrder(t *testing.T) {
	if len(manyHosts) < 50 {
		t.Fatalf("the table has %d rows", len(manyHosts))
	}
	for _, r := range manyHosts {
		last := 0
		for i, s := range r.sizes {
			if end := i == len(r.sizes)-1; (s.upTo == 0) != end || !end && s.upTo <= last {
				t.Errorf("%v on %d hosts of %d: %v", r.kind, r.hosts, r.per, r.sizes)
			}
			last = s.upTo
		}
	}
}
