//go:build unix

package native

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// forms are the ways to run a collective.
var forms = map[string]func(c *comm, k engine.Coll) error{
	"blocking": func(c *comm, k engine.Coll) error { return c.Collective(k, nil) },
	"nonblocking": func(c *comm, k engine.Coll) error {
		req, err := c.Icollective(k)
		if err != nil {
			return err
		}
		_, err = req.Wait(nil)
		return err
	},
	"tested": func(c *comm, k engine.Coll) error {
		req, err := c.Icollective(k)
		for err == nil {
			var ok bool
			if _, ok, err = req.Test(); ok {
				return err
			}
		}
		return err
	},
	"context": func(c *comm, k engine.Coll) error { return c.Collective(k, make(chan struct{})) },
}

// allForms are the names of the forms, in the same order on all ranks.
var allForms = []string{"blocking", "nonblocking", "tested", "context"}

// each runs f for every form.
func each(f func(form string, run func(c *comm, k engine.Coll) error)) {
	for _, form := range allForms {
		f(form, forms[form])
	}
}

// turn counts the calls of one: all ranks make the same ones.
var turn int

// one runs f for one form, each in its turn.
func one(f func(form string, run func(c *comm, k engine.Coll) error)) {
	turn++
	form := allForms[turn%len(allForms)]
	f(form, forms[form])
}

func testCollectives(t *testing.T, c *comm) {
	for _, n := range []int{0, 1, 5, 1000, 40_000} {
		movement[float64](t, c, n)
		movement[uint8](t, c, n)
		movement[point](t, c, min(n, 1000))
	}
	movement[int16](t, c, 6)
	movement[bool](t, c, 6)
	movement[complex128](t, c, 6)
}

// concat puts the parts of all ranks behind one another.
func concat[T comparable](p int, part func(rank int) []T) []T {
	var all []T
	for r := range p {
		all = append(all, part(r)...)
	}
	return all
}

// movement checks the collectives that move n elements a rank.
func movement[T comparable](t *testing.T, c *comm, n int) {
	t.Helper()
	p, me := c.size, c.rank
	in := func(rank int) []T { return fill[T](n, rank+1) }
	big := func(rank int) []T { return fill[T](n*p, rank+1) } // a block for each rank
	block := func(s []T, rank int) []T { return s[rank*n : (rank+1)*n] }
	all := concat(p, in)
	transposed := func(rank int) []T { return concat(p, func(r int) []T { return block(big(r), rank) }) }

	run := each
	if n > 5 || n == 1 {
		run = one
	}
	run(func(form string, run func(c *comm, k engine.Coll) error) {
		what := func(s string) string { return fmt.Sprintf("%s, %s, %d × %T", s, form, n, *new(T)) }
		check(t, run(c, engine.Coll{Kind: engine.Barrier}))
		for root := range p {
			isRoot := me == root
			x := make([]T, n)
			if isRoot {
				x = in(root)
			}
			check(t, run(c, engine.Coll{Kind: engine.Bcast, Root: root, Recv: buf(x)}))
			equal(t, what("Bcast"), x, in(root))

			k := engine.Coll{Kind: engine.Scatter, Root: root}
			x = make([]T, n)
			k.Recv = buf(x)
			if isRoot {
				k.Send = buf(big(root))
			}
			check(t, run(c, k))
			equal(t, what("Scatter"), x, block(big(root), me))

			k = engine.Coll{Kind: engine.Scatter, Root: root}
			x = make([]T, n)
			if isRoot {
				k.InPlace, k.Send = true, buf(big(root))
			} else {
				k.Recv = buf(x)
			}
			check(t, run(c, k))
			if !isRoot {
				equal(t, what("Scatter in place"), x, block(big(root), me))
			}

			k = engine.Coll{Kind: engine.Gather, Root: root, Send: buf(in(me))}
			x = nil
			if isRoot {
				x = make([]T, n*p)
				k.Recv = buf(x)
			}
			check(t, run(c, k))
			if isRoot {
				equal(t, what("Gather"), x, all)
			}

			k = engine.Coll{Kind: engine.Gather, Root: root}
			if isRoot {
				x = make([]T, n*p)
				copy(block(x, me), in(me))
				k.InPlace, k.Recv = true, buf(x)
			} else {
				k.Send = buf(in(me))
			}
			check(t, run(c, k))
			if isRoot {
				equal(t, what("Gather in place"), x, all)
			}
		}

		x := make([]T, n*p)
		check(t, run(c, engine.Coll{Kind: engine.Allgather, Send: buf(in(me)), Recv: buf(x)}))
		equal(t, what("Allgather"), x, all)
		clear(x)
		copy(block(x, me), in(me))
		check(t, run(c, engine.Coll{Kind: engine.Allgather, InPlace: true, Recv: buf(x)}))
		equal(t, what("Allgather in place"), x, all)

		clear(x)
		check(t, run(c, engine.Coll{Kind: engine.Alltoall, Send: buf(big(me)), Recv: buf(x)}))
		equal(t, what("Alltoall"), x, transposed(me))
		copy(x, big(me))
		check(t, run(c, engine.Coll{Kind: engine.Alltoall, InPlace: true, Recv: buf(x)}))
		equal(t, what("Alltoall in place"), x, transposed(me))

		vectors[T](t, c, n, what, run)
	})
}

