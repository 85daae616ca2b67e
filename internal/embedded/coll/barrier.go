package coll

// barrier is the dissemination barrier: in round k each rank tells the one 2^k
// above it that it, and all it has heard of, have arrived; ⌈log₂ p⌉ messages
// (D. Hensgen, R. Finkel, U. Manber, Two algorithms for barrier
// synchronization, 1988).
func (s *Schedule) barrier() {
	rank, size := s.b.rank, s.b.size
	var heard [64]int32
	for k := range log2(size) {
		d := 1 << k
		s.send(place{}, 0, (rank+d)%size, heard[:k]...)
		heard[k] = s.recv(place{}, 0, (rank-d+size)%size)
	}
}
