package board

import (
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/memory"
)

// ending is what decides what a member has to say at the end of a collective,
// and what it knows then of the others.
type ending struct {
	safe      uint64 // all members have completed the collectives before this one
	readStage bool   // this member has read stages of others
	oneSided  bool   // this member may end it before the others have begun it
}

// begin makes this member's next cell ready. A cell and its slot may be written
// again when every member has completed the collective they served; whether
// that is so is looked at once in window collectives.
func (b *Board) begin(k *engine.Coll) error {
	n := b.tick
	b.readStage, b.oneSided = false, false
	b.cellOff = b.headers + int(n&(cells-1))*b.headerEach
	b.mine = b.cell(b.rank)
	b.meta = metaOf(k)
	if b.tree {
		b.announce(k)
	}
	if n&(window-1) == 0 && int64(b.safe+window-n) < 0 {
		if b.tree {
			if err := b.treeBarrier(phaseSyncUp, phaseSyncDown, nil); err != nil {
				return err
			}
			b.safe = n
		} else {
			for i := 1; i < b.size; i++ {
				if err := b.until(b.other(i), b.phaseOf(b.other(i)), (n-window)<<phaseBits); err != nil {
					return err
				}
			}
			b.safe = n - window
		}
	}
	return nil
}

// end ends this member's part in a collective of kind k. Mostly nobody waits for
// that, and it says nothing. It tells the others in three cases:
//
//   - It has read stages of others: they do not write there before they know.
//   - Something is wrong with the call: a member that takes part in something
//     else may wait for this one.
//   - A window of collectives is over: before its cells are written again, the
//     others look in begin at what is said here. (In a tree they have a barrier.)
func (b *Board) end(k engine.CollKind) {
	if b.readStage || b.misuse != nil {
		b.reach(phaseEnd)
		b.notifyAll()
	}
	if k.Symmetric() && !b.oneSided && !b.endsAlone() && int64(b.safe-b.tick) < 0 {
		b.safe = b.tick
	}
	b.tick++
	b.done = nil
	if b.spin > 0 {
		b.claimNext()
	}
	if b.tick&(window-1) == 0 && !b.tree {
		b.publish(b.tick << phaseBits)
		b.notifyAll()
	}
}

// claimBytes is how much of a cell claimNext asks for.
const claimBytes = 5 * line

// endsAlone tells whether this member may have ended the collective without the
// others (see resign.go), so that it knows nothing of them and does not leave out
// the barrier of the window.
func (b *Board) endsAlone() bool { return b.tree && b.misuse != nil }

// claimNext gets the cell of this member's next collective out of the caches of
// the others, which have read it one time round before, so that writing to it
// does not wait. For all lines of a long slot there is time only in the cell
// after the next.
func (b *Board) claimNext() {
	b.claim(b.tick, min(claimBytes-line, b.slot))
	if b.wrote > claimBytes-line {
		// A collective of this length is likely to come again, often with a
		// barrier in between.
		b.claim(b.tick+1, b.wrote)
	}
	b.wrote = 0
}

// claim asks for this member's header and n bytes of its slot.
func (b *Board) claim(tick uint64, n int) {
	h := unsafe.Pointer(b.header(b.rank, tick))
	if b.before == 0 {
		memory.Claim(h, line+n)
		return
	}
	memory.Claim(h, line)
	memory.Claim(b.slotAt(b.rank, tick), n)
}
