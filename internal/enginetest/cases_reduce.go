package enginetest

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/ringo-mpi/ringo/mpi"
)

// reduceCases are the rules of reductions and of nonblocking collectives.
var reduceCases = []Case{
	{Name: "6.9–6.11 reductions of every length", Run: reductionsOfEveryLength,
		Rule: "Reduce, Allreduce, ReduceScatter(Block), Scan and Exscan, blocking, nonblocking and in place, combine element by element, for every length."},
	{Name: "6.9.2 reductions of every element type and operation", Run: reductionsOfEveryType,
		Rule: "The predefined operations do on every element type that they are defined for what their definitions say."},
	{Name: "6.9.2 operations not defined for a type are refused", Run: undefinedOperationsRefused,
		Rule: "A predefined operation on a type it is not defined for is an ErrOp on every rank, and nothing is communicated."},
	{Name: "6.9.5 user functions that do not commute keep rank order", Run: userFunctionsKeepOrder,
		Rule: "A user operation that is not commutative combines the ranks in their order, and elements are never split."},
	{Name: "6.9.5 commutative user functions", Run: commutativeUserFunctions,
		Rule: "A user operation combines what its function combines."},
	{Name: "6.9.1 all ranks get the same bits", Run: sameBitsOnAllRanks,
		Rule: "The result of Allreduce of floating-point numbers is bitwise the same on all ranks, and the same when repeated."},
	{Name: "6.9.2 Max and Min with NaN and infinities", Needs: "NaN", Run: maxMinWithNaN,
		Rule: "Max and Min of floating-point numbers give NaN where there is one."},
	{Name: "6.9.2 Max and Min of signed zeros", Needs: "signed zeros", Run: maxMinOfSignedZeros,
		Rule: "-0 is less than +0 (the language's max and min; the standard leaves it open)."},
	{Name: "6.9.1 the value forms", Run: valueForms,
		Rule: "BcastValue, ReduceValue, AllreduceValue, ScanValue, ExscanValue, GatherValue and AllgatherValue are the collectives of one element."},
	{Name: "6.13 nonblocking collectives overlap", Min: 1, Run: nonblockingOverlap,
		Rule: "Several collectives of one communicator may be under way at once, with point-to-point traffic between them, and complete in any order."},
	{Name: "6.13 a nonblocking collective cannot be cancelled", Run: nonblockingCannotBeCancelled,
		Rule: "Cancel of a collective is refused, and the collective completes."},
	{Name: "6.12 nonblocking collectives progress by themselves", Min: 2, Run: nonblockingProgress,
		Rule: "A nonblocking collective completes while the ranks are in other calls."},
	{Name: "6.1 collectives and point-to-point messages do not mix", Run: collectivesAndMessagesDoNotMix,
		Rule: "Wildcard receives never see the traffic of collectives, nor that of other communicators."},
}

// reductions runs Reduce, Allreduce, ReduceScatter(Block), Scan and Exscan of n
// elements with the predefined operations of the type.
func (k *kindOf[E]) reductions(t *T, c *mpi.Comm, n, root int) {
	for _, o := range sample(t, 3, k.ops) {
		for _, nb := range sample(t, 1, []bool{false, true}) {
			reduceAll(t, c, k, o.op, o.f, n, root, nb)
		}
	}
}

// refusals tries the operations that are not defined for the type.
func (k *kindOf[E]) refusals(t *T, c *mpi.Comm) {
	for _, op := range k.bad {
		err := mpi.Allreduce(c, make([]E, 1), make([]E, 1), op)
		if !errors.Is(err, mpi.ErrOp) {
			t.Errorf("%v of %s: %v", op, k.label, err)
		}
	}
}

// combine returns the combination of what the ranks from first to last
// contribute.
func (k *kindOf[E]) combine(n, first, last int, f func(a, b E) E) []E {
	acc := k.fill(first+1, n)
	for r := first + 1; r <= last; r++ {
		for i, x := range k.fill(r+1, n) {
			acc[i] = f(acc[i], x)
		}
	}
	return acc
}

