package board

import "github.com/ringo-mpi/ringo/internal/engine"

// Board is one member's view of the shared memory of a communicator.
type Board struct {
	rank, size int
	host       Host
	mem        []byte
}

// Size is the number of bytes of zeroed shared memory, aligned to 64 bytes,
// that the board of a communicator with the given number of members needs.
// Most of it is touched only by large collectives.
func Size(members int) int { return 0 }

// New makes member rank's view of the board in mem. Every member calls it with
// the same memory, as long as Size(size), zeroed before the first member runs
// a collective.
func New(mem []byte, rank, size int, h Host) *Board {
	return &Board{rank: rank, size: size, host: h, mem: mem}
}

// Run performs one blocking collective. All members call it with the same
// collectives in the same order; of one member, one goroutine at a time. An
// error of the host leaves the board unusable: later calls return it again.
func (b *Board) Run(c engine.Coll, done <-chan struct{}) error {
	return engine.Errorf(engine.ErrUnsupported, "%v is not built yet", c.Kind)
}