// vectors checks the v forms with counts that differ by rank, gaps between the
// blocks, and the blocks in reverse.
func vectors[T comparable](t *testing.T, c *comm, n int, what func(string) string, run func(c *comm, k engine.Coll) error) {
	p, me := c.size, c.rank
	count, unit := func(r int) int { return n + r%3 - n%2 }, 1
	size := func(i, j int) int { return n/2 + (i+j)%3 } // from rank i to j in Alltoallv
	if n == 0 {
		count = func(r int) int { return r % 2 * 3 }
		size = func(i, j int) int { return (i + j) % 2 }
	}
	if job.maxCount == testLimit && !job.largeForms {
		// Without large-count forms only multiples of a larger unit can be beyond
		// the limit: see testLargeVectors.
		count, unit = func(r int) int { return n * (1 + r%2) }, max(n, 1)
		size = func(i, j int) int { return n * ((i + j) % 3) }
	}
	gap := 2 * unit
	counts, displs, total := make([]int, p), make([]int, p), 0
	for r := range p {
		counts[r] = count(r)
	}
	for r := p - 1; r >= 0; r-- {
		displs[r] = total
		total += counts[r] + gap
	}
	in := func(rank int) []T { return fill[T](counts[rank], rank+1) }
	gathered := make([]T, total)
	for r := range p {
		copy(gathered[displs[r]:], in(r))
	}
	v := &engine.Vector{RecvCounts: counts, RecvDispls: displs}
	sv := &engine.Vector{SendCounts: counts, SendDispls: displs}
	for root := range p {
		isRoot := me == root
		k := engine.Coll{Kind: engine.Gatherv, Root: root, Send: buf(in(me))}
		x := make([]T, total)
		if isRoot {
			k.Recv, k.V = buf(x), v
		}
		check(t, run(c, k))
		if isRoot {
			equal(t, what("Gatherv"), x, gathered)
		}
		k = engine.Coll{Kind: engine.Gatherv, Root: root}
		clear(x)
		if isRoot {
			copy(x[displs[me]:], in(me))
			k.InPlace, k.Recv, k.V = true, buf(x), v
		} else {
			k.Send = buf(in(me))
		}
		check(t, run(c, k))
		if isRoot {
			equal(t, what("Gatherv in place"), x, gathered)
		}
		k = engine.Coll{Kind: engine.Scatterv, Root: root}
		y := make([]T, counts[me])
		k.Recv = buf(y)
		if isRoot {
			k.Send, k.V = buf(gathered), sv
		}
		check(t, run(c, k))
		equal(t, what("Scatterv"), y, in(me))
		k = engine.Coll{Kind: engine.Scatterv, Root: root}
		clear(y)
		if isRoot {
			k.InPlace, k.Send, k.V = true, buf(gathered), sv
		} else {
			k.Recv = buf(y)
		}
		check(t, run(c, k))
		if !isRoot {
			equal(t, what("Scatterv in place"), y, in(me))
		}
	}
	x := make([]T, total)
	check(t, run(c, engine.Coll{Kind: engine.Allgatherv, Send: buf(in(me)), Recv: buf(x), V: v}))
	equal(t, what("Allgatherv"), x, gathered)
	clear(x)
	copy(x[displs[me]:], in(me))
	check(t, run(c, engine.Coll{Kind: engine.Allgatherv, InPlace: true, Recv: buf(x), V: v}))
	equal(t, what("Allgatherv in place"), x, gathered)
	x = make([]T, total-gap*p)
	check(t, run(c, engine.Coll{Kind: engine.Allgatherv, Send: buf(in(me)), Recv: buf(x), V: &engine.Vector{RecvCounts: counts}}))
	equal(t, what("Allgatherv packed"), x, concat(p, in))

	// Alltoallv: rank i sends to j a block of size(i, j), with gaps on both sides.
	data := func(i, j int) []T { return fill[T](size(i, j), 1+i*p+j) }
	av := &engine.Vector{}
	sendTotal, recvTotal := 0, 0
	for r := range p {
		av.SendCounts = append(av.SendCounts, size(me, r))
		av.SendDispls = append(av.SendDispls, sendTotal)
		sendTotal += size(me, r) + gap
		av.RecvCounts = append(av.RecvCounts, size(r, me))
		av.RecvDispls = append(av.RecvDispls, recvTotal)
		recvTotal += size(r, me) + gap
	}
	send, recv, want := make([]T, sendTotal), make([]T, recvTotal), make([]T, recvTotal)
	for r := range p {
		copy(send[av.SendDispls[r]:], data(me, r))
		copy(want[av.RecvDispls[r]:], data(r, me))
	}
	check(t, run(c, engine.Coll{Kind: engine.Alltoallv, Send: buf(send), Recv: buf(recv), V: av}))
	equal(t, what("Alltoallv"), recv, want)
	copy(recv, send) // sizes are symmetric
	check(t, run(c, engine.Coll{Kind: engine.Alltoallv, InPlace: true, Recv: buf(recv), V: &engine.Vector{RecvCounts: av.RecvCounts, RecvDispls: av.RecvDispls}}))
	equal(t, what("Alltoallv in place"), recv, want)
}