// reduceAll runs every reduction with one operation.
func reduceAll[E comparable](t *T, c *mpi.Comm, k *kindOf[E], op mpi.Op, f func(a, b E) E, n, root int, nb bool) {
	p, me := c.Size(), c.Rank()
	what := func(name string) string { return label("%s by %v of %d × %s", name, op, n, k.label) }
	mine, total := k.fill(me+1, n), k.combine(n, 0, p-1, f)
	got := make([]E, n)

	form(t, nb, what("Allreduce"), func() error { return mpi.Allreduce(c, mine, got, op) }, func() *mpi.Request { return mpi.Iallreduce(c, mine, got, op) })
	same(t, what("Allreduce"), got, total)
	same(t, what("input of Allreduce"), mine, k.fill(me+1, n))
	in := slices.Clone(mine)
	form(t, nb, what("AllreduceInPlace"), func() error { return mpi.AllreduceInPlace(c, in, op) }, func() *mpi.Request { return mpi.IallreduceInPlace(c, in, op) })
	same(t, what("AllreduceInPlace"), in, total)

	var at []E
	if me == root {
		at = make([]E, n)
	}
	form(t, nb, what("Reduce"), func() error { return mpi.Reduce(c, mine, at, op, root) }, func() *mpi.Request { return mpi.Ireduce(c, mine, at, op, root) })
	if me == root {
		same(t, what("Reduce"), at, total)
	}
	in = slices.Clone(mine)
	form(t, nb, what("ReduceInPlace"), func() error { return mpi.ReduceInPlace(c, in, op, root) }, func() *mpi.Request { return mpi.IreduceInPlace(c, in, op, root) })
	if me == root {
		same(t, what("ReduceInPlace"), in, total)
	} else {
		same(t, what("input of ReduceInPlace"), in, mine)
	}

	clear(got)
	form(t, nb, what("Scan"), func() error { return mpi.Scan(c, mine, got, op) }, func() *mpi.Request { return mpi.Iscan(c, mine, got, op) })
	same(t, what("Scan"), got, k.combine(n, 0, me, f))
	in = slices.Clone(mine)
	form(t, nb, what("ScanInPlace"), func() error { return mpi.ScanInPlace(c, in, op) }, func() *mpi.Request { return mpi.IscanInPlace(c, in, op) })
	same(t, what("ScanInPlace"), in, got)
	before := k.fill(99, n) // of rank 0, which keeps what it has
	if me > 0 {
		before = k.combine(n, 0, me-1, f)
	}
	copy(got, k.fill(99, n))
	form(t, nb, what("Exscan"), func() error { return mpi.Exscan(c, mine, got, op) }, func() *mpi.Request { return mpi.Iexscan(c, mine, got, op) })
	same(t, what("Exscan"), got, before)
	in = slices.Clone(mine)
	if me == 0 {
		before = mine
	}
	form(t, nb, what("ExscanInPlace"), func() error { return mpi.ExscanInPlace(c, in, op) }, func() *mpi.Request { return mpi.IexscanInPlace(c, in, op) })
	same(t, what("ExscanInPlace"), in, before)
	reduceScatters(t, c, k, op, f, n, nb)
}

func reduceScatters[E comparable](t *T, c *mpi.Comm, k *kindOf[E], op mpi.Op, f func(a, b E) E, n int, nb bool) {
	p, me := c.Size(), c.Rank()
	what := func(name string) string { return label("%s by %v of %d × %s", name, op, n, k.label) }
	mine, total := k.fill(me+1, p*n), k.combine(p*n, 0, p-1, f)
	got := make([]E, n)
	form(t, nb, what("ReduceScatterBlock"), func() error { return mpi.ReduceScatterBlock(c, mine, got, op) },
		func() *mpi.Request { return mpi.IreduceScatterBlock(c, mine, got, op) })
	same(t, what("ReduceScatterBlock"), got, total[me*n:(me+1)*n])
	in := slices.Clone(mine)
	form(t, nb, what("ReduceScatterBlockInPlace"), func() error { return mpi.ReduceScatterBlockInPlace(c, in, op) },
		func() *mpi.Request { return mpi.IreduceScatterBlockInPlace(c, in, op) })
	same(t, what("ReduceScatterBlockInPlace"), in[:n], total[me*n:(me+1)*n])

	uneven, sole := make([]int, p), make([]int, p)
	for r := range uneven {
		uneven[r] = n * ((r + 1) % 3) / 2
	}
	sole[(n+1)%p] = n
	for _, counts := range [][]int{uneven, sole} {
		at, sum := 0, 0
		for r, m := range counts {
			if r < me {
				at += m
			}
			sum += m
		}
		mine, total := k.fill(me+1, sum), k.combine(sum, 0, p-1, f)
		got := make([]E, counts[me])
		form(t, nb, what("ReduceScatter"), func() error { return mpi.ReduceScatter(c, mpi.PartsOf(mine, counts), got, op) },
			func() *mpi.Request { return mpi.IreduceScatter(c, mpi.PartsOf(mine, counts), got, op) })
		same(t, what("ReduceScatter"), got, total[at:at+counts[me]])
		same(t, what("input of ReduceScatter"), mine, k.fill(me+1, sum))
		in := slices.Clone(mine)
		form(t, nb, what("ReduceScatterInPlace"), func() error { return mpi.ReduceScatterInPlace(c, mpi.PartsOf(in, counts), op) },
			func() *mpi.Request { return mpi.IreduceScatterInPlace(c, mpi.PartsOf(in, counts), op) })
		same(t, what("ReduceScatterInPlace"), in[:counts[me]], total[at:at+counts[me]])
	}
}

