package coll

import "github.com/ringo-mpi/ringo/internal/engine"

func (s *Schedule) allgather(k *engine.Coll) {
	rank, size := s.b.rank, s.b.size
	var all blocks
	total := 0
	if k.Kind == engine.Allgatherv {
		all = s.vector(k.Recv, k.V.RecvCounts, k.V.RecvDispls)
		for i := range size {
			_, n := all.at(i)
			total += n
		}
	} else {
		all = uniform(k.Recv, k.Recv.Bytes()/size)
		total = all.n * size
	}
	at, n := all.at(rank)
	own := start(k.Send)
	if k.InPlace {
		own = at
	}
	if size == 1 {
		s.move(at, own, n)
		return
	}
	s.allgatherBlocks(k.Kind, all, own, total)
}

// allgatherBlocks brings the blocks of all ranks, total bytes, to each; own is
// where this rank's lies.
func (s *Schedule) allgatherBlocks(kind engine.CollKind, all blocks, own place, total int) {
	switch s.pick(kind, total, 0) {
	case Doubling:
		s.allgatherDoubling(all, own)
	case Bruck:
		s.allgatherBruck(all, own, total)
	default:
		at, n := all.at(s.b.rank)
		s.move(at, own, n)
		s.ring(&all, own, none, none, total)
	}
}

// allgatherDoubling exchanges 1, 2, 4 … blocks with the rank as far away.
func (s *Schedule) allgatherDoubling(all blocks, own place) {
	rank, size := s.b.rank, s.b.size
	at, n := all.at(rank)
	var have [64]int32
	have[0] = s.move(at, own, n)
	for k, d := 1, 1; d < size; k, d = k+1, d<<1 {
		q := rank ^ d
		mine, _ := all.at(rank &^ (d - 1))
		theirs, _ := all.at(q &^ (d - 1))
		s.send(mine, d*n, q, have[:k]...)
		have[k] = s.recv(theirs, d*n, q)
	}
}

// allgatherBruck works for any number of ranks in ⌈log₂ p⌉ messages (J. Bruck
// et al., 1997): each rank collects the blocks of the ranks that follow it, in
// that order, then turns them to their places.
func (s *Schedule) allgatherBruck(all blocks, own place, total int) {
	rank, size := s.b.rank, s.b.size
	held := s.allocate(total)
	off := s.ints(size + 1) // where the i-th block after this rank's begins
	for i := range size {
		_, n := all.at((rank + i) % size)
		off[i+1] = off[i] + n
	}
	var have [64]int32
	have[0] = s.move(held, own, off[1])
	k := 1
	for d := 1; d < size; d <<= 1 {
		count := min(d, size-d)
		s.send(held, off[count], (rank-d+size)%size, have[:k]...)
		have[k] = s.recv(held.add(off[d]), off[d+count]-off[d], (rank+d)%size)
		k++
	}
	done := s.join(have[:k]...)
	if all.packed(size) {
		first, _ := all.at(0)
		at, _ := all.at(rank)
		head := off[size-rank]
		s.move(at, held, head, done)
		s.move(first, held.add(head), total-head, done)
		return
	}
	for i := range size {
		at, n := all.at((rank + i) % size)
		s.move(at, held.add(off[i]), n, done)
	}
}

// ring brings every rank's block to all: each passes on what it got from its
// left neighbour. Blocks longer than the average travel in pieces, so that one
// long block does not go round store-and-forward. own is where this rank's
// block lies and is complete after ready; the other blocks may be written to
// after free.
func (s *Schedule) ring(all *blocks, own place, ready, free int32, total int) {
	rank, size := s.b.rank, s.b.size
	left, right := (rank-1+size)%size, (rank+1)%size
	length := max(s.b.cut.segment, (total+size-1)/size)
	got := ready // of the block to pass on: its first piece
	for k := range size - 1 {
		// Pieces of one block are consecutive vertices, all receives before all sends.
		in, inLen := all.at((left - k + size) % size)
		next := none
		for at := 0; at == 0 || at < inLen; at += length {
			r := s.recv(in.add(at), min(length, inLen-at), left, free)
			if next == none {
				next = r
			}
		}
		out, outLen := all.at((rank - k + size) % size)
		if k == 0 {
			out = own
		}
		for at := 0; at == 0 || at < outLen; at += length {
			s.send(out.add(at), min(length, outLen-at), right, got)
			if k > 0 {
				got++
			}
		}
		got = next
	}
}
