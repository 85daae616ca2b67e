package board

import (
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// scatter is Scatter and Scatterv (MPI 5.0 §6.6): the root posts all blocks,
// or where they are, and everybody takes its own. With counts that the others
// do not know, a table says where each block is and how long.
func (b *Board) scatter(k *engine.Coll) error {
	if b.rank == k.Root {
		return b.scatterRoot(k)
	}
	return b.scatterLeaf(k)
}

func (b *Board) scatterRoot(k *engine.Coll) error {
	var send blocks
	uniform := k.Kind == engine.Scatter
	if uniform {
		send = b.even(&k.Send)
	} else {
		send = b.uneven(&k.Send, k.V.SendCounts, k.V.SendDispls, 0)
	}
	own := func() {
		if !k.InPlace {
			want, have := k.Recv.Bytes(), send.bytes(b.rank)
			copyBytes(k.Recv.Ptr, send.at(b.rank), b.length(b.rank, have, want))
		}
	}
	switch {
	case b.size == 2:
		r := 1 - b.rank
		p, n := send.at(r), send.bytes(r)
		switch {
		case n <= b.eagerRoot():
			err := b.postCopy(p, n, r)
			b.notifyAll()
			own()
			return err
		case b.pull:
			home := 0
			if !k.InPlace {
				home = send.bytes(b.rank)
			}
			pulled := cut(n, home, 0)
			b.mine.word[cutWord] = uint64(pulled)
			b.postAddress(p, nil, n)
			b.notifyAll()
			own()
			return b.pushRest(r, p, n, pulled)
		}
	case uniform && send.bytes(0)*(b.size-1) <= b.eagerRoot():
		own()
		err := b.postBlocks(&send)
		b.notifyAll()
		return err
	case uniform && b.pull:
		b.postAddress(send.ptr, nil, send.bytes(0))
		b.notifyAll()
		own()
		return b.awaitTaken()
	}
	table := b.newTable()
	for r := range table {
		table[r] = entry{address(send.at(r)), uint64(send.bytes(r)), uint64(k.Send.Type.Sig)}
	}
	mode, total := b.tableMode(b.eagerRoot())
	if err := b.postTable(mode, total); err != nil {
		return err
	}
	b.notifyAll()
	own()
	switch mode {
	case modePipe:
		return b.relay(b.tableSource, nil)
	case modeTable:
		return nil
	}
	return b.awaitTaken()
}

func (b *Board) scatterLeaf(k *engine.Coll) error {
	dst, want := k.Recv.Ptr, k.Recv.Bytes()
	b.postNone(dst, want)
	h, err := b.heed(k.Root)
	if h == nil {
		return err
	}
	switch h.mode() {
	case modeInline, modeArea:
		copyBytes(dst, b.blockIn(h, k.Root), b.length(k.Root, h.len(), want))
		return nil
	case modeAddress:
		a := h.from()
		if b.size > 2 {
			a += uintptr(b.rank * h.len())
		}
		return b.takeFrom(h, k.Root, dst, a, b.length(k.Root, h.len(), want))
	case modePipe:
		return b.relay(nil, b.tableSink(func(r int, e *entry) (unsafe.Pointer, int) {
			return dst, b.length(r, int(e.bytes), want)
		}))
	case modeTable:
		area := b.area(h, k.Root)
		e := entryAt(area, b.rank)
		copyBytes(dst, unsafe.Add(area, e.at), b.length(k.Root, int(e.bytes), want))
		return nil
	}
	e, err := b.entryFor(h, k.Root)
	if err != nil {
		return err
	}
	n := b.length(k.Root, int(e.bytes), want)
	if err := b.take(dst, k.Root, uintptr(e.at), n); err != nil {
		return err
	}
	b.reach(phaseDone)
	b.host.Notify(k.Root)
	return nil
}

// postBlocks posts equal blocks, all but this member's own, one after another.
func (b *Board) postBlocks(send *blocks) error {
	n := send.bytes(0)
	dst, mode, err := b.place(n*(b.size-1), anyone)
	if err != nil {
		return err
	}
	b.copyOut(dst, send.ptr, b.rank*n)
	if after := b.rank + 1; after < b.size {
		b.copyOut(unsafe.Add(dst, b.rank*n), send.at(after), (b.size-after)*n)
	}
	b.seal(n, mode)
	return nil
}

// blockIn is the block for this member among those that member r posted.
func (b *Board) blockIn(h *header, r int) unsafe.Pointer {
	i := b.rank
	if i > r {
		i--
	}
	return unsafe.Add(b.data(h, r), i*h.len())
}

// gather is Gather and Gatherv (MPI 5.0 §6.5): everybody posts its block, and
// the root takes them. Long blocks are pushed to the root, so that it is not
// the root alone that works; of two members, each moves a part.
func (b *Board) gather(k *engine.Coll) error {
	if b.rank == k.Root {
		return b.gatherRoot(k)
	}
	return b.gatherLeaf(k)
}

func (b *Board) gatherLeaf(k *engine.Coll) error {
	src, n := k.Send.Ptr, k.Send.Bytes()
	switch {
	case n <= b.eagerLeaf():
		err := b.postCopy(src, n, k.Root)
		b.host.Notify(k.Root)
		return err
	case !b.pull:
		b.postPipe(n)
		b.host.Notify(k.Root)
		if h, err := b.heed(k.Root); h == nil {
			return err
		}
		return b.pipeTo(k.Root, src, n)
	}
	b.postAddress(src, nil, n)
	b.host.Notify(k.Root)
	h, err := b.heed(k.Root)
	if h == nil {
		return err
	}
	if b.size == 2 {
		return b.pushRest(k.Root, src, min(n, h.len()), min(n, int(h.word[cutWord])))
	}
	var to uintptr
	room := 0
	switch h.mode() {
	case modeAddress: // of the first of equal blocks
		room = h.len()
		to = h.to() + uintptr(b.rank*room)
	case modeTableAt, modeFarTable:
		e, err := b.entryFor(h, k.Root)
		if err != nil {
			return err
		}
		to, room = uintptr(e.at), int(e.bytes)
	}
	if err := b.give(k.Root, to, src, min(n, room)); err != nil {
		return err
	}
	b.reach(phaseDone)
	b.host.Notify(k.Root)
	return nil
}

func (b *Board) gatherRoot(k *engine.Coll) error {
	// Leaves may be writing to its memory. All of them post before they wait, and
	// find out by themselves.
	b.waitsAnyway = true
	var recv blocks
	uniform := k.Kind == engine.Gather
	if uniform {
		recv = b.even(&k.Recv)
	} else {
		recv = b.uneven(&k.Recv, k.V.RecvCounts, k.V.RecvDispls, 1)
	}
	b.offerRoom(k, &recv)
	if !k.InPlace {
		copyBytes(recv.at(b.rank), k.Send.Ptr, b.length(b.rank, k.Send.Bytes(), recv.bytes(b.rank)))
	}
	if err := b.yieldFirst(b.flags()); err != nil {
		return err
	}
	for i := 1; i < b.size; i++ {
		r := b.other(i)
		h, err := b.await(r)
		if err != nil {
			return err
		}
		if !b.fits(h, r) {
			b.readStage = true // it may wait until its stage has been read
			continue
		}
		n := b.length(r, h.len(), recv.bytes(r))
		switch h.mode() {
		case modeInline, modeArea:
			copyBytes(recv.at(r), b.data(h, r), n)
		case modePipe:
			if err := b.pipeFrom(r, h.len(), recv.at(r), n); err != nil {
				return err
			}
		case modeAddress:
			if b.size == 2 {
				if err := b.take(recv.at(r), r, h.from(), min(n, int(b.mine.word[cutWord]))); err != nil {
					return err
				}
				return b.finish()
			}
			if err := b.awaitPhase(r, phaseDone); err != nil {
				return err
			}
		}
	}
	return nil
}

// offerRoom posts where the root of a gather wants long blocks.
func (b *Board) offerRoom(k *engine.Coll, recv *blocks) {
	switch {
	case b.size == 2:
		r, home := 1-b.rank, 0
		if !k.InPlace {
			home = recv.bytes(b.rank)
		}
		b.mine.word[cutWord] = uint64(cut(recv.bytes(r), 0, home))
		b.postNone(recv.at(r), recv.bytes(r))
	case recv.counts == nil:
		b.postAddress(nil, recv.ptr, recv.bytes(0))
	default:
		long := false
		table := b.newTable()
		for r := range table {
			n := recv.bytes(r)
			table[r] = entry{at: address(recv.at(r)), bytes: uint64(n)}
			long = long || n > b.eagerLeaf()
		}
		if !long || !b.pull {
			b.postNone(nil, 0)
			return
		}
		b.postAddresses()
	}
	b.notifyAll()
}