// Blocks that no library without large-count functions can address are refused.
func testLargeVectors(t *testing.T, c *comm) {
	if job.maxCount != testLimit || job.largeForms {
		return
	}
	// Every rank refuses by itself, so that none waits for another.
	const n = 17
	v := &engine.Vector{}
	for r := range c.size {
		v.SendCounts, v.SendDispls = append(v.SendCounts, n), append(v.SendDispls, r*n)
		v.RecvCounts, v.RecvDispls = append(v.RecvCounts, n), append(v.RecvDispls, r*n+3)
	}
	send, recv := make([]int32, c.size*n), make([]int32, c.size*n+2*n)
	k := engine.Coll{Kind: engine.Alltoallv, Send: buf(send), Recv: buf(recv), V: v}
	wantClass(t, c.Collective(k, nil), engine.ErrUnsupported)
	for r := range c.size {
		v.RecvDispls[r] += n - 3
	}
	check(t, c.Collective(k, nil))
}

// Alltoallw: every block with its own buffer, type and layout.
func testAlltoallw(t *testing.T, c *comm) {
	p, me := c.size, c.rank
	for _, n := range []int{0, 3, 20_000} {
		each(func(form string, run func(c *comm, k engine.Coll) error) {
			far := make([][]byte, 0, p) // memory in between, so that buffers are apart
			ints := func(i, j int) []int32 { return fill[int32](n+(i+j)%2, 1+i*p+j) }
			column := engine.NewLayout([]engine.Run{{Offset: 1, Len: 1, Count: n, Stride: 3}})
			floats := func(i, j int) []float64 { return fill[float64](3*n+2, 1+i*p+j) }
			v := &engine.Vector{SendBufs: make([]engine.Buf, p), RecvBufs: make([]engine.Buf, p)}
			gotInts, gotFloats := make([][]int32, p), make([][]float64, p)
			for r := range p {
				far = append(far, make([]byte, 1<<20))
				if (me+r)%2 == 0 {
					v.SendBufs[r] = buf(ints(me, r))
					gotInts[r] = make([]int32, n+(me+r)%2)
					v.RecvBufs[r] = buf(gotInts[r])
				} else {
					v.SendBufs[r] = view(floats(me, r), column)
					gotFloats[r] = make([]float64, 3*n+2)
					v.RecvBufs[r] = view(gotFloats[r], column)
				}
			}
			verify := func(what string) {
				t.Helper()
				for r := range p {
					if (me+r)%2 == 0 {
						equal(t, what, gotInts[r], ints(r, me))
						continue
					}
					want, from := make([]float64, 3*n+2), floats(r, me)
					for i := range n {
						want[1+3*i] = from[1+3*i]
					}
					equal(t, what, gotFloats[r], want)
				}
			}
			check(t, run(c, engine.Coll{Kind: engine.Alltoallw, V: v}))
			verify(fmt.Sprintf("Alltoallw, %s, %d", form, n))

			for r := range p {
				if (me+r)%2 == 0 {
					copy(gotInts[r], ints(me, r))
				} else {
					input := floats(me, r)
					for i := range n {
						gotFloats[r][1+3*i] = input[1+3*i]
					}
				}
			}
			check(t, run(c, engine.Coll{Kind: engine.Alltoallw, InPlace: true, V: &engine.Vector{RecvBufs: v.RecvBufs}}))
			verify(fmt.Sprintf("Alltoallw in place, %s, %d", form, n))
			_ = far
		})
	}
}

