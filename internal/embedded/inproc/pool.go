package inproc

import (
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/board"
	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/memory"
)

// heapBoard is the memory of a board, and how many members use it.
type heapBoard struct {
	mem   []byte
	users int
}

// WorldBoard implements [transport.Pool].
func (e *end) WorldBoard() []byte { return e.world }

// NewBoard implements [transport.Pool].
func (e *end) NewBoard(members int) (uint64, []byte, error) {
	b := &heapBoard{mem: memory.Zeroed(board.SizeInProcess(members)), users: members}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.handles++
	e.boards[e.handles] = b
	return e.handles, b.mem, nil
}

// OpenBoard implements [transport.Pool].
func (e *end) OpenBoard(handle uint64, members int) ([]byte, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	b := e.boards[handle]
	if b == nil || len(b.mem) != board.SizeInProcess(members) {
		return nil, engine.Errorf(engine.ErrIntern, "no board %d for %d members", handle, members)
	}
	return b.mem, nil
}

// FreeBoard implements [transport.Pool].
func (e *end) FreeBoard(handle uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if b := e.boards[handle]; b != nil {
		if b.users--; b.users == 0 {
			delete(e.boards, handle)
		}
	}
}

// Alloc implements [transport.Pool].
func (e *end) Alloc(n int) ([]byte, error) {
	if n < 0 {
		return nil, engine.Errorf(engine.ErrArg, "%d bytes", n)
	}
	p := memory.Zeroed(n)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.given == nil {
		e.given = make(map[*byte]int)
	}
	e.given[unsafe.SliceData(p)] = e.rank
	return p, nil
}

// Free implements [transport.Pool].
func (e *end) Free(p []byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if r, ok := e.given[unsafe.SliceData(p)]; !ok || r != e.rank {
		return engine.Errorf(engine.ErrBuffer, "the memory was not allocated by this rank, or has been freed")
	}
	delete(e.given, unsafe.SliceData(p))
	return nil
}
