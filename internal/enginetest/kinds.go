package enginetest

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/ringo-mpi/ringo/mpi"
)

// sizes are the message lengths in bytes around which an engine may change the
// way a message travels: inline, one frame, parts, copied out of the sender's
// memory, chunks of a collective.
var sizes = func() []int {
	list := []int{0, 1, 7, 8, 40, 41, 48, 49, 56, 57, 64, 65, 127, 128, 129}
	for _, n := range []int{256, 1 << 10, 2 << 10, 4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10, 128 << 10, 256 << 10, 1 << 20} {
		list = append(list, n-1, n, n+1)
	}
	return append(list, 4<<20+3)
}()

// upTo returns the sizes up to limit.
func upTo(limit int) []int {
	i := slices.IndexFunc(sizes, func(n int) bool { return n > limit })
	if i < 0 {
		return sizes
	}
	return sizes[:i]
}

// kind is an element type with everything the cases do with it; kindOf makes
// one from a Go type.
type kind interface {
	name() string
	size() int

	// transfer sends n elements from rank 0 to the last rank in every mode.
	transfer(t *T, c *mpi.Comm, n int)

	// collectives runs the collectives that move data.
	collectives(t *T, c *mpi.Comm, n, root int)

	// refusals tries the operations that are not defined for the type.
	refusals(t *T, c *mpi.Comm)

	// reductions runs the reductions with the operations defined for the type.
	reductions(t *T, c *mpi.Comm, n, root int)

	// layouts sends views.
	layouts(t *T, c *mpi.Comm, n int)
}

type kindOf[E comparable] struct {
	label string
	bytes int
	gen   func(x uint64) E
	ops   []opOf[E]
	bad   []mpi.Op
}

// opOf is an operation and its definition for one pair.
type opOf[E any] struct {
	op mpi.Op
	f  func(a, b E) E
}

func (k *kindOf[E]) name() string { return k.label }
func (k *kindOf[E]) size() int    { return k.bytes }

// fill returns n elements that depend on seed and place.
func (k *kindOf[E]) fill(seed, n int) []E {
	v := make([]E, n)
	k.refill(v, seed, 0)
	return v
}

func (k *kindOf[E]) refill(v []E, seed, from int) {
	if b, ok := any(v).([]uint8); ok {
		fillBytes(b, seed, from)
		return
	}
	x := uint64(seed)*0x9e3779b97f4a7c15 + 1
	for i := range v {
		v[i] = k.gen((x + uint64(from+i)*0xbf58476d1ce4e5b9) >> 17)
	}
}

// randomBytes is what byte buffers are filled from; its length is a prime.
var randomBytes = func() []byte {
	b := make([]byte, 16381)
	x := uint64(88172645463325252)
	for i := range b {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b[i] = byte(x >> 32)
	}
	return b
}()

// fillBytes is refill for bytes, at the speed of copying: most of what the cases
// send are bytes.
func fillBytes(v []byte, seed, from int) {
	at := (seed*7919 + from) % len(randomBytes)
	if at < 0 {
		at += len(randomBytes)
	}
	for len(v) > 0 {
		n := copy(v, randomBytes[at:])
		v, at = v[n:], 0
	}
}

// same compares what has arrived.
func same[E comparable](t *T, what string, got, want []E) {
	if g, ok := any(got).([]byte); ok {
		if w, _ := any(want).([]byte); bytes.Equal(g, w) {
			return
		}
	} else if slices.Equal(got, want) {
		return
	}
	if len(got) != len(want) {
		t.Errorf("%s: %d elements, want %d", what, len(got), len(want))
		return
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("%s: element %d of %d is %v, want %v", what, i, len(got), got[i], want[i])
			return
		}
	}
}

type integer interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr
}

type float interface{ ~float32 | ~float64 }

type complexes interface{ ~complex64 | ~complex128 }

func sum[E integer | float | complexes](a, b E) E  { return a + b }
func prod[E integer | float | complexes](a, b E) E { return a * b }

// truth is the value of a logical operation on integers.
func truth[E integer](b bool) E {
	if b {
		return 1
	}
	return 0
}

var (
	locs    = []mpi.Op{mpi.MaxLoc, mpi.MinLoc}
	bitwise = []mpi.Op{mpi.Band, mpi.Bor, mpi.Bxor}
	logical = []mpi.Op{mpi.Land, mpi.Lor, mpi.Lxor}
	order   = []mpi.Op{mpi.Max, mpi.Min}
	arith   = []mpi.Op{mpi.Sum, mpi.Prod}
)