// number is what the library can reduce.
type number interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

// kernel makes an engine kernel of a function of two elements.
func kernel[T any](f func(a, b T) T) engine.Kernel {
	return func(dst, a, b unsafe.Pointer, n int) {
		d, x, y := unsafe.Slice((*T)(dst), n), unsafe.Slice((*T)(a), n), unsafe.Slice((*T)(b), n)
		for i := range n {
			d[i] = f(x[i], y[i])
		}
	}
}

func opOf[T any](code engine.OpCode, commutative bool, f func(a, b T) T) *engine.Op {
	return &engine.Op{Code: code, Commutative: commutative, Kernel: kernel(f), Type: typeOf[T]()}
}

// matrix is an element whose product does not commute.
type matrix [4]uint32

func mul(a, b matrix) matrix {
	return matrix{a[0]*b[0] + a[1]*b[2], a[0]*b[1] + a[1]*b[3], a[2]*b[0] + a[3]*b[2], a[2]*b[1] + a[3]*b[3]}
}

func testReductions(t *testing.T, c *comm) {
	sizes := []int{1, 7, 2000, 30_000}
	if job.maxCount == testLimit {
		sizes = []int{1, 7, 200} // each slice of testLimit elements is a reduction
	} else if job.local.crowded {
		sizes = []int{1, 2000}
	}
	for _, n := range sizes {
		reduction(t, c, n, "Sum", engine.OpSum, true, func(a, b float64) float64 { return a + b })
		reduction(t, c, n, "matrix product", engine.OpUser, false, mul)
	}
	arithmetic[int8](t, c)
	arithmetic[uint64](t, c)
	arithmetic[float32](t, c)
	bits[int64](t, c)
	if !job.local.crowded { // the conformance suite has all
		arithmetic[int16](t, c)
		arithmetic[int32](t, c)
		arithmetic[int64](t, c)
		arithmetic[uint8](t, c)
		arithmetic[uint16](t, c)
		arithmetic[uint32](t, c)
		arithmetic[float64](t, c)
		bits[int16](t, c)
		bits[uint8](t, c)
		bits[uint64](t, c)
	}
	reduction(t, c, 5, "Sum", engine.OpSum, true, func(a, b complex64) complex64 { return a + b })
	reduction(t, c, 5, "Prod", engine.OpProd, true, func(a, b complex128) complex128 { return a * b })
	reduction(t, c, 5, "Land", engine.OpLand, true, func(a, b bool) bool { return a && b })
	reduction(t, c, 5, "Lor", engine.OpLor, true, func(a, b bool) bool { return a || b })
	reduction(t, c, 5, "Lxor", engine.OpLxor, true, func(a, b bool) bool { return a != b })
	reduction(t, c, 6, "MaxLoc", engine.OpMaxLoc, true, func(a, b pair) pair {
		if b.Value > a.Value || b.Value == a.Value && b.Loc < a.Loc {
			return b
		}
		return a
	})
	reduction(t, c, 6, "MinLoc", engine.OpMinLoc, true, func(a, b pair) pair {
		if b.Value < a.Value || b.Value == a.Value && b.Loc < a.Loc {
			return b
		}
		return a
	})
	// What the library does not have natively runs as a function.
	reduction(t, c, 6, "complex Max", engine.OpMax, true, func(a, b complex64) complex64 {
		if real(b) > real(a) {
			return b
		}
		return a
	})
	reduction(t, c, 300, "left", engine.OpUser, false, func(a, b int64) int64 { return a })
	reduction(t, c, 300, "right", engine.OpUser, false, func(a, b point) point { return b })
}

