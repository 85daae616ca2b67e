package coll

import "github.com/ringo-mpi/ringo/internal/engine"

// blocks describes a buffer that has one block a rank. Exactly one of the ways
// of describing them is used: n bytes each, counts (with displs, or one after
// another), bufs, or an even split of count elements.
type blocks struct {
	base   place
	n      int   // bytes of each block
	elem   int   // bytes of an element, for the other two
	counts []int // elements
	displs []int
	bufs   []engine.Buf
	split  splits
}

// uniform describes blocks of n bytes.
func uniform(b engine.Buf, n int) blocks { return blocks{base: start(b), n: n} }

// vector describes blocks of counts elements of b at displs, or one after
// another when displs is nil.
func (s *Schedule) vector(b engine.Buf, counts, displs []int) blocks {
	if displs == nil {
		displs = s.prefix(counts)
	}
	return blocks{base: start(b), elem: b.Type.Size, counts: counts, displs: displs}
}

// at returns the place and the bytes of block i. A block with a layout travels
// as that many bytes but does not lie there in one piece.
func (b *blocks) at(i int) (place, int) {
	switch {
	case b.counts != nil:
		return b.base.add(b.displs[i] * b.elem), b.counts[i] * b.elem
	case b.bufs != nil:
		return start(b.bufs[i]), b.bufs[i].Bytes()
	case b.split.parts > 0:
		lo, hi := b.split.at(i), b.split.at(i+1)
		return b.base.add(lo * b.elem), (hi - lo) * b.elem
	}
	return b.base.add(i * b.n), b.n
}

// layout reports whether block i does not lie in one piece.
func (b *blocks) layout(i int) bool { return b.bufs != nil && b.bufs[i].Layout != nil }

// packed reports whether the blocks lie one after another in the order of ranks.
func (b *blocks) packed(size int) bool {
	if b.counts == nil {
		return b.bufs == nil
	}
	for i := 1; i < size; i++ {
		if b.displs[i] != b.displs[i-1]+b.counts[i-1] {
			return false
		}
	}
	return true
}

// splits divides elements into parts: count elements evenly, or at displs.
type splits struct {
	count, parts int
	displs       []int // parts+1 of them
}

// at returns the element at which part i begins; at(parts) is the end.
func (p splits) at(i int) int {
	if p.displs != nil {
		return p.displs[i]
	}
	// The first count%parts parts are one element longer.
	return i*(p.count/p.parts) + min(i, p.count%p.parts)
}

func (p splits) total() int { return p.at(p.parts) }
