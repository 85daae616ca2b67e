package coll

// fold leaves a power of two of size ranks: of the first 2·rem ranks, each pair
// 2i, 2i+1 is represented by one, the lower, but root always represents its
// own. Pairs are neighbours, so the order of ranks is kept.
type fold struct {
	pof2, rem int
	root      int // or -1
}

func newFold(size, root int) fold {
	p := pof2(size)
	return fold{pof2: p, rem: size - p, root: root}
}

// partner returns the other rank of the pair, -1 if rank is in none.
func (f fold) partner(rank int) int {
	if rank < 2*f.rem {
		return rank ^ 1
	}
	return -1
}

// number returns the number of rank among those left, -1 if another represents
// it.
func (f fold) number(rank int) int {
	if rank >= 2*f.rem {
		return rank - f.rem
	}
	if f.rank(rank/2) != rank {
		return -1
	}
	return rank / 2
}

// rank is the inverse of number.
func (f fold) rank(number int) int {
	if number >= f.rem {
		return number + f.rem
	}
	if f.root>>1 == number {
		return f.root // also -1>>1 is no number
	}
	return 2 * number
}

// operand is a vector of a reduction on its way: where its value lies and the
// vertex after which it does.
type operand struct {
	at    place
	ready int32
}

// sendParts sends count elements to dest in pieces and returns the vertex after
// which their memory is free again.
func (s *Schedule) sendParts(from operand, count, dest int) int32 {
	part := s.b.cut.pieces(count*s.elem, s.elem) / s.elem
	done := none
	for at := 0; at == 0 || at < count; at += part {
		n := min(part, count-at)
		done = s.join(done, s.send(from.at.add(at*s.elem), n*s.elem, dest, from.ready))
	}
	return done
}

// recvCombine receives count elements from rank source into tmp, in pieces, and
// combines each with its counterpart in mine into dst, as the left operand if
// below. tmp may be written after free.
func (s *Schedule) recvCombine(dst place, mine operand, count, source int, below bool, tmp place, free int32) operand {
	part := s.b.cut.pieces(count*s.elem, s.elem) / s.elem
	done := none
	for at := 0; at == 0 || at < count; at += part {
		n, off := min(part, count-at), at*s.elem
		got := s.recv(tmp.add(off), n*s.elem, source, free)
		a, b := mine.at.add(off), tmp.add(off)
		if below {
			a, b = b, a
		}
		done = s.join(done, s.combine(dst.add(off), a, b, n, got, mine.ready))
	}
	return operand{dst, done}
}

// foldIn takes part in leaving a power of two of ranks. A rank that another
// represents gives it its vector; given is the vertex after which it may be
// overwritten. For the others, v becomes the value for the pair, in acc, by way
// of tmp.
func (s *Schedule) foldIn(f fold, v operand, acc place, count int, tmp place) (_ operand, given int32) {
	rank := s.b.rank
	q := f.partner(rank)
	switch {
	case q < 0:
		return v, none
	case f.number(rank) < 0:
		return v, s.sendParts(v, count, q)
	}
	return s.recvCombine(acc, v, count, q, q < rank, tmp, none), none
}

// halfStep is one step of recursive halving. Before it, the rank and its peer
// hold partial results of parts lo to hi; after it, of one half each.
type halfStep struct {
	peer, number int // rank, and number among those left
	lo, mid, hi  int
	upper        bool  // this rank keeps mid to hi
	given        int32 // vertex after which the other half may be overwritten
}

func (h *halfStep) keep() (lo, hi int) {
	if h.upper {
		return h.mid, h.hi
	}
	return h.lo, h.mid
}

func (h *halfStep) give() (lo, hi int) {
	if h.upper {
		return h.lo, h.mid
	}
	return h.mid, h.hi
}

// halving is a reduce-scatter by recursive halving among the ranks that fold
// leaves (R. Rabenseifner, 2004; R. Thakur et al., 2005).
//
// With nearFirst, rank distances grow as the halves shrink: in each step the two
// operands stand for adjacent ranges of ranks, so the operation need not
// commute, but the parts end on ranks in bit-reversed order. Otherwise the
// distances shrink, part i ends on number i, and the operation must commute.
type halving struct {
	f     fold
	parts splits // pof2 parts
	steps [32]halfStep
	n     int
}

// plan works the steps out for the rank with the given number.
func (h *halving) plan(f fold, number int, parts splits, nearFirst bool) {
	h.f, h.parts, h.n = f, parts, log2(f.pof2)
	lo, hi := 0, f.pof2
	for k := range h.n {
		d := 1 << k
		if !nearFirst {
			d = f.pof2 >> (k + 1)
		}
		st := &h.steps[k]
		*st = halfStep{
			peer: f.rank(number ^ d), number: number ^ d,
			lo: lo, mid: (lo + hi) / 2, hi: hi, upper: number&d != 0, given: none,
		}
		lo, hi = st.keep()
	}
}

// scratch is the number of elements that arrive in all steps together.
func (h *halving) scratch() int {
	n := 0
	for k := range h.n {
		lo, hi := h.steps[k].keep()
		n += h.parts.at(hi) - h.parts.at(lo)
	}
	return n
}

// reduce adds the steps. Partial results are built in acc by way of tmp, which
// may be written after free; v may lie in acc. It returns the last part.
func (h *halving) reduce(s *Schedule, v operand, acc, tmp place, free int32) operand {
	for k := range h.n {
		st := &h.steps[k]
		lo, hi := st.give()
		from, to := h.parts.at(lo), h.parts.at(hi)
		st.given = s.sendParts(operand{v.at.add(from * s.elem), v.ready}, to-from, st.peer)

		lo, hi = st.keep()
		from, to = h.parts.at(lo), h.parts.at(hi)
		mine := operand{v.at.add(from * s.elem), v.ready}
		r := s.recvCombine(acc.add(from*s.elem), mine, to-from, st.peer, st.number < h.f.number(s.b.rank), tmp, free)
		tmp = tmp.add((to - from) * s.elem)
		v = operand{acc, r.ready}
	}
	return v
}

// allgather brings the parts together on all ranks, backwards through the
// steps: v is the result of reduce and, on return, the whole vector.
func (h *halving) allgather(s *Schedule, v operand) operand {
	for k := h.n - 1; k >= 0; k-- {
		st := &h.steps[k]
		h.sendPart(s, v, st)
		v.ready = s.join(v.ready, h.recvPart(s, v, st))
	}
	return v
}

// gather brings the parts together on the rank with number root.
func (h *halving) gather(s *Schedule, v operand, root int) operand {
	for k := h.n - 1; k >= 0; k-- {
		st := &h.steps[k]
		if number := h.f.number(s.b.rank); number^st.number == (number^root)&(number^st.number) {
			h.sendPart(s, v, st)
			break
		}
		v.ready = s.join(v.ready, h.recvPart(s, v, st))
	}
	return v
}

func (h *halving) sendPart(s *Schedule, v operand, st *halfStep) {
	lo, hi := st.keep()
	from, to := h.parts.at(lo), h.parts.at(hi)
	s.send(v.at.add(from*s.elem), (to-from)*s.elem, st.peer, v.ready)
}

func (h *halving) recvPart(s *Schedule, v operand, st *halfStep) int32 {
	lo, hi := st.give()
	from, to := h.parts.at(lo), h.parts.at(hi)
	return s.recv(v.at.add(from*s.elem), (to-from)*s.elem, st.peer, st.given)
}
