package coll

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// small is the table scaled down so that every algorithm and every way of
// cutting a message is reached with little memory.
var small = thresholds{
	bcastTree: 192, bcastRanks: 5, bcastDoubling: 4 << 10, chainMin: 3 << 10,
	segment: 512, segments: 24, treeBlock: 256,
	allgatherDoubling: 4 << 10, allgatherBruck: 1280,
	alltoallBruck: 24, alltoallRanks: 4, alltoallScattered: 512, window: 3, largeWindow: 2,
	reduceTree: 128, pairwiseBlock: 192, halvingMax: 4 << 10, orderedMax: 512,
}

func (t *thresholds) sizes() []int {
	return []int{t.bcastTree, t.bcastDoubling, t.chainMin, t.segment, t.treeBlock, t.allgatherDoubling, t.allgatherBruck,
		t.alltoallBruck, t.alltoallScattered, t.reduceTree, t.pairwiseBlock, t.halvingMax, t.orderedMax, t.segment * t.segments}
}

// testOp is a reduction whose result shows which operands were combined and, if
// it does not commute, in which order.
type testOp struct {
	name string
	op   *engine.Op
	fill func(rng *rand.Rand, rank int, p []byte) // one element
}

func elementwise(name string, code engine.OpCode, commutative bool, size int, f func(dst, a, b []byte), fill func(*rand.Rand, int, []byte)) testOp {
	kernel := func(dst, a, b unsafe.Pointer, n int) {
		d, x, y := view(dst, n*size), view(a, n*size), view(b, n*size)
		for i := 0; i < n*size; i += size {
			f(d[i:i+size], x[i:i+size], y[i:i+size])
		}
	}
	return testOp{name, &engine.Op{Code: code, Commutative: commutative, Kernel: kernel,
		Type: &engine.Type{Kind: engine.Struct, Size: size, Name: name}}, fill}
}

func randomFill(rng *rand.Rand, _ int, p []byte) {
	for ; len(p) >= 8; p = p[8:] {
		le.PutUint64(p, rng.Uint64())
	}
	for i := range p {
		p[i] = byte(rng.Uint32())
	}
}

var le = binary.LittleEndian

var testOps = []testOp{
	elementwise("sum of int64", engine.OpSum, true, 8, func(d, a, b []byte) {
		le.PutUint64(d, le.Uint64(a)+le.Uint64(b))
	}, nil),
	elementwise("xor of bytes", engine.OpBxor, true, 1, func(d, a, b []byte) { d[0] = a[0] ^ b[0] }, nil),
	elementwise("sum of three int32, user function", engine.OpUser, true, 12, func(d, a, b []byte) {
		for i := 0; i < 12; i += 4 {
			le.PutUint32(d[i:], le.Uint32(a[i:])+le.Uint32(b[i:]))
		}
	}, nil),
	elementwise("product of 2×2 matrices", engine.OpUser, false, 16, func(d, a, b []byte) {
		a0, a1, a2, a3 := le.Uint32(a), le.Uint32(a[4:]), le.Uint32(a[8:]), le.Uint32(a[12:])
		b0, b1, b2, b3 := le.Uint32(b), le.Uint32(b[4:]), le.Uint32(b[8:]), le.Uint32(b[12:])
		le.PutUint32(d, a0*b0+a1*b2)
		le.PutUint32(d[4:], a0*b1+a1*b3)
		le.PutUint32(d[8:], a2*b0+a3*b2)
		le.PutUint32(d[12:], a2*b1+a3*b3)
	}, nil),
	// A string: its length and up to 34 bytes. Every rank contributes its number.
	elementwise("concatenation", engine.OpUser, false, 35, func(d, a, b []byte) {
		var t [35]byte // d may be a or b
		n := copy(t[1:], a[1:1+a[0]])
		t[0] = byte(n + copy(t[1+n:], b[1:1+b[0]]))
		copy(d, t[:])
	}, func(_ *rand.Rand, rank int, p []byte) {
		clear(p)
		p[0], p[1] = 1, byte(rank)
	}),
}

// guarded is a user's buffer between guards.
type guarded struct {
	data, all  []byte
	orig, want []byte
	undefined  int // bytes at the end whose content the standard leaves open
	name       string
	rank       int
}

const guard = 32

// trial is one collective call on all ranks and what it should do.
type trial struct {
	name  string
	colls []engine.Coll
	bufs  []*guarded
	rng   *rand.Rand
	plan  Plan
}

func (tr *trial) buffer(rank, n int, name string) *guarded {
	all := view(words(n+2*guard), n+2*guard)
	randomFill(tr.rng, 0, all)
	g := &guarded{data: all[guard : guard+n : guard+n], all: all, rank: rank, name: fmt.Sprintf("%s buffer of rank %d", name, rank)}
	tr.bufs = append(tr.bufs, g)
	return g
}

