package mpi

import "github.com/ringo-mpi/ringo/internal/engine"

// Scatter sends block i of send on the root to recv of rank i (MPI 5.0 §6.6).
// All recv have the same length n; send has length Size()·n on the root and is
// not looked at elsewhere. The buffers do not overlap. Collective; it blocks
// until this rank's buffers may be used.
func Scatter[T any](c *Comm, send, recv []T, root int) error {
	return c.collective(scatter(c, send, recv, root, false))
}

// Iscatter starts a Scatter and returns at once (MPI 5.0 §6.12.4). Until the
// request is complete, send may be read but not changed, and recv is not to be
// touched. Errors, also those of the arguments, come out of Wait and Test.
// Collective: all ranks call Iscatter; Scatter does not match it.
func Iscatter[T any](c *Comm, send, recv []T, root int) *Request {
	return c.icollective(scatter(c, send, recv, root, false))
}

// ScatterInPlace is Scatter with one buffer: on the root buf has length
// Size()·n and the root's own block stays where it is; elsewhere buf, of
// length n, receives (MPI_IN_PLACE, MPI 5.0 §6.6). Collective; it blocks as
// Scatter does.
func ScatterInPlace[T any](c *Comm, buf []T, root int) error {
	return c.collective(scatter(c, buf, buf, root, true))
}

// IscatterInPlace starts a ScatterInPlace and returns at once (MPI 5.0
// §6.12.4). buf is not to be touched before the request is complete. Errors,
// also those of the arguments, come out of Wait and Test. Collective: all ranks
// call IscatterInPlace; ScatterInPlace does not match it.
func IscatterInPlace[T any](c *Comm, buf []T, root int) *Request {
	return c.icollective(scatter(c, buf, buf, root, true))
}

func scatter[T any](c *Comm, send, recv []T, root int, inPlace bool) (engine.Coll, error) {
	e, err := elementOn[T](c)
	if err != nil {
		return engine.Coll{}, err
	}
	if err := c.checkRoot(root); err != nil {
		return engine.Coll{}, err
	}
	k := engine.Coll{Kind: engine.Scatter, Root: root}
	switch {
	case c.rank != root:
		k.Recv = bufOf(e, recv)
		return k, nil
	case inPlace:
		k.InPlace, k.Send = true, bufOf(e, send)
		return k, c.checkWhole("buf", len(send))
	}
	k.Send, k.Recv = bufOf(e, send), bufOf(e, recv)
	if err := c.checkBlocks("send", len(send), len(recv)); err != nil {
		return k, err
	}
	return k, checkApart(c, send, recv)
}

// Scatterv sends part i of send on the root to recv of rank i, whose length is
// the count of the part (MPI 5.0 §6.6). The parts may overlap; send and recv do
// not. send is not looked at on the other ranks, which may pass the zero Parts.
// [ScatterSlices] finds the counts itself. Collective; it blocks until this
// rank's buffers may be used.
func Scatterv[T any](c *Comm, send Parts[T], recv []T, root int) error {
	return c.collective(scatterv(c, &send, recv, root, false))
}

// Iscatterv starts a Scatterv and returns at once (MPI 5.0 §6.12.4). Until the
// request is complete, what is sent may be read but not changed, and what is
// received into is not to be touched; the counts and displacements may be used
// again at once. Errors, also those of the arguments, come out of Wait and
// Test. Collective: all ranks call Iscatterv; Scatterv does not match it.
func Iscatterv[T any](c *Comm, send Parts[T], recv []T, root int) *Request {
	return c.icollective(scatterv(c, &send, recv, root, false))
}

// ScattervInPlace is Scatterv with one buffer: on the root the parts of buf are
// sent, and the root's own stays where it is; on the other ranks all of buf.Buf
// receives, and its counts are not looked at (MPI_IN_PLACE, MPI 5.0 §6.6).
// Collective; it blocks as Scatterv does.
func ScattervInPlace[T any](c *Comm, buf Parts[T], root int) error {
	return c.collective(scatterv(c, &buf, buf.Buf, root, true))
}

// IscattervInPlace starts a ScattervInPlace and returns at once (MPI 5.0
// §6.12.4). buf.Buf is not to be touched before the request is complete; its
// lists may be. Errors, also those of the arguments, come out of Wait and Test.
// Collective: all ranks call IscattervInPlace; ScattervInPlace does not match
// it.
func IscattervInPlace[T any](c *Comm, buf Parts[T], root int) *Request {
	return c.icollective(scatterv(c, &buf, buf.Buf, root, true))
}

func scatterv[T any](c *Comm, send *Parts[T], recv []T, root int, inPlace bool) (engine.Coll, error) {
	e, err := elementOn[T](c)
	if err != nil {
		return engine.Coll{}, err
	}
	if err := c.checkRoot(root); err != nil {
		return engine.Coll{}, err
	}
	k := engine.Coll{Kind: engine.Scatterv, Root: root}
	if c.rank != root {
		k.Recv = bufOf(e, recv)
		return k, nil
	}
	k.V = c.newVector()
	v, err := spansOf(c, k.V, "send", send, false)
	if err != nil {
		return k, err
	}
	k.Send = bufOf(e, send.Buf)
	k.V.SendCounts, k.V.SendDispls = v.counts, v.displs
	if inPlace {
		k.InPlace = true
		return k, nil
	}
	k.Recv = bufOf(e, recv)
	if len(recv) != v.counts[root] {
		return k, c.errorf(ErrCount, "recv has length %d, the root's own count is %d", len(recv), v.counts[root])
	}
	return k, checkApart(c, send.Buf, recv)
}
