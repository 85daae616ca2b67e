package embedded

import (
	"sync/atomic"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/memory"
	"github.com/ringo-mpi/ringo/internal/embedded/segment"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// A long message between two processes is copied by the kernel, and by both of
// them: the receiver reads out of the sender's memory, and a sender that waits
// for it writes into the receiver's. They take pieces in turn from a record in
// the segment.
//
// The record belongs to the number of the sender's operation. Its Next holds
// the generation of the number beside the next piece, so that a sender that
// comes late finds that the record is another operation's by now.

// pieceOf is the length of a piece of a message of n bytes.
func pieceOf(n int) int { return min(max(n/8, 16<<10), 128<<10) &^ 4095 }

// takePiece takes the next piece of a transfer; ok is false when there is none
// left, or the transfer is not of this generation.
func takePiece(t *segment.Transfer, generation uint64, n int) (at, length int, ok bool) {
	piece := pieceOf(n)
	for {
		next := atomic.LoadUint64(&t.Next)
		at = int(uint32(next)) * piece
		if next>>32 != generation || at >= n {
			return 0, 0, false
		}
		if atomic.CompareAndSwapUint64(&t.Next, next, next+1) {
			return at, min(piece, n-at), true
		}
	}
}

// pullShared is the receiver's side: it copies n bytes at addr in the memory of
// peer to dst, with the sender's help if it comes. The caller has not the lock.
func (ep *endpoint) pullShared(t *segment.Transfer, number uint64, dst unsafe.Pointer, peer int, addr uint64, n int) error {
	atomic.StoreUint64(&t.Done, 0)
	atomic.StoreUint64(&t.Lost, 0)
	atomic.StoreUint64(&t.Addr, uint64(uintptr(dst)))
	atomic.StoreUint64(&t.Len, uint64(n))
	atomic.StoreUint64(&t.Next, number&^0xffffffff) // the sender may begin
	copyPiece := func(at, length int) error {
		if err := ep.hub.pull(unsafe.Add(dst, at), peer, addr+uint64(at), length); err != nil {
			return err
		}
		atomic.AddUint64(&t.Done, uint64(length))
		return nil
	}
	for {
		at, length, ok := takePiece(t, number>>32, n)
		if !ok {
			break
		}
		if err := copyPiece(at, length); err != nil {
			return err
		}
	}
	for spins := 0; atomic.LoadUint64(&t.Done) < uint64(n); spins++ {
		if lost := atomic.SwapUint64(&t.Lost, 0); lost != 0 {
			at := int(lost-1) * pieceOf(n)
			if err := copyPiece(at, min(pieceOf(n), n-at)); err != nil {
				return err
			}
		}
		if spins < 1000 {
			memory.Pause()
			continue
		}
		ep.hub.yield()
		if state := ep.hub.state(peer); state > segment.Running {
			return engine.Errorf(engine.ErrProcFailed, "rank %d ended while it copied: %s", peer, ep.hub.cause(peer))
		}
	}
	return nil
}

// assist is the sender's side, called while it waits for r: if the receiver has
// begun to copy, it copies as well. The caller has the lock.
func (ep *endpoint) assist(r *request) {
	t := r.transfer
	generation := r.number >> 32
	if atomic.LoadUint64(&t.Next)>>32 != generation {
		return // not yet
	}
	r.transfer = nil
	n, addr := int(atomic.LoadUint64(&t.Len)), atomic.LoadUint64(&t.Addr)
	src, peer := r.ptr, int(r.peer)
	if n > r.n {
		return
	}
	ep.lock.Unlock()
	for {
		at, length, ok := takePiece(t, generation, n)
		if !ok {
			break
		}
		if err := ep.hub.push(peer, addr+uint64(at), unsafe.Add(src, at), length); err != nil {
			atomic.StoreUint64(&t.Lost, uint64(at/pieceOf(n))+1)
			break
		}
		atomic.AddUint64(&t.Done, uint64(length))
	}
	ep.lock.Lock()
}
