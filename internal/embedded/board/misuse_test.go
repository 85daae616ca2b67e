package board_test

import (
	"errors"
	"fmt"
	"testing"
	"time"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/board"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// patterned is a buffer of n bytes with guards.
func patterned(n int, seed byte) slab {
	s := newSlab(engine.Basic(engine.Uint8), n)
	if n > 0 {
		b := unsafe.Slice((*byte)(s.at(0)), n)
		for i := range b {
			b[i] = seed + byte(i)
		}
	}
	return s
}

// still checks that a job works, several times around the ring of cells.
func still(t *testing.T, j *job) {
	t.Helper()
	var specs []*spec
	for i := range 20 {
		specs = append(specs, &spec{kind: []engine.CollKind{engine.Allreduce, engine.Bcast, engine.Alltoall, engine.Barrier}[i%4],
			elem: 2, n: []int{1, 20, 5000}[i%3], root: i % len(j.boards), seed: uint64(i)})
	}
	if err := runAll(j, specs, 0); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// classes returns the classes of the members' errors.
func classes(errs []error) (cs []engine.Class) {
	for _, err := range errs {
		var e *engine.Error
		switch {
		case err == nil:
			cs = append(cs, engine.ErrNone)
		case errors.As(err, &e):
			cs = append(cs, e.Class)
		default:
			cs = append(cs, engine.ErrOther)
		}
	}
	return cs
}

// A message longer than the room for it: the member that sees it says so, what
// fits arrives, nothing else is written, and the board goes on.
func TestTruncation(t *testing.T) {
	lengths, members := []int{8, 100, 3000, 9000, 40000, 300000}, []int{2, 3, 5}
	if raced {
		lengths, members = []int{8, 3000, 40000}, []int{2, 3}
	}
	for how := range reaches {
		for _, n := range lengths {
			for _, p := range members {
				t.Run(fmt.Sprintf("%v/%d/%d", how, p, n), func(t *testing.T) {
					j := newJob(p, how, 10)
					u8 := engine.Basic(engine.Uint8)
					same := func(k int) []int {
						c := make([]int, p)
						for i := range c {
							c[i] = k
						}
						return c
					}
					root, odd := 0, p-1 // odd has room for one byte less than it gets
					cases := []struct {
						name string
						call func(r int, recv slab) engine.Coll
						room func(r int) int
						seen int
					}{
						{"Bcast", func(r int, recv slab) engine.Coll {
							return engine.Coll{Kind: engine.Bcast, Root: root, Recv: recv.buf(u8)}
						}, func(r int) int {
							if r == odd {
								return n - 1
							}
							return n
						}, odd},
						{"Scatterv", func(r int, recv slab) engine.Coll {
							c := engine.Coll{Kind: engine.Scatterv, Root: root, Recv: recv.buf(u8)}
							if r == root {
								c.Send = patterned(n*p, 1).buf(u8)
								c.V = &engine.Vector{SendCounts: same(n)}
							}
							return c
						}, func(r int) int {
							if r == odd {
								return n - 1
							}
							return n
						}, odd},
						{"Gatherv", func(r int, recv slab) engine.Coll {
							c := engine.Coll{Kind: engine.Gatherv, Root: root, Send: patterned(n, 1).buf(u8)}
							if r == root {
								counts := same(n)
								counts[odd]--
								c.Recv, c.V = recv.buf(u8), &engine.Vector{RecvCounts: counts}
							}
							return c
						}, func(r int) int {
							if r == root {
								return n*p - 1
							}
							return 0
						}, root},
						{"Alltoallv", func(r int, recv slab) engine.Coll {
							counts := same(n)
							if r == odd {
								counts[root]--
							}
							return engine.Coll{Kind: engine.Alltoallv, Send: patterned(n*p, 1).buf(u8), Recv: recv.buf(u8),
								V: &engine.Vector{SendCounts: same(n), RecvCounts: counts}}
						}, func(r int) int {
							if r == odd {
								return n*p - 1
							}
							return n * p
						}, odd},
						{"Alltoallw", func(r int, recv slab) engine.Coll {
							send := patterned(n*p, 1)
							v := &engine.Vector{}
							for i := range p {
								k := n
								if r == odd && i == root {
									k--
								}
								at := i * n
								if r == odd && i > root {
									at--
								}
								v.SendBufs = append(v.SendBufs, send.buf(u8).At(i*n, n))
								v.RecvBufs = append(v.RecvBufs, recv.buf(u8).At(at, k))
							}
							return engine.Coll{Kind: engine.Alltoallw, V: v}
						}, func(r int) int {
							if r == odd {
								return n*p - 1
							}
							return n * p
						}, odd},
					}
					for _, c := range cases {
						recvs := make([]slab, p)
						for r := range p {
							recvs[r] = patterned(c.room(r), 7)
						}
						errs := run(t, j, func(r int) engine.Coll { return c.call(r, recvs[r]) })
						for r, class := range classes(errs) {
							if want := (class == engine.ErrTruncate); want != (r == c.seen) {
								t.Errorf("%s: rank %d: error %v", c.name, r, errs[r])
							}
							words := recvs[r].words
							for i := range guard {
								if words[i] != 0xa5a5a5a5a5a5a5a5 || words[len(words)-1-i] != 0xa5a5a5a5a5a5a5a5 {
									t.Fatalf("%s: rank %d: memory beside the buffer was written", c.name, r)
								}
							}
						}
						still(t, j)
					}
				})
			}
		}
	}
}

// Members that call different collectives, or the same with different
// arguments, are told so, and do not wait for ever.
func TestMismatch(t *testing.T) {
	f64, i32 := engine.Basic(engine.Float64), engine.Basic(engine.Int32)
	op := elems[0].op
	buf := func(t *engine.Type, n int) engine.Buf { return newSlab(t, n).buf(t) }
	for how := range reaches {
		for _, n := range []int{1, 100, 3000, 30000, 60000} {
			if raced && n >= 30000 {
				continue
			}
			allreduce := func(t *engine.Type, n int) engine.Coll {
				o := *op
				o.Type = t
				return engine.Coll{Kind: engine.Allreduce, Op: &o, Send: buf(t, n), Recv: buf(t, n)}
			}
			cases := []struct {
				name     string
				a, b     engine.Coll // rank 0 and the others
				classes  []engine.Class
				first    bool // rank 0 sees it
				oneSided bool // all may end their parts without seeing the others'
			}{
				{"kind", engine.Coll{Kind: engine.Barrier}, allreduce(f64, n), []engine.Class{engine.ErrMismatch}, true, false},
				{"length", allreduce(f64, n), allreduce(f64, n+1), []engine.Class{engine.ErrMismatch}, true, false},
				{"type", allreduce(f64, n), allreduce(i32, 2*n), []engine.Class{engine.ErrType, engine.ErrMismatch}, true, false},
				{"operation", allreduce(f64, n), func() engine.Coll {
					c := allreduce(f64, n)
					o := *c.Op
					o.Code = engine.OpMax
					c.Op = &o
					return c
				}(), []engine.Class{engine.ErrMismatch}, true, false},
				{"type of a broadcast", engine.Coll{Kind: engine.Bcast, Recv: buf(f64, n)}, engine.Coll{Kind: engine.Bcast, Recv: buf(i32, 2*n)},
					[]engine.Class{engine.ErrType}, false, false},
				{"gather and scatter", engine.Coll{Kind: engine.Gather, Send: buf(f64, n), Recv: buf(f64, 3*n)}, engine.Coll{Kind: engine.Scatter, Recv: buf(f64, n)},
					[]engine.Class{engine.ErrMismatch}, true, false},
				// The root of a long scatter waits for those that take from it; a leaf
				// of a gather that has posted goes on.
				{"scatter and gather", engine.Coll{Kind: engine.Scatter, Send: buf(f64, 3*n), Recv: buf(f64, n)}, engine.Coll{Kind: engine.Gather, Send: buf(f64, n)},
					[]engine.Class{engine.ErrMismatch}, false, true},
				{"one gather among scatters", engine.Coll{Kind: engine.Gather, Root: 1, Send: buf(f64, n)}, engine.Coll{Kind: engine.Scatter, Root: 1, Send: buf(f64, 3*n), Recv: buf(f64, n)},
					[]engine.Class{engine.ErrMismatch}, false, true},
				{"one gather among broadcasts", engine.Coll{Kind: engine.Gather, Root: 1, Send: buf(f64, n)}, engine.Coll{Kind: engine.Bcast, Root: 1, Recv: buf(f64, n)},
					[]engine.Class{engine.ErrMismatch}, false, true},
				{"length of an allgather", engine.Coll{Kind: engine.Allgather, Send: buf(f64, n), Recv: buf(f64, 3*n)},
					engine.Coll{Kind: engine.Allgather, Send: buf(f64, 9*n), Recv: buf(f64, 27*n)},
					[]engine.Class{engine.ErrTruncate, engine.ErrMismatch}, true, false},
				{"length of an alltoall", engine.Coll{Kind: engine.Alltoall, Send: buf(f64, 3*n), Recv: buf(f64, 3*n)},
					engine.Coll{Kind: engine.Alltoall, Send: buf(f64, 27*n), Recv: buf(f64, 27*n)},
					[]engine.Class{engine.ErrTruncate, engine.ErrMismatch}, true, false},
				{"one long alltoall", engine.Coll{Kind: engine.Alltoall, Send: buf(f64, 90000), Recv: buf(f64, 90000)},
					engine.Coll{Kind: engine.Alltoall, Send: buf(f64, 3*n), Recv: buf(f64, 3*n)},
					[]engine.Class{engine.ErrTruncate, engine.ErrMismatch}, n != 30000, n == 30000},
				// A leaf of a short gather posts and goes on.
				{"one long allgather among gathers", engine.Coll{Kind: engine.Allgather, Send: buf(f64, 30000), Recv: buf(f64, 90000)},
					engine.Coll{Kind: engine.Gather, Root: 1, Send: buf(f64, n), Recv: buf(f64, 3*n)}, []engine.Class{engine.ErrMismatch}, true, false},
				{"one long alltoall among gathers", engine.Coll{Kind: engine.Alltoall, Send: buf(f64, 90000), Recv: buf(f64, 90000)},
					engine.Coll{Kind: engine.Gather, Root: 1, Send: buf(f64, n), Recv: buf(f64, 3*n)}, []engine.Class{engine.ErrMismatch}, true, false},
				{"one long reduction among gathers", allreduce(f64, 90000),
					engine.Coll{Kind: engine.Gather, Root: 1, Send: buf(f64, n), Recv: buf(f64, 3*n)}, []engine.Class{engine.ErrMismatch}, true, false},
				{"root", engine.Coll{Kind: engine.Reduce, Root: 0, Op: op, Send: buf(f64, n), Recv: buf(f64, n)},
					engine.Coll{Kind: engine.Reduce, Root: 1, Op: op, Send: buf(f64, n), Recv: buf(f64, n)}, []engine.Class{engine.ErrMismatch}, false, false},
			}
			scatterTo := func(counts ...int) engine.Coll {
				return engine.Coll{Kind: engine.ReduceScatter, Op: op, Send: buf(f64, counts[0]+counts[1]+counts[2]), Recv: buf(f64, n), V: &engine.Vector{RecvCounts: counts}}
			}
			for _, other := range [][]int{{0, n, 0}, {0, 0, n}, {n, n, 0}, {0, n, n}, {2 * n, 0, 0}} {
				// Who receives nothing need not find out.
				cases = append(cases, cases[len(cases)-1])
				c := &cases[len(cases)-1]
				c.name, c.a, c.b = fmt.Sprintf("a reduce-scatter for rank 0 alone, and %v", other), scatterTo(n, 0, 0), scatterTo(other...)
				c.classes, c.first, c.oneSided = []engine.Class{engine.ErrMismatch}, true, false
			}
			for _, c := range cases {
				t.Run(fmt.Sprintf("%v/%d/%s", how, n, c.name), func(t *testing.T) {
					j := newJob(3, how, 10)
					errs := run(t, j, func(r int) engine.Coll {
						if r == 0 {
							return ownMemory(c.a)
						}
						return ownMemory(c.b)
					})
					seen := 0
					for r, class := range classes(errs) {
						ok := false
						for _, want := range c.classes {
							ok = ok || class == want
						}
						switch {
						case ok:
							seen++
						case class != engine.ErrNone:
							t.Errorf("rank %d: %v", r, errs[r])
						}
					}
					if seen == 0 && !c.oneSided || c.first && errs[0] == nil {
						t.Errorf("errors %v, want class %v", errs, c.classes)
					}
					still(t, j)
				})
			}
		}
	}
}

// ownMemory is the call c with other buffers: no two members share one.
func ownMemory(c engine.Coll) engine.Coll {
	for _, b := range []*engine.Buf{&c.Send, &c.Recv} {
		if b.Ptr != nil {
			b.Ptr = unsafe.Pointer(unsafe.SliceData(make([]uint64, b.Bytes()/8+1)))
		}
	}
	return c
}

// An error of the host ends the collective and every later one.
func TestBrokenHost(t *testing.T) {
	for how := range reaches {
		j := newJob(3, how, 10)
		errs := make([]error, 2)
		go func() {
			time.Sleep(20 * time.Millisecond)
			close(j.dead)
		}()
		done := make(chan error)
		for r := range 2 { // rank 2 never comes
			go func() {
				b := j.boards[r]
				first := b.Run(engine.Coll{Kind: engine.Barrier}, nil)
				if second := b.Run(engine.Coll{Kind: engine.Barrier}, nil); second != first {
					done <- fmt.Errorf("rank %d: first %v, then %v", r, first, second)
					return
				}
				errs[r] = first
				done <- nil
			}()
		}
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		for r, err := range errs {
			if !errors.Is(err, errDied) {
				t.Errorf("%v: rank %d: %v, want %v", how, r, err, errDied)
			}
		}
	}
}

func TestCancelled(t *testing.T) {
	j := newJob(2, direct, 10)
	done := make(chan struct{})
	go func() {
		time.Sleep(10 * time.Millisecond)
		close(done)
	}()
	err := j.boards[0].Run(engine.Coll{Kind: engine.Barrier}, done)
	if !errors.Is(err, engine.ErrCancelled) {
		t.Errorf("error %v, want class ErrCancelled", err)
	}
}

// No collective of contiguous buffers allocates.
func TestAllocations(t *testing.T) {
	if raced {
		t.Skip("SKIPPED: the race detector allocates")
	}
	for how := direct; how < staged; how++ {
		for _, n := range []int{1, 100, 700, 20000} {
			for k := range engine.NumColls {
				if k == engine.Alltoallw {
					continue
				}
				t.Run(fmt.Sprintf("%v/%v/%d", how, k, n), func(t *testing.T) {
					const p, runs = 3, 20
					j := newJob(p, how, 10)
					s := &spec{kind: k, elem: 0, n: n, packed: false, seed: 1}
					s.uneven(p, false)
					calls := s.prepare(p)
					finished := make(chan error, p)
					for r := 1; r < p; r++ {
						go func() {
							var err error
							for range runs + 2 { // AllocsPerRun calls once more
								if e := j.boards[r].Run(calls[r].call, nil); e != nil {
									err = e
								}
							}
							finished <- err
						}()
					}
					b := j.boards[0]
					b.Run(calls[0].call, nil)
					allocs := testing.AllocsPerRun(runs, func() {
						if err := b.Run(calls[0].call, nil); err != nil {
							t.Error(err)
						}
					})
					for range p - 1 {
						if err := <-finished; err != nil {
							t.Error(err)
						}
					}
					if allocs > 0 {
						t.Errorf("%v allocations a call", allocs)
					}
				})
			}
		}
	}
}

func TestSizes(t *testing.T) {
	for _, n := range []int{1, 2, 16, 17, 128, 129, 1000, 10000} {
		size := board.Size(n)
		local := board.SizeInProcess(n)
		t.Logf("%d members: %d bytes a member, of one process %d", n, size/n, local/n)
		if size%64 != 0 {
			t.Errorf("%d members: size %d is not a multiple of 64", n, size)
		}
		if n >= 1000 && local/n > 5<<10 {
			t.Errorf("%d members: %d bytes a member", n, size/n)
		}
	}
}
