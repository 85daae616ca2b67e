package board_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/ringo-mpi/ringo/internal/embedded/board"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// BenchmarkGoroutines measures one Barrier and one Allreduce of 8 bytes on many
// goroutine ranks, and the memory of the board.
func BenchmarkGoroutines(b *testing.B) {
	for _, n := range []int{2, 4, 16, 100, 1000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			spin := 0
			if n <= runtime.GOMAXPROCS(0) {
				spin = 4000
			}
			j := newJob(n, direct, spin)
			calls := make([][2]engine.Coll, n)
			for r := range calls {
				calls[r] = [2]engine.Coll{{Kind: engine.Barrier}, (&spec{kind: engine.Allreduce, n: 1}).one()}
			}
			b.ReportMetric(float64(board.SizeInProcess(n))/float64(n), "B/rank")
			b.ResetTimer()
			j.each(func(r int, x *board.Board) {
				for range b.N {
					for _, c := range calls[r] {
						if err := x.Run(c, nil); err != nil {
							b.Error(err)
						}
					}
				}
			})
		})
	}
}

// one is the call of any member of an allreduce.
func (s *spec) one() engine.Coll {
	t := s.typ()
	return engine.Coll{Kind: s.kind, Op: elems[s.elem].op, Send: newSlab(t, s.n).buf(t), Recv: newSlab(t, s.n).buf(t)}
}

// Ten thousand goroutine ranks meet, and know the sum of their ranks.
func TestTenThousandRanks(t *testing.T) {
	n := 10000
	if raced {
		n = 1000
	}
	j := newJob(n, direct, 0)
	begin := time.Now()
	specs := []*spec{{kind: engine.Barrier}, {kind: engine.Allreduce, elem: 0, n: 1, seed: 3}, {kind: engine.Bcast, n: 3, root: n / 3, seed: 1}}
	calls := make([][]prepared, len(specs))
	for i, s := range specs {
		calls[i] = s.prepare(n)
	}
	t.Logf("prepared in %v", time.Since(begin))
	begin = time.Now()
	errs := make([]error, n)
	j.each(func(r int, b *board.Board) {
		for i := range specs {
			if err := b.Run(calls[i][r].call, nil); err != nil {
				errs[r] = err
			}
		}
	})
	t.Logf("%d ranks: Barrier, Allreduce and Bcast took %v", n, time.Since(begin))
	for i := range specs {
		for r := range n {
			if err := calls[i][r].check(); err != nil || errs[r] != nil {
				t.Fatalf("rank %d, %v: %v, %v", r, specs[i], err, errs[r])
			}
		}
	}
}
