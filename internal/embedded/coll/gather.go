package coll

import "github.com/ringo-mpi/ringo/internal/engine"

func (s *Schedule) gather(k *engine.Coll) {
	var n int // bytes of a block
	if s.b.rank == k.Root {
		n = k.Recv.Bytes() / s.b.size
	} else {
		n = k.Send.Bytes()
	}
	if n > s.b.cut.treeBlock || s.b.size <= 2 {
		s.gatherLinear(k, uniform(k.Recv, n))
		return
	}
	own := start(k.Send)
	if k.InPlace {
		own = start(k.Recv).add(s.b.rank * n)
	}
	s.gatherTree(own, start(k.Recv), n, k.Root)
}

// gatherv is linear: only the root knows the counts.
func (s *Schedule) gatherv(k *engine.Coll) {
	var to blocks
	if s.b.rank == k.Root {
		to = s.vector(k.Recv, k.V.RecvCounts, k.V.RecvDispls)
	}
	s.gatherLinear(k, to)
}

func (s *Schedule) gatherLinear(k *engine.Coll, to blocks) {
	rank, size := s.b.rank, s.b.size
	if rank != k.Root {
		s.send(start(k.Send), k.Send.Bytes(), k.Root)
		return
	}
	for i := 1; i < size; i++ {
		q := (rank + i) % size
		p, n := to.at(q)
		s.recv(p, n, q)
	}
	if !k.InPlace {
		p, n := to.at(rank)
		s.move(p, start(k.Send), n)
	}
}

// gatherTree collects the blocks of each branch of the binomial tree in one
// message. own is this rank's block, all is where the root gets them.
func (s *Schedule) gatherTree(own, all place, n, root int) {
	rank, size := s.b.rank, s.b.size
	vrank := (rank - root + size) % size
	mine := span(vrank, size)
	if mine == 1 && vrank != 0 {
		s.send(own, n, s.peer(parent(vrank), root))
		return
	}

	if vrank != 0 {
		held := s.allocate(mine * n)
		var have [64]int32
		got := 0
		for d := branch(mine); d > 0; d >>= 1 {
			have[got] = s.recv(held.add(d*n), span(vrank+d, size)*n, s.peer(vrank+d, root))
			got++
		}
		have[got] = s.move(held, own, n)
		s.send(held, mine*n, s.peer(parent(vrank), root), have[:got+1]...)
		return
	}

	for d := branch(size); d > 0; d >>= 1 {
		count, first := span(d, size), s.peer(d, root)
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
	s.move(all.add(rank*n), own, n)
}
