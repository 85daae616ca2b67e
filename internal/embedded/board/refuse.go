package board

import (
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// refuse is the part of a member that refuses its call (see engine.Refused): it
// posts the reason in the place of a contribution, so that whoever looks for one
// finds that the calls differ, and why.
func (b *Board) refuse(k *engine.Coll) error {
	n := min(k.Send.Bytes(), b.slot)
	b.wrote = n
	copyBytes(b.slotOf(b.rank), k.Send.Ptr, n)
	b.seal(n, modeArea)
	if k.Kind == engine.RefusedFirst {
		b.notifyAll()
		if err := b.awaitEvery(); err != nil {
			return err
		}
		for i := 1; i < b.size; i++ {
			if r := b.other(i); !b.cell(r).meta.kind().Refuses() {
				b.note(engine.PeerErrorf(engine.ErrMismatch, r, engine.Undefined, "rank %d goes on with the call that rank %d has refused", r, b.rank))
				break
			}
		}
	}
	b.withdraw()
	return nil
}

// passOn posts what was found wrong in the place of data, which others would take
// for good. (In a tree, those below and above this member see only it.)
func (b *Board) passOn() {
	why := b.misuse.Text
	n := copy(unsafe.Slice((*byte)(b.slotOf(b.rank)), b.slot), why)
	own := b.meta
	b.meta = callMeta(engine.Refused)
	b.seal(n, modeArea)
	b.meta = own
}

// refusal is the error of a collective that member r has refused.
func (b *Board) refusal(r int) *engine.Error {
	h := b.cell(r)
	why := string(unsafe.Slice((*byte)(b.data(h, r)), min(h.len(), b.slot)))
	return engine.PeerErrorf(engine.ErrMismatch, r, engine.Undefined, "%s", why)
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
	return h.flag == b.tick+1 && h.meta.kind().Refuses()
}

// noteRefusal notes the first refusal among all members, who have posted.
func (b *Board) noteRefusal() {
	for i := 1; i < b.size; i++ {
		if r := b.other(i); b.seesRefusal(r) {
			b.note(b.refusal(r))
			return
		}
	}
}
