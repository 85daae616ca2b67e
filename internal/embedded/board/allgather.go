package board

import (
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// allgather is Allgather and Allgatherv (MPI 5.0 §6.7): everybody posts its
// block, or where it is, and takes all others.
func (b *Board) allgather(k *engine.Coll) error {
	var recv blocks
	if k.Kind == engine.Allgather {
		recv = b.even(&k.Recv)
	} else {
		recv = b.uneven(&k.Recv, k.V.RecvCounts, k.V.RecvDispls, 1)
	}
	home, room := recv.at(b.rank), recv.bytes(b.rank)
	src, n := home, room
	if !k.InPlace {
		src, n = k.Send.Ptr, k.Send.Bytes()
	}
	if b.tree && b.pull && k.Kind == engine.Allgather && n <= gatherTree {
		return b.allgatherTree(&recv, src, n)
	}
	switch {
	case n <= b.eager() && !(b.tree && b.pull):
		if err := b.postCopy(src, n, anyone); err != nil {
			return err
		}
	case b.pull && k.Kind == engine.Allgather:
		return b.exchange(&recv, func(int) unsafe.Pointer { return src }, n)
	case b.pull:
		b.postAddress(src, nil, n)
	default:
		b.postPipe(n)
	}
	if err := b.posted(); err != nil {
		return err
	}
	copyBytes(home, src, b.length(b.rank, n, room))
	pulled, piped := false, b.mine.mode() == modePipe
	for i := 1; i < b.size; i++ {
		r := b.other(i)
		h, err := b.await(r)
		if err != nil {
			return err
		}
		if !b.fits(h, r) {
			pulled = true
			continue
		}
		switch h.mode() {
		case modeInline, modeArea:
			copyBytes(recv.at(r), b.data(h, r), b.length(r, h.len(), recv.bytes(r)))
		case modeAddress:
			pulled = true
			if err := b.take(recv.at(r), r, h.from(), b.length(r, h.len(), recv.bytes(r))); err != nil {
				return err
			}
		case modePipe:
			piped = true
		}
	}
	if piped {
		b.length(b.rank, n, room)
		return b.relay(func(off int, dst unsafe.Pointer, m int) { copyBytes(dst, unsafe.Add(src, off), m) },
			func(r, off int, p unsafe.Pointer, m int) {
				if r != b.rank {
					n := b.length(r, b.cell(r).len(), recv.bytes(r))
					overlay(recv.at(r), 0, n, p, off, m)
				}
			})
	}
	return b.settle(pulled)
}

// exchange is an operation in which every member sends n bytes to every other
// one, from(r) to member r, and pushes them to where they are wanted. (What a
// member has just written is in its own cache: to push it is faster than to
// have it pulled.)
func (b *Board) exchange(recv *blocks, from func(r int) unsafe.Pointer, n int) error {
	room := recv.bytes(b.rank)
	b.mine.word[roomWord] = uint64(room)
	b.postAddress(nil, recv.ptr, n)
	if err := b.posted(); err != nil {
		return err
	}
	copyBytes(recv.at(b.rank), from(b.rank), b.length(b.rank, n, room))
	for i := 1; i < b.size; i++ {
		r := b.other(i)
		h, err := b.await(r)
		if err != nil {
			return err
		}
		if !b.fits(h, r) {
			continue
		}
		b.length(r, h.len(), room)
		if h.mode() != modeAddress {
			continue
		}
		theirs := int(h.word[roomWord])
		if err := b.give(r, h.to()+uintptr(b.rank*theirs), from(r), min(n, theirs)); err != nil {
			return err
		}
	}
	return b.finish()
}

// settle ends a collective in which members read each other's memory: it waits
// until nobody reads this member's, if it offered it, and with others set it
// tells the others that this member no longer reads theirs.
func (b *Board) settle(others bool) error {
	mine := false
	switch b.mine.mode() {
	case modeAddress, modeTableAt, modeFarTable:
		mine = true
	}
	switch {
	case b.tree:
		return b.finish()
	case mine:
		return b.finish()
	case others:
		b.reach(phaseDone)
		b.notifyAll()
	}
	return nil
}

// Blocks up to this length are collected by a tree when there are many members.
const gatherTree = 4 << 10

// allgatherTree collects the blocks up a tree in the receive buffers
// themselves, the ranges of subtrees being contiguous, and passes the whole
// down: instead of p² small copies, p large ones.
func (b *Board) allgatherTree(recv *blocks, src unsafe.Pointer, n int) error {
	b.postAddress(src, recv.ptr, n)
	copyBytes(recv.at(b.rank), src, n)
	size := uintptr(n)
	last := b.rank + 1 // end of this member's subtree
	err := children(b.rank, b.size, func(c, end int) error {
		if err := b.awaitPhase(c, phaseUp); err != nil {
			return err
		}
		last = end
		h := b.cell(c)
		if !b.same(h, c) {
			return nil
		}
		return b.take(recv.at(c), c, h.to()+uintptr(c)*size, (end-c)*n)
	})
	if err != nil {
		return err
	}
	if b.rank > 0 {
		p := parent(b.rank)
		if b.misuse != nil {
			b.passOn(true)
		}
		b.reach(phaseUp)
		b.host.Notify(p)
		if err := b.awaitPhase(p, phaseDown); err != nil {
			return err
		}
		if h := b.cell(p); b.same(h, p) {
			if err := b.take(recv.at(0), p, h.to(), b.rank*n); err != nil {
				return err
			}
			if last < b.size {
				if err := b.take(recv.at(last), p, h.to()+uintptr(last)*size, (b.size-last)*n); err != nil {
					return err
				}
			}
		}
	}
	if b.misuse != nil {
		b.passOn(true)
	}
	b.reach(phaseDown)
	err = children(b.rank, b.size, func(c, _ int) error {
		b.host.Notify(c)
		return nil
	})
	if err != nil {
		return err
	}
	return b.finish()
}
