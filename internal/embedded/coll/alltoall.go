package coll

import "github.com/ringo-mpi/ringo/internal/engine"

func (s *Schedule) alltoall(k *engine.Coll) {
	size, cut := s.b.size, s.b.cut
	var out, in blocks
	longest := 0
	switch k.Kind {
	case engine.Alltoall:
		n := k.Recv.Bytes() / size
		if s.pick(engine.Alltoall, n, k.Recv.Count/size) == Bruck {
			s.alltoallBruck(start(k.Recv), start(*k.Input()), n)
			return
		}
		in, out = uniform(k.Recv, n), uniform(k.Send, n)
		longest = n
	case engine.Alltoallv:
		in = s.vector(k.Recv, k.V.RecvCounts, k.V.RecvDispls)
		if !k.InPlace {
			out = s.vector(k.Send, k.V.SendCounts, k.V.SendDispls)
		}
	case engine.Alltoallw:
		in, out = blocks{bufs: k.V.RecvBufs}, blocks{bufs: k.V.SendBufs}
	}
	sparse := k.Kind != engine.Alltoall
	if sparse {
		for q := range size {
			_, n := in.at(q)
			longest = max(longest, n)
			if !k.InPlace {
				_, n = out.at(q)
				longest = max(longest, n)
			}
		}
	}
	// The window may differ from rank to rank: messages are issued in the order
	// of the steps, and every message of a step can proceed when those of the
	// steps before have.
	window := cut.window
	if longest > cut.alltoallScattered {
		window = cut.largeWindow
	}
	if k.InPlace {
		s.swapAll(&in, window, longest, sparse)
	} else {
		s.exchangeAll(&out, &in, window, sparse)
	}
}

// slots hands out parts of the temporary memory in turn; each is free again
// when the vertex that used it last has completed. It also bounds the number of
// operations under way where no memory is needed.
type slots struct {
	base place
	size int
	used []int // 1 + the vertex after which the slot is free
	next int
}

// newSlots sets count slots of size bytes aside.
func (s *Schedule) newSlots(count, size int) slots {
	return slots{base: s.allocate(count * size), size: size, used: s.ints(count)}
}

// take returns a slot and the vertex after which it is free.
func (t *slots) take() (i int, at place, free int32) {
	i = t.next % len(t.used)
	t.next++
	return i, t.base.add(i * t.size), int32(t.used[i]) - 1
}

func (t *slots) release(i int, after int32) { t.used[i] = int(after) + 1 }

// layouts returns the longest block that does not lie in one piece, rounded up
// for alignment; such blocks need temporary memory.
func layouts(b *blocks, size int) int {
	longest := 0
	for q := range size {
		if b.layout(q) {
			longest = max(longest, b.bufs[q].Bytes())
		}
	}
	return (longest + 15) &^ 15
}

// exchangeAll sends to the k-th rank after this one and receives from the k-th
// before it, for all k, at most window of each at a time.
func (s *Schedule) exchangeAll(out, in *blocks, window int, sparse bool) {
	rank, size := s.b.rank, s.b.size
	window = max(1, min(window, size-1))
	sends := s.newSlots(window, layouts(out, size))
	recvs := s.newSlots(window, layouts(in, size))

	for k := 1; k < size; k++ {
		from, to := (rank-k+size)%size, (rank+k)%size
		if p, n := in.at(from); n > 0 || !sparse {
			i, at, free := recvs.take()
			if in.layout(from) {
				got := s.recv(at, n, from, free)
				recvs.release(i, s.unpack(in.bufs[from], at, got))
			} else {
				recvs.release(i, s.recv(p, n, from, free))
			}
		}
		if p, n := out.at(to); n > 0 || !sparse {
			i, at, free := sends.take()
			if out.layout(to) {
				p, free = at, s.pack(at, out.bufs[to], free)
			}
			sends.release(i, s.send(p, n, to, free))
		}
	}
	s.moveOwn(out, in)
}

// moveOwn moves this rank's own block, with layouts on either side.
func (s *Schedule) moveOwn(out, in *blocks) {
	rank := s.b.rank
	from, n := out.at(rank)
	to, _ := in.at(rank)
	packed := none
	if out.layout(rank) && n > 0 {
		at := to
		if in.layout(rank) {
			at = s.allocate(n)
		}
		packed = s.pack(at, out.bufs[rank], none)
		from = at
	}
	if in.layout(rank) {
		s.unpack(in.bufs[rank], from, packed)
	} else {
		s.move(to, from, n, packed)
	}
}

// swapAll is exchangeAll in place: in step k the ranks whose numbers add up to k
// modulo p swap blocks, so that what a rank overwrites in a step it has also
// sent in that step, from a copy.
func (s *Schedule) swapAll(in *blocks, window, longest int, sparse bool) {
	rank, size := s.b.rank, s.b.size
	window = max(1, min(window, size-1))
	copies := s.newSlots(window, (longest+15)&^15)
	recvs := s.newSlots(window, layouts(in, size))

	for k := range size {
		q := (k - rank + size) % size
		p, n := in.at(q)
		if q == rank || n == 0 && sparse {
			continue
		}
		i, out, free := copies.take()
		var copied int32
		if in.layout(q) {
			copied = s.pack(out, in.bufs[q], free)
		} else {
			copied = s.move(out, p, n, free)
		}
		copies.release(i, s.send(out, n, q, copied))

		i, at, free := recvs.take()
		if in.layout(q) {
			got := s.recv(at, n, q, free)
			recvs.release(i, s.unpack(in.bufs[q], at, got, copied))
		} else {
			recvs.release(i, s.recv(p, n, q, free, copied))
		}
	}
}

// alltoallBruck moves blocks of n bytes in ⌈log₂ p⌉ messages of at most half
// the blocks each (J. Bruck et al., 1997). Blocks are numbered by how far they
// have to go; those with bit k set in their number go 2^k ranks on in round k.
func (s *Schedule) alltoallBruck(to, from place, n int) {
	rank, size := s.b.rank, s.b.size
	held := s.allocate(size * n)
	head := (size - rank) * n
	ready := s.join(
		s.move(held, from.add(rank*n), head),
		s.move(held.add(head), from, rank*n))

	half := (size + 1) / 2 * n
	sends, recvs := s.newSlots(2, half), s.newSlots(2, half)
	for d := 1; d < size; d <<= 1 {
		count := size / (2 * d) * d // blocks whose number has bit d
		count += max(0, size%(2*d)-d)
		run, step := d*n, 2*d*n

		i, in, free := recvs.take()
		got := s.recv(in, count*n, (rank-d+size)%size, free)
		j, out, free := sends.take()
		packed := s.moveRuns(out, held.add(d*n), count*n, run, run, step, ready, free)
		sends.release(j, s.send(out, count*n, (rank+d)%size, packed))
		ready = s.moveRuns(held.add(d*n), in, count*n, run, step, run, got, packed)
		recvs.release(i, ready)
	}

	// Block i came from the i-th rank before this one.
	s.moveRuns(to.add(rank*n), held, (rank+1)*n, n, -n, n, ready)
	s.moveRuns(to.add((size-1)*n), held.add((rank+1)*n), (size-1-rank)*n, n, -n, n, ready)
}
