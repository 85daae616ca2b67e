package board

import (
	"sync/atomic"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// A member that refuses its call (see engine.Refused) posts the reason in the
// place of a contribution, so that whoever looks for one finds that the calls
// differ, and why. In a tree, members see only those above and below them: one
// that has found something wrong says so in the place of data, which others
// would take for good, and names the member at which the reason lies.

// reason is why a call is refused or wrong. It lies in the slot of the member
// that has found out, before its text.
type reason struct {
	peer  int32 // whom the error names
	bytes int32 // of the text
}

const reasonBytes = int(unsafe.Sizeof(reason{}))

// explain leaves the reason in this member's slot.
func (b *Board) explain(peer int, why string) {
	slot := b.slotOf(b.rank)
	n := min(len(why), b.slot-reasonBytes)
	copyBytes(unsafe.Add(slot, reasonBytes), unsafe.Pointer(unsafe.StringData(why)), n)
	*(*reason)(slot) = reason{int32(peer), int32(n)}
	b.wrote = reasonBytes + n
}

// refusal is the error of a collective in whose place member r has posted a
// refusal, and the member at which the reason lies.
func (b *Board) refusal(r int) (e *engine.Error, origin int) {
	origin = r
	if m := b.cell(r).call(); m.passedOn() {
		origin = m.root()
	}
	if b.cell(origin).call().unexplained() {
		return b.unexplained(origin), origin
	}
	slot := b.slotOf(origin)
	why := (*reason)(slot)
	text := string(unsafe.Slice((*byte)(unsafe.Add(slot, reasonBytes)), min(int(why.bytes), b.slot-reasonBytes)))
	return engine.PeerErrorf(engine.ErrMismatch, int(why.peer), engine.Undefined, "%s", text), origin
}

// refuse is the part of a member that refuses its call.
func (b *Board) refuse(k *engine.Coll) error {
	b.waitsAnyway = true
	b.explain(b.rank, unsafe.String((*byte)(k.Send.Ptr), k.Send.Bytes()))
	b.seal(0, modeArea)
	b.notifyAll()
	if k.Kind == engine.RefusedFirst {
		if err := b.awaitEvery(); err != nil {
			return err
		}
		for i := 1; i < b.size; i++ {
			r := b.other(i)
			if m := b.cell(r).call(); !m.kind().Refuses() || m.passedOn() {
				b.note(engine.PeerErrorf(engine.ErrMismatch, r, engine.Undefined, "rank %d goes on with the call that rank %d has refused", r, b.rank))
				break
			}
		}
	}
	b.withdraw()
	return nil
}

// passOn posts what was found wrong in the place of data. The members of a tree
// all name the one that has refused, or has found out. Where others may still read
// this member's slot, the reason does not go there.
func (b *Board) passOn(slotFree bool) {
	m := callMeta(engine.Refused).passedOnFrom(b.origin)
	switch {
	case b.sealed() && b.mine.meta.passedOn():
		return
	case b.origin != b.rank:
	case slotFree:
		b.explain(b.misuse.Peer, b.misuse.Text)
	default:
		m |= metaUnexplained
	}
	if b.sealed() { // others may be looking
		b.mine.setCall(m)
		return
	}
	own := b.meta
	b.meta = m
	b.seal(0, modeArea)
	b.meta = own
}

// awaitEvery waits until all members have posted, member by member. In a tree a
// member that has refused does not wait for those below it, nor do they learn
// from it that the others have posted.
func (b *Board) awaitEvery() error {
	for i := 1; i < b.size; i++ {
		if _, err := b.await(b.other(i)); err != nil {
			return err
		}
	}
	return nil
}

// seesRefusal looks whether member r has refused the collective that runs.
func (b *Board) seesRefusal(r int) bool {
	h := b.cell(r)
	return atomic.LoadUint64(&h.flag) == b.tick+1 && h.call().kind().Refuses()
}

// noteRefusal notes the first refusal among all members, who have posted.
func (b *Board) noteRefusal() {
	for i := 1; i < b.size; i++ {
		if r := b.other(i); b.seesRefusal(r) {
			b.noteRefused(r)
			return
		}
	}
}

// noteRefused notes what member r has posted in the place of data.
func (b *Board) noteRefused(r int) {
	if b.misuse == nil {
		e, origin := b.refusal(r)
		b.note(e)
		b.origin = origin
	}
}
