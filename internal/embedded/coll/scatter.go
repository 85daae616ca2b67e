package coll

import "github.com/ringo-mpi/ringo/internal/engine"

func (s *Schedule) scatter(k *engine.Coll) {
	var n int // bytes of a block
	if s.b.rank == k.Root {
		n = k.Send.Bytes() / s.b.size
	} else {
		n = k.Recv.Bytes()
	}
	if n > s.b.cut.treeBlock || s.b.size <= 2 {
		s.scatterLinear(k, uniform(k.Send, n))
		return
	}
	s.scatterTree(k, n)
}

// scatterv is linear: only the root knows the counts.
func (s *Schedule) scatterv(k *engine.Coll) {
	var from blocks
	if s.b.rank == k.Root {
		from = s.vector(k.Send, k.V.SendCounts, k.V.SendDispls)
	}
	s.scatterLinear(k, from)
}

func (s *Schedule) scatterLinear(k *engine.Coll, from blocks) {
	rank, size := s.b.rank, s.b.size
	if rank != k.Root {
		s.recv(start(k.Recv), k.Recv.Bytes(), k.Root)
		return
	}
	for i := 1; i < size; i++ {
		q := (rank + i) % size
		p, n := from.at(q)
		s.send(p, n, q)
	}
	if !k.InPlace {
		p, n := from.at(rank)
		s.move(start(k.Recv), p, n)
	}
}

// scatterTree sends each branch of the binomial tree its blocks in one message.
func (s *Schedule) scatterTree(k *engine.Coll, n int) {
	rank, size := s.b.rank, s.b.size
	vrank := (rank - k.Root + size) % size
	mine := span(vrank, size)
	if mine == 1 && vrank != 0 {
		s.recv(start(k.Recv), n, s.peer(parent(vrank), k.Root))
		return
	}

	if vrank != 0 {
		held := s.allocate(mine * n)
		have := s.recv(held, mine*n, s.peer(parent(vrank), k.Root))
		for d := branch(mine); d > 0; d >>= 1 {
			s.send(held.add(d*n), span(vrank+d, size)*n, s.peer(vrank+d, k.Root), have)
		}
		s.move(start(k.Recv), held, n, have)
		return
	}

	all := start(k.Send)
	for d := branch(size); d > 0; d >>= 1 {
		count, first := span(d, size), s.peer(d, k.Root)
		p, have := all.add(first*n), none
		if over := first + count - size; over > 0 { // past the last rank: bring both parts together
			p = s.allocate(count * n)
			head := (count - over) * n
			have = s.join(s.move(p, all.add(first*n), head), s.move(p.add(head), all, over*n))
		}
		s.send(p, count*n, first, have)
	}
	if !k.InPlace {
		s.move(start(k.Recv), all.add(rank*n), n)
	}
}
