package mpi

import "github.com/ringo-mpi/ringo/internal/engine"

// Reduce combines element i of send of all ranks by op into element i of recv
// on the root (MPI 5.0 §6.9.1). All send have the same length, recv has it on
// the root and is not looked at elsewhere. The buffers do not overlap.
// Collective; it blocks until this rank's buffers may be used. Operations that
// are not commutative combine the ranks in their order. The result of
// floating-point sums depends on the number of ranks, not on timing.
func Reduce[T any](c *Comm, send, recv []T, op Op, root int) error {
	return c.collective(reduce(c, send, recv, op, root, false))
}

// Ireduce starts a Reduce and returns at once (MPI 5.0 §6.12.7). Until the
// request is complete, send may be read but not changed, and recv is not to be
// touched. Errors, also those of the arguments, come out of Wait and Test.
// Collective: all ranks call Ireduce; Reduce does not match it.
func Ireduce[T any](c *Comm, send, recv []T, op Op, root int) *Request {
	return c.icollective(reduce(c, send, recv, op, root, false))
}

// ReduceInPlace is Reduce with one buffer, the input of every rank and on the
// root also the result (MPI_IN_PLACE, MPI 5.0 §6.9.1). Collective; it blocks
// as Reduce does.
func ReduceInPlace[T any](c *Comm, buf []T, op Op, root int) error {
	return c.collective(reduce(c, buf, buf, op, root, true))
}

// IreduceInPlace starts a ReduceInPlace and returns at once (MPI 5.0 §6.12.7).
// buf is not to be touched before the request is complete. Errors, also those
// of the arguments, come out of Wait and Test. Collective: all ranks call
// IreduceInPlace; ReduceInPlace does not match it.
func IreduceInPlace[T any](c *Comm, buf []T, op Op, root int) *Request {
	return c.icollective(reduce(c, buf, buf, op, root, true))
}

func reduce[T any](c *Comm, send, recv []T, op Op, root int, inPlace bool) (engine.Coll, error) {
	e, err := elementOn[T](c)
	if err != nil {
		return engine.Coll{}, err
	}
	if err := c.checkRoot(root); err != nil {
		return engine.Coll{}, err
	}
	eop, err := op.bind(c, e)
	if err != nil {
		return engine.Coll{}, err
	}
	k := engine.Coll{Kind: engine.Reduce, Root: root, Op: eop}
	switch {
	case c.rank != root:
		k.Send = bufOf(e, send)
		return k, nil
	case inPlace:
		k.InPlace, k.Recv = true, bufOf(e, recv)
		return k, nil
	}
	k.Send, k.Recv = bufOf(e, send), bufOf(e, recv)
	return k, checkPair(c, send, recv)
}

// checkPair checks buffers of equal length that do not overlap.
func checkPair[T any](c *Comm, send, recv []T) error {
	if len(send) != len(recv) {
		return c.errorf(ErrCount, "send has length %d, recv has length %d", len(send), len(recv))
	}
	return checkApart(c, send, recv)
}

// Allreduce combines element i of send of all ranks by op into element i of
// recv on every rank; the result is the same, bit by bit, on all of them (MPI
// 5.0 §6.9.6). All buffers have the same length and do not overlap.
// Collective; it blocks until this rank's buffers may be used.
func Allreduce[T any](c *Comm, send, recv []T, op Op) error {
	return c.collective(symmetric(c, engine.Allreduce, send, recv, op, false))
}

// Iallreduce starts an Allreduce and returns at once (MPI 5.0 §6.12.8). Until
// the request is complete, send may be read but not changed, and recv is not to
// be touched. Errors, also those of the arguments, come out of Wait and Test.
// Collective: all ranks call Iallreduce; Allreduce does not match it.
func Iallreduce[T any](c *Comm, send, recv []T, op Op) *Request {
	return c.icollective(symmetric(c, engine.Allreduce, send, recv, op, false))
}

// AllreduceInPlace is Allreduce with one buffer, input and result
// (MPI_IN_PLACE, MPI 5.0 §6.9.6). Collective; it blocks as Allreduce does.
func AllreduceInPlace[T any](c *Comm, buf []T, op Op) error {
	return c.collective(symmetric(c, engine.Allreduce, nil, buf, op, true))
}

