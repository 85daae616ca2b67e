package board_test

import (
	"bytes"
	"fmt"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// elem is a type of elements with a reduction whose results are exact, so that
// the order of combination shows only where it is wrong.
type elem struct {
	op   *engine.Op
	fill func(p unsafe.Pointer, i int, seed uint64)
}

// affine is x → a·x + b; composition is associative and not commutative.
type affine struct{ a, b uint64 }

func (f affine) then(g affine) affine { return affine{f.a * g.a, g.a*f.b + g.b} }

// wide is an element longer than a slot.
type wide [700]affine

func kernelOf[T any](f func(a, b T) T) engine.Kernel {
	return func(dst, a, b unsafe.Pointer, n int) {
		if n == 0 {
			return
		}
		d, x, y := unsafe.Slice((*T)(dst), n), unsafe.Slice((*T)(a), n), unsafe.Slice((*T)(b), n)
		for i := range d {
			d[i] = f(x[i], y[i])
		}
	}
}

func elemOf[T any](t *engine.Type, code engine.OpCode, commutes bool, make func(x uint64) T, f func(a, b T) T) elem {
	return elem{
		op: &engine.Op{Code: code, Commutative: commutes, Kernel: kernelOf(f), Type: t},
		fill: func(p unsafe.Pointer, i int, seed uint64) {
			if t.Size == 0 {
				return
			}
			*(*T)(p) = make(mix(seed + uint64(i)*0x9e3779b97f4a7c15))
		},
	}
}

func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

var pairType = engine.NewStruct(engine.Struct, "affine", 16, []engine.Field{{Kind: engine.Uint64, Count: 2}})

var elems = []elem{
	elemOf(engine.Basic(engine.Float64), engine.OpSum, true,
		func(x uint64) float64 { return float64(x % 1000) }, func(a, b float64) float64 { return a + b }),
	elemOf(engine.Basic(engine.Int32), engine.OpSum, true,
		func(x uint64) int32 { return int32(x) }, func(a, b int32) int32 { return a + b }),
	elemOf(pairType, engine.OpUser, false,
		func(x uint64) affine { return affine{x | 1, mix(x)} }, affine.then),
	elemOf(engine.Basic(engine.Uint8), engine.OpBxor, true,
		func(x uint64) uint8 { return uint8(x) }, func(a, b uint8) uint8 { return a ^ b }),
	elemOf(engine.NewStruct(engine.Struct, "odd", 3, []engine.Field{{Kind: engine.Uint8, Count: 3}}), engine.OpUser, true,
		func(x uint64) [3]uint8 { return [3]uint8{uint8(x), uint8(x >> 8), uint8(x >> 16)} },
		func(a, b [3]uint8) [3]uint8 { return [3]uint8{a[0] + b[0], a[1] ^ b[1], max(a[2], b[2])} }),
	elemOf(engine.NewStruct(engine.Struct, "wide", int(unsafe.Sizeof(wide{})), []engine.Field{{Kind: engine.Uint64, Count: 1400}}), engine.OpUser, false,
		func(x uint64) (w wide) {
			for i := range w {
				w[i] = affine{mix(x+uint64(i)) | 1, x}
			}
			return
		},
		func(a, b wide) (w wide) {
			for i := range w {
				w[i] = a[i].then(b[i])
			}
			return
		}),
	elemOf(engine.NewStruct(engine.Struct, "nothing", 0, nil), engine.OpUser, true,
		func(uint64) struct{} { return struct{}{} }, func(a, b struct{}) struct{} { return a }),
}

// spec describes one collective of a job.
type spec struct {
	kind    engine.CollKind
	elem    int
	n       int     // elements of a block, or of the vector
	counts  []int   // one a member: v forms and ReduceScatter
	matrix  [][]int // [sender][receiver]: Alltoallv and Alltoallw
	root    int
	inPlace bool
	packed  bool // displacements are nil
	seed    uint64
}

func (s *spec) String() string {
	return fmt.Sprintf("%v of %s n=%d counts=%v matrix=%v root=%d inPlace=%v packed=%v", s.kind, s.typ().Name, s.n, s.counts, s.matrix, s.root, s.inPlace, s.packed)
}

func (s *spec) typ() *engine.Type { return elems[s.elem].op.Type }

// slab is a buffer of elements between guards.
type slab struct {
	words []uint64
	size  int
	n     int
}

const guard = 4 // words

func newSlab(t *engine.Type, n int) slab {
	s := slab{make([]uint64, 2*guard+(n*t.Size+7)/8), t.Size, n}
	for i := range s.words {
		s.words[i] = 0xa5a5a5a5a5a5a5a5
	}
	return s
}

func (s slab) at(i int) unsafe.Pointer {
	return unsafe.Add(unsafe.Pointer(&s.words[guard]), i*s.size)
}
func (s slab) bytes() []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s.words))), len(s.words)*8)
}

func (s slab) buf(t *engine.Type) engine.Buf { return engine.Buf{Ptr: s.at(0), Count: s.n, Type: t} }

