package model

import (
	"slices"

	"github.com/ringo-mpi/ringo/mpi"
)

// The collectives of the programs.
const (
	barrier = iota
	bcast
	scatter
	gather
	allgather
	alltoall
	reduce
	allreduce
	scan
	reduceScatter
	numColls
)

// affine maps x to Mul·x + Add: an operation that does not commute.
type affine struct{ Mul, Add uint32 }

var compose = mpi.OpFunc(func(a, b affine) affine { return affine{a.Mul * b.Mul, a.Add*b.Mul + b.Add} }, false)

// value is what rank r contributes as element i of step s.
func value(s, r, i int) int64 { return int64(s*1000003 + r*10007 + i*13) }

func values(s, r, n int) []int64 {
	v := make([]int64, n)
	for i := range v {
		v[i] = value(s, r, i)
	}
	return v
}

func maps(s, r, n int) []affine {
	v := make([]affine, n)
	for i := range v {
		v[i] = affine{uint32(value(s, r, i))*2 + 1, uint32(i ^ r)}
	}
	return v
}

// composed combines the maps of the ranks from first to last.
func composed(s, first, last, n int) []affine {
	acc := maps(s, first, n)
	for r := first + 1; r <= last; r++ {
		for i, b := range maps(s, r, n) {
			a := acc[i]
			acc[i] = affine{a.Mul * b.Mul, a.Add*b.Mul + b.Add}
		}
	}
	return acc
}

// collective runs one and checks its result, for a nonblocking one when it is
// waited for.
func (m *machine) collective(c *mpi.Comm, o Op) {
	p, me, n, s := c.Size(), c.Rank(), o.Len, o.Step
	root := o.Root % p
	var block func() error
	var start func() *mpi.Request
	after := func() {}
	expect := func(got, want []int64) {
		if !slices.Equal(got, want) {
			m.t.Errorf("step %d: collective %d of %d elements, root %d: a wrong result on rank %d", s, o.Coll, n, root, me)
		}
	}
	expectMaps := func(got, want []affine) {
		if !slices.Equal(got, want) {
			m.t.Errorf("step %d: reduction %d of %d elements, root %d: a wrong result on rank %d", s, o.Coll, n, root, me)
		}
	}
	whole := func() (v []int64) {
		for r := range p {
			v = append(v, values(s, r, n)...)
		}
		return v
	}
	switch o.Coll {
	case barrier:
		block, start = c.Barrier, c.Ibarrier
	case bcast:
		buf := values(s, me, n)
		block, start = func() error { return mpi.Bcast(c, buf, root) }, func() *mpi.Request { return mpi.Ibcast(c, buf, root) }
		after = func() { expect(buf, values(s, root, n)) }
	case scatter:
		var in []int64
		if me == root {
			in = whole()
		}
		out := make([]int64, n)
		block, start = func() error { return mpi.Scatter(c, in, out, root) }, func() *mpi.Request { return mpi.Iscatter(c, in, out, root) }
		after = func() { expect(out, values(s, me, n)) }
	case gather:
		in, out := values(s, me, n), []int64(nil)
		if me == root {
			out = make([]int64, p*n)
		}
		block, start = func() error { return mpi.Gather(c, in, out, root) }, func() *mpi.Request { return mpi.Igather(c, in, out, root) }
		after = func() {
			if me == root {
				expect(out, whole())
			}
		}
	case allgather:
		in, out := values(s, me, n), make([]int64, p*n)
		block, start = func() error { return mpi.Allgather(c, in, out) }, func() *mpi.Request { return mpi.Iallgather(c, in, out) }
		after = func() { expect(out, whole()) }
	case alltoall:
		var in, want []int64
		for r := range p {
			in = append(in, values(s, me*p+r, n)...)
			want = append(want, values(s, r*p+me, n)...)
		}
		out := make([]int64, p*n)
		block, start = func() error { return mpi.Alltoall(c, in, out) }, func() *mpi.Request { return mpi.Ialltoall(c, in, out) }
		after = func() { expect(out, want) }
	case reduce:
		in, out := maps(s, me, n), []affine(nil)
		if me == root {
			out = make([]affine, n)
		}
		block, start = func() error { return mpi.Reduce(c, in, out, compose, root) }, func() *mpi.Request { return mpi.Ireduce(c, in, out, compose, root) }
		after = func() {
			if me == root {
				expectMaps(out, composed(s, 0, p-1, n))
			}
		}
	case allreduce:
		in, out := maps(s, me, n), make([]affine, n)
		block, start = func() error { return mpi.Allreduce(c, in, out, compose) }, func() *mpi.Request { return mpi.Iallreduce(c, in, out, compose) }
		after = func() { expectMaps(out, composed(s, 0, p-1, n)) }
	case scan:
		in, out := maps(s, me, n), make([]affine, n)
		block, start = func() error { return mpi.Scan(c, in, out, compose) }, func() *mpi.Request { return mpi.Iscan(c, in, out, compose) }
		after = func() { expectMaps(out, composed(s, 0, me, n)) }
	case reduceScatter:
		in, out := maps(s, me, p*n), make([]affine, n)
		block = func() error { return mpi.ReduceScatterBlock(c, in, out, compose) }
		start = func() *mpi.Request { return mpi.IreduceScatterBlock(c, in, out, compose) }
		after = func() { expectMaps(out, composed(s, 0, p-1, p*n)[me*n:(me+1)*n]) }
	}
	if o.Kind == icollective {
		m.reqs[o.Req], m.after[o.Req] = start(), after
		return
	}
	m.ok(block())
	after()
}
