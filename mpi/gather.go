package mpi

import "github.com/ringo-mpi/ringo/internal/engine"

// Gather collects send of rank i as block i of recv on the root (MPI 5.0
// §6.5). All send have the same length n; recv has length Size()·n on the root
// and is not looked at elsewhere. The buffers do not overlap. Collective; it
// blocks until this rank's buffers may be used.
func Gather[T any](c *Comm, send, recv []T, root int) error {
	return c.collective(gather(c, send, recv, root, false))
}

// Igather starts a Gather and returns at once (MPI 5.0 §6.12.3). Until the
// request is complete, send may be read but not changed, and recv is not to be
// touched. Errors, also those of the arguments, come out of Wait and Test.
// Collective: all ranks call Igather; Gather does not match it.
func Igather[T any](c *Comm, send, recv []T, root int) *Request {
	return c.icollective(gather(c, send, recv, root, false))
}

// GatherInPlace is Gather with one buffer: on the root buf has length Size()·n
// and holds the root's own block in its place already; elsewhere buf, of
// length n, is sent (MPI_IN_PLACE, MPI 5.0 §6.5). Collective; it blocks as
// Gather does.
func GatherInPlace[T any](c *Comm, buf []T, root int) error {
	return c.collective(gather(c, buf, buf, root, true))
}

// IgatherInPlace starts a GatherInPlace and returns at once (MPI 5.0 §6.12.3).
// buf is not to be touched before the request is complete. Errors, also those
// of the arguments, come out of Wait and Test. Collective: all ranks call
// IgatherInPlace; GatherInPlace does not match it.
func IgatherInPlace[T any](c *Comm, buf []T, root int) *Request {
	return c.icollective(gather(c, buf, buf, root, true))
}

func gather[T any](c *Comm, send, recv []T, root int, inPlace bool) (engine.Coll, error) {
	e, err := elementOn[T](c)
	if err != nil {
		return engine.Coll{}, err
	}
	if err := c.checkRoot(root); err != nil {
		return engine.Coll{}, err
	}
	k := engine.Coll{Kind: engine.Gather, Root: root}
	switch {
	case c.rank != root:
		k.Send = bufOf(e, send)
		return k, nil
	case inPlace:
		k.InPlace, k.Recv = true, bufOf(e, recv)
		return k, c.checkWhole("buf", len(recv))
	}
	k.Send, k.Recv = bufOf(e, send), bufOf(e, recv)
	if err := c.checkBlocks("recv", len(recv), len(send)); err != nil {
		return k, err
	}
	return k, checkApart(c, send, recv)
}

// Gatherv collects send of rank i as part i of recv on the root (MPI 5.0 §6.5).
// The length of send is the count of its part; the parts of recv do not
// overlap, and neither do send and recv. recv is not looked at on the other
// ranks, which may pass the zero Parts. [GatherSlices] finds the counts itself.
// Collective; it blocks until this rank's buffers may be used.
func Gatherv[T any](c *Comm, send []T, recv Parts[T], root int) error {
	return c.collective(gatherv(c, send, &recv, root, false))
}

// Igatherv starts a Gatherv and returns at once (MPI 5.0 §6.12.3). Until the
// request is complete, what is sent may be read but not changed, and what is
// received into is not to be touched; the counts and displacements may be used
// again at once. Errors, also those of the arguments, come out of Wait and
// Test. Collective: all ranks call Igatherv; Gatherv does not match it.
func Igatherv[T any](c *Comm, send []T, recv Parts[T], root int) *Request {
	return c.icollective(gatherv(c, send, &recv, root, false))
}

// GathervInPlace is Gatherv with one buffer: on the root the parts of buf are
// received, and the root's own is in its place already; on the other ranks all
// of buf.Buf is sent, and its counts are not looked at (MPI_IN_PLACE, MPI 5.0
// §6.5). Collective; it blocks as Gatherv does.
func GathervInPlace[T any](c *Comm, buf Parts[T], root int) error {
	return c.collective(gatherv(c, buf.Buf, &buf, root, true))
}

// IgathervInPlace starts a GathervInPlace and returns at once (MPI 5.0
// §6.12.3). buf.Buf is not to be touched before the request is complete; its
// lists may be. Errors, also those of the arguments, come out of Wait and Test.
// Collective: all ranks call IgathervInPlace; GathervInPlace does not match it.
func IgathervInPlace[T any](c *Comm, buf Parts[T], root int) *Request {
	return c.icollective(gatherv(c, buf.Buf, &buf, root, true))
}

func gatherv[T any](c *Comm, send []T, recv *Parts[T], root int, inPlace bool) (engine.Coll, error) {
	e, err := elementOn[T](c)
	if err != nil {
		return engine.Coll{}, err
	}
	if err := c.checkRoot(root); err != nil {
		return engine.Coll{}, err
	}
	k := engine.Coll{Kind: engine.Gatherv, Root: root}
	if c.rank != root {
		k.Send = bufOf(e, send)
		return k, nil
	}
	k.V = c.newVector()
	v, err := spansOf(c, k.V, "recv", recv, true)
	if err != nil {
		return k, err
	}
	k.Recv = bufOf(e, recv.Buf)
	k.V.RecvCounts, k.V.RecvDispls = v.counts, v.displs
	if inPlace {
		k.InPlace = true
		return k, nil
	}
	k.Send = bufOf(e, send)
	if len(send) != v.counts[root] {
		return k, c.errorf(ErrCount, "send has length %d, the root's own count is %d", len(send), v.counts[root])
	}
	return k, checkApart(c, send, recv.Buf)
}