// set copies k elements of o from element j on to element i on.
func (s slab) set(i int, o slab, j, k int) {
	if k*s.size > 0 {
		copy(unsafe.Slice((*byte)(s.at(i)), k*s.size), unsafe.Slice((*byte)(o.at(j)), k*s.size))
	}
}

// layout places blocks of counts elements: packed, or with gaps and backwards.
func layout(counts []int, packed bool) (displs []int, span int) {
	displs = make([]int, len(counts))
	if packed {
		for r, n := range counts {
			displs[r] = span
			span += n
		}
		return displs, span
	}
	for r := len(counts) - 1; r >= 0; r-- {
		span++
		displs[r] = span
		span += counts[r]
	}
	return displs, span + 1
}

func sum(counts []int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}

// prepared is a call of one member and what must come of it.
type prepared struct {
	call engine.Coll
	recv slab // what the call may write
	want slab // what it must contain afterwards
	send slab // what it must not change
	kept slab

	// An in-place reduce-scatter leaves its buffer undefined after the result.
	loose bool
	firm  int
}

func (s *spec) data(rank, n int) slab {
	d := newSlab(s.typ(), n)
	for i := range n {
		elems[s.elem].fill(d.at(i), i, mix(s.seed+uint64(rank)))
	}
	return d
}

// prepare makes the calls of all p members and their results, by the
// definition of the collective.
func (s *spec) prepare(p int) []prepared {
	t := s.typ()
	same := func(n int) []int {
		c := make([]int, p)
		for i := range c {
			c[i] = n
		}
		return c
	}
	sends := make([][]int, p) // what each member sends to each, or its whole input at [r][0]
	k := s.kind
	for r := range p {
		switch k {
		case engine.Alltoall:
			sends[r] = same(s.n)
		case engine.Alltoallv, engine.Alltoallw:
			sends[r] = s.matrix[r]
		}
	}
	in := make([]slab, p)
	inCount := func(r int) int {
		switch k {
		case engine.Scatter, engine.ReduceScatterBlock:
			return p * s.n
		case engine.Scatterv, engine.ReduceScatter:
			return sum(s.counts)
		case engine.Gatherv, engine.Allgatherv:
			return s.counts[r]
		case engine.Alltoall, engine.Alltoallv, engine.Alltoallw:
			return sum(sends[r])
		}
		return s.n
	}
	for r := range p {
		in[r] = s.data(r, inCount(r))
	}
	// fold combines the inputs of the members lo to hi-1.
	fold := func(lo, hi int) slab {
		acc := newSlab(t, in[lo].n)
		acc.set(0, in[lo], 0, acc.n)
		for r := lo + 1; r < hi; r++ {
			elems[s.elem].op.Kernel(acc.at(0), acc.at(0), in[r].at(0), acc.n)
		}
		return acc
	}
	var whole slab
	switch k {
	case engine.Reduce, engine.Allreduce, engine.ReduceScatter, engine.ReduceScatterBlock:
		whole = fold(0, p)
	}
	out := make([]prepared, p)
	for r := range p {
		q := &out[r]
		c := &q.call
		c.Kind, c.Root = k, s.root
		var send, recv, want slab
		isRoot := r == s.root
		nilIf := func(d []int) []int {
			if s.packed {
				return nil
			}
			return d
		}
		clone := func(x slab) slab {
			y := x
			y.words = append([]uint64(nil), x.words...)
			return y
		}
		switch k {
		case engine.Barrier:
		case engine.Bcast:
			recv = newSlab(t, s.n)
			if isRoot {
				recv.set(0, in[r], 0, s.n)
			}
			want = clone(recv)
			want.set(0, in[s.root], 0, s.n)
		case engine.Scatter, engine.Scatterv:
			counts := same(s.n)
			if k == engine.Scatterv {
				counts = s.counts
			}
			from := 0
			for _, n := range counts[:r] {
				from += n
			}
			recv = newSlab(t, counts[r])
			want = clone(recv)
			want.set(0, in[s.root], from, counts[r])
			if isRoot {
				d, span := layout(counts, k == engine.Scatter || s.packed)
				send = newSlab(t, span)
				at := 0
				for i, n := range counts {
					send.set(d[i], in[r], at, n)
					at += n
				}
				if k == engine.Scatterv {
					c.V = &engine.Vector{SendCounts: counts, SendDispls: nilIf(d)}
				}
				if c.InPlace = s.inPlace; s.inPlace {
					recv, want = slab{}, slab{}
				}
			}
		case engine.Gather, engine.Gatherv, engine.Allgather, engine.Allgatherv:
			counts := same(s.n)
			v := k == engine.Gatherv || k == engine.Allgatherv
			if v {
				counts = s.counts
			}
			all := k == engine.Allgather || k == engine.Allgatherv
			send = clone(in[r])
			if all || isRoot {
				var d []int
				d, span := layout(counts, !v || s.packed)
				recv = newSlab(t, span)
				if s.inPlace {
					c.InPlace = true
					recv.set(d[r], in[r], 0, counts[r])
					send = slab{}
				}
				want = clone(recv)
				for i, n := range counts {
					want.set(d[i], in[i], 0, n)
				}
				if v {
					c.V = &engine.Vector{RecvCounts: counts, RecvDispls: nilIf(d)}
				}
			}
		case engine.Alltoall, engine.Alltoallv, engine.Alltoallw:
			packed := k == engine.Alltoall || s.packed
			got := make([]int, p)
			for i := range p {
				got[i] = sends[i][r]
			}
			sd, span := layout(sends[r], packed)
			send = newSlab(t, span)
			at := 0
			for i, n := range sends[r] {
				send.set(sd[i], in[r], at, n)
				at += n
			}
			rd, span := layout(got, packed)
			recv = newSlab(t, span)
			if s.inPlace { // the matrix is symmetric
				c.InPlace = true
				recv, rd = clone(send), sd
				send = slab{}
			}
			want = clone(recv)
			for i, n := range got {
				want.set(rd[i], in[i], sum(sends[i][:r]), n)
			}
			switch k {
			case engine.Alltoallv:
				c.V = &engine.Vector{SendCounts: sends[r], SendDispls: nilIf(sd), RecvCounts: got, RecvDispls: nilIf(rd)}
			case engine.Alltoallw:
				c.V = &engine.Vector{RecvBufs: s.layouts(&recv, &want, got, rd, r)}
				if !s.inPlace {
					c.V.SendBufs = s.layouts(&send, nil, sends[r], sd, r+1)
				}
			}
		default:
			c.Op = elems[s.elem].op
			send = clone(in[r])
			n := in[r].n
			var result slab
			from := 0
			switch k {
			case engine.Reduce:
				if isRoot {
					result = whole
				}
			case engine.Allreduce:
				result = whole
			case engine.ReduceScatterBlock:
				n, from = s.n, r*s.n
				result = whole
			case engine.ReduceScatter:
				n, from = s.counts[r], sum(s.counts[:r])
				result = whole
				c.V = &engine.Vector{RecvCounts: s.counts}
			case engine.Scan:
				result = fold(0, r+1)
			case engine.Exscan:
				if r > 0 {
					result = fold(0, r)
				}
			}
			if k != engine.Reduce || isRoot {
				recv = newSlab(t, n)
				if s.inPlace {
					c.InPlace = true
					recv, send = send, slab{}
				}
				want = clone(recv)
				if result.words != nil {
					want.set(0, result, from, n)
				}
				q.loose = s.inPlace && recv.n > n
				q.firm = n
			}
		}
		q.send, q.recv, q.want = send, recv, want
		if send.words != nil {
			c.Send = send.buf(t)
			q.kept = clone(send)
		}
		if recv.words != nil {
			c.Recv = recv.buf(t)
		}
		if k == engine.Alltoallw {
			c.Send, c.Recv = engine.Buf{}, engine.Buf{}
		}
	}
	return out
}

