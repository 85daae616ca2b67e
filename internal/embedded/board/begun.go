package board

import (
	"sync/atomic"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/memory"
)

// How far a member has come can be read by the others at any time, also after
// it has left: a collective that it has not begun by then cannot succeed.

// Number is the number of the collective that runs: how many this member has
// begun before it.
func (b *Board) Number() uint64 { return b.tick }

// Begun is the number of collectives that member r has begun.
func (b *Board) Begun(r int) uint64 {
	most := uint64(0)
	for i := range uint64(cells) {
		most = max(most, atomic.LoadUint64(&b.header(r, i).flag))
	}
	return most
}

// Start says that this member has started its n-th collective over messages,
// beside the board.
func (b *Board) Start(n uint64) { memory.StoreRelease(b.startedOf(b.rank), n) }

// Started is the number of collectives over messages that member r has started.
func (b *Board) Started(r int) uint64 { return atomic.LoadUint64(b.startedOf(r)) }

func (b *Board) startedOf(r int) *uint64 { return (*uint64)(unsafe.Add(b.block(r), startedOff)) }
