package native

import (
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// Counts above 2³¹−1. MPI 4 has forms of all calls with 64-bit counts; they are
// used where a count needs them. Libraries of MPI 3 do it by datatypes that
// hold many elements, and reductions, for which there is no such datatype, in
// parts.

// args collects the arguments of a collective.
type args struct {
	r     *request
	n     int
	large bool // the form with 64-bit counts
	err   error
}

func (a *args) add(values ...uintptr) {
	a.n += copy(a.r.block.Args[a.n:], values)
}

// count makes the argument of a count of n elements of w's datatype, which
// becomes one of n elements when n does not fit.
func (a *args) count(n int, w *wire) uintptr {
	d := a.r.d
	if a.large {
		return uintptr(n)
	}
	if n <= d.maxCount {
		return integer(n)
	}
	a.unit(n, w)
	return 1
}

// unit makes w's datatype one of g elements.
func (a *args) unit(g int, w *wire) {
	t, err := a.r.d.contiguous(g, w.dtype, w.elem)
	if err != nil {
		a.err = err
		return
	}
	x := a.r.ext()
	x.types = append(x.types, t)
	w.dtype, w.elem = t, g*w.elem
}

// vectors makes the arrays of counts and displacements of a v form; without
// displacements the blocks are packed. Where they do not fit an int, they are
// counted in units of their greatest common divisor.
func (a *args) vectors(counts, displs []int, w *wire) (uintptr, uintptr) {
	if displs == nil {
		displs = packed(counts)
	}
	if limit := a.r.d.maxCount; !a.large && largest(counts, displs) > limit {
		g := 0
		for i, n := range counts {
			if n > 0 {
				g = gcd(gcd(g, n), displs[i])
			}
		}
		if largest(counts, displs)/g > limit {
			a.err = engine.Errorf(engine.ErrUnsupported, "counts or displacements above %d need a library with large-count functions (MPI 4), or blocks that are multiples of a larger element", limit)
			return 0, 0
		}
		a.unit(g, w)
		unitCounts, unitDispls := make([]int, len(counts)), make([]int, len(counts))
		for i, n := range counts {
			if n > 0 {
				unitCounts[i], unitDispls[i] = n/g, displs[i]/g
			}
		}
		counts, displs = unitCounts, unitDispls
	}
	return a.vector(counts), a.vector(displs)
}

// vector makes one array.
func (a *args) vector(v []int) uintptr {
	if len(v) == 0 {
		return 0
	}
	x := a.r.ext()
	if a.large {
		wide := make([]int64, len(v))
		for i, n := range v {
			wide[i] = int64(n)
		}
		x.wide = append(x.wide, wide)
		return pointer(unsafe.Pointer(&wide[0]))
	}
	narrow := make([]int32, len(v))
	for i, n := range v {
		narrow[i] = int32(n)
	}
	x.counts = append(x.counts, narrow)
	return pointer(unsafe.Pointer(&narrow[0]))
}

func packed(counts []int) []int {
	v, at := make([]int, len(counts)), 0
	for i, n := range counts {
		v[i] = at
		at += n
	}
	return v
}

// largest is the largest count or displacement of the blocks that are not
// empty.
func largest(counts, displs []int) int {
	m := 0
	for i, n := range counts {
		if n > 0 {
			m = max(m, n, displs[i])
		}
	}
	return m
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// biggest is the largest count or displacement that a collective would pass.
func biggest(c *comm, k *engine.Coll) int {
	p, v := c.size, k.V
	rooted := k.Root == c.rank
	list := func(counts, displs []int) int {
		if displs == nil {
			displs = packed(counts)
		}
		return largest(counts, displs)
	}
	switch k.Kind.Lists() {
	case engine.RootSend:
		if rooted {
			return max(list(v.SendCounts, v.SendDispls), k.Recv.Count)
		}
		return k.Recv.Count
	case engine.RootRecv:
		if rooted {
			return max(list(v.RecvCounts, v.RecvDispls), k.Send.Count)
		}
		return k.Send.Count
	case engine.SameRecv:
		if k.Kind.Reduces() { // the library is given no displacements
			return largest(v.RecvCounts, make([]int, len(v.RecvCounts)))
		}
		return max(list(v.RecvCounts, v.RecvDispls), k.Send.Count)
	case engine.OwnBoth:
		m := list(v.RecvCounts, v.RecvDispls)
		if !k.InPlace {
			m = max(m, list(v.SendCounts, v.SendDispls))
		}
		return m
	}
	return k.BlockLen(c.rank, p)
}

// width says how the counts of a collective are passed.
type width uint8

const (
	plain width = iota // as ints, or by datatypes of many elements
	wide               // in the large-count form, which matches the plain one of other ranks
	split              // in several collectives; all ranks come to this answer
)

func (d *driver) width(c *comm, k *engine.Coll) width {
	switch {
	case k.Kind == engine.Allgatherv && !d.largeForms:
		sum := 0
		for _, n := range k.V.RecvCounts {
			sum += n
		}
		if sum > d.maxCount {
			return split
		}
		return plain
	case biggest(c, k) <= d.maxCount:
		return plain
	case k.Op != nil && (!d.largeForms || d.ops.native(d, k.Op) == 0):
		return split // a user function is told the count as an int
	case d.largeForms:
		return wide
	}
	return plain
}

// parts starts the parts of a collective.
func (c *comm) parts(k engine.Coll) (*compound, error) {
	m := &compound{comm: c, kind: k.Kind}
	var err error
	start := func(part engine.Coll) {
		if err != nil {
			return
		}
		r := c.d.take(c, opColl, true)
		if err = r.collective(&part, plain, true, false); err != nil {
			r.drop()
			return
		}
		var req engine.Request
		if req, err = r.nonblocking(0); err == nil {
			m.parts = append(m.parts, req)
		}
	}
	// sliced starts a reduction of n elements at offset off in slices.
	sliced := func(part engine.Coll, n int) {
		for at := 0; at < n; at += c.d.maxCount {
			slice, length := part, min(c.d.maxCount, n-at)
			if part.Send.Type != nil {
				slice.Send = part.Send.At(at, length)
			}
			if part.Recv.Type != nil {
				slice.Recv = part.Recv.At(at, length)
			}
			start(slice)
		}
	}
	switch k.Kind {
	case engine.Allgatherv:
		displs := k.V.RecvDispls
		if displs == nil {
			displs = packed(k.V.RecvCounts)
		}
		for rank, n := range k.V.RecvCounts {
			block := k.Recv.At(displs[rank], n)
			if rank == c.rank && !k.InPlace {
				copy(block.Slice(), k.Send.Slice())
			}
			start(engine.Coll{Kind: engine.Bcast, Root: rank, Recv: block})
		}
	case engine.ReduceScatter, engine.ReduceScatterBlock:
		// One reduction to each rank. In place the result of this rank's comes
		// to where its input was, and is moved to the start at the end.
		at, own := 0, 0
		for rank := range c.size {
			n := k.BlockLen(rank, c.size)
			part := engine.Coll{Kind: engine.Reduce, Root: rank, Op: k.Op}
			switch mine := rank == c.rank; {
			case mine && k.InPlace:
				part.InPlace, part.Recv, own = true, k.Recv.At(at, n), at
				m.finish = func() { copy(k.Recv.At(0, n).Slice(), k.Recv.At(own, n).Slice()) }
			case mine:
				part.Send, part.Recv = k.Send.At(at, n), k.Recv
			case k.InPlace:
				part.Send = k.Recv.At(at, n)
			default:
				part.Send = k.Send.At(at, n)
			}
			sliced(part, n)
			at += n
		}
	default:
		sliced(k, k.Input().Count)
	}
	if err != nil {
		return nil, err
	}
	return m, nil
}

// compound is a collective made of several.
type compound struct {
	comm   *comm
	kind   engine.CollKind
	parts  []engine.Request
	finish func()
	err    error
}

// ready makes progress and tells whether all parts have completed.
func (m *compound) ready() bool {
	for len(m.parts) > 0 {
		_, ok, err := m.parts[0].Test()
		if !ok {
			return false
		}
		m.part(err)
	}
	return true
}

func (m *compound) part(err error) {
	m.parts = m.parts[1:]
	if m.err == nil {
		m.err = err
	}
}

func (m *compound) Test() (engine.Status, bool, error) {
	if !m.ready() {
		return engine.Status{}, false, nil
	}
	return engine.Status{}, true, m.end()
}

func (m *compound) end() error {
	if m.err == nil && m.finish != nil {
		m.finish()
		m.finish = nil
	}
	return m.err
}

func (m *compound) Wait(done <-chan struct{}) (engine.Status, error) {
	for len(m.parts) > 0 {
		_, err := m.parts[0].Wait(done)
		if err != nil && engineClass(err) == engine.ErrCancelled {
			return engine.Status{}, err
		}
		m.part(err)
	}
	return engine.Status{}, m.end()
}

func (m *compound) Cancel() error {
	return errCollectiveCancel
}
