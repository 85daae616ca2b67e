package mpi

import "github.com/ringo-mpi/ringo/internal/engine"

// Gather collects send of rank i as block i of recv on the root (MPI 5.0
// §6.5). All send have the same length n; recv has length Size()·n on the root
// and is not looked at elsewhere. The buffers do not overlap. Collective.
func Gather[T any](c *Comm, send, recv []T, root int) error {
	return c.collective(gather(c, send, recv, root, false))
}

// Igather starts a Gather (MPI 5.0 §6.12.3). Collective.
func Igather[T any](c *Comm, send, recv []T, root int) *Request {
	return c.icollective(gather(c, send, recv, root, false))
}

// GatherInPlace is Gather with one buffer: on the root buf has length Size()·n
// and holds the root's own block in its place already; elsewhere buf, of
// length n, is sent (MPI_IN_PLACE, MPI 5.0 §6.5). Collective.
func GatherInPlace[T any](c *Comm, buf []T, root int) error {
	return c.collective(gather(c, buf, buf, root, true))
}

// IgatherInPlace starts a GatherInPlace (MPI 5.0 §6.12.3). Collective.
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

// Gatherv collects send of rank i, of length counts[i], at displs[i] of recv
// on the root (MPI 5.0 §6.5). Nil displs stand for blocks packed one after
// another; blocks do not overlap. recv, counts and displs are not looked at on
// other ranks; [GatherSlices] finds the counts itself. Collective.
func Gatherv[T any](c *Comm, send, recv []T, counts, displs []int, root int) error {
	return c.collective(gatherv(c, send, recv, counts, displs, root, false))
}

// Igatherv starts a Gatherv (MPI 5.0 §6.12.3). Collective.
func Igatherv[T any](c *Comm, send, recv []T, counts, displs []int, root int) *Request {
	return c.icollective(gatherv(c, send, recv, counts, displs, root, false))
}

// GathervInPlace is Gatherv with one buffer: on the root buf holds the root's
// own block in its place already; elsewhere buf is sent (MPI_IN_PLACE, MPI 5.0
// §6.5). Collective.
func GathervInPlace[T any](c *Comm, buf []T, counts, displs []int, root int) error {
	return c.collective(gatherv(c, buf, buf, counts, displs, root, true))
}

// IgathervInPlace starts a GathervInPlace (MPI 5.0 §6.12.3). Collective.
func IgathervInPlace[T any](c *Comm, buf []T, counts, displs []int, root int) *Request {
	return c.icollective(gatherv(c, buf, buf, counts, displs, root, true))
}

func gatherv[T any](c *Comm, send, recv []T, counts, displs []int, root int, inPlace bool) (engine.Coll, error) {
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
	v, err := c.spans(k.V, "recv", len(recv), counts, displs, true)
	if err != nil {
		return k, err
	}
	k.Recv = bufOf(e, recv)
	k.V.RecvCounts, k.V.RecvDispls = v.counts, v.displs
	if inPlace {
		k.InPlace = true
		return k, nil
	}
	k.Send = bufOf(e, send)
	if len(send) != v.counts[root] {
		return k, c.errorf(ErrCount, "send has length %d, the root's own count is %d", len(send), v.counts[root])
	}
	return k, checkApart(c, send, recv)
}

// Allgather collects send of rank i as block i of recv on every rank (MPI 5.0
// §6.7). All send have the same length n, all recv length Size()·n. The
// buffers do not overlap. Collective.
func Allgather[T any](c *Comm, send, recv []T) error {
	return c.collective(allgather(c, send, recv, false))
}

// Iallgather starts an Allgather (MPI 5.0 §6.12.5). Collective.
func Iallgather[T any](c *Comm, send, recv []T) *Request {
	return c.icollective(allgather(c, send, recv, false))
}

// AllgatherInPlace is Allgather with one buffer of length Size()·n, in which
// block Rank() holds what this rank contributes (MPI_IN_PLACE, MPI 5.0 §6.7).
// Collective.
func AllgatherInPlace[T any](c *Comm, buf []T) error {
	return c.collective(allgather(c, nil, buf, true))
}

// IallgatherInPlace starts an AllgatherInPlace (MPI 5.0 §6.12.5). Collective.
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

// Allgatherv collects send of rank i, of length counts[i], at displs[i] of
// recv on every rank (MPI 5.0 §6.7). Nil displs stand for blocks packed one
// after another; blocks do not overlap. All ranks give the same counts;
// [AllgatherSlices] finds them itself. Collective.
func Allgatherv[T any](c *Comm, send, recv []T, counts, displs []int) error {
	return c.collective(allgatherv(c, send, recv, counts, displs, false))
}

// Iallgatherv starts an Allgatherv (MPI 5.0 §6.12.5). Collective.
func Iallgatherv[T any](c *Comm, send, recv []T, counts, displs []int) *Request {
	return c.icollective(allgatherv(c, send, recv, counts, displs, false))
}

// AllgathervInPlace is Allgatherv with one buffer, in which the block of this
// rank holds what it contributes (MPI_IN_PLACE, MPI 5.0 §6.7). Collective.
func AllgathervInPlace[T any](c *Comm, buf []T, counts, displs []int) error {
	return c.collective(allgatherv(c, nil, buf, counts, displs, true))
}

// IallgathervInPlace starts an AllgathervInPlace (MPI 5.0 §6.12.5). Collective.
func IallgathervInPlace[T any](c *Comm, buf []T, counts, displs []int) *Request {
	return c.icollective(allgatherv(c, nil, buf, counts, displs, true))
}

func allgatherv[T any](c *Comm, send, recv []T, counts, displs []int, inPlace bool) (engine.Coll, error) {
	e, err := elementOn[T](c)
	if err != nil {
		return engine.Coll{}, err
	}
	k := engine.Coll{Kind: engine.Allgatherv, InPlace: inPlace, Recv: bufOf(e, recv)}
	k.V = c.newVector()
	v, err := c.spans(k.V, "recv", len(recv), counts, displs, true)
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
	return k, checkApart(c, send, recv)
}
