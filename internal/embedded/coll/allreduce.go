package coll

import "github.com/ringo-mpi/ringo/internal/engine"

func (s *Schedule) allreduce(k *engine.Coll) {
	rank, size, cut := s.b.rank, s.b.size, s.b.cut
	acc, count := start(k.Recv), k.Recv.Count
	in := start(k.Send)
	if k.InPlace {
		in = acc
	}
	n := count * s.elem
	switch left := pof2(size); {
	case size == 1:
		s.move(acc, in, n)
	case n <= cut.reduceTree || count < left:
		s.doubling(in, acc, count)
	case size != left && n/size >= cut.pairwiseBlock:
		all := blocks{base: acc, elem: s.elem, split: splits{count: count, parts: size}}
		own, _ := all.at(rank)
		done, sent := s.pairwise(in, all.split, own)
		if !k.InPlace {
			sent = none
		}
		s.ring(&all, own, done, sent, n)
	default:
		f := newFold(size, -1)
		q, number := f.partner(rank), f.number(rank)
		if number < 0 {
			_, given := s.foldIn(f, operand{in, none}, in, count, in)
			if !k.InPlace {
				given = none
			}
			s.recv(acc, n, q, given)
			return
		}
		var h halving
		h.plan(f, number, splits{count: count, parts: left}, true)
		need := h.scratch() * s.elem
		if q >= 0 {
			need = max(need, n)
		}
		tmp := s.allocate(need)
		v, _ := s.foldIn(f, operand{in, none}, acc, count, tmp)
		v = h.reduce(s, v, acc, tmp, v.ready)
		v = h.allgather(s, v)
		if q >= 0 {
			s.send(v.at, n, q, v.ready)
		}
	}
}

// doubling combines whole vectors with the ranks 1, 2, 4 … away, so that all
// end with the same result in acc. In each step the two ranks combine the same
// operands in the same order. It returns the vertices after which acc is
// complete and after which in, if it is not acc, may be overwritten.
func (s *Schedule) doubling(in, acc place, count int) (done, sent int32) {
	rank, size := s.b.rank, s.b.size
	n := count * s.elem
	f := newFold(size, -1)
	q := f.partner(rank)
	var tmp place
	if q >= 0 {
		tmp = s.allocate(n)
	}
	v, given := s.foldIn(f, operand{in, none}, acc, count, tmp)
	number := f.number(rank)
	if number < 0 {
		if in != acc {
			return s.recv(acc, n, q), given
		}
		return s.recv(acc, n, q, given), given
	}
	sent = none
	for d := 1; d < f.pof2; d <<= 1 {
		p := f.rank(number ^ d)
		busy := s.send(v.at, n, p, v.ready)
		tmp := s.allocate(n)
		got := s.recv(tmp, n, p)
		a, b := v.at, tmp
		if p < rank {
			a, b = b, a
		}
		if v.at != acc {
			sent, busy = busy, none
		}
		v = operand{acc, s.combine(acc, a, b, count, got, v.ready, busy)}
	}
	if q >= 0 {
		s.send(acc, n, q, v.ready)
	}
	return v.ready, sent
}
