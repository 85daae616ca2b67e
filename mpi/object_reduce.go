package mpi

import (
	"bytes"
	"errors"

	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/object"
)

// Reductions of objects combine decoded values with a Go function, in rank
// order, over point-to-point messages under internal tags: a binomial tree for
// Reduce, recursive doubling for Scan and Exscan, the algorithms of mpi4py. The
// messages of two ranks in successive calls are told apart by their order.
const (
	reduceTag = engine.InternalTag | 1<<29 | iota
	scanTag
)

// ReduceObject combines v of all ranks by f and returns the result on the root,
// the zero T elsewhere (MPI 5.0 §6.9.1). f is associative; it need not be
// commutative: its first argument always comes from lower ranks than its
// second. f may change its arguments and return one of them; the rank's own v
// is among them. Collective; it blocks until this rank's part is done. If a
// value cannot be encoded, its rank, the root and the ranks between them get an
// error of class ErrCodec. A root that is no rank is an ErrRoot and revokes the
// communicator: others that are in the call end with ErrRevoked.
func ReduceObject[T any](c *Comm, v T, f func(a, b T) T, root int) (T, error) {
	var zero T
	if err := c.unusable(); err != nil {
		return zero, err
	}
	if err := c.checkRoot(root); err != nil {
		return zero, c.refuseApart(err)
	}
	if err := c.announce(engine.Reduce, root); err != nil {
		return zero, err
	}
	r, err := reduceToZero(c, v, f)
	if root != 0 {
		switch c.rank {
		case 0:
			if e := c.sendStep(&r, err, root, reduceTag); err == nil {
				err = e
			}
		case root:
			own := err
			if r, err = recvStep[T](c, 0, reduceTag); own != nil {
				err = own
			}
		}
	}
	if err != nil || c.rank != root {
		return zero, err
	}
	return r, nil
}

// AllreduceObject combines v of all ranks by f, as ReduceObject does, and
// returns the result on every rank (MPI 5.0 §6.9.6). Collective; it blocks
// until this rank's part is done. If a value cannot be encoded, every rank
// gets an error of class ErrCodec.
func AllreduceObject[T any](c *Comm, v T, f func(a, b T) T) (T, error) {
	var zero T
	if err := c.unusable(); err != nil {
		return zero, err
	}
	if err := c.announce(engine.Allreduce, 0); err != nil {
		return zero, err
	}
	r, err := reduceToZero(c, v, f)
	if c.rank == 0 {
		if err != nil {
			p, _ := c.errorFrame(err)
			defer p.Free()
			if e := c.bcastBytes(p.First[:object.CollFrame], 0); e != nil {
				return zero, e
			}
			return zero, err
		}
		if err := c.sendToAll(&r, 0); err != nil {
			return zero, err
		}
		return r, nil
	}
	own := err
	var got T
	err = c.recvFromRoot(&got, 0)
	if own != nil {
		err = own
	}
	if err != nil {
		return zero, err
	}
	return got, nil
}

// announce compares the call with those of the other ranks in check mode: the
// messages that follow are no collective of the engine, where it would be
// compared.
func (c *Comm) announce(kind engine.CollKind, root int) error {
	if c.st.check == nil {
		return nil
	}
	return c.st.check.before(c, &engine.Coll{Kind: kind, Root: root})
}

// reduceToZero brings the combination of all v to rank 0. The error of a rank
// travels up the tree in the place of its value.
func reduceToZero[T any](c *Comm, v T, f func(a, b T) T) (T, error) {
	var wrong error
	for step := 1; step < c.size; step <<= 1 {
		if c.rank&step != 0 {
			if err := c.sendStep(&v, wrong, c.rank-step, reduceTag); wrong == nil {
				wrong = err
			}
			return v, wrong
		}
		if c.rank+step >= c.size {
			continue
		}
		w, err := recvStep[T](c, c.rank+step, reduceTag)
		switch {
		case err != nil:
			if wrong == nil {
				wrong = err
			}
		case wrong == nil:
			v = f(v, w)
		}
	}
	return v, wrong
}

// sendStep sends the value v points to, or, if wrong is set, that error.
func (c *Comm) sendStep(v any, wrong error, dest, tag int) error {
	p, err := c.packStep(v, wrong)
	defer p.Free()
	if e := c.sendPacked(&p, dest, tag, engine.Standard); err == nil && e != nil {
		err = c.stopped(dest, e)
	}
	return err
}

// packStep encodes the value v points to, or the error that stands for it. The
// error it returns is that of the encoding.
func (c *Comm) packStep(v any, wrong error) (object.Packed, error) {
	if wrong != nil {
		return c.packWrong(wrong), nil
	}
	p, err := c.pack(v, object.FirstBytes)
	if err != nil {
		err = c.newError("", ErrCodec, Undefined, Undefined, err)
		return c.packWrong(err), err
	}
	return p, nil
}

func (c *Comm) packWrong(err error) object.Packed {
	p, _ := c.errorFrame(err)
	return p.Unframed()
}

