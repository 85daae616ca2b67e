package transport

import "errors"

// ErrNoRoom is the error of Alloc where a limit keeps the shared memory small:
// the rank makes do with memory of its own.
var ErrNoRoom = errors.New("the shared memory is small because of a limit")

// Pool is memory that the ranks of one host share. If one of them has a pool,
// all have.
type Pool interface {
	// WorldBoard is the memory of the board of the world, nil unless all ranks of
	// the job are on this host.
	WorldBoard() []byte

	// NewBoard makes the memory of the board of a communicator whose members are
	// on this host, and OpenBoard finds it at another member. FreeBoard says that
	// this member no longer needs it.
	NewBoard(members int) (handle uint64, mem []byte, err error)
	OpenBoard(handle uint64, members int) ([]byte, error)
	FreeBoard(handle uint64)

	// Alloc gives this rank zeroed memory that the others reach, or [ErrNoRoom];
	// Free takes it back.
	Alloc(n int) ([]byte, error)
	Free(p []byte) error
}