func arithmetic[T number](t *testing.T, c *comm) {
	sizes := []int{1, 13}
	if job.local.crowded {
		sizes = []int{13}
	}
	for _, n := range sizes {
		reduction(t, c, n, "Sum", engine.OpSum, true, func(a, b T) T { return a + b })
		reduction(t, c, n, "Max", engine.OpMax, true, func(a, b T) T { return max(a, b) })
		reduction(t, c, n, "Min", engine.OpMin, true, func(a, b T) T { return min(a, b) })
		reduction(t, c, n, "Prod", engine.OpProd, true, func(a, b T) T { return a * b })
	}
}

func bits[T int16 | int64 | uint8 | uint64](t *testing.T, c *comm) {
	truth := func(b bool) T {
		if b {
			return 1
		}
		return 0
	}
	reduction(t, c, 9, "Band", engine.OpBand, true, func(a, b T) T { return a & b })
	reduction(t, c, 9, "Bor", engine.OpBor, true, func(a, b T) T { return a | b })
	reduction(t, c, 9, "Bxor", engine.OpBxor, true, func(a, b T) T { return a ^ b })
	if c.size > 1 { // one rank alone combines nothing
		reduction(t, c, 9, "Land", engine.OpLand, true, func(a, b T) T { return truth(a != 0 && b != 0) })
		reduction(t, c, 9, "Lor", engine.OpLor, true, func(a, b T) T { return truth(a != 0 || b != 0) })
	}
}

// powers makes values whose products are exact in every type.
func powers[T comparable](n, rank int) []T {
	s := make([]T, n)
	for i := range s {
		v := reflect.ValueOf(&s[i]).Elem()
		switch {
		case v.CanComplex():
			v.SetComplex([]complex128{1, 2, 1i, -1}[(i+rank)%4])
		case v.CanFloat():
			v.SetFloat([]float64{1, 2, 0.5, -1}[(i+rank)%4])
		default:
			set(v, 3*i+rank+1)
		}
	}
	return s
}

