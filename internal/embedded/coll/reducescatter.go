package coll

import "github.com/ringo-mpi/ringo/internal/engine"

// reduceScatter does both forms. In place, the input is Recv and the result
// goes to its start: it is built elsewhere and moved there when nothing of the
// input is to be sent any more.
func (s *Schedule) reduceScatter(k *engine.Coll) {
	rank, size, cut := s.b.rank, s.b.size, s.b.cut
	in, to := start(*k.Input()), start(k.Recv)
	parts := splits{parts: size}
	if k.Kind == engine.ReduceScatter {
		parts.displs = s.prefix(k.V.RecvCounts)
	} else {
		parts.count = k.BlockLen(rank, size) * size
	}
	first, count := parts.at(rank)*s.elem, parts.total()
	own := parts.at(rank+1)*s.elem - first
	n := count * s.elem
	switch {
	case size == 1:
		s.move(to, in, n)
	case k.Op.Commutative && n < cut.halvingMax:
		s.reduceScatterHalving(k, in, to, parts)
	case !k.Op.Commutative && n <= cut.orderedMax:
		acc := s.allocate(n)
		done, sent := s.doubling(in, acc, count)
		if !k.InPlace {
			sent = none
		}
		s.move(to, acc.add(first), own, done, sent)
	case k.InPlace:
		out := s.allocate(own)
		done, sent := s.pairwise(in, parts, out)
		s.move(to, out, own, done, sent)
	default:
		s.pairwise(in, parts, to)
	}
}

func (s *Schedule) reduceScatterHalving(k *engine.Coll, in, to place, parts splits) {
	rank, size := s.b.rank, s.b.size
	f := newFold(size, -1)
	q := f.partner(rank)
	bytes := func(i int) int { return (parts.at(i+1) - parts.at(i)) * s.elem }
	if f.number(rank) < 0 {
		_, given := s.foldIn(f, operand{in, none}, in, parts.total(), in)
		if !k.InPlace {
			given = none
		}
		s.recv(to, bytes(rank), q, given)
		return
	}

	// The part of a rank that represents a pair is the blocks of both.
	merged := splits{parts: f.pof2, displs: s.ints(f.pof2 + 1)}
	for i := range f.pof2 {
		merged.displs[i] = parts.at(i + min(i, f.rem))
	}
	merged.displs[f.pof2] = parts.total()
	var h halving
	h.plan(f, f.number(rank), merged, false)
	need := h.scratch()
	if q >= 0 {
		need = max(need, parts.total())
	}
	acc, tmp := s.allocate(parts.total()*s.elem), s.allocate(need*s.elem)
	v, _ := s.foldIn(f, operand{in, none}, acc, parts.total(), tmp)
	v = h.reduce(s, v, acc, tmp, v.ready)

	given := none
	if k.InPlace && h.n > 0 {
		given = h.steps[0].given
	}
	s.move(to, v.at.add(parts.at(rank)*s.elem), bytes(rank), v.ready, given)
	if q >= 0 {
		s.send(v.at.add(parts.at(q)*s.elem), bytes(q), q, v.ready)
	}
}
