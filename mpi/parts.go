package mpi

import (
	"cmp"
	"slices"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// Parts is a buffer that is divided among the ranks, as the v forms ([Gatherv],
// [Scatterv], [Allgatherv], [Alltoallv]) and [ReduceScatter] send and receive it:
// the part of rank i is Counts[i] elements from Buf[Displs[i]]. Where Counts[i]
// is 0, Displs[i] does not matter. Nil Displs stand for parts one after another,
// which [PartsOf] makes. The lists may be used again as soon as a call, also a
// nonblocking one, has returned. (Keep them from call to call: a literal that is
// written in a call is new memory each time.)
//
// Where a call does not look at its Parts, as Gatherv and Scatterv away from the
// root, they may be the zero Parts[T]{}.
type Parts[T any] struct {
	Buf    []T   // the parts, and what lies between them
	Counts []int // elements of each rank's part; of length Size()
	Displs []int // where each part begins in Buf; nil: one after another
}

// PartsOf divides buf into parts of the given lengths, one after another. Local.
func PartsOf[T any](buf []T, counts []int) Parts[T] { return Parts[T]{Buf: buf, Counts: counts} }

// At returns the same parts beginning at displs[i] of the buffer. Local.
func (p Parts[T]) At(displs []int) Parts[T] {
	p.Displs = displs
	return p
}

// spans are the checked counts and displacements of one side of a v form.
type spans struct{ counts, displs []int }

// vector is an engine.Vector with the memory of its lists, which is used again.
// All vectors of this package are part of one, so that vectorOf finds it.
type vector struct {
	engine.Vector
	mem []int // nil: the lists are elsewhere
}

func vectorOf(v *engine.Vector) *vector { return (*vector)(unsafe.Pointer(v)) }

// newVector returns a vector for one call, with memory for its lists: that of a
// blocking call that has ended, if there is one.
func (c *Comm) newVector() *engine.Vector {
	if v := c.st.vector.Swap(nil); v != nil {
		return &v.Vector
	}
	return &(&vector{mem: make([]int, 4*c.size)}).Vector
}

// spansOf copies the counts and displacements of one side of a v form and checks
// them; nil displacements stand for blocks one after another. The blocks of a
// receive buffer may not overlap. The copies are in the memory of v. A Parts is too
// long for registers, so functions take its address.
func spansOf[T any](c *Comm, v *engine.Vector, name string, parts *Parts[T], recv bool) (spans, error) {
	mem := vectorOf(v).mem[:2*c.size]
	if !recv {
		mem = vectorOf(v).mem[2*c.size:]
	}
	return c.spans(mem, name, len(parts.Buf), parts.Counts, parts.Displs, recv)
}

// spans is spansOf of a buffer of length n, with memory for the copies.
func (c *Comm) spans(mem []int, name string, n int, counts, displs []int, recv bool) (spans, error) {
	p := c.size
	if len(counts) != p {
		return spans{}, c.errorf(ErrCount, "%s: %d counts for %s", name, len(counts), c.ranks())
	}
	if displs != nil && len(displs) != p {
		return spans{}, c.errorf(ErrCount, "%s: %d displacements for %s", name, len(displs), c.ranks())
	}
	s := spans{mem[:p:p], mem[p:]}
	copy(s.counts, counts)
	copy(s.displs, displs)
	at, ordered := 0, true
	for i, count := range s.counts {
		if displs == nil || count == 0 { // where nothing lies does not matter
			s.displs[i] = at
		}
		off := s.displs[i]
		switch {
		case count < 0:
			return spans{}, c.errorf(ErrCount, "%s: count %d of rank %d is negative", name, count, i)
		case off < 0:
			return spans{}, c.errorf(ErrCount, "%s: displacement %d of rank %d is negative", name, off, i)
		case count > n || off > n-count:
			return spans{}, c.errorf(ErrCount, "%s: the block of rank %d, %d elements from %d, ends outside the buffer of length %d", name, i, count, off, n)
		}
		if count > 0 {
			ordered = ordered && off >= at
			at = off + count
		}
	}
	if recv && !ordered {
		if i, j, ok := s.overlap(); ok {
			return spans{}, c.errorf(ErrBuffer, "%s: the blocks of ranks %d and %d overlap", name, i, j)
		}
	}
	return s, nil
}

// overlap finds two blocks that share elements.
func (v spans) overlap() (i, j int, ok bool) {
	order := make([]int, 0, len(v.counts))
	for i, count := range v.counts {
		if count > 0 {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(v.displs[a], v.displs[b]) })
	for k := 1; k < len(order); k++ {
		i, j := order[k-1], order[k]
		if v.displs[i]+v.counts[i] > v.displs[j] {
			return i, j, true
		}
	}
	return 0, 0, false
}
