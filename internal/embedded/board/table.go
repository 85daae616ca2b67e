package board

import "unsafe"

// In Scatterv, Alltoallv and Alltoallw only the two ends of a block know how
// long it is. A sender posts a table that says where the block for each member
// is, and how long.

// newTable returns this member's table of blocks, one entry a member, whose at
// are addresses.
func (b *Board) newTable() []entry {
	if b.table == nil {
		b.table = make([]entry, b.size)
	}
	return b.table
}

// tableMode says how the blocks in the table travel: copied through the board
// when all of them take no more than eager bytes, else pulled from where they
// are, else by relay.
func (b *Board) tableMode(eager int) (mode, total int) {
	for r := range b.table {
		if r != b.rank {
			total += int(b.table[r].bytes)
		}
	}
	switch table := b.size * tableEntry; {
	case table+total <= eager:
		return modeTable, total
	case !b.pull:
		return modePipe, table + total
	case table <= b.slot:
		return modeTableAt, total
	}
	return modeFarTable, total
}

// postTable posts the blocks in the table.
func (b *Board) postTable(mode, total int) error {
	switch mode {
	case modePipe:
		b.postPipe(total)
	case modeTableAt, modeFarTable:
		b.postAddresses()
	default:
		at := b.size * tableEntry
		area, where, err := b.place(max(inlineMax+1, at+total), anyone)
		if err != nil {
			return err
		}
		for r := range b.table {
			if r == b.rank {
				continue
			}
			e := &b.table[r]
			*entryAt(area, r) = entry{uint64(at), e.bytes, e.sig}
			copyBytes(unsafe.Add(area, at), pointer(uintptr(e.at)), int(e.bytes))
			at += int(e.bytes)
		}
		b.seal(total, where&^modeBits|modeTable)
	}
	return nil
}

// postAddresses posts the table itself.
func (b *Board) postAddresses() {
	if n := b.size * tableEntry; n <= b.slot {
		copyBytes(b.slotOf(b.rank), unsafe.Pointer(&b.table[0]), n)
		b.seal(0, modeTableAt)
		return
	}
	b.mine.word[fromWord] = address(unsafe.Pointer(&b.table[0]))
	b.seal(0, modeFarTable)
}

// entryFor is this member's entry in the table of addresses that member r
// posted.
func (b *Board) entryFor(h *header, r int) (*entry, error) {
	if h.mode() == modeTableAt {
		return entryAt(b.slotOf(r), b.rank), nil
	}
	a := h.from() + uintptr(b.rank*tableEntry)
	if b.local {
		return (*entry)(pointer(a)), nil
	}
	return &b.far, b.take(unsafe.Pointer(&b.far), r, a, tableEntry)
}

// tableSource is the stream that relay sends for the table: the table itself,
// its at relative to the stream, then the blocks one after another.
func (b *Board) tableSource(off int, dst unsafe.Pointer, n int) {
	at := b.size * tableEntry
	for r := range b.table {
		e := b.table[r]
		p := pointer(uintptr(e.at))
		if r == b.rank {
			e.bytes = 0
		}
		e.at = uint64(at)
		overlay(dst, off, n, unsafe.Pointer(&e), r*tableEntry, tableEntry)
		overlay(dst, off, n, p, at, int(e.bytes))
		at += int(e.bytes)
	}
}

// tableSink takes this member's blocks out of such streams. where is asked
// once for each member that sends, and says where its block goes and how much
// of it is wanted.
func (b *Board) tableSink(where func(r int, e *entry) (unsafe.Pointer, int)) sink {
	from, n := -1, 0
	var dst unsafe.Pointer
	e := &b.far
	return func(r, off int, src unsafe.Pointer, m int) {
		if r == b.rank {
			return
		}
		overlay(unsafe.Pointer(e), b.rank*tableEntry, tableEntry, src, off, m)
		if off+m < (b.rank+1)*tableEntry {
			return
		}
		if from != r {
			from = r
			dst, n = where(r, e)
		}
		overlay(dst, int(e.at), n, src, off, m)
	}
}

// overlay copies to dst, which holds the bytes from dstAt on of a stream of
// which src holds those from srcAt on, what both have in common.
func overlay(dst unsafe.Pointer, dstAt, dstLen int, src unsafe.Pointer, srcAt, srcLen int) {
	from, to := max(dstAt, srcAt), min(dstAt+dstLen, srcAt+srcLen)
	if from < to {
		copyBytes(unsafe.Add(dst, from-dstAt), unsafe.Add(src, from-srcAt), to-from)
	}
}