func (g *guarded) buf(typ *engine.Type) engine.Buf {
	b := engine.Buf{Count: len(g.data) / typ.Size, Type: typ}
	if len(g.data) > 0 {
		b.Ptr = unsafe.Pointer(&g.data[0])
	}
	return b
}

// freeze notes what the buffers hold before the call; they are to be the same
// afterwards but for what the trial then writes to want.
func (tr *trial) freeze() {
	for _, g := range tr.bufs {
		g.orig = bytes.Clone(g.all)
		g.want = bytes.Clone(g.all)[guard : guard+len(g.data)]
	}
}

// rewind puts the input back.
func (tr *trial) rewind() {
	for _, g := range tr.bufs {
		copy(g.all, g.orig)
	}
}

func (tr *trial) verify() error {
	for _, g := range tr.bufs {
		n := len(g.data) - g.undefined
		if !bytes.Equal(g.data[:n], g.want[:n]) {
			at := 0
			for g.data[at] == g.want[at] {
				at++
			}
			return fmt.Errorf("%s: wrong from byte %d of %d: % x, want % x", g.name, at, len(g.data),
				g.data[at:min(at+16, n)], g.want[at:min(at+16, n)])
		}
		if !bytes.Equal(g.all[:guard], g.orig[:guard]) || !bytes.Equal(g.all[guard+len(g.data):], g.orig[guard+len(g.data):]) {
			return fmt.Errorf("%s: written outside", g.name)
		}
	}
	return nil
}

// part returns bytes of a slice by elements.
func part(p []byte, elem, off, count int) []byte { return p[off*elem : (off+count)*elem] }

// scatteredBlocks chooses displacements for counts: packed in order of ranks or
// in random order with gaps. It returns the elements spanned.
func scatteredBlocks(rng *rand.Rand, counts []int) (displs []int, span int) {
	displs = make([]int, len(counts))
	gap := rng.IntN(2) * 3
	order := rng.Perm(len(counts))
	if rng.IntN(3) == 0 {
		gap = 0
		for i := range order {
			order[i] = i
		}
	}
	for _, i := range order {
		displs[i] = span
		span += counts[i] + rng.IntN(gap+1)
	}
	return displs, span
}

// randomLayout picks count elements out of a longer slice.
func randomLayout(rng *rand.Rand, count int) *engine.Layout {
	var runs []engine.Run
	off := rng.IntN(3)
	for count > 0 {
		l := 1 + rng.IntN(min(count, 5))
		n := 1 + rng.IntN(count/l)
		stride := l + rng.IntN(3)
		runs = append(runs, engine.Run{Offset: off, Len: l, Count: n, Stride: stride})
		off += (n-1)*stride + l + rng.IntN(3)
		count -= l * n
	}
	if rng.IntN(2) == 0 {
		rng.Shuffle(len(runs), func(i, j int) { runs[i], runs[j] = runs[j], runs[i] })
	}
	return engine.NewLayout(runs)
}

// randomCounts returns counts around mean, some of them 0, at times one of them
// as long as all others together.
func randomCounts(rng *rand.Rand, p, mean int) []int {
	counts := make([]int, p)
	for i := range counts {
		if rng.IntN(4) > 0 {
			counts[i] = rng.IntN(2*mean + 1)
		}
	}
	if rng.IntN(3) == 0 {
		clear(counts)
		counts[rng.IntN(p)] = mean * p
	}
	return counts
}

