package mpi

import "github.com/ringo-mpi/ringo/internal/engine"

// Scatter sends block i of send on the root to recv of rank i (MPI 5.0 §6.6).
// All recv have the same length n; send has length Size()·n on the root and is
// not looked at elsewhere. The buffers do not overlap. Collective.
func Scatter[T any](c *Comm, send, recv []T, root int) error {
	return c.collective(scatter(c, send, recv, root, false))
}

// Iscatter starts a Scatter (MPI 5.0 §6.12.4). Collective.
func Iscatter[T any](c *Comm, send, recv []T, root int) *Request {
	return c.icollective(scatter(c, send, recv, root, false))
}

// ScatterInPlace is Scatter with one buffer: on the root buf has length
// Size()·n and the root's own block stays where it is; elsewhere buf, of length
// n, receives (MPI_IN_PLACE, MPI 5.0 §6.6). Collective.
func ScatterInPlace[T any](c *Comm, buf []T, root int) error {
	return c.collective(scatter(c, buf, buf, root, true))
}

// IscatterInPlace starts a ScatterInPlace (MPI 5.0 §6.12.4). Collective.
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

// Scatterv sends counts[i] elements from displs[i] of send on the root to recv
// of rank i, whose length is counts[i] (MPI 5.0 §6.6). Nil displs stand for
// blocks packed one after another. send, counts and displs are not looked at on
// other ranks; recv does not overlap send. Collective.
func Scatterv[T any](c *Comm, send []T, counts, displs []int, recv []T, root int) error {
	return c.collective(scatterv(c, send, counts, displs, recv, root, false))
}

// Iscatterv starts a Scatterv (MPI 5.0 §6.12.4). Collective.
func Iscatterv[T any](c *Comm, send []T, counts, displs []int, recv []T, root int) *Request {
	return c.icollective(scatterv(c, send, counts, displs, recv, root, false))
}

// ScattervInPlace is Scatterv with one buffer: on the root buf holds all blocks
// and the root's own stays where it is; elsewhere buf receives (MPI_IN_PLACE,
// MPI 5.0 §6.6). Collective.
func ScattervInPlace[T any](c *Comm, buf []T, counts, displs []int, root int) error {
	return c.collective(scatterv(c, buf, counts, displs, buf, root, true))
}

// IscattervInPlace starts a ScattervInPlace (MPI 5.0 §6.12.4). Collective.
func IscattervInPlace[T any](c *Comm, buf []T, counts, displs []int, root int) *Request {
	return c.icollective(scatterv(c, buf, counts, displs, buf, root, true))
}

func scatterv[T any](c *Comm, send []T, counts, displs []int, recv []T, root int, inPlace bool) (engine.Coll, error) {
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
	v, err := c.spans(k.V, "send", len(send), counts, displs, false)
	if err != nil {
		return k, err
	}
	k.Send = bufOf(e, send)
	k.V.SendCounts, k.V.SendDispls = v.counts, v.displs
	if inPlace {
		k.InPlace = true
		return k, nil
	}
	k.Recv = bufOf(e, recv)
	if len(recv) != v.counts[root] {
		return k, c.errorf(ErrCount, "recv has length %d, the root's own count is %d", len(recv), v.counts[root])
	}
	return k, checkApart(c, send, recv)
}
