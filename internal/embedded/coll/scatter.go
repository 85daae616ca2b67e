package coll

import "github.com/ringo-mpi/ringo/internal/engine"

func (s *Schedule) scatter(c *engine.Coll) {
	var n int // bytes of a block
	if s.b.rank == c.Root {
		n = c.Send.Bytes() / s.b.size
	} else {
		n = c.Recv.Bytes()
	}
	if n > s.b.cut.treeBlock || s.b.size <= 2 {
		s.scatterLinear(c, uniform(c.Send, n))
		return
	}
	s.scatterTree(c, n)
}

// scatterv is linear: only the root knows the counts.
func (s *Schedule) scatterv(c *engine.Coll) {
	var from blocks
	if s.b.rank == c.Root {
		from = s.vector(c.Send, c.V.SendCounts, c.V.SendDispls)
	}
	s.scatterLinear(c, from)
}

func (s *Schedule) scatterLinear(c *engine.Coll, from blocks) {
	rank, size := s.b.rank, s.b.size
	if rank != c.Root {
		s.recv(start(c.Recv), c.Recv.Bytes(), c.Root)
		return
	}
	for i := 1; i < size; i++ {
		q := (rank + i) % size
		p, n := from.at(q)
		s.send(p, n, q)
	}
	if !c.InPlace {
		p, n := from.at(rank)
		s.move(start(c.Recv), p, n)
	}
}

// scatterTree sends each branch of the binomial tree its blocks in one message.
func (s *Schedule) scatterTree(c *engine.Coll, n int) {
	rank, size := s.b.rank, s.b.size
	vrank := (rank - c.Root + size) % size
	mine := span(vrank, size)
	if mine == 1 && vrank != 0 {
		s.recv(start(c.Recv), n, s.peer(parent(vrank), c.Root))
		return
	}

	if vrank != 0 {
		held := s.allocate(mine * n)
		have := s.recv(held, mine*n, s.peer(parent(vrank), c.Root))
		for d := branch(mine); d > 0; d >>= 1 {
			s.send(held.add(d*n), span(vrank+d, size)*n, s.peer(vrank+d, c.Root), have)
		}
		s.move(start(c.Recv), held, n, have)
		return
	}

	all := start(c.Send)
	for d := branch(size); d > 0; d >>= 1 {
		count, first := span(d, size), s.peer(d, c.Root)
		p, have := all.add(first*n), none
		if over := first + count - size; over > 0 { // past the last rank: bring both parts together
			p = s.allocate(count * n)
			head := (count - over) * n
			have = s.join(s.move(p, all.add(first*n), head), s.move(p.add(head), all, over*n))
		}
		s.send(p, count*n, first, have)
	}
	if !c.InPlace {
		s.move(start(c.Recv), all.add(rank*n), n)
	}
}
