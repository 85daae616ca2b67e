package coll

import "github.com/ringo-mpi/ringo/internal/engine"

func (s *Schedule) bcast(buf engine.Buf, root int) {
	n, size := buf.Bytes(), s.b.size
	vrank := (s.b.rank - root + size) % size // the root is 0
	if size == 1 {
		return
	}
	switch way := s.pick(engine.Bcast, n, buf.Count); way {
	case Chain:
		s.bcastChain(start(buf), n, vrank, root)
	case Tree:
		s.bcastTree(start(buf), n, vrank, root, none)
	default:
		s.bcastScatter(start(buf), n, vrank, root, way == ScatterDouble)
	}
}

// peer returns the rank of the one with number vrank, counted from root.
func (s *Schedule) peer(vrank, root int) int { return (vrank + root) % s.b.size }

// span is the number of ranks of the binomial tree's branch that starts at
// vrank, in a tree of size ranks: it covers vrank to vrank+span-1.
func span(vrank, size int) int {
	if vrank == 0 {
		return size
	}
	return min(vrank&-vrank, size-vrank)
}

// parent is the one above vrank in the binomial tree.
func parent(vrank int) int { return vrank & (vrank - 1) }

// branch returns the greatest power of two below span: the children of vrank
// are vrank+branch, vrank+branch/2, … vrank+1.
func branch(span int) int {
	if span < 2 {
		return 0
	}
	return pof2(span - 1)
}

// bcastTree passes n bytes down the binomial tree; the root has them when ready.
func (s *Schedule) bcastTree(buf place, n, vrank, root int, ready int32) {
	have := ready
	if vrank != 0 {
		have = s.recv(buf, n, s.peer(parent(vrank), root))
	}
	for d := branch(span(vrank, s.b.size)); d > 0; d >>= 1 {
		s.send(buf, n, s.peer(vrank+d, root), have)
	}
}

// bcastChain passes pieces from each rank to the next.
func (s *Schedule) bcastChain(buf place, n, vrank, root int) {
	length := s.b.cut.pieces(n, 1)
	for at := 0; at < n; at += length {
		l, have := min(length, n-at), none
		if vrank > 0 {
			have = s.recv(buf.add(at), l, s.peer(vrank-1, root))
		}
		if vrank < s.b.size-1 {
			s.send(buf.add(at), l, s.peer(vrank+1, root), have)
		}
	}
}

// bcastScatter scatters blocks along the binomial tree and gathers them on all
// ranks (M. Barnett et al., 1994; R. van de Geijn). A rank keeps all blocks of
// its branch of the tree, which the allgather then need not bring it again. The
// allgather is by recursive doubling, for a power of two of ranks, or a ring.
func (s *Schedule) bcastScatter(buf place, n, vrank, root int, double bool) {
	size := s.b.size
	block := ((n+size-1)/size + 63) &^ 63
	// part returns the bytes of the blocks from lo up to hi.
	part := func(lo, hi int) (place, int) {
		from, to := min(n, lo*block), min(n, hi*block)
		return buf.add(from), to - from
	}

	// get and put leave out what is empty because n bytes make fewer blocks.
	get := func(lo, hi, from int) int32 {
		if p, l := part(lo, hi); l > 0 {
			return s.recv(p, l, s.peer(from, root))
		}
		return none
	}
	put := func(lo, hi, to int, deps ...int32) {
		if p, l := part(lo, hi); l > 0 {
			s.send(p, l, s.peer(to, root), deps...)
		}
	}

	mine := span(vrank, size)
	scattered := none
	if vrank != 0 {
		scattered = get(vrank, vrank+mine, parent(vrank))
	}
	for d := branch(mine); d > 0; d >>= 1 {
		put(vrank+d, vrank+d+span(vrank+d, size), vrank+d, scattered)
	}

	if double {
		got := [64]int32{scattered}
		for k, d := 1, 1; d < size; k, d = k+1, d<<1 {
			q := vrank ^ d
			base, other := vrank&^(d-1), q&^(d-1)
			if vrank < q || base >= q+span(q, size) {
				put(base, base+d, q, got[:k]...)
			}
			got[k] = none
			if q < vrank || other >= vrank+mine {
				got[k] = get(other, other+d, q)
			}
		}
		return
	}

	left, right := (vrank-1+size)%size, (vrank+1)%size
	have := scattered
	for k := range size - 1 {
		out, in := (vrank-k+size)%size, (left-k+size)%size
		if out < right || out >= right+span(right, size) {
			put(out, out+1, right, have)
		}
		have = scattered
		if in < vrank || in >= vrank+mine {
			have = get(in, in+1, left)
		}
	}
}