// IallreduceInPlace starts an AllreduceInPlace and returns at once (MPI 5.0
// §6.12.8). buf is not to be touched before the request is complete. Errors,
// also those of the arguments, come out of Wait and Test. Collective: all ranks
// call IallreduceInPlace; AllreduceInPlace does not match it.
func IallreduceInPlace[T any](c *Comm, buf []T, op Op) *Request {
	return c.icollective(symmetric(c, engine.Allreduce, nil, buf, op, true))
}

// Scan combines element i of send of the ranks 0 to this one by op into
// element i of recv (inclusive prefix reduction, MPI 5.0 §6.11.1). All buffers
// have the same length and do not overlap. Collective; it blocks until this
// rank's buffers may be used.
func Scan[T any](c *Comm, send, recv []T, op Op) error {
	return c.collective(symmetric(c, engine.Scan, send, recv, op, false))
}

// Iscan starts a Scan and returns at once (MPI 5.0 §6.12.11). Until the request
// is complete, send may be read but not changed, and recv is not to be touched.
// Errors, also those of the arguments, come out of Wait and Test. Collective:
// all ranks call Iscan; Scan does not match it.
func Iscan[T any](c *Comm, send, recv []T, op Op) *Request {
	return c.icollective(symmetric(c, engine.Scan, send, recv, op, false))
}

// ScanInPlace is Scan with one buffer, input and result (MPI_IN_PLACE, MPI 5.0
// §6.11.1). Collective; it blocks as Scan does.
func ScanInPlace[T any](c *Comm, buf []T, op Op) error {
	return c.collective(symmetric(c, engine.Scan, nil, buf, op, true))
}

// IscanInPlace starts a ScanInPlace and returns at once (MPI 5.0 §6.12.11). buf
// is not to be touched before the request is complete. Errors, also those of
// the arguments, come out of Wait and Test. Collective: all ranks call
// IscanInPlace; ScanInPlace does not match it.
func IscanInPlace[T any](c *Comm, buf []T, op Op) *Request {
	return c.icollective(symmetric(c, engine.Scan, nil, buf, op, true))
}

// Exscan combines element i of send of the ranks below this one by op into
// element i of recv (exclusive prefix reduction, MPI 5.0 §6.11.2). recv of
// rank 0 keeps what it held. All buffers have the same length and do not
// overlap. Collective; it blocks until this rank's buffers may be used.
func Exscan[T any](c *Comm, send, recv []T, op Op) error {
	return c.collective(symmetric(c, engine.Exscan, send, recv, op, false))
}

// Iexscan starts an Exscan and returns at once (MPI 5.0 §6.12.12). Until the
// request is complete, send may be read but not changed, and recv is not to be
// touched. Errors, also those of the arguments, come out of Wait and Test.
// Collective: all ranks call Iexscan; Exscan does not match it.
func Iexscan[T any](c *Comm, send, recv []T, op Op) *Request {
	return c.icollective(symmetric(c, engine.Exscan, send, recv, op, false))
}

// ExscanInPlace is Exscan with one buffer, input and, except on rank 0, result
// (MPI_IN_PLACE, MPI 5.0 §6.11.2). Collective; it blocks as Exscan does.
func ExscanInPlace[T any](c *Comm, buf []T, op Op) error {
	return c.collective(symmetric(c, engine.Exscan, nil, buf, op, true))
}

// IexscanInPlace starts an ExscanInPlace and returns at once (MPI 5.0
// §6.12.12). buf is not to be touched before the request is complete. Errors,
// also those of the arguments, come out of Wait and Test. Collective: all ranks
// call IexscanInPlace; ExscanInPlace does not match it.
func IexscanInPlace[T any](c *Comm, buf []T, op Op) *Request {
	return c.icollective(symmetric(c, engine.Exscan, nil, buf, op, true))
}

// symmetric builds the reductions in which all ranks give and get vectors of
// one length.
func symmetric[T any](c *Comm, kind engine.CollKind, send, recv []T, op Op, inPlace bool) (engine.Coll, error) {
	e, err := elementOn[T](c)
	if err != nil {
		return engine.Coll{}, err
	}
	eop, err := op.bind(c, e)
	if err != nil {
		return engine.Coll{}, err
	}
	k := engine.Coll{Kind: kind, InPlace: inPlace, Op: eop, Recv: bufOf(e, recv)}
	if inPlace {
		return k, nil
	}
	k.Send = bufOf(e, send)
	return k, checkPair(c, send, recv)
}
