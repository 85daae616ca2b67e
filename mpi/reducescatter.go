package mpi

import "github.com/ringo-mpi/ringo/internal/engine"

// ReduceScatter combines send of all ranks element by element by op and sends
// counts[i] elements of the result, in order, to recv of rank i (MPI 5.0
// §6.10.2). All ranks give the same counts, whose sum is the length of send;
// recv has length counts[Rank()]. The buffers do not overlap. Collective.
//
// A rank that receives nothing may return before the others have called. Counts
// that differ from rank to rank are found where they show; RINGO_CHECK=1 finds
// them always, and on every rank.
func ReduceScatter[T any](c *Comm, send, recv []T, counts []int, op Op) error {
	return c.collective(reduceScatter(c, send, recv, counts, op, false))
}

// IreduceScatter starts a ReduceScatter (MPI 5.0 §6.12.10). Collective.
func IreduceScatter[T any](c *Comm, send, recv []T, counts []int, op Op) *Request {
	return c.icollective(reduceScatter(c, send, recv, counts, op, false))
}

// ReduceScatterInPlace is ReduceScatter with one buffer: it holds the whole
// input, and the result comes to its first counts[Rank()] elements; the rest is
// undefined after the call (MPI_IN_PLACE, MPI 5.0 §6.10.2). Collective.
func ReduceScatterInPlace[T any](c *Comm, buf []T, counts []int, op Op) error {
	return c.collective(reduceScatter(c, nil, buf, counts, op, true))
}

// IreduceScatterInPlace starts a ReduceScatterInPlace (MPI 5.0 §6.12.10).
// Collective.
func IreduceScatterInPlace[T any](c *Comm, buf []T, counts []int, op Op) *Request {
	return c.icollective(reduceScatter(c, nil, buf, counts, op, true))
}

func reduceScatter[T any](c *Comm, send, recv []T, counts []int, op Op, inPlace bool) (engine.Coll, error) {
	e, err := elementOn[T](c)
	if err != nil {
		return engine.Coll{}, err
	}
	eop, err := op.bind(c, e)
	if err != nil {
		return engine.Coll{}, err
	}
	k := engine.Coll{Kind: engine.ReduceScatter, InPlace: inPlace, Op: eop, Recv: bufOf(e, recv)}
	name, in := "send", send
	if inPlace {
		name, in = "buf", recv
	}
	k.V = c.newVector()
	v, err := c.spans(k.V, name, len(in), counts, nil, false)
	if err != nil {
		return k, err
	}
	last := c.size - 1
	if sum := v.displs[last] + v.counts[last]; sum != len(in) {
		return k, c.errorf(ErrCount, "%s has length %d, the counts add up to %d", name, len(in), sum)
	}
	k.V.RecvCounts = v.counts
	if inPlace {
		return k, nil
	}
	k.Send = bufOf(e, send)
	if len(recv) != v.counts[c.rank] {
		return k, c.errorf(ErrCount, "recv has length %d, the count of rank %d is %d", len(recv), c.rank, v.counts[c.rank])
	}
	return k, checkApart(c, send, recv)
}

// ReduceScatterBlock combines send of all ranks element by element by op and
// sends block i of the result to recv of rank i (MPI 5.0 §6.10.1). All recv
// have the same length n, all send length Size()·n. The buffers do not overlap.
// Collective.
func ReduceScatterBlock[T any](c *Comm, send, recv []T, op Op) error {
	return c.collective(reduceScatterBlock(c, send, recv, op, false))
}

// IreduceScatterBlock starts a ReduceScatterBlock (MPI 5.0 §6.12.9).
// Collective.
func IreduceScatterBlock[T any](c *Comm, send, recv []T, op Op) *Request {
	return c.icollective(reduceScatterBlock(c, send, recv, op, false))
}

// ReduceScatterBlockInPlace is ReduceScatterBlock with one buffer of length
// Size()·n: it holds the whole input, and the result comes to its first n
// elements; the rest is undefined after the call (MPI_IN_PLACE, MPI 5.0
// §6.10.1). Collective.
func ReduceScatterBlockInPlace[T any](c *Comm, buf []T, op Op) error {
	return c.collective(reduceScatterBlock(c, nil, buf, op, true))
}

// IreduceScatterBlockInPlace starts a ReduceScatterBlockInPlace (MPI 5.0
// §6.12.9). Collective.
func IreduceScatterBlockInPlace[T any](c *Comm, buf []T, op Op) *Request {
	return c.icollective(reduceScatterBlock(c, nil, buf, op, true))
}

func reduceScatterBlock[T any](c *Comm, send, recv []T, op Op, inPlace bool) (engine.Coll, error) {
	e, err := elementOn[T](c)
	if err != nil {
		return engine.Coll{}, err
	}
	eop, err := op.bind(c, e)
	if err != nil {
		return engine.Coll{}, err
	}
	k := engine.Coll{Kind: engine.ReduceScatterBlock, InPlace: inPlace, Op: eop, Recv: bufOf(e, recv)}
	if inPlace {
		return k, c.checkWhole("buf", len(recv))
	}
	k.Send = bufOf(e, send)
	if err := c.checkBlocks("send", len(send), len(recv)); err != nil {
		return k, err
	}
	return k, checkApart(c, send, recv)
}