// newTrial makes a call of a collective on p ranks. count is the number of
// elements of a block, or of the vector of a reduction.
func newTrial(rng *rand.Rand, kind engine.CollKind, p, count int, op *testOp, inPlace bool) *trial {
	tr := &trial{rng: rng, colls: make([]engine.Coll, p)}
	root := rng.IntN(p)
	typ := op.op.Type
	es := typ.Size
	tr.name = fmt.Sprintf("%v, %d ranks, %d elements, %s, in place %v, root %d", kind, p, count, op.name, inPlace, root)
	for r := range p {
		tr.colls[r] = engine.Coll{Kind: kind, Root: root}
	}
	send, recv := make([]*guarded, p), make([]*guarded, p)
	both := func(r, sendCount, recvCount int) {
		if sendCount >= 0 {
			send[r] = tr.buffer(r, sendCount*es, "send")
			tr.colls[r].Send = send[r].buf(typ)
		}
		if recvCount >= 0 {
			recv[r] = tr.buffer(r, recvCount*es, "receive")
			tr.colls[r].Recv = recv[r].buf(typ)
		}
	}
	// outOnly gives rank r a Send and a Recv, or only the Recv when in place.
	outOnly := func(r, sendCount, recvCount int) {
		if inPlace {
			sendCount = -1
			tr.colls[r].InPlace = true
		}
		both(r, sendCount, recvCount)
	}

	switch kind {
	case engine.Barrier:
		tr.freeze()

	case engine.Bcast:
		for r := range p {
			both(r, -1, count)
		}
		tr.freeze()
		for r := range p {
			copy(recv[r].want, recv[root].orig[guard:])
		}

	case engine.Scatter, engine.Scatterv:
		counts := make([]int, p)
		for i := range counts {
			counts[i] = count
		}
		if kind == engine.Scatterv {
			counts = randomCounts(rng, p, count)
		}
		var displs []int
		for r := range p {
			switch {
			case r != root:
				both(r, -1, counts[r])
				continue
			case kind == engine.Scatterv:
				var span int
				displs, span = scatteredBlocks(rng, counts)
				tr.colls[r].V = &engine.Vector{SendCounts: counts, SendDispls: displs}
				both(r, span, -1)
			default:
				both(r, p*count, -1)
			}
			if inPlace {
				tr.colls[r].InPlace = true
			} else {
				both(r, -1, counts[r])
			}
		}
		tr.freeze()
		for r := range p {
			off := r * count
			if displs != nil {
				off = displs[r]
			}
			if recv[r] != nil {
				copy(recv[r].want, part(send[root].data, es, off, counts[r]))
			}
		}

	case engine.Gather, engine.Gatherv, engine.Allgather, engine.Allgatherv:
		v := kind == engine.Gatherv || kind == engine.Allgatherv
		all := kind == engine.Allgather || kind == engine.Allgatherv
		counts, displs, span := make([]int, p), make([]int, p), p*count
		for i := range counts {
			counts[i], displs[i] = count, i*count
		}
		if v {
			counts = randomCounts(rng, p, count)
			displs, span = scatteredBlocks(rng, counts)
		}
		for r := range p {
			if v && (all || r == root) {
				tr.colls[r].V = &engine.Vector{RecvCounts: counts, RecvDispls: displs}
			}
			if all || r == root {
				outOnly(r, counts[r], span)
			} else {
				both(r, counts[r], -1)
			}
		}
		tr.freeze()
		for r := range p {
			for q := range p {
				if recv[r] == nil {
					break
				}
				var block []byte
				if send[q] != nil {
					block = send[q].data
				} else {
					block = part(recv[q].data, es, displs[q], counts[q])
				}
				copy(part(recv[r].want, es, displs[q], counts[q]), block)
			}
		}

	case engine.Alltoall, engine.Alltoallv:
		counts := make([][]int, p) // counts[r][q]: from r to q
		for r := range p {
			counts[r] = make([]int, p)
			for q := range p {
				counts[r][q] = count
			}
			if kind == engine.Alltoallv {
				counts[r] = randomCounts(rng, p, count)
				for q := 0; q < r && inPlace; q++ {
					counts[r][q] = counts[q][r]
				}
			}
		}
		sdispls, rdispls := make([][]int, p), make([][]int, p)
		for r := range p {
			in := make([]int, p)
			for q := range p {
				in[q] = counts[q][r]
			}
			sspan, rspan := p*count, p*count
			if kind == engine.Alltoallv {
				sdispls[r], sspan = scatteredBlocks(rng, counts[r])
				rdispls[r], rspan = scatteredBlocks(rng, in)
				tr.colls[r].V = &engine.Vector{RecvCounts: in, RecvDispls: rdispls[r]}
				if !inPlace {
					tr.colls[r].V.SendCounts, tr.colls[r].V.SendDispls = counts[r], sdispls[r]
				}
			} else {
				sdispls[r], rdispls[r] = make([]int, p), make([]int, p)
				for q := range p {
					sdispls[r][q], rdispls[r][q] = q*count, q*count
				}
			}
			outOnly(r, sspan, rspan)
		}
		tr.freeze()
		for r := range p {
			for q := range p {
				var block []byte
				if inPlace {
					block = part(recv[q].data, es, rdispls[q][r], counts[q][r])
				} else {
					block = part(send[q].data, es, sdispls[q][r], counts[q][r])
				}
				copy(part(recv[r].want, es, rdispls[r][q], counts[q][r]), block)
			}
		}

	case engine.Alltoallw:
		tr.alltoallw(p, count, inPlace)

	case engine.Reduce, engine.Allreduce, engine.Scan, engine.Exscan, engine.ReduceScatter, engine.ReduceScatterBlock:
		counts, in := make([]int, p), count
		switch kind {
		case engine.ReduceScatterBlock:
			for i := range counts {
				counts[i] = count
			}
			in = count * p
		case engine.ReduceScatter:
			counts = randomCounts(rng, p, count)
			in = 0
			for _, n := range counts {
				in += n
			}
		default:
			for i := range counts {
				counts[i] = count
			}
		}
		inputs := make([]*guarded, p)
		for r := range p {
			tr.colls[r].Op = op.op
			if kind == engine.ReduceScatter {
				tr.colls[r].V = &engine.Vector{RecvCounts: counts}
			}
			switch {
			case kind == engine.Reduce && r != root:
				both(r, in, -1)
			case inPlace:
				outOnly(r, in, in)
			default:
				both(r, in, counts[r])
			}
			inputs[r] = send[r]
			if send[r] == nil {
				inputs[r] = recv[r]
			}
			if op.fill != nil { // else any bytes are operands
				for i := range in {
					op.fill(rng, r, part(inputs[r].data, es, i, 1))
				}
			}
		}
		tr.freeze()
		// through returns the combination of the first n ranks' input.
		prefixes := make([][]byte, p+1)
		for r := range p {
			prefixes[r+1] = bytes.Clone(inputs[r].data)
			if r > 0 && in > 0 {
				op.op.Kernel(unsafe.Pointer(&prefixes[r+1][0]), unsafe.Pointer(&prefixes[r][0]), unsafe.Pointer(&inputs[r].data[0]), in)
			}
		}
		off := 0
		for r := range p {
			switch {
			case recv[r] == nil:
			case kind == engine.Scan:
				copy(recv[r].want, prefixes[r+1])
			case kind == engine.Exscan:
				copy(recv[r].want, prefixes[r])
			case kind == engine.ReduceScatter || kind == engine.ReduceScatterBlock:
				copy(recv[r].want, part(prefixes[p], es, off, counts[r]))
				recv[r].undefined = len(recv[r].data) - counts[r]*es
				off += counts[r]
			default:
				copy(recv[r].want, prefixes[p])
			}
		}
	}
	return tr
}

