package board

import "unsafe"

// workspace is private memory that is kept from one collective to the next.
type workspace struct {
	scratch [2][]uint64 // of reductions, under acc and piece
	acc     unsafe.Pointer
	piece   unsafe.Pointer
	displs  [2][]int // of packed send and receive blocks
	table   []entry  // what other members read when it does not fit a slot
	far     entry    // an entry of another member's table
}

// room is private memory of at least n bytes, kept for the next call.
func (w *workspace) room(i, n int) unsafe.Pointer {
	words := (n + 7) / 8
	if cap(w.scratch[i]) < words {
		w.scratch[i] = make([]uint64, words)
	}
	return unsafe.Pointer(unsafe.SliceData(w.scratch[i]))
}
