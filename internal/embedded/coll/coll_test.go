package coll

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/ringo-mpi/ringo/internal/engine"
	"pgregory.net/rapid"
)

// blocked reports whether a rank's buffer has one block for each rank.
func blocked(k engine.CollKind) bool {
	return k >= engine.Scatter && k <= engine.Alltoallw || k == engine.ReduceScatter || k == engine.ReduceScatterBlock
}

// check runs a trial twice, the second time with restarted schedules, and
// compares with the model.
func (tr *trial) check(m mode, cut *thresholds) error {
	p := len(tr.colls)
	schedules := make([]*Schedule, p)
	done := make([]int, p)
	for r := range p {
		s, err := buildBy(tr.colls[r], r, p, cut, tr.plan)
		if err != nil {
			return err
		}
		if len(s.vertices) <= 600 {
			if err := s.hazards(); err != nil {
				return fmt.Errorf("rank %d: %w", r, err)
			}
		}
		s.OnDone = func() { done[r]++ }
		schedules[r] = s
	}
	for again := range 2 {
		for r, s := range schedules {
			s.poison(tr.rng)
			if again > 0 {
				s.Reset()
				if s.Completed() != (len(s.vertices) == 0) {
					return fmt.Errorf("rank %d: completed after Reset", r)
				}
			}
		}
		sm := newSim(tr.rng, m, schedules)
		if err := sm.run(7); err != nil {
			return err
		}
		if sm.deepest > 1 {
			return fmt.Errorf("%d calls of one port on the stack", sm.deepest)
		}
		for r, s := range schedules {
			if s.Err() != nil {
				return fmt.Errorf("rank %d: %w", r, s.Err())
			}
			if done[r] != again+1 {
				return fmt.Errorf("rank %d: OnDone called %d times for %d starts", r, done[r], again+1)
			}
		}
		if err := tr.verify(); err != nil {
			return err
		}
		tr.rewind()
	}
	for _, s := range schedules {
		s.Release()
	}
	return nil
}

// counts returns element counts on both sides of every threshold, whether it is
// compared with a block, a vector or the sum of all blocks.
func counts(cut *thresholds, p, elem, most int) []int {
	seen := map[int]bool{}
	var all []int
	add := func(bytes int) {
		for _, n := range []int{bytes / elem, bytes/elem + 1, bytes/elem - 1} {
			if n >= 0 && n*elem <= most && !seen[n] {
				seen[n] = true
				all = append(all, n)
			}
		}
	}
	for _, t := range append(cut.sizes(), 0, elem, 3*elem, p*elem, 5*p*elem) {
		add(t)
		add(t / p)
		add(t * p)
	}
	return all
}

// trials is how many trials are made for each kind, size and operation, divided
// by the number of ranks. The simulator has one goroutine, so the race detector
// finds nothing but wrong pointers, ten times more slowly.
func trials() int {
	if raceEnabled {
		return 16
	}
	return 60
}

var sizes = []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 32}

// TestAll runs every collective in all its forms on many communicator sizes,
// with counts around every threshold of the scaled table.
func TestAll(t *testing.T) {
	for kind := range engine.NumColls {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(1, uint64(kind)))
			for _, p := range sizes {
				for i := range testOps {
					op := &testOps[i]
					if !kind.Reduces() && i != 0 && i != 4 {
						continue // for other collectives the element size alone matters
					}
					most := 6 << 10
					if blocked(kind) {
						most = min(most, 24<<10/p)
					}
					all := counts(&small, p, op.op.Type.Size, most)
					rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
					if kind == engine.Barrier {
						all = []int{0, 0, 0}
					}
					for j, n := range all[:min(len(all), 1+trials()/p)] {
						tr := newTrial(rng, kind, p, n, op, j%2 == 1)
						m := mode(rng.IntN(int(numModes)))
						if err := tr.check(m, &small); err != nil {
							t.Fatalf("%s, %v: %v", tr.name, m, err)
						}
					}
				}
			}
		})
	}
}

// TestStandard does the same with the real thresholds and fewer ranks.
func TestStandard(t *testing.T) {
	for kind := range engine.NumColls {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(2, uint64(kind)))
			ranks := []int{2, 3, 5, 8, 9}
			if raceEnabled {
				ranks = ranks[1:3]
			}
			for _, p := range ranks {
				for i := range testOps {
					op := &testOps[i]
					if i != 0 && (i != 3 || raceEnabled || !kind.Reduces()) {
						continue
					}
					all := counts(&standard, p, op.op.Type.Size, 700<<10/p)
					rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
					for j, n := range all[:3] {
						tr := newTrial(rng, kind, p, n, op, j%2 == 1)
						m := mode(rng.IntN(int(numModes)))
						if err := tr.check(m, &standard); err != nil {
							t.Fatalf("%s, %v: %v", tr.name, m, err)
						}
					}
				}
			}
		})
	}
}

// TestRandom draws the call, the table and the order of delivery.
func TestRandom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cut := small
		cut.segment = rapid.IntRange(1, 800).Draw(t, "segment")
		cut.segments = rapid.IntRange(1, 40).Draw(t, "segments")
		cut.chainMin = rapid.IntRange(1, 4000).Draw(t, "chainMin")
		cut.pairwiseBlock = rapid.IntRange(1, 400).Draw(t, "pairwiseBlock")
		cut.window = rapid.IntRange(1, 5).Draw(t, "window")
		cut.largeWindow = rapid.IntRange(1, 3).Draw(t, "largeWindow")
		p := rapid.IntRange(1, 20).Draw(t, "ranks")
		kind := engine.CollKind(rapid.IntRange(0, int(engine.NumColls)-1).Draw(t, "kind"))
		op := &testOps[rapid.IntRange(0, len(testOps)-1).Draw(t, "op")]
		n := rapid.IntRange(0, 6000/op.op.Type.Size/rapid.SampledFrom([]int{1, 10, 100}).Draw(t, "scale")).Draw(t, "count")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		tr := newTrial(rng, kind, p, n, op, rapid.Bool().Draw(t, "in place"))
		m := mode(rapid.IntRange(0, int(numModes)-1).Draw(t, "mode"))
		if err := tr.check(m, &cut); err != nil {
			t.Fatalf("%s, %v: %v", tr.name, m, err)
		}
	})
}