// alltoallw gives each pair its own element type and layouts.
func (tr *trial) alltoallw(p, count int, inPlace bool) {
	rng := tr.rng
	types := []*engine.Type{engine.Basic(engine.Uint8), engine.Basic(engine.Int32), engine.Basic(engine.Float64), testOps[4].op.Type}
	type end struct {
		g *guarded
		b engine.Buf
	}
	newEnd := func(typ *engine.Type, n int, name string, r, q int) end {
		var l *engine.Layout
		span := n
		if rng.IntN(2) == 0 {
			l = randomLayout(rng, n)
			span = l.Span()
		}
		g := tr.buffer(r, span*typ.Size, fmt.Sprintf("%s (%d)", name, q))
		b := g.buf(typ)
		b.Count, b.Layout = n, l
		return end{g, b}
	}
	packed := func(e end) []byte {
		p := bytes.Clone(e.g.data)
		if e.b.Layout != nil {
			p = make([]byte, e.b.Bytes())
			if len(p) > 0 {
				e.b.Layout.Pack(p, e.b.Ptr, e.b.Type.Size)
			}
		}
		return p
	}
	sends, recvs := make([][]end, p), make([][]end, p)
	for r := range p {
		sends[r], recvs[r] = make([]end, p), make([]end, p)
		tr.colls[r].InPlace = inPlace
		tr.colls[r].V = &engine.Vector{RecvBufs: make([]engine.Buf, p)}
		if !inPlace {
			tr.colls[r].V.SendBufs = make([]engine.Buf, p)
		}
	}
	for r := range p {
		for q := range p {
			if inPlace && q < r {
				continue
			}
			typ, n := types[rng.IntN(len(types))], 0
			if rng.IntN(4) > 0 {
				n = rng.IntN(2*count + 1)
			}
			recvs[q][r] = newEnd(typ, n, "receive", q, r)
			tr.colls[q].V.RecvBufs[r] = recvs[q][r].b
			if inPlace {
				if q != r {
					recvs[r][q] = newEnd(typ, n, "receive", r, q)
				}
				tr.colls[r].V.RecvBufs[q] = recvs[r][q].b
			} else {
				sends[r][q] = newEnd(typ, n, "send", r, q)
				tr.colls[r].V.SendBufs[q] = sends[r][q].b
			}
		}
	}
	tr.freeze()
	for r := range p {
		for q := range p {
			from := recvs[q][r]
			if !inPlace {
				from = sends[q][r]
			}
			data, to := packed(from), recvs[r][q]
			switch {
			case to.b.Layout == nil:
				copy(to.g.want, data)
			case len(data) > 0:
				to.b.Layout.Unpack(unsafe.Pointer(&to.g.want[0]), data, to.b.Type.Size)
			}
		}
	}
}
