package coll

import "github.com/ringo-mpi/ringo/internal/engine"

func (s *Schedule) allreduce(k *engine.Coll) {
	acc, in := start(k.Recv), start(k.Send)
	if k.InPlace {
		in = acc
	}
	s.allreducePart(in, acc, k.Recv.Count)
}

// allreducePart combines the vectors of count elements that each rank has in in,
// which may be acc, into acc.
func (s *Schedule) allreducePart(in, acc place, count int) {
	rank, size := s.b.rank, s.b.size
	n := count * s.elem
	if size == 1 {
		s.move(acc, in, n)
		return
	}
	switch s.pick(engine.Allreduce, n, count) {
	case Doubling:
		s.doubling(in, acc, count)
	case PairsRing:
		all := blocks{base: acc, elem: s.elem, split: splits{count: count, parts: size}}
		own, _ := all.at(rank)
		done, sent := s.pairwise(in, all.split, own)
		if in != acc {
			sent = none
		}
		s.ring(&all, own, done, sent, n)
	default:
		f := newFold(size, -1)
		q, number := f.partner(rank), f.number(rank)
		if number < 0 {
			_, given := s.foldIn(f, operand{in, none}, in, count, in)
			if in != acc {
				given = none
			}
			s.recv(acc, n, q, given)
			return
		}
		var h halving
		h.plan(f, number, splits{count: count, parts: pof2(size)}, true)
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