// reduction checks all reductions with one operation, against the kernel
// applied in rank order.
func reduction[T comparable](t *testing.T, c *comm, n int, opName string, code engine.OpCode, commutative bool, f func(a, b T) T) {
	t.Helper()
	op := opOf(code, commutative, f)
	p, me := c.size, c.rank
	logical := strings.HasPrefix(opName, "L")
	in := func(rank, n int) []T { return fill[T](n, rank+1) }
	if opName == "Prod" { // whose order must not show
		in = func(rank, n int) []T { return powers[T](n, rank) }
	}
	fold := func(from, to, n int) []T { // ranks from..to
		acc := in(from, n)
		for r := from + 1; r <= to; r++ {
			x := in(r, n)
			op.Kernel(unsafe.Pointer(unsafe.SliceData(acc)), unsafe.Pointer(unsafe.SliceData(acc)), unsafe.Pointer(unsafe.SliceData(x)), n)
		}
		return acc
	}
	run := one
	if code == engine.OpUser || n > 100 {
		run = each
	}
	run(func(form string, run func(c *comm, k engine.Coll) error) {
		what := func(s string) string { return fmt.Sprintf("%s %s, %s, %d × %T", s, opName, form, n, *new(T)) }
		total := fold(0, p-1, n)
		for root := range p {
			k := engine.Coll{Kind: engine.Reduce, Root: root, Op: op, Send: buf(in(me, n))}
			x := make([]T, n)
			if me == root {
				k.Recv = buf(x)
			}
			check(t, run(c, k))
			if me == root {
				equal(t, what("Reduce"), x, total)
				x = in(me, n)
				k.InPlace, k.Send, k.Recv = true, engine.Buf{}, buf(x)
			}
			check(t, run(c, k))
			if me == root {
				equal(t, what("Reduce in place"), x, total)
			}
		}
		x := make([]T, n)
		check(t, run(c, engine.Coll{Kind: engine.Allreduce, Op: op, Send: buf(in(me, n)), Recv: buf(x)}))
		equal(t, what("Allreduce"), x, total)
		x = in(me, n)
		check(t, run(c, engine.Coll{Kind: engine.Allreduce, Op: op, InPlace: true, Recv: buf(x)}))
		equal(t, what("Allreduce in place"), x, total)

		if !logical || me > 0 { // a scan of one rank is its input, whatever truth is
			total = fold(0, me, n)
		} else {
			total = in(0, n)
		}
		clear(x)
		check(t, run(c, engine.Coll{Kind: engine.Scan, Op: op, Send: buf(in(me, n)), Recv: buf(x)}))
		equal(t, what("Scan"), x, total)
		x = in(me, n)
		check(t, run(c, engine.Coll{Kind: engine.Scan, Op: op, InPlace: true, Recv: buf(x)}))
		equal(t, what("Scan in place"), x, total)

		want := in(9, n) // rank 0 keeps what it has
		if me > 0 {
			want = fold(0, me-1, n)
		}
		x = in(9, n)
		check(t, run(c, engine.Coll{Kind: engine.Exscan, Op: op, Send: buf(in(me, n)), Recv: buf(x)}))
		equal(t, what("Exscan"), x, want)
		x = in(me, n)
		if me == 0 {
			want = in(me, n)
		}
		check(t, run(c, engine.Coll{Kind: engine.Exscan, Op: op, InPlace: true, Recv: buf(x)}))
		equal(t, what("Exscan in place"), x, want)

		total = fold(0, p-1, n*p)
		x = make([]T, n)
		check(t, run(c, engine.Coll{Kind: engine.ReduceScatterBlock, Op: op, Send: buf(in(me, n*p)), Recv: buf(x)}))
		equal(t, what("ReduceScatterBlock"), x, total[me*n:(me+1)*n])
		y := in(me, n*p)
		check(t, run(c, engine.Coll{Kind: engine.ReduceScatterBlock, Op: op, InPlace: true, Recv: buf(y)}))
		equal(t, what("ReduceScatterBlock in place"), y[:n], total[me*n:(me+1)*n])

		counts, sum, at := make([]int, p), 0, 0
		for r := range p {
			counts[r] = n + r%3 - 1
			if r == me {
				at = sum
			}
			sum += counts[r]
		}
		total = fold(0, p-1, sum)
		v := &engine.Vector{RecvCounts: counts}
		x = make([]T, counts[me])
		check(t, run(c, engine.Coll{Kind: engine.ReduceScatter, Op: op, Send: buf(in(me, sum)), Recv: buf(x), V: v}))
		equal(t, what("ReduceScatter"), x, total[at:at+counts[me]])
		y = in(me, sum)
		check(t, run(c, engine.Coll{Kind: engine.ReduceScatter, Op: op, InPlace: true, Recv: buf(y), V: v}))
		equal(t, what("ReduceScatter in place"), y[:counts[me]], total[at:at+counts[me]])
	})
}

// Several collectives under way at once, completed in another order than they
// were started.
func testOverlapping(t *testing.T, c *comm) {
	sum := opOf(engine.OpSum, true, func(a, b int64) int64 { return a + b })
	right := opOf(engine.OpUser, false, func(a, b int64) int64 { return b })
	const n = 24
	var reqs []engine.Request
	results := make([][]int64, n)
	for i := range n {
		results[i] = []int64{-1}
		k := engine.Coll{Kind: engine.Allreduce, Op: sum, Send: buf([]int64{int64(i * (c.rank + 1))}), Recv: buf(results[i])}
		switch i % 3 {
		case 1:
			k.Op = right
		case 2:
			if c.rank == i%c.size {
				results[i][0] = int64(i)
			}
			k = engine.Coll{Kind: engine.Bcast, Root: i % c.size, Recv: buf(results[i])}
		}
		req, err := c.Icollective(k)
		check(t, err)
		reqs = append(reqs, req)
	}
	for len(reqs) > 0 { // some by WaitAny, some from the back
		i := len(reqs) - 1
		if len(reqs)%2 == 0 {
			var err error
			i, err = job.WaitAny(reqs, nil)
			check(t, err)
		}
		_, err := reqs[i].Wait(nil)
		check(t, err)
		reqs = append(reqs[:i], reqs[i+1:]...)
	}
	for i := range n {
		want := int64(0)
		switch i % 3 {
		case 0:
			want = int64(i * c.size * (c.size + 1) / 2)
		case 1:
			want = int64(i * c.size)
		case 2:
			want = int64(i)
		}
		if results[i][0] != want {
			t.Fatalf("collective %d gave %d, want %d", i, results[i][0], want)
		}
	}
}

