package board

import (
	"sync/atomic"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/memory"
)

// Members tell each other how far they are by two kinds of monotone words, each
// alone in its line and written by one member:
//
// The flag of a cell is 1 + the number of the collective whose contribution is
// in the cell. Every member posts a header for every collective, and before it
// waits for anybody, so that members that call different collectives find out
// instead of waiting for each other. (In a tree some post later, and announce
// their call before: see resign.go.)
//
// The phase of a member is the number of the collective, then a step within it.
// A member that has gone on to later collectives has passed every phase of the
// earlier ones.
const (
	phaseBits = 24

	phaseSyncUp   = 1 // arrived, before a collective: the ring of cells comes round
	phaseSyncDown = 2
	phaseUp       = 3  // this member's subtree has posted
	phaseDown     = 4  // everybody has; or the result is in this member's cell
	phaseDoneUp   = 5  // this member's subtree reads and writes nothing of others any more
	phaseDone     = 6  // nobody does; or, flat, this member does not
	phaseRound    = 16 // one for each chunk of a relay
	phaseEnd      = 1<<phaseBits - 1
)

// posting is what this member has left for others to read.
type posting struct {
	phase  uint64      // what the others see of its phase
	wrote  int         // bytes that place has put into the slot
	stages [2]stageUse // the last use of each half of the stage
	turn   uint64      // which half comes next
}

// publish sets this member's phase line, which never goes back.
func (b *Board) publish(v uint64) {
	if int64(v-b.phase) > 0 {
		b.phase = v
		memory.StoreRelease(b.phaseOf(b.rank), v)
	}
}

// reach says that this member has come to a phase of the collective that runs.
func (b *Board) reach(phase uint64) { b.publish(b.tick<<phaseBits | phase) }

func (b *Board) notifyAll() {
	if b.size == 2 {
		b.host.Notify(1 - b.rank)
		return
	}
	// A member that counts itself just now still sees the store before this one:
	// it looks for longer than a store takes to be seen (see Host.Wait).
	if b.counted && atomic.LoadUint64(b.waiting()) == 0 {
		return
	}
	for i := 1; i < b.size; i++ {
		b.host.Notify(b.other(i))
	}
}

// seal publishes this member's header.
func (b *Board) seal(bytes, mode int) {
	b.mine.setCall(b.meta)
	b.mine.bytes = uint64(bytes) | uint64(mode)<<modeShift
	memory.StoreRelease(&b.mine.flag, b.tick+1)
}

// sealed reports whether this member has published its header.
func (b *Board) sealed() bool { return b.mine.flag == b.tick+1 }

// place finds memory in which this member can leave n bytes for others to read,
// and its mode. A half of the stage is written again when the reader of what
// was there has said that it is done. The reader anyone stands for all others.
func (b *Board) place(n, reader int) (unsafe.Pointer, int, error) {
	switch {
	case n <= inlineMax:
		return unsafe.Pointer(&b.mine.word), modeInline, nil
	case n <= b.slot:
		b.wrote = n
		return b.slotOf(b.rank), modeArea, nil
	}
	k := b.turn & 1
	b.turn++
	if err := b.reclaim(k); err != nil {
		return nil, 0, err
	}
	b.stages[k] = stageUse{true, b.tick, reader}
	return b.stage(b.rank, k), modeArea | modeStaged | int(k)*modeHalf, nil
}

const anyone = -1

// stageUse is the last use of a half of the stage.
type stageUse struct {
	used   bool
	tick   uint64
	reader int
}

// reclaim waits until half k of the stage may be written again.
func (b *Board) reclaim(k uint64) error {
	u := &b.stages[k]
	if !u.used || int64(b.safe-u.tick) > 0 {
		return nil
	}
	v := u.tick<<phaseBits | phaseDone
	if u.reader != anyone {
		return b.until(u.reader, b.phaseOf(u.reader), v)
	}
	for i := 1; i < b.size; i++ {
		r := b.other(i)
		if err := b.until(r, b.phaseOf(r), v); err != nil {
			return err
		}
	}
	return nil
}

// postCopy posts a copy of n bytes for one reader or anyone.
func (b *Board) postCopy(p unsafe.Pointer, n, reader int) error {
	dst, mode, err := b.place(n, reader)
	if err != nil {
		return err
	}
	b.copyOut(dst, p, n)
	b.seal(n, mode)
	return nil
}

// copyOut copies to memory that others are about to read.
func (b *Board) copyOut(dst, src unsafe.Pointer, n int) {
	if n > inlineMax && n <= demoteMax && b.spin > 0 {
		memory.CopyOut(dst, src, n)
	} else {
		memory.Copy(dst, src, n)
	}
}

// postAddress offers n bytes at from, and says where the result is wanted.
func (b *Board) postAddress(from, to unsafe.Pointer, n int) {
	b.mine.word[fromWord], b.mine.word[toWord] = address(from), address(to)
	b.seal(n, modeAddress)
}

// postNone posts a header without data, and says where the result is wanted.
func (b *Board) postNone(to unsafe.Pointer, n int) {
	b.mine.word[toWord] = address(to)
	b.seal(n, modeNone)
}

// withdraw ends this member's part in a collective that it cannot take part in
// because another member called something else.
func (b *Board) withdraw() {
	b.reach(phaseEnd)
	b.notifyAll()
}