// affine maps x to mul·x + add modulo 2³²: composition is associative and not
// commutative, and a wrong order or a wrong split shows.
type affine struct{ Mul, Add uint32 }

// after composes two maps, a first.
func after(a, b affine) affine { return affine{a.Mul * b.Mul, a.Add*b.Mul + b.Add} }

var affines = &kindOf[affine]{label: "affine", bytes: 8, gen: func(x uint64) affine { return affine{uint32(x) | 1, uint32(x >> 32)} }}

func reductionsOfEveryLength(t *T, c *mpi.Comm) {
	limit := 512 << 10
	if t.Size > 4 {
		limit = 64 << 10
	}
	k := kinds[1]
	for _, n := range sample(t, 9, upTo(limit)) {
		k.reductions(t, c, n/8, t.Rand.IntN(t.Size))
	}
	k.reductions(t, c, limit/8, 0)
}

func reductionsOfEveryType(t *T, c *mpi.Comm) {
	for _, k := range kinds {
		for _, n := range append([]int{1}, sample(t, 1, []int{0, 2, 3, 5, 17, 100, 1000})...) {
			k.reductions(t, c, n, t.Rand.IntN(t.Size))
		}
	}
}

func undefinedOperationsRefused(t *T, c *mpi.Comm) {
	for _, k := range kinds {
		k.refusals(t, c)
	}
	t.Is(mpi.Allreduce(c, []int{1}, []int{0}, mpi.Op{}), mpi.ErrOp)
	t.Is(mpi.Reduce(c, []int{1}, []int{0}, mpi.OpFunc(func(a, b int32) int32 { return a }, true), 0), mpi.ErrOp)
	_, err := mpi.Iscan(c, []float32{1}, []float32{0}, mpi.Lxor).Wait()
	t.Is(err, mpi.ErrOp)
	t.OK(c.Barrier())
}

func userFunctionsKeepOrder(t *T, c *mpi.Comm) {
	ordered, slicewise := mpi.OpFunc(after, false), mpi.OpSlice(func(in, inout []affine) {
		for i := range inout {
			inout[i] = after(in[i], inout[i])
		}
	}, false)
	limit := 128 << 10
	if t.Size > 4 {
		limit = 32 << 10
	}
	for i, n := range sample(t, 8, upTo(limit)) {
		op := []mpi.Op{ordered, slicewise}[i%2]
		reduceAll(t, c, affines, op, after, n/8, i%t.Size, i%3 == 0)
	}
}

func commutativeUserFunctions(t *T, c *mpi.Comm) {
	k := kinds[3].(*kindOf[int32])
	f := func(a, b int32) int32 { return a ^ b ^ 0x55 }
	op := mpi.OpFunc(f, true)
	for _, n := range sample(t, 4, []int{1, 7, 100, 2049, 20000}) {
		reduceAll(t, c, k, op, f, n, n%t.Size, n%2 == 0)
	}
}

func sameBitsOnAllRanks(t *T, c *mpi.Comm) {
	for _, n := range []int{1, 3, 100, 5000, 40000} {
		mine := make([]float64, n)
		for i := range mine {
			mine[i] = math.Sin(float64(i*7+t.Rank*13+1)) * math.Pow(10, float64((i+t.Rank)%9))
		}
		first := make([]float64, n)
		for round := range 3 {
			got := make([]float64, n)
			t.OK(mpi.Allreduce(c, mine, got, mpi.Sum))
			if round == 0 {
				copy(first, got)
			}
			same(t, "repeated", got, first)
		}
		all := make([]float64, n*t.Size)
		t.OK(mpi.Allgather(c, first, all))
		for r := range t.Size {
			same(t, label("rank %d", r), all[r*n:(r+1)*n], first)
		}
	}
}

