package mpi

import "github.com/ringo-mpi/ringo/internal/engine"

// Alltoall sends block j of send to rank j and receives block i of recv from
// rank i (MPI 5.0 §6.8). send and recv have the same length, a multiple of
// Size(), on all ranks. They do not overlap. Collective; it blocks until this
// rank's buffers may be used.
func Alltoall[T any](c *Comm, send, recv []T) error {
	return c.collective(alltoall(c, send, recv, false))
}

// Ialltoall starts an Alltoall and returns at once (MPI 5.0 §6.12.6). Until the
// request is complete, send may be read but not changed, and recv is not to be
// touched. Errors, also those of the arguments, come out of Wait and Test.
// Collective: all ranks call Ialltoall; Alltoall does not match it.
func Ialltoall[T any](c *Comm, send, recv []T) *Request {
	return c.icollective(alltoall(c, send, recv, false))
}

// AlltoallInPlace is Alltoall with one buffer, whose blocks are replaced
// (MPI_IN_PLACE, MPI 5.0 §6.8). Collective; it blocks as Alltoall does.
func AlltoallInPlace[T any](c *Comm, buf []T) error {
	return c.collective(alltoall(c, nil, buf, true))
}

// IalltoallInPlace starts an AlltoallInPlace and returns at once (MPI 5.0
// §6.12.6). buf is not to be touched before the request is complete. Errors,
// also those of the arguments, come out of Wait and Test. Collective: all ranks
// call IalltoallInPlace; AlltoallInPlace does not match it.
func IalltoallInPlace[T any](c *Comm, buf []T) *Request {
	return c.icollective(alltoall(c, nil, buf, true))
}

func alltoall[T any](c *Comm, send, recv []T, inPlace bool) (engine.Coll, error) {
	e, err := elementOn[T](c)
	if err != nil {
		return engine.Coll{}, err
	}
	k := engine.Coll{Kind: engine.Alltoall, InPlace: inPlace, Recv: bufOf(e, recv)}
	if inPlace {
		return k, c.checkWhole("buf", len(recv))
	}
	k.Send = bufOf(e, send)
	if len(send) != len(recv) {
		return k, c.errorf(ErrCount, "send has length %d, recv has length %d", len(send), len(recv))
	}
	if err := c.checkWhole("send", len(send)); err != nil {
		return k, err
	}
	return k, checkApart(c, send, recv)
}

// Alltoallv sends part j of send to rank j and receives from rank i into part i
// of recv (MPI 5.0 §6.8). What i sends to j and what j receives from i have the
// same count. The parts of recv do not overlap, and neither do send and recv.
// [AlltoallSlices] finds the counts itself. Collective; it blocks until this
// rank's buffers may be used.
func Alltoallv[T any](c *Comm, send, recv Parts[T]) error {
	return c.collective(alltoallv(c, &send, &recv, false))
}

// Ialltoallv starts an Alltoallv and returns at once (MPI 5.0 §6.12.6). Until
// the request is complete, what is sent may be read but not changed, and what
// is received into is not to be touched; the counts and displacements may be
// used again at once. Errors, also those of the arguments, come out of Wait and
// Test. Collective: all ranks call Ialltoallv; Alltoallv does not match it.
func Ialltoallv[T any](c *Comm, send, recv Parts[T]) *Request {
	return c.icollective(alltoallv(c, &send, &recv, false))
}

// AlltoallvInPlace is Alltoallv with one buffer, whose parts are replaced: what
// rank i has for rank j and what j has for i are of equal length (MPI_IN_PLACE,
// MPI 5.0 §6.8). Collective; it blocks as Alltoallv does.
func AlltoallvInPlace[T any](c *Comm, buf Parts[T]) error {
	return c.collective(alltoallv(c, &Parts[T]{}, &buf, true))
}

// IalltoallvInPlace starts an AlltoallvInPlace and returns at once (MPI 5.0
// §6.12.6). buf.Buf is not to be touched before the request is complete; its
// lists may be. Errors, also those of the arguments, come out of Wait and Test.
// Collective: all ranks call IalltoallvInPlace; AlltoallvInPlace does not match
// it.
func IalltoallvInPlace[T any](c *Comm, buf Parts[T]) *Request {
	return c.icollective(alltoallv(c, &Parts[T]{}, &buf, true))
}

func alltoallv[T any](c *Comm, send, recv *Parts[T], inPlace bool) (engine.Coll, error) {
	e, err := elementOn[T](c)
	if err != nil {
		return engine.Coll{}, err
	}
	k := engine.Coll{Kind: engine.Alltoallv, InPlace: inPlace, Recv: bufOf(e, recv.Buf)}
	k.V = c.newVector()
	r, err := spansOf(c, k.V, "recv", recv, true)
	if err != nil {
		return k, err
	}
	k.V.RecvCounts, k.V.RecvDispls = r.counts, r.displs
	if inPlace {
		return k, nil
	}
	s, err := spansOf(c, k.V, "send", send, false)
	if err != nil {
		return k, err
	}
	k.Send = bufOf(e, send.Buf)
	k.V.SendCounts, k.V.SendDispls = s.counts, s.displs
	if s.counts[c.rank] != r.counts[c.rank] {
		return k, c.errorf(ErrCount, "this rank sends itself %d elements and receives %d", s.counts[c.rank], r.counts[c.rank])
	}
	return k, checkApart(c, send.Buf, recv.Buf)
}
