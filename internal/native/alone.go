package native

import "github.com/ringo-mpi/ringo/internal/engine"

// alone carries out a collective of a communicator with one rank: at most a copy
// from one buffer to the other, for which no library is needed. It also goes
// around a defect of MPICH 4.0 to 5.0, whose Alltoall family sends a message to
// itself: MPIDI_Self_isend in src/mpid/ch4/src/ch4_self.c looks at its tag and
// communicator and not at its context, so that a receive with AnyTag of the
// program's takes it, and the collective never ends.
func alone(k *engine.Coll) error {
	if k.InPlace {
		return nil
	}
	to, from := k.Recv, k.Send
	switch k.Kind {
	case engine.Barrier, engine.Bcast, engine.Exscan:
		return nil
	case engine.Scatterv:
		from = onlyBlock(from, k.V.SendCounts, k.V.SendDispls)
	case engine.Gatherv, engine.Allgatherv:
		to = onlyBlock(to, k.V.RecvCounts, k.V.RecvDispls)
	case engine.Alltoallv:
		from = onlyBlock(from, k.V.SendCounts, k.V.SendDispls)
		to = onlyBlock(to, k.V.RecvCounts, k.V.RecvDispls)
	case engine.Alltoallw:
		to, from = k.V.RecvBufs[0], k.V.SendBufs[0]
	}
	if from.Type == nil || from.Count == 0 {
		return nil
	}
	n, room := from.Bytes(), 0
	if to.Type != nil {
		room = to.Bytes()
	}
	if n > room {
		return engine.PeerErrorf(engine.ErrTruncate, 0, engine.Undefined, "%v: %d bytes of this rank for itself, %d bytes to receive them", k.Kind, n, room)
	}
	if from.Layout == nil && to.Layout == nil {
		copy(to.Slice(), from.Slice())
		return nil
	}
	packed := make([]byte, n)
	if from.Layout != nil {
		from.Layout.Pack(packed, from.Ptr, from.Type.Size)
	} else {
		copy(packed, from.Slice())
	}
	if to.Layout != nil {
		to.Layout.Unpack(to.Ptr, packed, to.Type.Size)
	} else {
		copy(to.Slice(), packed)
	}
	return nil
}

// aloneRequest is the request of a nonblocking collective that alone has carried
// out.
type aloneRequest struct{ engine.Completed }

func (aloneRequest) Cancel() error {
	return engine.Errorf(engine.ErrUnsupported, "a collective cannot be cancelled")
}

// onlyBlock is the block of the one rank of a v form.
func onlyBlock(b engine.Buf, counts, displs []int) engine.Buf {
	at := 0
	if displs != nil {
		at = displs[0]
	}
	return b.At(at, counts[0])
}
