package board

import (
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// alone is a collective of a communicator with one member: its contribution is
// its result.
func alone(c *engine.Coll) *engine.Error {
	if c.InPlace || c.Kind == engine.Barrier || c.Kind == engine.Bcast || c.Kind == engine.Exscan {
		return nil
	}
	send, recv := c.Send, c.Recv
	if v := c.V; v != nil {
		switch {
		case c.Kind == engine.Alltoallw:
			return aloneW(&v.SendBufs[0], &v.RecvBufs[0])
		case c.Kind == engine.ReduceScatter:
		default:
			send, recv = only(send, v.SendCounts, v.SendDispls), only(recv, v.RecvCounts, v.RecvDispls)
		}
	}
	n, room := send.Bytes(), recv.Bytes()
	copyBytes(recv.Ptr, send.Ptr, min(n, room))
	return aloneFits(c.Kind, n, room)
}

func only(b engine.Buf, counts, displs []int) engine.Buf {
	switch {
	case counts == nil:
		return b
	case displs == nil:
		return b.At(0, counts[0])
	}
	return b.At(displs[0], counts[0])
}

func aloneW(send, recv *engine.Buf) *engine.Error {
	if send.Count == 0 && recv.Count == 0 {
		return nil
	}
	n, room := send.Bytes(), recv.Bytes()
	p := send.Ptr
	if send.Layout != nil {
		packed := make([]byte, n)
		send.Layout.Pack(packed, send.Ptr, send.Type.Size)
		p = unsafe.Pointer(unsafe.SliceData(packed))
	}
	in := incoming{bufs: []engine.Buf{*recv}}
	in.put(0, p, min(n, room))
	return aloneFits(engine.Alltoallw, n, room)
}

func aloneFits(k engine.CollKind, n, room int) *engine.Error {
	switch {
	case n > room:
		return engine.PeerErrorf(engine.ErrTruncate, 0, engine.Undefined, "%v: rank 0 sends itself %d bytes, has room for %d", k, n, room)
	case n < room:
		return engine.PeerErrorf(engine.ErrMismatch, 0, engine.Undefined, "%v: rank 0 sends itself %d bytes, receives %d", k, n, room)
	}
	return nil
}