// Allgather collects send of rank i as block i of recv on every rank (MPI 5.0
// §6.7). All send have the same length n, all recv length Size()·n. The
// buffers do not overlap. Collective; it blocks until this rank's buffers may
// be used.
func Allgather[T any](c *Comm, send, recv []T) error {
	return c.collective(allgather(c, send, recv, false))
}

// Iallgather starts an Allgather and returns at once (MPI 5.0 §6.12.5). Until
// the request is complete, send may be read but not changed, and recv is not to
// be touched. Errors, also those of the arguments, come out of Wait and Test.
// Collective: all ranks call Iallgather; Allgather does not match it.
func Iallgather[T any](c *Comm, send, recv []T) *Request {
	return c.icollective(allgather(c, send, recv, false))
}

// AllgatherInPlace is Allgather with one buffer of length Size()·n, in which
// block Rank() holds what this rank contributes (MPI_IN_PLACE, MPI 5.0 §6.7).
// Collective; it blocks as Allgather does.
func AllgatherInPlace[T any](c *Comm, buf []T) error {
	return c.collective(allgather(c, nil, buf, true))
}

// IallgatherInPlace starts an AllgatherInPlace and returns at once (MPI 5.0
// §6.12.5). buf is not to be touched before the request is complete. Errors,
// also those of the arguments, come out of Wait and Test. Collective: all ranks
// call IallgatherInPlace; AllgatherInPlace does not match it.
func IallgatherInPlace[T any](c *Comm, buf []T) *Request {
	return c.icollective(allgather(c, nil, buf, true))
}

func allgather[T any](c *Comm, send, recv []T, inPlace bool) (engine.Coll, error) {
	e, err := elementOn[T](c)
	if err != nil {
		return engine.Coll{}, err
	}
	k := engine.Coll{Kind: engine.Allgather, InPlace: inPlace, Recv: bufOf(e, recv)}
	if inPlace {
		return k, c.checkWhole("buf", len(recv))
	}
	k.Send = bufOf(e, send)
	if err := c.checkBlocks("recv", len(recv), len(send)); err != nil {
		return k, err
	}
	return k, checkApart(c, send, recv)
}

// Allgatherv collects send of rank i as part i of recv on every rank (MPI 5.0
// §6.7). The length of send is the count of its part, and all ranks give the
// same counts; the parts of recv do not overlap, and neither do send and recv.
// [AllgatherSlices] finds the counts itself. Collective; it blocks until this
// rank's buffers may be used.
func Allgatherv[T any](c *Comm, send []T, recv Parts[T]) error {
	return c.collective(allgatherv(c, send, &recv, false))
}

// Iallgatherv starts an Allgatherv and returns at once (MPI 5.0 §6.12.5). Until
// the request is complete, what is sent may be read but not changed, and what
// is received into is not to be touched; the counts and displacements may be
// used again at once. Errors, also those of the arguments, come out of Wait and
// Test. Collective: all ranks call Iallgatherv; Allgatherv does not match it.
func Iallgatherv[T any](c *Comm, send []T, recv Parts[T]) *Request {
	return c.icollective(allgatherv(c, send, &recv, false))
}

// AllgathervInPlace is Allgatherv with one buffer, in which the part of this
// rank holds what it contributes (MPI_IN_PLACE, MPI 5.0 §6.7). Collective; it
// blocks as Allgatherv does.
func AllgathervInPlace[T any](c *Comm, buf Parts[T]) error {
	return c.collective(allgatherv(c, nil, &buf, true))
}

// IallgathervInPlace starts an AllgathervInPlace and returns at once (MPI 5.0
// §6.12.5). buf.Buf is not to be touched before the request is complete; its
// lists may be. Errors, also those of the arguments, come out of Wait and Test.
// Collective: all ranks call IallgathervInPlace; AllgathervInPlace does not
// match it.
func IallgathervInPlace[T any](c *Comm, buf Parts[T]) *Request {
	return c.icollective(allgatherv(c, nil, &buf, true))
}

func allgatherv[T any](c *Comm, send []T, recv *Parts[T], inPlace bool) (engine.Coll, error) {
	e, err := elementOn[T](c)
	if err != nil {
		return engine.Coll{}, err
	}
	k := engine.Coll{Kind: engine.Allgatherv, InPlace: inPlace, Recv: bufOf(e, recv.Buf)}
	k.V = c.newVector()
	v, err := spansOf(c, k.V, "recv", recv, true)
	if err != nil {
		return k, err
	}
	k.V.RecvCounts, k.V.RecvDispls = v.counts, v.displs
	if inPlace {
		return k, nil
	}
	k.Send = bufOf(e, send)
	if len(send) != v.counts[c.rank] {
		return k, c.errorf(ErrCount, "send has length %d, the count of rank %d is %d", len(send), c.rank, v.counts[c.rank])
	}
	return k, checkApart(c, send, recv.Buf)
}