func maxMinWithNaN(t *T, c *mpi.Comm) {
	v := []float64{float64(t.Rank), math.Inf(-1), 1}
	if t.Rank == t.Size-1 {
		v = []float64{math.NaN(), math.Inf(1), 1}
	}
	hi, err := allreduce(c, v, mpi.Max)
	t.OK(err)
	lo, err := allreduce(c, v, mpi.Min)
	t.OK(err)
	if !math.IsNaN(hi[0]) || !math.IsNaN(lo[0]) {
		t.Errorf("Max and Min with a NaN are %v and %v", hi[0], lo[0])
	}
	if hi[1] != math.Inf(1) || t.Size > 1 && lo[1] != math.Inf(-1) {
		t.Errorf("Max and Min of infinities are %v and %v", hi[1], lo[1])
	}
}

func maxMinOfSignedZeros(t *T, c *mpi.Comm) {
	v := []float64{math.Copysign(0, -1)}
	if t.Rank == t.Size-1 {
		v[0] = 0
	}
	hi, err := allreduce(c, v, mpi.Max)
	t.OK(err)
	lo, err := allreduce(c, v, mpi.Min)
	t.OK(err)
	if math.Signbit(hi[0]) || t.Size > 1 && !math.Signbit(lo[0]) {
		t.Errorf("Max and Min of zeros are %v and %v", hi[0], lo[0])
	}
}

