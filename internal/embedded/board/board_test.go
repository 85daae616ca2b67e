package board_test

import (
	"fmt"
	"runtime"
	"testing"

	"pgregory.net/rapid"

	"github.com/ringo-mpi/ringo/internal/embedded/board"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// runAll performs the collectives one after another on every member and checks
// what each leaves.
func runAll(j *job, specs []*spec, delay uint64) error {
	p := len(j.boards)
	calls := make([][]prepared, len(specs))
	for i, s := range specs {
		calls[i] = s.prepare(p)
	}
	errs := make([]error, p)
	j.each(func(r int, b *board.Board) {
		for i, s := range specs {
			if delay != 0 && mix(delay+uint64(i*p+r))%4 == 0 {
				for range mix(uint64(r)+delay) % 50 {
					runtime.Gosched()
				}
			}
			if err := b.Run(calls[i][r].call, nil); err != nil {
				errs[r] = fmt.Errorf("rank %d of %d, call %d, %v: %w", r, p, i, s, err)
				return
			}
		}
	})
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	for i, s := range specs {
		for r := range p {
			if err := calls[i][r].check(); err != nil {
				return fmt.Errorf("rank %d of %d, call %d, %v: %w", r, p, i, s, err)
			}
		}
	}
	for r, b := range j.boards {
		for i := range j.boards {
			if n := b.Begun(i); p > 1 && n != j.boards[i].Number() {
				return fmt.Errorf("rank %d of %d has made %d calls, rank %d sees that it has begun %d", i, p, j.boards[i].Number(), r, n)
			}
		}
	}
	return nil
}

// How many collectives over messages a member has started is seen by the others.
func TestStarted(t *testing.T) {
	for _, p := range []int{2, 40} {
		j := newJob(p, pulling, 0)
		j.boards[1].Start(7)
		for i, want := range []uint64{0, 7} {
			if got := j.boards[0].Started(i); got != want {
				t.Errorf("%d members: member %d has started %d, want %d", p, i, got, want)
			}
		}
		if err := runAll(j, []*spec{{kind: engine.Allreduce, n: 20000, seed: 1}, {kind: engine.Barrier}}, 0); err != nil {
			t.Error(err)
		}
		if got := j.boards[0].Started(1); got != 7 {
			t.Errorf("%d members: after collectives on the board it is %d", p, got)
		}
	}
}

func (s *spec) uneven(p int, symmetric bool) {
	pick := func(i, j int) int {
		switch mix(s.seed+uint64(i*p+j)) % 4 {
		case 0:
			return 0
		case 1:
			return min(s.n, 3)
		}
		return s.n
	}
	switch s.kind {
	case engine.Scatterv, engine.Gatherv, engine.Allgatherv, engine.ReduceScatter:
		s.counts = make([]int, p)
		for i := range s.counts {
			s.counts[i] = pick(i, 0)
		}
	case engine.Alltoallv, engine.Alltoallw:
		s.matrix = make([][]int, p)
		for i := range s.matrix {
			s.matrix[i] = make([]int, p)
			for k := range s.matrix[i] {
				if s.matrix[i][k] = pick(i, k); symmetric && k < i {
					s.matrix[i][k] = s.matrix[k][i]
				}
			}
		}
	}
}

// Every collective, with lengths on both sides of every threshold, all numbers
// of members, first, middle and last roots, in place and not.
func TestEveryCollective(t *testing.T) {
	sizes := []int{0, 1, 5, 6, 41, 255, 1024, 1030, 2049, 8192, 8200, 70000}
	members := []int{1, 2, 3, 4, 5, 7, 8, 16, 17, 70}
	if testing.Short() || raced {
		members = []int{1, 2, 5, 17}
	}
	for how := range reaches {
		for _, p := range members {
			t.Run(fmt.Sprintf("%v/%d", how, p), func(t *testing.T) {
				t.Parallel()
				j := newJob(p, how, 10)
				for k := range engine.NumColls {
					for e := range elems {
						var specs []*spec
						for i, bytes := range sizes {
							size := elems[e].op.Type.Size
							n := bytes
							if size > 0 {
								n = bytes / size
								if i > 0 && n == bytesBefore(sizes, i, size) {
									continue
								}
							}
							// Of many members, and long elements, a sample.
							if p > 4 && n*size*p > 1<<18 || size > 10000 && n*p > 20 || p > 8 && (i+e+p)%4 != 0 {
								continue
							}
							for form := range 4 {
								if (p > 4 || raced) && (form+i+e)%2 != 0 || raced && (i+int(k))%3 != 0 {
									continue
								}
								s := &spec{kind: k, elem: e, n: n, root: []int{0, p / 2, p - 1, p / 3}[(form+i)%4],
									inPlace: form&1 != 0, packed: form&2 != 0, seed: uint64(i*100 + form)}
								if k == engine.Barrier || k == engine.Bcast {
									s.inPlace = false
								}
								s.uneven(p, s.inPlace)
								specs = append(specs, s)
							}
						}
						if err := runAll(j, specs, 0); err != nil {
							t.Fatal(err)
						}
					}
				}
			})
		}
	}
}

// Lengths beyond the stage.
func TestLongMessages(t *testing.T) {
	members := []int{2, 3, 5, 18}
	if raced {
		members = []int{2, 5}
	}
	for how := range reaches {
		for _, p := range members {
			t.Run(fmt.Sprintf("%v/%d", how, p), func(t *testing.T) {
				t.Parallel()
				var specs []*spec
				for k := engine.Bcast; k < engine.NumColls; k++ {
					e := []int{0, 2, 4}[(int(k)+p)%3]
					s := &spec{kind: k, elem: e, n: 800001 / elems[e].op.Type.Size, root: p / 2,
						inPlace: k != engine.Bcast && (int(k)+p)%2 == 0, seed: uint64(k)}
					if p > 3 {
						s.n /= p
					}
					s.uneven(p, s.inPlace)
					specs = append(specs, s)
				}
				if err := runAll(newJob(p, how, 10), append(specs, specs...), 0); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}

func bytesBefore(sizes []int, i, size int) int { return sizes[i-1] / size }

// Random sequences of different collectives, back to back on one board, with
// members that are late at random.
func TestRandomSequences(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SampledFrom([]int{1, 2, 2, 3, 4, 5, 8, 16, 20}).Draw(t, "members")
		how := reach(rapid.IntRange(0, int(reaches)-1).Draw(t, "reach"))
		j := newJob(p, how, rapid.SampledFrom([]int{0, 1, 100}).Draw(t, "spin"))
		var specs []*spec
		for range rapid.IntRange(1, 40).Draw(t, "calls") {
			s := &spec{
				kind: engine.CollKind(rapid.IntRange(0, int(engine.NumColls)-1).Draw(t, "kind")),
				elem: rapid.IntRange(0, len(elems)-1).Draw(t, "elem"),
				root: rapid.IntRange(0, p-1).Draw(t, "root"), inPlace: rapid.Bool().Draw(t, "inPlace"),
				packed: rapid.Bool().Draw(t, "packed"), seed: rapid.Uint64().Draw(t, "seed"),
			}
			bytes := rapid.OneOf(rapid.IntRange(0, 64), rapid.IntRange(0, 5000), rapid.IntRange(0, 40000)).Draw(t, "bytes")
			s.n = bytes / max(1, s.typ().Size)
			if s.kind == engine.Bcast || s.kind == engine.Barrier {
				s.inPlace = false
			}
			s.uneven(p, s.inPlace)
			specs = append(specs, s)
		}
		if err := runAll(j, specs, rapid.Uint64().Draw(t, "delay")); err != nil {
			t.Fatal(err)
		}
	})
}