// layouts describes the blocks of a slab for Alltoallw. Every other block is
// strided: its elements are spread over new memory.
func (s *spec) layouts(b, want *slab, counts, displs []int, r int) []engine.Buf {
	t := s.typ()
	bufs := make([]engine.Buf, len(counts))
	spread := newSlab(t, 3*b.n+3)
	var spreadWant slab
	if want != nil {
		spreadWant = newSlab(t, 3*b.n+3)
	}
	for i, n := range counts {
		stride := 1 + (i+r)%3
		first := 3 * displs[i]
		for e := range n {
			spread.set(first+e*stride, *b, displs[i]+e, 1)
			if want != nil {
				spreadWant.set(first+e*stride, *want, displs[i]+e, 1)
			}
		}
		bufs[i] = engine.Buf{Ptr: spread.at(first), Count: n, Type: t}
		if stride > 1 {
			bufs[i].Layout = engine.NewLayout([]engine.Run{{Len: 1, Count: n, Stride: stride}})
		}
	}
	*b = spread
	if want != nil {
		*want = spreadWant
	}
	return bufs
}

// check compares what a call has left with what it should have.
func (q *prepared) check() error {
	if q.loose {
		q.want.set(q.firm, q.recv, q.firm, q.recv.n-q.firm)
	}
	if i := differ(q.recv, q.want); i >= 0 {
		return fmt.Errorf("result differs at byte %d of %d", i-8*guard, q.recv.n*q.recv.size)
	}
	if i := differ(q.send, q.kept); i >= 0 {
		return fmt.Errorf("input was changed at byte %d of %d", i-8*guard, q.send.n*q.send.size)
	}
	return nil
}

func differ(a, b slab) int {
	if bytes.Equal(a.bytes(), b.bytes()) {
		return -1
	}
	x, y := a.bytes(), b.bytes()
	for i := range x {
		if x[i] != y[i] {
			return i
		}
	}
	return len(x)
}
