package board_test

import (
	"fmt"
	"testing"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// In a tree, where members look at those above and below them alone, one member
// that calls something else leaves nobody waiting, and every error names what is
// wrong.
func TestTreeMismatch(t *testing.T) {
	const p = 20
	f64 := engine.Basic(engine.Float64)
	op := elems[0].op
	buf := func(n int) engine.Buf { return newSlab(f64, n).buf(f64) }
	// More than once round the ring of cells, and some in which a member need not
	// wait for the others.
	var afterwards []*spec
	for i := range 20 {
		s := &spec{kind: engine.Bcast, elem: 2, n: 20, root: i / 7, seed: uint64(i)}
		if i%7 == 5 {
			s = &spec{kind: []engine.CollKind{engine.Allreduce, engine.Alltoall, engine.Barrier}[i/7], elem: 2, n: 1, seed: uint64(i)}
		}
		afterwards = append(afterwards, s)
	}
	lengths := []int{1, 100, 3000}
	if raced {
		lengths = lengths[1:2]
	}
	for how := range reaches {
		for _, n := range lengths {
			calls := map[string]func() engine.Coll{
				"Barrier":   func() engine.Coll { return engine.Coll{Kind: engine.Barrier} },
				"Bcast":     func() engine.Coll { return engine.Coll{Kind: engine.Bcast, Root: 1, Recv: buf(n)} },
				"Allreduce": func() engine.Coll { return engine.Coll{Kind: engine.Allreduce, Op: op, Send: buf(n), Recv: buf(n)} },
				"longer Allreduce": func() engine.Coll {
					return engine.Coll{Kind: engine.Allreduce, Op: op, Send: buf(n + 1), Recv: buf(n + 1)}
				},
				"Reduce": func() engine.Coll {
					return engine.Coll{Kind: engine.Reduce, Root: 1, Op: op, Send: buf(n), Recv: buf(n)}
				},
				"Allgather": func() engine.Coll { return engine.Coll{Kind: engine.Allgather, Send: buf(n), Recv: buf(p * n)} },
				"Alltoall":  func() engine.Coll { return engine.Coll{Kind: engine.Alltoall, Send: buf(p * n), Recv: buf(p * n)} },
				"Scan":      func() engine.Coll { return engine.Coll{Kind: engine.Scan, Op: op, Send: buf(n), Recv: buf(n)} },
				"refusal":   func() engine.Coll { return engine.Coll{Kind: engine.Refused, Send: engine.OfBytes([]byte("why"))} },
				"refusal of several": func() engine.Coll {
					return engine.Coll{Kind: engine.RefusedFirst, Send: engine.OfBytes([]byte("why"))}
				},
			}
			for one, odd := range calls {
				for others, call := range calls {
					if one == others || n > 100 && (one == "Alltoall" || others == "Alltoall") {
						continue
					}
					for i, who := range []int{0, 8, 11, p - 1} {
						if (len(one)+len(others)+n+i)%4 != 0 && !(how == direct && n == 100) {
							continue // a sample
						}
						name := fmt.Sprintf("%v/%d/%s on %d among %s", how, n, one, who, others)
						j := newJob(p, how, 10)
						errs := run(t, j, func(r int) engine.Coll {
							if r == who {
								return odd()
							}
							return call()
						})
						for r, class := range classes(errs) {
							if class != engine.ErrNone && class != engine.ErrMismatch && class != engine.ErrTruncate {
								t.Errorf("%s: rank %d: %v", name, r, errs[r])
							}
						}
						// A barrier, an allreduce and an allgather are over when all
						// have called them.
						if others == "Barrier" || others == "Allreduce" || others == "Allgather" {
							for r := range errs {
								if r != who && errs[r] == nil {
									t.Errorf("%s: rank %d has seen nothing", name, r)
								}
							}
						}
						if one == "refusal of several" && others != "refusal" && errs[who] == nil {
							t.Errorf("%s: takes all for refused", name)
						}
						if err := runAll(j, afterwards, 0); err != nil {
							t.Fatalf("%s: afterwards: %v", name, err)
						}
					}
				}
			}
		}
	}
}
