package board

import "github.com/ringo-mpi/ringo/internal/engine"

// Members find out whether they have called the same.

// heed waits for what the root has posted. If that does not fit this member's
// call, it withdraws from the call and returns no header.
func (b *Board) heed(root int) (*header, error) {
	h, err := b.await(root)
	if err != nil {
		return nil, err
	}
	if !b.fits(h, root) {
		b.withdraw()
		return nil, nil
	}
	return h, nil
}

// agree waits until all members have posted, and reports whether all have
// posted the same kind, operation, root, type and length. All members come to
// the same answer.
func (b *Board) agree() (bool, error) {
	if b.tree {
		same := true
		err := b.treeBarrier(phaseUp, phaseDown, &same)
		return same, err
	}
	b.notifyAll()
	if err := b.awaitOthers(b.flags()); err != nil {
		return false, err
	}
	all := true
	for i := 1; i < b.size; i++ {
		r := b.other(i)
		all = b.same(b.cell(r), r) && all
	}
	if int64(b.safe-b.tick) < 0 {
		b.safe = b.tick
	}
	return all, nil
}

// posted waits until all members have posted, in a tree and where members
// outnumber cores. Elsewhere the callers wait member by member.
func (b *Board) posted() error {
	if b.tree {
		return b.treeBarrier(phaseUp, phaseDown, nil)
	}
	b.notifyAll()
	if !b.crowd {
		return nil
	}
	return b.awaitOthers(b.flags())
}

// same reports whether member r has posted what this member has, and notes it
// if not.
func (b *Board) same(h *header, r int) bool {
	if h.call() == b.meta && h.len() == b.mine.len() && h.flag == b.tick+1 {
		return true
	}
	if b.fits(h, r) {
		b.noteLength(r, h.len(), b.mine.len())
	}
	return false
}

// noteLength notes that the call is longer or shorter on member r.
func (b *Board) noteLength(r, theirs, own int) {
	b.note(engine.PeerErrorf(engine.ErrMismatch, r, engine.Undefined, "%v over %d bytes on rank %d, over %d bytes on rank %d",
		b.meta.kind(), own, b.rank, theirs, r))
}

// fits reports whether member r posted the same collective with a type that
// this member can take, and notes it if not.
func (b *Board) fits(h *header, r int) bool {
	m := h.call()
	return m == b.meta || b.fitsSlow(m, r)
}

func (b *Board) fitsSlow(theirs callMeta, r int) bool {
	return b.fitsCall(theirs, r) && b.fitsType(theirs.sig(), b.meta.sig(), r)
}

// fitsCall is fits without the type.
func (b *Board) fitsCall(theirs callMeta, r int) bool {
	if theirs.untyped() == b.meta.untyped() {
		return true
	}
	if theirs.kind().Refuses() {
		b.noteRefused(r)
		return false
	}
	b.note(engine.PeerErrorf(engine.ErrMismatch, r, engine.Undefined, "%v on rank %d, %v on rank %d",
		b.meta, b.rank, theirs, r))
	return false
}

// fitsType reports whether elements that member r sends can be received as
// want.
func (b *Board) fitsType(sent, want engine.Sig, r int) bool {
	if sent.Matches(want) {
		return true
	}
	b.note(engine.PeerErrorf(engine.ErrType, r, engine.Undefined, "%v: elements are %v on rank %d, %v on rank %d",
		b.meta.kind(), want, b.rank, sent, r))
	return false
}

// length is how many bytes to take of those that rank r sends. It notes it if
// they are not the want bytes that this member has room for.
func (b *Board) length(r, sent, want int) int {
	if sent == want {
		return sent
	}
	class := engine.ErrMismatch
	if sent > want {
		class = engine.ErrTruncate
	}
	b.note(engine.PeerErrorf(class, r, engine.Undefined, "%v: rank %d sends %d bytes, rank %d receives %d",
		b.meta.kind(), r, sent, b.rank, want))
	return min(sent, want)
}

// callers says which of the others have posted the same call; nil: all have. It
// is called when all have posted something, and before this member says that it
// is done: after that, the headers may be those of later collectives.
func (b *Board) callers() (who []bool) {
	for r := range b.size {
		if r != b.rank && !b.fitsCall(b.cell(r).call(), r) {
			if who == nil {
				who = make([]bool, b.size)
				for i := range who {
					who[i] = i != b.rank
				}
			}
			who[r] = false
		}
	}
	return who
}

// awaitTaken waits until all have taken what this member offers.
func (b *Board) awaitTaken() error {
	if err := b.awaitOthers(b.flags()); err != nil {
		return err
	}
	return b.awaitCallers(b.callers(), phaseDone)
}

// awaitCallers waits until those members have come to a phase.
func (b *Board) awaitCallers(who []bool, phase uint64) error {
	if who == nil {
		return b.awaitOthers(b.phases(phase))
	}
	for r, waits := range who {
		if waits {
			if err := b.awaitPhase(r, phase); err != nil {
				return err
			}
		}
	}
	return nil
}

// finish waits until no member reads or writes memory of another one any more. A
// member that has posted another call is not waited for: it may end that call
// without a word.
func (b *Board) finish() error {
	var who []bool
	if b.tree && b.misuse == nil {
		if err := b.treeBarrier(phaseDoneUp, phaseDone, nil); err != nil {
			return err
		}
	} else {
		if err := b.awaitOthers(b.flags()); err != nil {
			return err
		}
		who = b.callers()
		b.reach(phaseDone)
		b.notifyAll()
		if err := b.awaitCallers(who, phaseDone); err != nil {
			return err
		}
	}
	if who == nil && !b.endsAlone() {
		b.safe = b.tick + 1
	}
	return nil
}