func recvStep[T any](c *Comm, source, tag int) (T, error) {
	var v T
	if _, err := c.recvObject(&v, source, tag, c.done); err != nil {
		var zero T
		return zero, c.stepFailed(source, err)
	}
	return v, nil
}

// stepFailed is the error of receiving a step of a reduction.
func (c *Comm) stepFailed(source int, err error) error {
	if ce := (*codecError)(nil); errors.As(err, &ce) {
		return c.newError("", ErrCodec, source, Undefined, ce.err)
	}
	return c.stopped(source, err)
}

// ScanObject returns, on each rank, the combination by f of v of the ranks up
// to and including it (MPI 5.0 §6.11.1); f as in ReduceObject. Collective; it
// blocks until this rank's part is done. An error of class ErrCodec on one
// rank reaches the ranks that need its value.
func ScanObject[T any](c *Comm, v T, f func(a, b T) T) (T, error) {
	return scanObject(c, v, f, true)
}

// ExscanObject returns, on each rank, the combination by f of v of the ranks
// below it, on rank 0 the zero T (MPI 5.0 §6.11.2); f as in ReduceObject.
// Collective; it blocks until this rank's part is done.
func ExscanObject[T any](c *Comm, v T, f func(a, b T) T) (T, error) {
	return scanObject(c, v, f, false)
}

// prefix is a value or the error that stands for it; none where there is none.
type prefix[T any] struct {
	v    T
	err  error
	none bool
}

// combine puts a, of lower ranks, in front of p.
func (p *prefix[T]) combine(a prefix[T], f func(a, b T) T) {
	switch {
	case p.err != nil:
	case a.err != nil:
		p.err = a.err
	case p.none:
		*p = a
	default:
		p.v = f(a.v, p.v)
	}
}

// scanObject keeps two combinations: all combines the group of ranks that the
// steps have joined so far, and result those of them that count for this rank.
// The two never share memory, since f may change what it is given.
func scanObject[T any](c *Comm, v T, f func(a, b T) T, inclusive bool) (T, error) {
	var zero T
	if err := c.unusable(); err != nil {
		return zero, err
	}
	if c.size == 1 {
		if inclusive {
			return v, nil
		}
		return zero, nil
	}
	if err := c.announce(engine.Scan, 0); err != nil {
		return zero, err
	}
	all, result := prefix[T]{v: v}, prefix[T]{none: !inclusive}
	var wrong error
	if inclusive {
		if result.v, wrong = object.Clone(c.objectCodec(), v); wrong != nil {
			wrong = c.newError("", ErrCodec, Undefined, Undefined, wrong)
			all.err = wrong
		}
	}
	for step := 1; step < c.size; step <<= 1 {
		partner := c.rank ^ step
		if partner >= c.size {
			continue
		}
		theirs, again, err := exchangeStep(c, &all, partner)
		if err != nil {
			return zero, err
		}
		if wrong == nil && step == 1 {
			wrong = all.err // of encoding v
		}
		if partner < c.rank {
			result.combine(again, f)
			all.combine(theirs, f)
		} else {
			theirs.combine(all, f)
			all = theirs
		}
	}
	if wrong == nil {
		wrong = result.err
	}
	if wrong != nil {
		return zero, wrong
	}
	return result.v, nil
}

// exchangeStep sends own to the partner and returns what comes from it, twice
// if the partner is the lower one. The error is of the communication; an
// encoding that fails becomes own's.
func exchangeStep[T any](c *Comm, own *prefix[T], partner int) (theirs, again prefix[T], err error) {
	p, wrong := c.packStep(&own.v, own.err)
	if wrong != nil {
		own.err = wrong
	}
	defer p.Free()
	var reqs []engine.Request
	if p.Rest == nil {
		var r engine.Request
		if r, err = c.ec.Isend(engine.OfBytes(p.First), partner, scanTag, engine.Standard); err == nil {
			reqs = append(reqs, r)
		}
	} else {
		reqs, err = c.startLong(&p, partner, scanTag, engine.Standard)
	}
	if err != nil {
		withdraw(&p, reqs)
		return theirs, again, c.stopped(partner, err)
	}
	f := object.NewFrame()
	defer f.Free()
	var in object.Incoming
	_, err = c.recvWhole(&in, f, partner, scanTag, c.done)
	if damaged := (*codecError)(nil); err != nil && !errors.As(err, &damaged) {
		err = c.stopped(partner, err)
		withdraw(&p, reqs)
		return theirs, again, err
	}
	if e := c.finish(reqs); e != nil {
		return theirs, again, e
	}
	codec := c.objectCodec()
	decode := func(to *prefix[T]) {
		if err == nil {
			err = in.Decode(codec, &to.v)
		}
		if err != nil {
			to.err = c.newError("", ErrCodec, partner, Undefined, err)
		}
	}
	if partner < c.rank {
		parts := in.Parts
		in.Parts = make([][]byte, len(parts))
		for i, p := range parts {
			in.Parts[i] = bytes.Clone(p)
		}
		decode(&again)
		in.Parts = parts
	}
	decode(&theirs)
	return theirs, again, nil
}
