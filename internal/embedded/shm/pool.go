package shm

import (
	"slices"
	"sync/atomic"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/board"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// sharedBoard is a board that this rank uses; the counter behind it counts the
// members that have freed their communicator.
type sharedBoard struct {
	mem   []byte
	left  *uint32
	users int // 0: another rank has made it
}

// counter is what lies behind a board: its counter, on a line of its own.
const counter = 64

func newSharedBoard(mem []byte, size, users int) sharedBoard {
	return sharedBoard{mem, (*uint32)(unsafe.Pointer(&mem[size])), users}
}

// WorldBoard implements [transport.Pool].
func (j *job) WorldBoard() []byte {
	if j.seg.Spread() {
		return nil
	}
	return j.seg.Board()
}

// NewBoard implements [transport.Pool]: the board lies in this rank's arena, and
// its handle is its place in the segment.
func (j *job) NewBoard(members int) (uint64, []byte, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var failed error
	j.boards = slices.DeleteFunc(j.boards, func(b sharedBoard) bool {
		if b.users == 0 || int(atomic.LoadUint32(b.left)) < b.users || failed != nil {
			return false
		}
		failed = j.arena.release(b.mem) // every member has freed it
		return true
	})
	if failed != nil {
		return 0, nil, failed
	}
	size := board.Size(members)
	mem, err := j.arena.alloc(size + counter)
	if err != nil {
		return 0, nil, err
	}
	j.boards = append(j.boards, newSharedBoard(mem, size, members))
	off, _ := j.seg.Offset(unsafe.Pointer(&mem[0]))
	return uint64(off), mem[:size:size], nil
}

// OpenBoard implements [transport.Pool].
func (j *job) OpenBoard(handle uint64, members int) ([]byte, error) {
	size := board.Size(members)
	mem, err := j.seg.Slice(int(handle), size+counter)
	if err != nil {
		return nil, engine.Errorf(engine.ErrNoMem, "shared memory of the communicator: %w", err)
	}
	j.mu.Lock()
	j.boards = append(j.boards, newSharedBoard(mem, size, 0))
	j.mu.Unlock()
	return mem[:size:size], nil
}

// FreeBoard implements [transport.Pool].
func (j *job) FreeBoard(handle uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i, b := range j.boards {
		if off, _ := j.seg.Offset(unsafe.Pointer(&b.mem[0])); uint64(off) == handle {
			atomic.AddUint32(b.left, 1)
			if b.users == 0 { // not this rank's to give back
				j.boards = append(j.boards[:i], j.boards[i+1:]...)
			}
			return
		}
	}
}

// Alloc implements [transport.Pool].
func (j *job) Alloc(n int) ([]byte, error) { return j.arena.alloc(n) }

// Free implements [transport.Pool].
func (j *job) Free(p []byte) error {
	if cap(p) == 0 {
		return engine.Errorf(engine.ErrBuffer, "the memory was not allocated by this rank")
	}
	return j.arena.release(p)
}
