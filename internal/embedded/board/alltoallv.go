package board

import (
	"runtime"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// incoming is where the blocks that a member receives go.
type incoming struct {
	blocks              // Alltoallv
	bufs   []engine.Buf // Alltoallw
	sig    engine.Sig   // Alltoallv
}

func (in *incoming) room(r int) int {
	if in.bufs != nil {
		return in.bufs[r].Bytes()
	}
	return in.bytes(r)
}

// put stores the first n bytes at p as the block from member r.
func (in *incoming) put(r int, p unsafe.Pointer, n int) {
	switch {
	case n == 0:
	case in.bufs == nil:
		copyBytes(in.at(r), p, n)
	case in.bufs[r].Layout == nil:
		copyBytes(in.bufs[r].Ptr, p, n)
	default:
		t := &in.bufs[r]
		t.Layout.Unpack(t.Ptr, unsafe.Slice((*byte)(p), n), t.Type.Size)
	}
}

// direct is where the block from member r may be written as it comes, nil if
// it has to be unpacked.
func (in *incoming) direct(r int) unsafe.Pointer {
	switch {
	case in.bufs == nil:
		return in.at(r)
	case in.bufs[r].Layout == nil:
		return in.bufs[r].Ptr
	}
	return nil
}

func (in *incoming) sigOf(r int) engine.Sig {
	if in.bufs == nil {
		return in.sig
	}
	if t := in.bufs[r].Type; t != nil {
		return t.Sig
	}
	return 0
}

// alltoallv is Alltoallv and Alltoallw (MPI 5.0 §6.8): everybody posts a table
// of its blocks and takes its own out of the tables of the others. Each sender
// chooses alone how its blocks travel.
func (b *Board) alltoallv(k *engine.Coll) error {
	in := b.incoming(k)
	packed := b.outgoing(k)
	var kept []byte
	mode, total := b.tableMode(b.eager())
	if b.size == 2 && total <= b.eager() {
		e := &b.table[1-b.rank]
		b.meta = b.meta.withSig(engine.Sig(e.sig))
		if err := b.postCopy(pointer(uintptr(e.at)), total, anyone); err != nil {
			return err
		}
		mode = modeArea
	} else {
		if k.InPlace && mode != modeTable {
			kept = b.keepTable()
		}
		if err := b.postTable(mode, total); err != nil {
			return err
		}
	}
	if err := b.posted(); err != nil {
		return err
	}
	if !k.InPlace {
		e := &b.table[b.rank]
		in.put(b.rank, pointer(uintptr(e.at)), b.length(b.rank, int(e.bytes), in.room(b.rank)))
	}
	pulled, piped := false, mode == modePipe
	for i := 1; i < b.size; i++ {
		r := b.other(i)
		h, err := b.await(r)
		if err != nil {
			return err
		}
		if !b.fitsCall(h.call(), r) {
			pulled = true
			continue
		}
		switch h.mode() {
		case modePipe:
			piped = true
		case modeInline, modeArea:
			src := b.data(h, r)
			if b.fitsType(h.call().sig(), in.sigOf(r), r) {
				in.put(r, src, b.length(r, h.len(), in.room(r)))
			}
		case modeTable:
			area := b.area(h, r)
			if e := entryAt(area, b.rank); b.entryFits(e, &in, r) {
				in.put(r, unsafe.Add(area, e.at), b.length(r, int(e.bytes), in.room(r)))
			}
		case modeTableAt, modeFarTable:
			pulled = true
			if err := b.takeEntry(h, r, &in); err != nil {
				return err
			}
		}
	}
	var err error
	if piped {
		err = b.alltoallvRelay(in)
	} else {
		err = b.settle(pulled)
	}
	runtime.KeepAlive(packed)
	runtime.KeepAlive(kept)
	return err
}

func (b *Board) entryFits(e *entry, in *incoming, r int) bool {
	return e.bytes == 0 && in.room(r) == 0 || b.fitsType(engine.Sig(e.sig), in.sigOf(r), r)
}

// takeEntry pulls this member's block from member r, which posted addresses.
func (b *Board) takeEntry(h *header, r int, in *incoming) error {
	e, err := b.entryFor(h, r)
	if err != nil || !b.entryFits(e, in, r) {
		return err
	}
	n := b.length(r, int(e.bytes), in.room(r))
	if p := in.direct(r); p != nil || n == 0 {
		return b.take(p, r, uintptr(e.at), n)
	}
	if b.local {
		in.put(r, pointer(uintptr(e.at)), n)
		return nil
	}
	packed := make([]byte, n)
	p := unsafe.Pointer(unsafe.SliceData(packed))
	if err := b.take(p, r, uintptr(e.at), n); err != nil {
		return err
	}
	in.put(r, p, n)
	return nil
}

func (b *Board) alltoallvRelay(in incoming) error {
	type later struct {
		r      int
		packed []byte
	}
	var unpack []later
	err := b.relay(b.tableSource, b.tableSink(func(r int, e *entry) (unsafe.Pointer, int) {
		if !b.entryFits(e, &in, r) {
			return nil, 0
		}
		n := b.length(r, int(e.bytes), in.room(r))
		if p := in.direct(r); p != nil {
			return p, n
		}
		unpack = append(unpack, later{r, make([]byte, n)})
		return unsafe.Pointer(unsafe.SliceData(unpack[len(unpack)-1].packed)), n
	}))
	for _, u := range unpack {
		in.put(u.r, unsafe.Pointer(unsafe.SliceData(u.packed)), len(u.packed))
	}
	return err
}

func (b *Board) incoming(k *engine.Coll) incoming {
	if k.Kind == engine.Alltoallw {
		return incoming{bufs: k.V.RecvBufs}
	}
	return incoming{blocks: b.uneven(&k.Recv, k.V.RecvCounts, k.V.RecvDispls, 1), sig: k.Recv.Type.Sig}
}

// outgoing fills the table with the blocks that this member sends. Blocks with
// a layout are packed first, into the memory that is returned; the other
// entries are addresses of the user's memory.
func (b *Board) outgoing(k *engine.Coll) (packed []byte) {
	table := b.newTable()
	if k.Kind == engine.Alltoallv {
		var send blocks
		var sig engine.Sig
		if k.InPlace {
			send, sig = b.uneven(&k.Recv, k.V.RecvCounts, k.V.RecvDispls, 0), k.Recv.Type.Sig
		} else {
			send, sig = b.uneven(&k.Send, k.V.SendCounts, k.V.SendDispls, 0), k.Send.Type.Sig
		}
		for r := range table {
			table[r] = entry{address(send.at(r)), uint64(send.bytes(r)), uint64(sig)}
		}
		return nil
	}
	bufs := k.V.SendBufs
	if k.InPlace {
		bufs = k.V.RecvBufs
	}
	need := 0
	for r := range bufs {
		if bufs[r].Layout != nil {
			need += (bufs[r].Bytes() + 7) &^ 7
		}
	}
	if need > 0 {
		packed = make([]byte, need)
	}
	at := 0
	for r := range bufs {
		t := &bufs[r]
		table[r] = entry{}
		if t.Type == nil {
			continue
		}
		n := t.Bytes()
		p := t.Ptr
		if t.Layout != nil && n > 0 {
			t.Layout.Pack(packed[at:at+n], t.Ptr, t.Type.Size)
			p = unsafe.Pointer(&packed[at])
			at += (n + 7) &^ 7
		}
		table[r] = entry{address(p), uint64(n), uint64(t.Type.Sig)}
	}
	return packed
}

// keepTable copies the blocks of the table to memory of their own: the call is
// in place and overwrites them while others still read them.
func (b *Board) keepTable() []byte {
	total := 0
	for r := range b.table {
		total += (int(b.table[r].bytes) + 7) &^ 7
	}
	kept := make([]byte, total)
	at := 0
	for r := range b.table {
		e := &b.table[r]
		if n := int(e.bytes); n > 0 {
			p := unsafe.Pointer(&kept[at])
			copyBytes(p, pointer(uintptr(e.at)), n)
			e.at = address(p)
			at += (n + 7) &^ 7
		}
	}
	return kept
}
