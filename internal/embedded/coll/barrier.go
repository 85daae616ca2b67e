package coll

import "github.com/ringo-mpi/ringo/internal/engine"

func (s *Schedule) barrier() {
	if s.pick(engine.Barrier, 0, 0) == Tree {
		s.bcastTree(place{}, 0, s.b.rank, 0, s.arrive())
		return
	}
	s.dissemination()
}

// arrive tells rank 0, along the binomial tree, that all ranks have arrived. It
// returns the vertex after which rank 0 knows, or this rank has passed it on.
func (s *Schedule) arrive() int32 {
	rank := s.b.rank
	var below [64]int32
	k := 0
	for d := 1; d < span(rank, s.b.size); d <<= 1 {
		below[k] = s.recv(place{}, 0, rank+d)
		k++
	}
	if rank == 0 {
		return s.join(below[:k]...)
	}
	return s.send(place{}, 0, parent(rank), below[:k]...)
}

// dissemination is the barrier of that name: in round k each rank tells the one 2^k
// above it that it, and all it has heard of, have arrived; ⌈log₂ p⌉ messages
// (D. Hensgen, R. Finkel, U. Manber, Two algorithms for barrier
// synchronization, 1988).
func (s *Schedule) dissemination() {
	rank, size := s.b.rank, s.b.size
	var heard [64]int32
	for k := range log2(size) {
		d := 1 << k
		s.send(place{}, 0, (rank+d)%size, heard[:k]...)
		heard[k] = s.recv(place{}, 0, (rank-d+size)%size)
	}
}
