package board

import (
	"runtime"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// alltoall (MPI 5.0 §6.8): everybody posts its blocks for all others, or where
// they are, and takes one of each.
func (b *Board) alltoall(k *engine.Coll) error {
	recv := b.even(&k.Recv)
	send := recv
	if !k.InPlace {
		send = b.even(&k.Send)
	}
	n := send.bytes(0)
	var kept []byte // input of an in-place call, while the output is written over it
	eager := n*(b.size-1) <= b.eager() && !(b.tree && b.pull)
	if k.InPlace && !eager {
		kept = keep(send.ptr, n*b.size)
		send.ptr = unsafe.Pointer(unsafe.SliceData(kept))
	}
	switch {
	case eager:
		if err := b.postBlocks(&send); err != nil {
			return err
		}
	case b.pull:
		err := b.exchange(&recv, send.at, n)
		runtime.KeepAlive(kept)
		return err
	default:
		b.postPipe(n * b.size)
	}
	if err := b.posted(); err != nil {
		return err
	}
	copyBytes(recv.at(b.rank), send.at(b.rank), b.length(b.rank, n, recv.bytes(0)))
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
			copyBytes(recv.at(r), b.blockIn(h, r), b.length(r, h.len(), recv.bytes(r)))
		case modeAddress:
			pulled = true
			a := h.from()
			if a != 0 {
				a += uintptr(b.rank * h.len())
			}
			if err := b.take(recv.at(r), r, a, b.length(r, h.len(), recv.bytes(r))); err != nil {
				return err
			}
		case modePipe:
			piped = true
		}
	}
	var err error
	if piped {
		err = b.alltoallRelay(send, recv)
	} else {
		err = b.settle(pulled)
	}
	runtime.KeepAlive(kept)
	return err
}

func (b *Board) alltoallRelay(send, recv blocks) error {
	return b.relay(func(off int, dst unsafe.Pointer, m int) { copyBytes(dst, unsafe.Add(send.ptr, off), m) },
		func(r, off int, p unsafe.Pointer, m int) {
			theirs := b.cell(r).len() / b.size
			overlay(recv.at(r), b.rank*theirs, b.length(r, theirs, recv.bytes(r)), p, off, m)
		})
}

// keep copies n bytes to memory of their own.
func keep(p unsafe.Pointer, n int) []byte {
	kept := make([]byte, n)
	copyBytes(unsafe.Pointer(unsafe.SliceData(kept)), p, n)
	return kept
}