func valueForms(t *T, c *mpi.Comm) {
	p, me := t.Size, t.Rank
	expect := func(name string, got, want any, err error) {
		t.OK(err)
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	var all []int
	for r := range p {
		all = append(all, r*r+1)
	}
	upTo := func(n int) (s int) {
		for _, x := range all[:n] {
			s += x
		}
		return s
	}
	mine := all[me]
	for root := range p {
		got, err := mpi.BcastValue(c, mine, root)
		expect("BcastValue", got, all[root], err)
		sum, err := mpi.ReduceValue(c, mine, mpi.Sum, root)
		want := 0
		if me == root {
			want = upTo(p)
		}
		expect("ReduceValue", sum, want, err)
		list, err := mpi.GatherValue(c, mine, root)
		if me == root {
			expect("GatherValue", list, all, err)
		} else {
			expect("GatherValue", list == nil, true, err)
		}
	}
	sum, err := mpi.AllreduceValue(c, mine, mpi.Sum)
	expect("AllreduceValue", sum, upTo(p), err)
	sum, err = mpi.ScanValue(c, mine, mpi.Sum)
	expect("ScanValue", sum, upTo(me+1), err)
	sum, err = mpi.ExscanValue(c, mine, mpi.Sum)
	expect("ExscanValue", sum, upTo(me), err)
	list, err := mpi.AllgatherValue(c, mine)
	expect("AllgatherValue", list, all, err)
	top, err := mpi.AllreduceValue(c, mpi.ValueLoc[float64]{Value: float64(me % 3), Loc: int64(me)}, mpi.MaxLoc)
	expect("MaxLoc", top, mpi.ValueLoc[float64]{Value: float64(min(p-1, 2)), Loc: int64(min(p-1, 2))}, err)
}

func nonblockingOverlap(t *T, c *mpi.Comm) {
	const n = 30
	next, prev := (t.Rank+1)%t.Size, (t.Rank+t.Size-1)%t.Size
	var reqs []*mpi.Request
	var checks []func()
	k := kinds[3].(*kindOf[int32])
	for i := range n {
		size := []int{1, 100, 5000, 20000}[i%4]
		switch i % 6 {
		case 0:
			out := make([]int32, size)
			reqs = append(reqs, mpi.Iallreduce(c, k.fill(t.Rank+1, size), out, mpi.Sum))
			checks = append(checks, func() { same(t, "Iallreduce", out, k.combine(size, 0, t.Size-1, sum[int32])) })
		case 1:
			buf := k.fill(t.Rank+i, size)
			reqs = append(reqs, mpi.Ibcast(c, buf, i%t.Size))
			checks = append(checks, func() { same(t, "Ibcast", buf, k.fill(i%t.Size+i, size)) })
		case 2:
			reqs = append(reqs, c.Ibarrier())
		case 3:
			out := make([]int32, size*t.Size)
			reqs = append(reqs, mpi.Iallgather(c, k.fill(t.Rank+i, size), out))
			checks = append(checks, func() {
				for r := range t.Size {
					same(t, "Iallgather", out[r*size:(r+1)*size], k.fill(r+i, size))
				}
			})
		case 4:
			out := make([]int32, size)
			reqs = append(reqs, mpi.Iscan(c, k.fill(t.Rank+1, size), out, mpi.Bxor))
			checks = append(checks, func() {
				same(t, "Iscan", out, k.combine(size, 0, t.Rank, func(a, b int32) int32 { return a ^ b }))
			})
		case 5:
			in := make([]int32, size)
			reqs = append(reqs, mpi.Irecv(c, in, prev, i), mpi.Isend(c, k.fill(t.Rank+i, size), next, i))
			checks = append(checks, func() { same(t, "Irecv", in, k.fill(prev+i, size)) })
		}
		if i%10 == 9 { // a blocking one in between
			t.OK(mpi.Bcast(c, make([]int, 3), i%t.Size))
		}
	}
	slices.Reverse(reqs)
	if t.Rank%2 == 0 {
		t.OK(mpi.WaitAll(reqs...))
	} else {
		for i, _, err := mpi.WaitAny(reqs...); i >= 0; i, _, err = mpi.WaitAny(reqs...) {
			t.OK(err)
		}
	}
	for _, check := range checks {
		check()
	}
}

func nonblockingCannotBeCancelled(t *T, c *mpi.Comm) {
	r := c.Ibarrier()
	if err := r.Cancel(); err != nil {
		t.Is(err, mpi.ErrUnsupported)
	}
	_, err := r.Wait()
	t.OK(err)
}

func nonblockingProgress(t *T, c *mpi.Comm) {
	out := make([]float64, 20000)
	r := mpi.Iallreduce(c, slices.Repeat([]float64{1}, 20000), out, mpi.Sum)
	if t.Rank == 0 {
		_, err := r.Wait()
		t.OK(err)
		for i := 1; i < t.Size; i++ {
			t.OK(mpi.Send(c, []int{1}, i, 0))
		}
	} else {
		_, err := mpi.Recv(c, make([]int, 1), 0, 0)
		t.OK(err)
		_, err = r.Wait()
		t.OK(err)
	}
	same(t, "Iallreduce", out, slices.Repeat([]float64{float64(t.Size)}, 20000))
}

func collectivesAndMessagesDoNotMix(t *T, c *mpi.Comm) {
	apart(t, c)
	apart(t, c.Self())
}

// apart runs collectives on c while a wildcard receive is posted on it.
func apart(t *T, c *mpi.Comm) {
	d, err := c.Dup()
	t.OK(err)
	next := (c.Rank() + 1) % c.Size()
	got := make([]int, 1)
	r := mpi.Irecv(c, got, mpi.AnySource, mpi.AnyTag)
	for i := range 5 {
		t.OK(d.Barrier())
		bytesKind.collectives(t, c, 1000*i, i%c.Size())
		_, err := allreduce(c, make([]float64, 1000), mpi.Sum)
		t.OK(err)
		x, err := mpi.BcastObject(c, strings.Repeat("x", 5000*i), 0)
		t.OK(err)
		if len(x) != 5000*i {
			t.Errorf("object of %d bytes", len(x))
		}
		t.OK(mpi.Send(d, []int{-1}, next, 0))
	}
	if _, ok, err := r.Test(); ok || err != nil {
		t.Errorf("a wildcard receive got something that was not for it: %v, %v", got, err)
	}
	t.OK(d.Barrier())
	t.OK(mpi.Send(c, []int{42}, next, 9))
	_, err = r.Wait()
	t.OK(err)
	if got[0] != 42 {
		t.Errorf("got %v", got)
	}
	for range 5 {
		_, err := mpi.Recv(d, got, mpi.AnySource, 0)
		t.OK(err)
	}
	t.OK(d.Free())
}

func allreduce(c *mpi.Comm, v []float64, op mpi.Op) ([]float64, error) {
	out := make([]float64, len(v))
	return out, mpi.Allreduce(c, v, out, op)
}
