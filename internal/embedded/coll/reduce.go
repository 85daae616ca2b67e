package coll

import "github.com/ringo-mpi/ringo/internal/engine"

func (s *Schedule) reduceTo(k *engine.Coll) {
	rank, size, cut := s.b.rank, s.b.size, s.b.cut
	isRoot := rank == k.Root
	from := k.Input()
	in, count := start(*from), from.Count
	n := count * s.elem
	switch left := pof2(size); {
	case size == 1:
		s.move(start(k.Recv), in, n)
	case n <= cut.reduceTree || count < left:
		s.reduceTree(k, in, count)
	case size != left && n/size >= cut.pairwiseBlock:
		s.reducePairwise(k, in, count)
	default:
		f := newFold(size, k.Root)
		number := f.number(rank)
		if number < 0 {
			s.foldIn(f, operand{in, none}, in, count, in)
			return
		}
		var h halving
		h.plan(f, number, splits{count: count, parts: left}, true)
		acc := start(k.Recv)
		if !isRoot {
			acc = s.allocate(n)
		}
		need := h.scratch() * s.elem
		if f.partner(rank) >= 0 {
			need = max(need, n)
		}
		tmp := s.allocate(need)
		v, _ := s.foldIn(f, operand{in, none}, acc, count, tmp)
		v = h.reduce(s, v, acc, tmp, v.ready)
		h.gather(s, v, f.number(k.Root))
	}
}

// reduceTree combines along the binomial tree. When the operation does not
// commute, the tree is that of rank 0, whose branches are ranges of ranks, and
// rank 0 sends the result on to the root.
func (s *Schedule) reduceTree(k *engine.Coll, in place, count int) {
	rank, size := s.b.rank, s.b.size
	top, n := k.Root, count*s.elem
	if !k.Op.Commutative {
		top = 0
	}
	vrank := (rank - top + size) % size
	mine := span(vrank, size)
	acc := start(k.Recv)
	if rank != k.Root && mine > 1 {
		acc = s.allocate(n)
	}
	v := operand{in, none}
	for d := 1; d < mine; d <<= 1 {
		v = s.recvCombine(acc, v, count, s.peer(vrank+d, top), false, s.allocate(n), none)
	}
	sent := none
	if vrank != 0 {
		sent = s.sendParts(v, count, s.peer(parent(vrank), top))
	}
	switch {
	case top == k.Root:
	case vrank == 0:
		s.send(v.at, n, k.Root, v.ready)
	case rank == k.Root:
		s.recv(start(k.Recv), n, top, sent)
	}
}

// reducePairwise lets every rank combine one part and the root collect them.
func (s *Schedule) reducePairwise(k *engine.Coll, in place, count int) {
	rank, size := s.b.rank, s.b.size
	all := blocks{base: start(k.Recv), elem: s.elem, split: splits{count: count, parts: size}}
	out, own := all.at(rank)
	if rank != k.Root {
		out = s.allocate(own)
	}
	done, sent := s.pairwise(in, all.split, out)
	if rank != k.Root {
		s.send(out, own, k.Root, done)
		return
	}
	if !k.InPlace {
		sent = none
	}
	for i := 1; i < size; i++ {
		q := (rank + i) % size
		p, n := all.at(q)
		s.recv(p, n, q, sent)
	}
}
