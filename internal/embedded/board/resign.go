package board

import (
	"errors"
	"sync/atomic"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/memory"
)

// In a tree a member waits for a few others before it posts. Members that call
// different collectives could wait for each other for ever. So each announces
// its call before it waits, and one that has waited for a while looks what the
// member that it waits for has called: if that is something else, it resigns
// from the collective, which lets go those that wait for it. Whoever waits for
// a member with the same call waits in the end for one that has not come yet,
// or for one that resigns.

// announcement is what a member calls, in the line of its begun collectives.
type announcement struct {
	flag  uint64 // 1 + the number of the collective; 0 while the rest changes
	meta  uint64
	bytes uint64 // the length that all members have to agree on, 0 if there is none
}

func (b *Board) announcementOf(r int) *announcement {
	return (*announcement)(unsafe.Add(b.block(r), announcedOff))
}

// announce says what this member calls.
func (b *Board) announce(k *engine.Coll) {
	b.agreed = b.agreedBytes(k)
	a := b.announcementOf(b.rank)
	atomic.StoreUint64(&a.flag, 0)
	memory.StoreRelease(&a.meta, uint64(b.meta))
	memory.StoreRelease(&a.bytes, b.agreed)
	memory.StoreRelease(&a.flag, b.tick+1)
}

// agreedBytes is the length on which the way depends that data takes. In the
// other collectives members tell each other how long their blocks are.
func (b *Board) agreedBytes(k *engine.Coll) uint64 {
	switch {
	case k.Kind.Reduces(), k.Kind == engine.Allgather, k.Kind == engine.Alltoall:
		return uint64(k.Input().Bytes())
	case k.Kind == engine.Bcast && !b.pull:
		return uint64(k.Recv.Bytes())
	}
	return 0
}

// differs looks whether member r has called something else, and notes it.
func (b *Board) differs(r int) bool {
	if b.seesRefusal(r) {
		b.noteRefused(r)
		return true
	}
	a := b.announcementOf(r)
	flag := atomic.LoadUint64(&a.flag)
	meta, bytes := callMeta(atomic.LoadUint64(&a.meta)), atomic.LoadUint64(&a.bytes)
	switch {
	case flag != b.tick+1 || atomic.LoadUint64(&a.flag) != flag:
		return false // it has not come yet, or has ended the call
	case meta.kind().Refuses():
		return false // it is about to post the reason
	case !b.fitsCall(meta, r):
		return true
	case bytes != b.agreed:
		b.noteLength(r, int(bytes), int(b.agreed))
		return true
	}
	return false
}

// left looks whether member r has ended its part in the collective that runs. If
// what is waited for is not there after that, it does not come, and left notes
// that.
func (b *Board) left(r int, p *uint64, v uint64) bool {
	over := int64(atomic.LoadUint64(b.phaseOf(r))-(b.tick<<phaseBits|phaseEnd)) >= 0
	if !over || int64(atomic.LoadUint64(p)-v) >= 0 {
		return false
	}
	b.note(b.unexplained(r))
	return true
}

// unexplained is the error of a collective that member r has left without a word.
func (b *Board) unexplained(r int) *engine.Error {
	return engine.PeerErrorf(engine.ErrMismatch, r, engine.Undefined, "%v: rank %d has ended the call because others call something else", b.meta.kind(), r)
}

// Astray looks whether the wait for a word of member r is in vain because that
// member has called something else, or has left the collective for that reason.
// The error ends the wait. Hosts call it now and then in [Host.Wait], also on
// another goroutine while this one waits.
func (b *Board) Astray(r int, p *uint64, v uint64) error {
	if !b.tree || b.waitsAnyway || !b.differs(r) && !b.left(r, p, v) {
		return nil
	}
	return errResigned
}

// errResigned ends this member's part in the collective that runs.
var errResigned = errors.New("board: the members' calls differ")

// resign is the rest of a collective in which another member differs. Memory
// that this member has offered may be in use: it waits for those that may.
func (b *Board) resign() error {
	b.waitsAnyway = true
	slotFree, offers, relays := true, false, false
	if b.sealed() {
		switch b.mine.mode() {
		case modeArea, modeTable:
			slotFree = false
		case modeTableAt:
			slotFree, offers = false, true
		case modeAddress, modeFarTable:
			offers = true
		case modePipe:
			relays = true
		}
	}
	switch b.meta.kind() {
	case engine.Gather, engine.Gatherv:
		offers = false // it is a leaf, which writes itself
	}
	if !relays { // else all have to see the same headers
		b.passOn(slotFree)
	}
	b.withdraw()
	if !offers {
		return nil
	}
	if err := b.awaitOthers(b.flags()); err != nil {
		return err
	}
	return b.awaitCallers(b.callers(), phaseDoneUp)
}