func ints[E integer](label string, bytes int) kind {
	return &kindOf[E]{label, bytes, func(x uint64) E { return E(x) }, []opOf[E]{
		{mpi.Sum, sum[E]}, {mpi.Prod, prod[E]},
		{mpi.Max, func(a, b E) E { return max(a, b) }}, {mpi.Min, func(a, b E) E { return min(a, b) }},
		{mpi.Land, func(a, b E) E { return truth[E](a != 0 && b != 0) }},
		{mpi.Lor, func(a, b E) E { return truth[E](a != 0 || b != 0) }},
		{mpi.Lxor, func(a, b E) E { return truth[E]((a != 0) != (b != 0)) }},
		{mpi.Band, func(a, b E) E { return a & b }}, {mpi.Bor, func(a, b E) E { return a | b }},
		{mpi.Bxor, func(a, b E) E { return a ^ b }},
	}, locs}
}

// Floating-point values are small integers, so that every order of summation
// gives the same.
func floats[E float](label string, bytes int) kind {
	return &kindOf[E]{label, bytes, func(x uint64) E { return E(int(x%15) - 7) }, []opOf[E]{
		{mpi.Sum, sum[E]}, {mpi.Prod, prod[E]},
		{mpi.Max, func(a, b E) E { return max(a, b) }}, {mpi.Min, func(a, b E) E { return min(a, b) }},
	}, slices.Concat(locs, bitwise, logical)}
}

func complexNumbers[E complexes](label string, bytes int, make func(re, im float64) E) kind {
	return &kindOf[E]{label, bytes, func(x uint64) E { return make(float64(x%5)-2, float64(x/5%5)-2) }, []opOf[E]{
		{mpi.Sum, sum[E]}, {mpi.Prod, prod[E]},
	}, slices.Concat(locs, bitwise, logical, order)}
}

// The element types with a structure.
type (
	cell struct {
		Index int32
		Value float64
		Tag   [3]uint8
	}
	quad [4]int16
	deg  float32
)

// kinds are all element types.
var kinds = []kind{
	ints[uint8]("uint8", 1), floats[float64]("float64", 8), ints[int]("int", 8), ints[int32]("int32", 4),
	ints[int8]("int8", 1), ints[int16]("int16", 2), ints[int64]("int64", 8), ints[uint16]("uint16", 2),
	ints[uint32]("uint32", 4), ints[uint64]("uint64", 8), ints[uint]("uint", 8), ints[uintptr]("uintptr", 8),
	floats[float32]("float32", 4), floats[deg]("named float32", 4),
	complexNumbers("complex64", 8, func(re, im float64) complex64 { return complex64(complex(re, im)) }),
	complexNumbers("complex128", 16, func(re, im float64) complex128 { return complex(re, im) }),
	&kindOf[bool]{"bool", 1, func(x uint64) bool { return x&1 != 0 }, []opOf[bool]{
		{mpi.Land, func(a, b bool) bool { return a && b }}, {mpi.Lor, func(a, b bool) bool { return a || b }},
		{mpi.Lxor, func(a, b bool) bool { return a != b }},
	}, slices.Concat(locs, bitwise, order, arith)},
	&kindOf[cell]{"struct", 24, func(x uint64) cell { return cell{int32(x), float64(x % 1000), [3]uint8{uint8(x), 1, 2}} }, nil,
		slices.Concat(locs, bitwise, logical, order, arith)},
	&kindOf[quad]{"array", 8, func(x uint64) quad { return quad{int16(x), 1, 2, int16(x >> 20)} }, nil,
		slices.Concat(locs, bitwise, logical, order, arith)},
	pairs[float64]("pair of float64"), pairs[int16]("pair of int16"),
}

func pairs[E int16 | float64](label string) kind {
	type pair = mpi.ValueLoc[E]
	return &kindOf[pair]{label, 16, func(x uint64) pair { return pair{Value: E(int(x%7) - 3), Loc: int64(x % 11)} }, []opOf[pair]{
		{mpi.MaxLoc, func(a, b pair) pair {
			if b.Value > a.Value || b.Value == a.Value && b.Loc < a.Loc {
				return b
			}
			return a
		}},
		{mpi.MinLoc, func(a, b pair) pair {
			if b.Value < a.Value || b.Value == a.Value && b.Loc < a.Loc {
				return b
			}
			return a
		}},
	}, slices.Concat(bitwise, logical, order, arith)}
}

// bytesKind is the kind of the sizes of sizes.
var bytesKind = kinds[0].(*kindOf[uint8])

// nearby are lengths in elements of k around the byte lengths in list.
func nearby(k kind, list []int) []int {
	var out []int
	for _, n := range list {
		out = append(out, n/k.size(), (n+k.size()-1)/k.size())
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func label(format string, args ...any) string { return fmt.Sprintf(format, args...) }
