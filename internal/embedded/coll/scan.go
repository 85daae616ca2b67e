package coll

import "github.com/ringo-mpi/ringo/internal/engine"

// The prefix reductions double the distance in each step: rank r gives what it
// has, the combination of the ranks r-2^k+1 to r, to rank r+2^k (W. D. Hillis,
// G. L. Steele, Data parallel algorithms, 1986); ⌈log₂ p⌉ messages in a row.
// Long vectors pass along a chain in pieces.

func (s *Schedule) scan(k *engine.Coll) {
	rank, size := s.b.rank, s.b.size
	in, to, count := start(*k.Input()), start(k.Recv), k.Recv.Count
	n := count * s.elem
	if rank == 0 {
		s.move(to, in, n)
	}
	if s.b.cut.chainedScan(n, s.elem, size) {
		s.scanChain(in, to, count)
		return
	}
	v := operand{in, none}
	for d := 1; d < size; d <<= 1 {
		sent := none
		if rank+d < size {
			sent = s.send(v.at, n, rank+d, v.ready)
		}
		if rank-d >= 0 {
			tmp := s.allocate(n)
			got := s.recv(tmp, n, rank-d)
			if v.at != to {
				sent = none
			}
			v = operand{to, s.combine(to, tmp, v.at, count, got, v.ready, sent)}
		}
	}
}

func (s *Schedule) scanChain(in, to place, count int) {
	rank, size := s.b.rank, s.b.size
	length := s.b.cut.pieces(count*s.elem, s.elem)
	arrivals := s.newSlots(s.b.cut.largeWindow, length)
	for at := 0; at < count*s.elem; at += length {
		n := min(length, count*s.elem-at)
		v := operand{in.add(at), none}
		if rank > 0 {
			i, tmp, free := arrivals.take()
			got := s.recv(tmp, n, rank-1, free)
			v = operand{to.add(at), s.combine(to.add(at), tmp, v.at, n/s.elem, got)}
			arrivals.release(i, v.ready)
		}
		if rank < size-1 {
			s.send(v.at, n, rank+1, v.ready)
		}
	}
}

// exscan keeps two values: the result, of the ranks below only, and what is
// given to the ranks above, which includes this one's input.
func (s *Schedule) exscan(k *engine.Coll) {
	rank, size := s.b.rank, s.b.size
	in, to, count := start(*k.Input()), start(k.Recv), k.Recv.Count
	n := count * s.elem
	if s.b.cut.chainedScan(n, s.elem, size) {
		s.exscanChain(in, to, count)
		return
	}
	v, below := operand{in, none}, none // below: the vertex after which the result so far is in to
	if k.InPlace && rank > 0 && rank < size-1 {
		v.at = s.allocate(n)
		v.ready = s.move(v.at, in, n)
	}
	var acc place
	for d := 1; d < size; d <<= 1 {
		sent := none
		if rank+d < size {
			sent = s.send(v.at, n, rank+d, v.ready)
		}
		if rank-d < 0 {
			continue
		}
		tmp := s.allocate(n)
		got := s.recv(tmp, n, rank-d)
		if d == 1 {
			below = s.move(to, tmp, n, got, v.ready)
		} else {
			below = s.combine(to, tmp, to, count, got, below)
		}
		if rank+2*d < size { // more to give
			if acc.base == nil {
				acc = s.allocate(n)
			}
			if v.at != acc {
				sent = none
			}
			v = operand{acc, s.combine(acc, tmp, v.at, count, got, v.ready, sent)}
		}
	}
}

func (s *Schedule) exscanChain(in, to place, count int) {
	rank, size := s.b.rank, s.b.size
	length := s.b.cut.pieces(count*s.elem, s.elem)
	window := s.b.cut.largeWindow
	inputs, sums := s.newSlots(window, length), s.newSlots(window, length)
	for at := 0; at < count*s.elem; at += length {
		n := min(length, count*s.elem-at)
		if rank == 0 {
			s.send(in.add(at), n, 1)
			continue
		}
		mine := operand{in.add(at), none}
		if in == to && rank < size-1 { // the result overwrites the input
			i, p, free := inputs.take()
			mine = operand{p, s.move(p, in.add(at), n, free)}
			inputs.release(i, mine.ready)
		}
		got := s.recv(to.add(at), n, rank-1, mine.ready)
		if rank < size-1 {
			j, p, free := sums.take()
			sum := s.combine(p, to.add(at), mine.at, n/s.elem, got, mine.ready, free)
			sums.release(j, s.send(p, n, rank+1, sum))
			if in == to {
				inputs.used[(inputs.next-1)%len(inputs.used)] = int(sum) + 1
			}
		}
	}
}