// A context that ends inside a collective: the call returns, the communicator
// is revoked, the user's memory is not touched when the others arrive.
func testCollectiveDone(t *testing.T, c *comm) {
	if c.size < 2 {
		return
	}
	dup, err := c.Dup()
	check(t, err)
	d := dup.(*comm)
	x := []int64{int64(c.rank)}
	sum := opOf(engine.OpSum, true, func(a, b int64) int64 { return a + b })
	k := engine.Coll{Kind: engine.Allreduce, Op: sum, InPlace: true, Recv: buf(x)}
	if c.rank == 0 {
		wantClass(t, d.Collective(k, soon()), engine.ErrCancelled)
		wantClass(t, d.Collective(k, nil), engine.ErrRevoked)
		x[0] = 1234
		check(t, c.Collective(engine.Coll{Kind: engine.Barrier}, nil))
	} else {
		check(t, c.Collective(engine.Coll{Kind: engine.Barrier}, nil)) // rank 0 has left
		check(t, d.Collective(k, nil))
		if want := int64(c.size * (c.size - 1) / 2); x[0] != want {
			t.Errorf("sum %d, want %d", x[0], want)
		}
	}
	check(t, c.Collective(engine.Coll{Kind: engine.Barrier}, nil))
	if c.rank == 0 && x[0] != 1234 {
		t.Errorf("memory of a collective that was left has become %d", x[0])
	}
}

// A panic in a function comes out of the call that waits for the reduction.
func testPanic(t *testing.T, c *comm) {
	if c.size < 2 {
		return
	}
	bad := opOf(engine.OpUser, true, func(a, b int64) int64 { panic("no sum today") })
	for _, form := range []string{"blocking", "nonblocking"} {
		seen := func() (v any) {
			defer func() { v = recover() }()
			x := []int64{1}
			check(t, forms[form](c, engine.Coll{Kind: engine.Allreduce, Op: bad, Send: buf(x), Recv: buf([]int64{0})}))
			return nil
		}()
		// Not every rank combines values in every algorithm, but some does.
		any := []uint8{0}
		if s, ok := seen.(string); ok && strings.Contains(s, "no sum today") {
			any[0] = 1
		} else if seen != nil {
			t.Fatalf("panic value %v", seen)
		}
		or := opOf(engine.OpMax, true, func(a, b uint8) uint8 { return max(a, b) })
		check(t, c.Collective(engine.Coll{Kind: engine.Allreduce, Op: or, InPlace: true, Recv: buf(any)}, nil))
		if any[0] == 0 {
			t.Errorf("%s: the panic was swallowed", form)
		}
	}
}

// More functions than slots, one after the other, and many at once.
func testManyFunctions(t *testing.T, c *comm) {
	for i := range maxSlots + 50 {
		op := opOf(engine.OpUser, i%2 == 0, func(a, b int64) int64 { return a + b + int64(i) })
		x := []int64{1}
		check(t, c.Collective(engine.Coll{Kind: engine.Allreduce, Op: op, InPlace: true, Recv: buf(x)}, nil))
		if want := int64(c.size + (c.size-1)*i); x[0] != want {
			t.Fatalf("function %d gave %d, want %d", i, x[0], want)
		}
	}
	if n := len(job.ops.slots); n > maxSlots/4 {
		t.Errorf("%d slots for functions used one at a time", n)
	}
	if c.size == 1 {
		return // one rank combines nothing
	}
	var reqs []engine.Request
	results := make([][]int64, maxSlots)
	for i := range results {
		op := opOf(engine.OpUser, true, func(a, b int64) int64 { return a + b + int64(i) })
		results[i] = []int64{0}
		req, err := c.Icollective(engine.Coll{Kind: engine.Allreduce, Op: op, Send: buf([]int64{1}), Recv: buf(results[i])})
		check(t, err)
		reqs = append(reqs, req)
	}
	over := opOf(engine.OpUser, true, func(a, b int64) int64 { return a })
	_, err := c.Icollective(engine.Coll{Kind: engine.Allreduce, Op: over, Send: buf([]int64{1}), Recv: buf([]int64{0})})
	wantClass(t, err, engine.ErrNoMem)
	for i, r := range reqs {
		_, err := r.Wait(nil)
		check(t, err)
		if want := int64(c.size + (c.size-1)*i); results[i][0] != want {
			t.Fatalf("function %d gave %d, want %d", i, results[i][0], want)
		}
	}
}
