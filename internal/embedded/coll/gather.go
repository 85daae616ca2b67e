package coll

import "github.com/ringo-mpi/ringo/internal/engine"

func (s *Schedule) gather(c *engine.Coll) {
	var n int // bytes of a block
	if s.b.rank == c.Root {
		n = c.Recv.Bytes() / s.b.size
	} else {
		n = c.Send.Bytes()
	}
	if n > s.b.cut.treeBlock || s.b.size <= 2 {
		s.gatherLinear(c, uniform(c.Recv, n))
		return
	}
	s.gatherTree(c, n)
}

// gatherv is linear: only the root knows the counts.
func (s *Schedule) gatherv(c *engine.Coll) {
	var to blocks
	if s.b.rank == c.Root {
		to = s.vector(c.Recv, c.V.RecvCounts, c.V.RecvDispls)
	}
	s.gatherLinear(c, to)
}

func (s *Schedule) gatherLinear(c *engine.Coll, to blocks) {
	rank, size := s.b.rank, s.b.size
	if rank != c.Root {
		s.send(start(c.Send), c.Send.Bytes(), c.Root)
		return
	}
	for i := 1; i < size; i++ {
		q := (rank + i) % size
		p, n := to.at(q)
		s.recv(p, n, q)
	}
	if !c.InPlace {
		p, n := to.at(rank)
		s.move(p, start(c.Send), n)
	}
}

// gatherTree collects the blocks of each branch of the binomial tree in one
// message.
func (s *Schedule) gatherTree(c *engine.Coll, n int) {
	rank, size := s.b.rank, s.b.size
	vrank := (rank - c.Root + size) % size
	mine := span(vrank, size)
	if mine == 1 && vrank != 0 {
		s.send(start(c.Send), n, s.peer(parent(vrank), c.Root))
		return
	}

	if vrank != 0 {
		held := s.allocate(mine * n)
		var have [64]int32
		k := 0
		for d := branch(mine); d > 0; d >>= 1 {
			have[k] = s.recv(held.add(d*n), span(vrank+d, size)*n, s.peer(vrank+d, c.Root))
			k++
		}
		have[k] = s.move(held, start(c.Send), n)
		s.send(held, mine*n, s.peer(parent(vrank), c.Root), have[:k+1]...)
		return
	}

	all := start(c.Recv)
	for d := branch(size); d > 0; d >>= 1 {
		count, first := span(d, size), s.peer(d, c.Root)
		over := first + count - size
		if over <= 0 {
			s.recv(all.add(first*n), count*n, first)
			continue
		}
		p := s.allocate(count * n) // past the last rank: take both parts to their places
		have := s.recv(p, count*n, first)
		head := (count - over) * n
		s.move(all.add(first*n), p, head, have)
		s.move(all, p.add(head), over*n, have)
	}
	if !c.InPlace {
		s.move(all.add(rank*n), start(c.Send), n)
	}
}
