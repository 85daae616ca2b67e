package mpi

import "github.com/ringo-mpi/ringo/internal/engine"

// ReduceScatter combines send of all ranks element by element by op and sends
// part i of the result to recv of rank i (MPI 5.0 §6.10.2). All ranks give the
// same counts, whose sum is the length of send: the parts lie one after another.
// recv has length Counts[Rank()]. The buffers do not overlap. Collective; it
// blocks until this rank's buffers may be used.
//
// A rank that receives nothing may return before the others have called. Counts
// that differ from rank to rank are found where they show; RINGO_CHECK=1 finds
// them always, and on every rank.
func ReduceScatter[T any](c *Comm, send Parts[T], recv []T, op Op) error {
	return c.collective(reduceScatter(c, &send, recv, op, false))
}

// IreduceScatter starts a ReduceScatter and returns at once (MPI 5.0 §6.12.10).
// Until the request is complete, what is sent may be read but not changed, and
// what is received into is not to be touched; the counts and displacements may
// be used again at once. Errors, also those of the arguments, come out of Wait
// and Test. Collective: all ranks call IreduceScatter; ReduceScatter does not
// match it.
func IreduceScatter[T any](c *Comm, send Parts[T], recv []T, op Op) *Request {
	return c.icollective(reduceScatter(c, &send, recv, op, false))
}

// ReduceScatterInPlace is ReduceScatter with one buffer: it holds the whole
// input, and the result comes to its first Counts[Rank()] elements; the rest is
// undefined after the call (MPI_IN_PLACE, MPI 5.0 §6.10.2). Collective; it
// blocks as ReduceScatter does.
func ReduceScatterInPlace[T any](c *Comm, buf Parts[T], op Op) error {
	return c.collective(reduceScatter(c, &buf, buf.Buf, op, true))
}

// IreduceScatterInPlace starts a ReduceScatterInPlace and returns at once (MPI
// 5.0 §6.12.10). buf.Buf is not to be touched before the request is complete;
// its lists may be. Errors, also those of the arguments, come out of Wait and
// Test. Collective: all ranks call IreduceScatterInPlace; ReduceScatterInPlace
// does not match it.
func IreduceScatterInPlace[T any](c *Comm, buf Parts[T], op Op) *Request {
	return c.icollective(reduceScatter(c, &buf, buf.Buf, op, true))
}

func reduceScatter[T any](c *Comm, send *Parts[T], recv []T, op Op, inPlace bool) (engine.Coll, error) {
	e, err := elementOn[T](c)
	if err != nil {
		return engine.Coll{}, err
	}
	eop, err := op.bind(c, e)
	if err != nil {
		return engine.Coll{}, err
	}
	k := engine.Coll{Kind: engine.ReduceScatter, InPlace: inPlace, Op: eop, Recv: bufOf(e, recv)}
	name := "send"
	if inPlace {
		name = "buf"
	}
	k.V = c.newVector()
	v, err := spansOf(c, k.V, name, send, false)
	if err != nil {
		return k, err
	}
	sum := 0
	for i, n := range v.counts {
		if n > 0 && v.displs[i] != sum {
			return k, c.errorf(ErrArg, "%s: the block of rank %d begins at %d, need %d: the blocks of a reduce-scatter lie one after another", name, i, v.displs[i], sum)
		}
		sum += n
	}
	if sum != len(send.Buf) {
		return k, c.errorf(ErrCount, "%s has length %d, the counts add up to %d", name, len(send.Buf), sum)
	}
	k.V.RecvCounts = v.counts
	if inPlace {
		return k, nil
	}
	k.Send = bufOf(e, send.Buf)
	if len(recv) != v.counts[c.rank] {
		return k, c.errorf(ErrCount, "recv has length %d, the count of rank %d is %d", len(recv), c.rank, v.counts[c.rank])
	}
	return k, checkApart(c, send.Buf, recv)
}

// ReduceScatterBlock combines send of all ranks element by element by op and
// sends block i of the result to recv of rank i (MPI 5.0 §6.10.1). All recv
// have the same length n, all send length Size()·n. The buffers do not
// overlap. Collective; it blocks until this rank's buffers may be used.
func ReduceScatterBlock[T any](c *Comm, send, recv []T, op Op) error {
	return c.collective(reduceScatterBlock(c, send, recv, op, false))
}

// IreduceScatterBlock starts a ReduceScatterBlock and returns at once (MPI 5.0
// §6.12.9). Until the request is complete, send may be read but not changed,
// and recv is not to be touched. Errors, also those of the arguments, come out
// of Wait and Test. Collective: all ranks call IreduceScatterBlock;
// ReduceScatterBlock does not match it.
func IreduceScatterBlock[T any](c *Comm, send, recv []T, op Op) *Request {
	return c.icollective(reduceScatterBlock(c, send, recv, op, false))
}

// ReduceScatterBlockInPlace is ReduceScatterBlock with one buffer of length
// Size()·n: it holds the whole input, and the result comes to its first n
// elements; the rest is undefined after the call (MPI_IN_PLACE, MPI 5.0
// §6.10.1). Collective; it blocks as ReduceScatterBlock does.
func ReduceScatterBlockInPlace[T any](c *Comm, buf []T, op Op) error {
	return c.collective(reduceScatterBlock(c, nil, buf, op, true))
}

// IreduceScatterBlockInPlace starts a ReduceScatterBlockInPlace and returns at
// once (MPI 5.0 §6.12.9). buf is not to be touched before the request is
// complete. Errors, also those of the arguments, come out of Wait and Test.
// Collective: all ranks call IreduceScatterBlockInPlace;
// ReduceScatterBlockInPlace does not match it.
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
