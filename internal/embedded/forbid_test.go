//go:build linux

package embedded_test

import (
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// forbidden makes an end whose copies are forbidden after so many as the
// environment says, as by a system that changes its mind.
func forbidden(end transport.End) transport.End {
	only := os.Getenv("EMBEDDED_TEST_COPIES_OF")
	if left, err := strconv.ParseInt(os.Getenv("EMBEDDED_TEST_COPIES"), 10, 64); err == nil && (only == "" || only == strconv.Itoa(end.Facts.Rank)) {
		f := &forbidding{Self: end.Self}
		f.left.Store(left)
		end.Self = f
	}
	return end
}

type forbidding struct {
	transport.Self
	left atomic.Int64
}

func (f *forbidding) Link(peer int) transport.Link { return forbiddingLink{f.Self.Link(peer), f} }

type forbiddingLink struct {
	transport.Link
	f *forbidding
}

func (l forbiddingLink) Reach() transport.Reach { return forbiddingReach{l.Link.Reach(), l.f} }

type forbiddingReach struct {
	transport.Reach
	f *forbidding
}

func (r forbiddingReach) Pulls() bool { return r.f.left.Load() > 0 && r.Reach.Pulls() }

func (r forbiddingReach) Pull(dst unsafe.Pointer, addr uint64, n int) error {
	if r.f.left.Add(-1) < 0 {
		return transport.ErrUnreachable
	}
	return r.Reach.Pull(dst, addr, n)
}

func (r forbiddingReach) Push(addr uint64, src unsafe.Pointer, n int) error {
	if r.f.left.Add(-1) < 0 {
		return transport.ErrUnreachable
	}
	return r.Reach.Push(addr, src, n)
}

func (r forbiddingReach) PullAll(parts []transport.Part) error {
	if r.f.left.Add(-1) < 0 {
		return transport.ErrUnreachable
	}
	return r.Reach.PullAll(parts)
}

var sum = engine.Op{Code: engine.OpSum, Commutative: true, Type: engine.Basic(engine.Float64), Kernel: func(dst, a, b unsafe.Pointer, n int) {
	d, x, y := unsafe.Slice((*float64)(dst), n), unsafe.Slice((*float64)(a), n), unsafe.Slice((*float64)(b), n)
	for i := range d {
		d[i] = x[i] + y[i]
	}
}}

func init() { programs["long"] = longVectors }

// longVectors runs every kind of traffic with long vectors, on the world and on
// copies of it, and checks every element.
func longVectors(e engine.Engine) error {
	const n = 1 << 16
	for round := range 4 {
		c, err := e.World(), error(nil)
		if round%2 == 1 {
			if c, err = c.Dup(); err != nil {
				return err
			}
		}
		me, size := c.Rank(), c.Size()
		value := func(r, i int) float64 { return float64((round+1)*1_000_000 + r*n*size + i) }
		fill := func(k int) []float64 {
			v := make([]float64, k*n)
			for i := range v {
				v[i] = value(me, i)
			}
			return v
		}
		for _, kind := range []engine.CollKind{engine.Bcast, engine.Allgather, engine.Alltoall, engine.Gather, engine.Scatter, engine.Allreduce, engine.Scan} {
			mine, blocks := fill(size), make([]float64, size*n)
			k := engine.Coll{Kind: kind}
			var want func(i int) float64 // of blocks; nil: not here
			switch kind {
			case engine.Bcast:
				k.Recv, blocks = floats(mine), mine
				want = func(i int) float64 { return value(0, i) }
			case engine.Allgather, engine.Gather:
				k.Send, k.Recv = floats(mine[:n]), floats(blocks)
				if kind == engine.Allgather || me == 0 {
					want = func(i int) float64 { return value(i/n, i%n) }
				}
			case engine.Alltoall:
				k.Send, k.Recv = floats(mine), floats(blocks)
				want = func(i int) float64 { return value(i/n, me*n+i%n) }
			case engine.Scatter:
				blocks = blocks[:n]
				k.Send, k.Recv = floats(mine), floats(blocks)
				want = func(i int) float64 { return value(0, me*n+i) }
			case engine.Allreduce, engine.Scan:
				k.Send, k.Recv, k.Op = floats(mine), floats(blocks), &sum
				last := size - 1
				if kind == engine.Scan {
					last = me
				}
				want = func(i int) (s float64) {
					for r := range last + 1 {
						s += value(r, i)
					}
					return s
				}
			}
			if err := c.Collective(k, nil); err != nil {
				return fmt.Errorf("round %d, collective %d: %w", round, kind, err)
			}
			for i, v := range blocks {
				if want != nil && v != want(i) {
					return fmt.Errorf("round %d, collective %d: element %d is %v instead of %v", round, kind, i, v, want(i))
				}
			}
		}
		got := make([]float64, n)
		r, err := c.Irecv(floats(got), (me+size-1)%size, 1)
		if err != nil {
			return err
		}
		if err := c.Send(floats(fill(1)), (me+1)%size, 1, engine.Standard, nil); err != nil {
			return err
		}
		if _, err := r.Wait(nil); err != nil {
			return err
		}
		for i, v := range got {
			if v != value((me+size-1)%size, i) {
				return fmt.Errorf("round %d: element %d of a message is %v", round, i, v)
			}
		}
	}
	return nil
}

// Copies may be forbidden from the first on, or in the middle of any collective:
// all that is sent arrives.
func TestShmCopiesForbidden(t *testing.T) {
	for _, ranks := range []int{2, 3, 4} {
		for _, only := range []string{"", "1"} { // all ranks, one
			for _, copies := range []int{0, 1, 3, 7, 20} {
				processes(t, ranks, "long", "EMBEDDED_TEST_COPIES="+strconv.Itoa(copies), "EMBEDDED_TEST_COPIES_OF="+only)
				if t.Failed() {
					t.Fatalf("%d ranks, forbidden after %d copies, to rank %q", ranks, copies, only)
				}
			}
		}
	}
}
