package board

import (
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// bcast (MPI 5.0 §6.4): the root posts, everybody takes. A long message is
// pulled out of the root's memory; of two members, the root pushes one half
// while the other pulls the other half.
func (b *Board) bcast(k *engine.Coll) error {
	buf, n := k.Recv.Ptr, k.Recv.Bytes()
	switch {
	case b.tree && (b.pull || n <= b.slot):
		return b.bcastTree(buf, n, k.Root)
	case b.rank == k.Root:
		return b.bcastRoot(buf, n)
	default:
		return b.bcastLeaf(buf, n, k.Root)
	}
}

func (b *Board) bcastRoot(buf unsafe.Pointer, n int) error {
	switch {
	case n <= b.eagerBcast():
		err := b.postCopy(buf, n, anyone)
		b.notifyAll()
		return err
	case !b.pull:
		b.postPipe(n)
		b.notifyAll()
		return b.relay(func(off int, dst unsafe.Pointer, m int) { copyBytes(dst, unsafe.Add(buf, off), m) }, nil)
	case b.size == 2:
		pulled := cut(n, 0, 0)
		b.mine.word[cutWord] = uint64(pulled)
		b.postAddress(buf, nil, n)
		b.notifyAll()
		return b.pushRest(1-b.rank, buf, n, pulled)
	}
	b.postAddress(buf, nil, n)
	b.notifyAll()
	return b.awaitTaken()
}

func (b *Board) bcastLeaf(buf unsafe.Pointer, n, root int) error {
	b.postNone(buf, n)
	h, err := b.heed(root)
	if h == nil {
		return err
	}
	n = b.length(root, h.len(), n)
	switch h.mode() {
	case modeInline, modeArea:
		copyBytes(buf, b.data(h, root), n)
		return nil
	case modePipe:
		return b.relay(nil, func(r, off int, src unsafe.Pointer, m int) {
			if off < n {
				copyBytes(unsafe.Add(buf, off), src, min(m, n-off))
			}
		})
	case modeAddress:
		return b.takeFrom(h, root, buf, h.from(), n)
	}
	return nil
}

// takeFrom pulls n bytes at address a of member r, or of two members the part
// that the sender does not push, and says that it is done.
func (b *Board) takeFrom(h *header, r int, dst unsafe.Pointer, a uintptr, n int) error {
	if b.size > 2 {
		if err := b.take(dst, r, a, n); err != nil {
			return err
		}
		b.reach(phaseDone)
		b.host.Notify(r)
		return nil
	}
	pulled := min(n, int(h.word[cutWord]))
	if pulled < n {
		b.host.Notify(r) // it waits for this member's header
	}
	if err := b.take(dst, r, a, pulled); err != nil {
		return err
	}
	return b.finish()
}

// pushRest is the sender's part of takeFrom with two members: what the receiver
// does not pull of the n bytes at src.
func (b *Board) pushRest(r int, src unsafe.Pointer, n, pulled int) error {
	if pulled < n {
		h, err := b.await(r)
		if err != nil {
			return err
		}
		if rest := min(n, h.len()) - pulled; rest > 0 && b.fits(h, r) {
			if err := b.give(r, h.to()+uintptr(pulled), unsafe.Add(src, pulled), rest); err != nil {
				return err
			}
		}
	}
	return b.finish()
}

// bcastTree passes a message down a tree whose root is the root. A member posts
// when it has the data.
func (b *Board) bcastTree(buf unsafe.Pointer, n, root int) error {
	v := b.rank - root
	if v < 0 {
		v += b.size
	}
	real := func(v int) int {
		if v += root; v >= b.size {
			v -= b.size
		}
		return v
	}
	far := n > b.slot
	above, fits := -1, true
	if v > 0 {
		above = real(parent(v))
		h, err := b.await(above)
		if err != nil {
			return err
		}
		if fits = b.fits(h, above); fits {
			m := b.length(above, h.len(), n)
			switch h.mode() {
			case modeInline, modeArea:
				copyBytes(buf, b.data(h, above), m)
			case modeAddress:
				if err := b.take(buf, above, h.from(), m); err != nil {
					return err
				}
			}
		}
	}
	if !fits {
		b.passOn(true)
	} else if far {
		b.postAddress(buf, nil, n)
	} else if err := b.postCopy(buf, n, anyone); err != nil {
		return err
	}
	err := children(v, b.size, func(c, _ int) error {
		b.host.Notify(real(c))
		return nil
	})
	if err != nil || !far {
		return err
	}
	b.reach(phaseDoneUp)
	if above >= 0 {
		b.host.Notify(above)
	}
	return children(v, b.size, func(c, _ int) error { return b.awaitPhase(real(c), phaseDoneUp) })
}
