package board

import (
	"sync/atomic"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/memory"
)

// Where members cannot reach each other's memory, what does not fit a slot goes
// through the stages: a member copies a chunk to its own stage, the others copy
// what they want of it.

// source copies the n bytes from off on of this member's stream to dst.
type source func(off int, dst unsafe.Pointer, n int)

// sink is given the n bytes from off on of member r's stream.
type sink func(r, off int, src unsafe.Pointer, n int)

// relay passes the streams of all members that have posted modePipe through
// their stages, one member after another in rank order. All members that have
// posted the same call take part, and all know from the headers how many chunks
// there are.
func (b *Board) relay(from source, to sink) error {
	b.notifyAll()
	for r := range b.size {
		if _, err := b.await(r); err != nil {
			return err
		}
	}
	who := b.callers()
	chunk := uint64(0) // of all streams
	for r := range b.size {
		h := b.cell(r)
		if h.mode() != modePipe || h.flag != b.tick+1 || !b.fitsCall(h.call(), r) {
			continue
		}
		n := h.len()
		for off, k := 0, uint64(0); off < n; off, k = off+b.half, k+1 {
			m := min(b.half, n-off)
			chunk++
			if r == b.rank {
				if k >= 2 {
					if err := b.awaitCallers(who, phaseRound+chunk-2); err != nil {
						return err
					}
				}
				if from != nil {
					from(off, b.stage(r, k), m)
				}
				memory.StoreRelease(b.sentOf(r), b.tick<<phaseBits|chunk)
				b.notifyAll()
			} else if err := b.until(r, b.sentOf(r), b.tick<<phaseBits|chunk); err != nil {
				return err
			} else if b.tree && atomic.LoadUint64(b.sentOf(r))>>phaseBits != b.tick {
				b.note(b.unexplained(r)) // it has resigned, and sends something else
			}
			if to != nil {
				to(r, off, b.stage(r, k), m)
			}
			b.reach(phaseRound + chunk)
			b.host.Notify(r)
		}
	}
	// The stages may be written again when all have read them.
	b.reach(phaseRound + chunk + 1)
	b.notifyAll()
	err := b.awaitCallers(who, phaseRound+chunk+1)
	if b.safe = b.tick; who == nil { // all have completed it, not only begun
		b.safe++
	}
	return err
}

// postPipe posts that n bytes come through this member's stage.
func (b *Board) postPipe(n int) {
	memory.StoreRelease(b.sentOf(b.rank), b.tick<<phaseBits)
	memory.StoreRelease(b.takenOf(b.rank), b.tick<<phaseBits)
	b.seal(n, modePipe)
}

// pipeTo sends n bytes through this member's stage to member r alone, which
// calls pipeFrom.
func (b *Board) pipeTo(r int, src unsafe.Pointer, n int) error {
	for k := range uint64(2) {
		if err := b.reclaim(k); err != nil {
			return err
		}
		b.stages[k].used = false
	}
	base := b.tick << phaseBits
	for off, k := 0, uint64(0); off < n; off, k = off+b.half, k+1 {
		if k >= 2 {
			if err := b.until(r, b.takenOf(b.rank), base|(k-1)); err != nil {
				return err
			}
		}
		copyBytes(b.stage(b.rank, k), unsafe.Add(src, off), min(b.half, n-off))
		memory.StoreRelease(b.sentOf(b.rank), base|(k+1))
		b.host.Notify(r)
	}
	return b.until(r, b.takenOf(b.rank), base|uint64((n+b.half-1)/b.half))
}

// pipeFrom takes the n bytes that member r sends, and keeps the first want.
func (b *Board) pipeFrom(r, n int, dst unsafe.Pointer, want int) error {
	base := b.tick << phaseBits
	for off, k := 0, uint64(0); off < n; off, k = off+b.half, k+1 {
		if err := b.until(r, b.sentOf(r), base|(k+1)); err != nil {
			return err
		}
		if m := min(b.half, want-off); m > 0 {
			copyBytes(unsafe.Add(dst, off), b.stage(r, k), m)
		}
		memory.StoreRelease(b.takenOf(r), base|(k+1))
		b.host.Notify(r)
	}
	return nil
}
