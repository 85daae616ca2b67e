package mpi

import "github.com/ringo-mpi/ringo/internal/engine"

// Alltoall sends block j of send to rank j and receives block i of recv from
// rank i (MPI 5.0 §6.8). send and recv have the same length, a multiple of
// Size(), on all ranks. They do not overlap. Collective.
func Alltoall[T any](c *Comm, send, recv []T) error {
	return c.collective(alltoall(c, send, recv, false))
}

// Ialltoall starts an Alltoall (MPI 5.0 §6.12.6). Collective.
func Ialltoall[T any](c *Comm, send, recv []T) *Request {
	return c.icollective(alltoall(c, send, recv, false))
}

// AlltoallInPlace is Alltoall with one buffer, whose blocks are replaced
// (MPI_IN_PLACE, MPI 5.0 §6.8). Collective.
func AlltoallInPlace[T any](c *Comm, buf []T) error {
	return c.collective(alltoall(c, nil, buf, true))
}

// IalltoallInPlace starts an AlltoallInPlace (MPI 5.0 §6.12.6). Collective.
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

// Alltoallv sends sendCounts[j] elements from sendDispls[j] of send to rank j
// and receives recvCounts[i] elements from rank i at recvDispls[i] of recv
// (MPI 5.0 §6.8). Nil displacements stand for blocks packed one after another;
// the blocks of recv do not overlap, nor do the buffers. [AlltoallSlices] finds
// the counts itself. Collective.
func Alltoallv[T any](c *Comm, send []T, sendCounts, sendDispls []int, recv []T, recvCounts, recvDispls []int) error {
	return c.collective(alltoallv(c, send, sendCounts, sendDispls, recv, recvCounts, recvDispls, false))
}

// Ialltoallv starts an Alltoallv (MPI 5.0 §6.12.6). Collective.
func Ialltoallv[T any](c *Comm, send []T, sendCounts, sendDispls []int, recv []T, recvCounts, recvDispls []int) *Request {
	return c.icollective(alltoallv(c, send, sendCounts, sendDispls, recv, recvCounts, recvDispls, false))
}

// AlltoallvInPlace is Alltoallv with one buffer, whose blocks are replaced:
// what rank i has for rank j and what j has for i are of equal length
// (MPI_IN_PLACE, MPI 5.0 §6.8). Collective.
func AlltoallvInPlace[T any](c *Comm, buf []T, counts, displs []int) error {
	return c.collective(alltoallv(c, nil, nil, nil, buf, counts, displs, true))
}

// IalltoallvInPlace starts an AlltoallvInPlace (MPI 5.0 §6.12.6). Collective.
func IalltoallvInPlace[T any](c *Comm, buf []T, counts, displs []int) *Request {
	return c.icollective(alltoallv(c, nil, nil, nil, buf, counts, displs, true))
}

func alltoallv[T any](c *Comm, send []T, sendCounts, sendDispls []int, recv []T, recvCounts, recvDispls []int, inPlace bool) (engine.Coll, error) {
	e, err := elementOn[T](c)
	if err != nil {
		return engine.Coll{}, err
	}
	k := engine.Coll{Kind: engine.Alltoallv, InPlace: inPlace, Recv: bufOf(e, recv)}
	k.V = c.newVector()
	r, err := c.spans(k.V, "recv", len(recv), recvCounts, recvDispls, true)
	if err != nil {
		return k, err
	}
	k.V.RecvCounts, k.V.RecvDispls = r.counts, r.displs
	if inPlace {
		return k, nil
	}
	s, err := c.spans(k.V, "send", len(send), sendCounts, sendDispls, false)
	if err != nil {
		return k, err
	}
	k.Send = bufOf(e, send)
	k.V.SendCounts, k.V.SendDispls = s.counts, s.displs
	if s.counts[c.rank] != r.counts[c.rank] {
		return k, c.errorf(ErrCount, "this rank sends itself %d elements and receives %d", s.counts[c.rank], r.counts[c.rank])
	}
	return k, checkApart(c, send, recv)
}
