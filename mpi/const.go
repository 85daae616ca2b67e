package mpi

import "github.com/ringo-mpi/ringo/internal/engine"

// Wildcards and special ranks and tags (MPI 5.0 §3.2.4, §3.11).
const (
	// AnySource as the source of a receive or probe matches every sender.
	AnySource = engine.AnySource

	// AnyTag as the tag of a receive or probe matches every tag.
	AnyTag = engine.AnyTag

	// ProcNull is a partner that does not exist: a send to it and a receive
	// from it succeed at once and transfer nothing. It spares programs the
	// special cases at the border of a grid. The Status of such a receive has
	// Source ProcNull, Tag AnyTag and zero Bytes.
	ProcNull = engine.ProcNull

	// Undefined stands for "no value": the color of a rank that takes no part
	// in a Split, a rank that is not in a group, a count that is not whole.
	Undefined = engine.Undefined

	// TagUB is the greatest tag a program may use; the least is 0. It is what
	// every engine and every MPI library in use can carry.
	TagUB = 1<<23 - 1
)
