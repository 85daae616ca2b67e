package engine

import (
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/memory"
)

// Alone carries out the collective k of a communicator with one rank: its
// contribution is its result. The buffers do not overlap.
func Alone(k *Coll) error {
	if k.InPlace || k.Kind.info().send == nothing || k.Kind == Exscan {
		return nil
	}
	send, recv := k.Send, k.Recv
	switch v := k.V; {
	case v == nil:
	case k.Kind.Lists() == OwnBufs:
		send, recv = v.SendBufs[0], v.RecvBufs[0]
	default:
		send, recv = send.only(v.SendCounts, v.SendDispls), recv.only(v.RecvCounts, v.RecvDispls)
	}
	n, room := send.length(), recv.length()
	if m := min(n, room); m > 0 {
		from := send.Ptr
		if send.Layout != nil {
			packed := make([]byte, n)
			send.Layout.Pack(packed, from, send.Type.Size)
			from = unsafe.Pointer(unsafe.SliceData(packed))
		}
		if recv.Layout != nil {
			recv.Layout.Unpack(recv.Ptr, unsafe.Slice((*byte)(from), m), recv.Type.Size)
		} else {
			memory.Copy(recv.Ptr, from, m)
		}
	}
	switch {
	case n > room:
		return PeerErrorf(ErrTruncate, 0, Undefined, "%v: rank 0 sends itself %d bytes, has room for %d", k.Kind, n, room)
	case n < room:
		return PeerErrorf(ErrMismatch, 0, Undefined, "%v: rank 0 sends itself %d bytes, receives %d", k.Kind, n, room)
	}
	return nil
}

// only is the block of the one rank in a v form.
func (b Buf) only(counts, displs []int) Buf {
	switch {
	case counts == nil:
		return b
	case displs == nil:
		return b.At(0, counts[0])
	}
	return b.At(displs[0], counts[0])
}

// length is Bytes, and 0 for a buffer that is not set.
func (b Buf) length() int {
	if b.Type == nil {
		return 0
	}
	return b.Bytes()
}
