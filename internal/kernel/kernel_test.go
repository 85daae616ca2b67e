package kernel_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/kernel"
)

type integers interface {
	int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64
}

type floats interface{ float32 | float64 }

// model is the meaning of an operation on two elements, nil where there is none.
type model[T any] func(code engine.OpCode) func(x, y T) T

func truth[T integers](b bool) T {
	if b {
		return 1
	}
	return 0
}

func integerModel[T integers](code engine.OpCode) func(x, y T) T {
	switch code {
	case engine.OpSum:
		return func(x, y T) T { return x + y }
	case engine.OpProd:
		return func(x, y T) T { return x * y }
	case engine.OpMax:
		return func(x, y T) T { return max(x, y) }
	case engine.OpMin:
		return func(x, y T) T { return min(x, y) }
	case engine.OpLand:
		return func(x, y T) T { return truth[T](x != 0 && y != 0) }
	case engine.OpLor:
		return func(x, y T) T { return truth[T](x != 0 || y != 0) }
	case engine.OpLxor:
		return func(x, y T) T { return truth[T]((x != 0) != (y != 0)) }
	}
	return rawModel[T](code)
}

func rawModel[T integers](code engine.OpCode) func(x, y T) T {
	switch code {
	case engine.OpBand:
		return func(x, y T) T { return x & y }
	case engine.OpBor:
		return func(x, y T) T { return x | y }
	case engine.OpBxor:
		return func(x, y T) T { return x ^ y }
	}
	return nil
}

func floatModel[T floats](code engine.OpCode) func(x, y T) T {
	switch code {
	case engine.OpSum:
		return func(x, y T) T { return x + y }
	case engine.OpProd:
		return func(x, y T) T { return x * y }
	case engine.OpMax:
		return func(x, y T) T { return nanOr(x, y, T(math.Max(float64(x), float64(y)))) }
	case engine.OpMin:
		return func(x, y T) T { return nanOr(x, y, T(math.Min(float64(x), float64(y)))) }
	}
	return nil
}

// nanOr returns z, or a NaN among x and y: math.Max and Min let infinity win
// over NaN.
func nanOr[T floats](x, y, z T) T {
	switch {
	case x != x:
		return x
	case y != y:
		return y
	}
	return z
}

func complexModel[T complex64 | complex128](code engine.OpCode) func(x, y T) T {
	switch code {
	case engine.OpSum:
		return func(x, y T) T { return x + y }
	case engine.OpProd:
		return func(x, y T) T { return x * y }
	}
	return nil
}

func boolModel(code engine.OpCode) func(x, y bool) bool {
	switch code {
	case engine.OpLand:
		return func(x, y bool) bool { return x && y }
	case engine.OpLor:
		return func(x, y bool) bool { return x || y }
	case engine.OpLxor:
		return func(x, y bool) bool { return x != y }
	}
	return nil
}

type pair[T integers | floats] struct {
	Value T
	Loc   int64
}

func pairModel[T integers | floats](code engine.OpCode) func(x, y pair[T]) pair[T] {
	before := func(x, y T) bool { return x > y }
	switch code {
	case engine.OpMaxLoc:
	case engine.OpMinLoc:
		before = func(x, y T) bool { return x < y }
	default:
		return nil
	}
	return func(x, y pair[T]) pair[T] {
		switch {
		case x.Value != x.Value && y.Value == y.Value:
			return x
		case y.Value != y.Value && x.Value == x.Value:
			return y
		case before(x.Value, y.Value):
			return x
		case before(y.Value, x.Value):
			return y
		case x.Loc <= y.Loc:
			return x
		}
		return y
	}
}

func pairType[T integers | floats](k engine.Kind) *engine.Type {
	var p pair[T]
	return engine.NewStruct(engine.Pair, "pair", int(unsafe.Sizeof(p)), []engine.Field{
		{Offset: 0, Kind: k, Count: 1, Name: "Value"},
		{Offset: int(unsafe.Offsetof(p.Loc)), Kind: engine.Int64, Count: 1, Name: "Loc"},
	})
}

// operations are those that some type has had a definition of.
type operations map[engine.OpCode]bool

// check compares the kernels of one type with the model on random vectors.
func check[T comparable](t *testing.T, defined operations, typ *engine.Type, m model[T], random func(*rand.Rand) T) {
	t.Helper()
	for code := engine.OpSum; code < engine.NumOps; code++ {
		f, err := kernel.For(code, typ)
		ref := m(code)
		if ref == nil {
			if !errors.Is(err, engine.ErrOp) {
				t.Errorf("%v on %s: error %v, want class ErrOp", code, typ.Name, err)
			}
			continue
		}
		defined[code] = true
		if err != nil {
			t.Errorf("%v on %s: %v", code, typ.Name, err)
			continue
		}
		rng := rand.New(rand.NewPCG(1, uint64(code)))
		for _, n := range []int{0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 127, 128, 129, 1000} {
			for alias := range 3 {
				a, b, d := make([]T, n+2), make([]T, n+2), make([]T, n+2)
				for i := range a {
					a[i], b[i], d[i] = random(rng), random(rng), random(rng)
				}
				want := make([]T, n+2)
				for i := range want {
					want[i] = ref(a[i], b[i])
				}
				dst := [][]T{d, a, b}[alias]
				want[0], want[n+1] = dst[0], dst[n+1]
				at := func(s []T) unsafe.Pointer { return unsafe.Pointer(&s[1]) }
				f(at(dst), at(a), at(b), n)
				for i := range want {
					if dst[i] != want[i] && (dst[i] == dst[i] || want[i] == want[i]) {
						t.Fatalf("%v on %s, n=%d, alias %d: element %d is %v, want %v", code, typ.Name, n, alias, i, dst[i], want[i])
					}
				}
			}
		}
	}
}

func checkInteger[T integers](t *testing.T, defined operations, k engine.Kind) {
	small := func(r *rand.Rand) T { return T(r.Uint64N(4)) }
	wide := func(r *rand.Rand) T { return T(r.Uint64()) }
	check(t, defined, engine.Basic(k), integerModel[T], small)
	check(t, defined, engine.Basic(k), integerModel[T], wide)
	check(t, defined, pairType[T](k), pairModel[T], func(r *rand.Rand) pair[T] { return pair[T]{small(r), r.Int64N(10) - 5} })
}

func checkFloat[T floats](t *testing.T, defined operations, k engine.Kind) {
	special := []float64{0, math.Copysign(0, -1), 1, -1, math.Inf(1), math.Inf(-1), math.NaN(), 1e-40}
	mixed := func(r *rand.Rand) T {
		if r.IntN(3) == 0 {
			return T(special[r.IntN(len(special))])
		}
		return T(r.NormFloat64())
	}
	check(t, defined, engine.Basic(k), floatModel[T], mixed)
	p := pairType[T](k)
	check(t, defined, p, pairModel[T], func(r *rand.Rand) pair[T] { return pair[T]{T(r.IntN(3)), r.Int64N(10)} })
}

func TestEveryOperationOnEveryKind(t *testing.T) {
	defined := operations{}
	checkInteger[int8](t, defined, engine.Int8)
	checkInteger[int16](t, defined, engine.Int16)
	checkInteger[int32](t, defined, engine.Int32)
	checkInteger[int64](t, defined, engine.Int64)
	checkInteger[uint8](t, defined, engine.Uint8)
	checkInteger[uint16](t, defined, engine.Uint16)
	checkInteger[uint32](t, defined, engine.Uint32)
	checkInteger[uint64](t, defined, engine.Uint64)
	checkFloat[float32](t, defined, engine.Float32)
	checkFloat[float64](t, defined, engine.Float64)
	check(t, defined, engine.Basic(engine.Complex64), complexModel[complex64], func(r *rand.Rand) complex64 {
		return complex(r.Float32(), r.Float32())
	})
	check(t, defined, engine.Basic(engine.Complex128), complexModel[complex128], func(r *rand.Rand) complex128 {
		return complex(r.NormFloat64(), r.NormFloat64())
	})
	check(t, defined, engine.Basic(engine.Bool), boolModel, func(r *rand.Rand) bool { return r.IntN(2) == 0 })
	check(t, defined, engine.Basic(engine.Raw), rawModel[uint8], func(r *rand.Rand) uint8 { return uint8(r.Uint32()) })
	for code := engine.OpSum; code < engine.NumOps; code++ {
		if !defined[code] {
			t.Errorf("%v is defined for no type: add it to the models of this test", code)
		}
	}
}

func TestSignedZeroAndNaN(t *testing.T) {
	nan, zero, minus := math.NaN(), 0.0, math.Copysign(0, -1)
	run := func(code engine.OpCode, a, b float64) float64 {
		f, err := kernel.For(code, engine.Basic(engine.Float64))
		if err != nil {
			t.Fatal(err)
		}
		var d float64
		f(unsafe.Pointer(&d), unsafe.Pointer(&a), unsafe.Pointer(&b), 1)
		return d
	}
	for _, c := range []struct {
		code    engine.OpCode
		a, b, d float64
	}{
		{engine.OpMax, nan, 1, nan}, {engine.OpMax, 1, nan, nan}, {engine.OpMin, nan, 1, nan}, {engine.OpMin, 1, nan, nan},
		{engine.OpMax, zero, minus, zero}, {engine.OpMax, minus, zero, zero},
		{engine.OpMin, zero, minus, minus}, {engine.OpMin, minus, zero, minus},
	} {
		if d := run(c.code, c.a, c.b); math.Float64bits(d) != math.Float64bits(c.d) && !(d != d && c.d != c.d) {
			t.Errorf("%v(%g, %g) = %g, want %g", c.code, c.a, c.b, d, c.d)
		}
	}
}

// A NaN anywhere wins over all numbers, and of several the least index; so the
// result does not depend on the order of combination.
func TestLocOfNaN(t *testing.T) {
	f, err := kernel.For(engine.OpMinLoc, pairType[float64](engine.Float64))
	if err != nil {
		t.Fatal(err)
	}
	nan := math.NaN()
	for _, c := range []struct {
		a, b pair[float64]
		loc  int64
	}{
		{pair[float64]{1, 0}, pair[float64]{nan, 7}, 7},
		{pair[float64]{nan, 7}, pair[float64]{1, 0}, 7},
		{pair[float64]{nan, 7}, pair[float64]{nan, 3}, 3},
		{pair[float64]{nan, 3}, pair[float64]{nan, 7}, 3},
	} {
		var d pair[float64]
		f(unsafe.Pointer(&d), unsafe.Pointer(&c.a), unsafe.Pointer(&c.b), 1)
		if d.Loc != c.loc || d.Value == d.Value {
			t.Errorf("MinLoc(%v, %v) = %v, want NaN at %d", c.a, c.b, d, c.loc)
		}
	}
}

func TestNotDefined(t *testing.T) {
	point := engine.NewStruct(engine.Struct, "main.Point", 16, []engine.Field{{Offset: 0, Kind: engine.Float64, Count: 2, Name: "X"}})
	odd := engine.NewStruct(engine.Pair, "odd", 24, []engine.Field{{Kind: engine.Float64, Count: 2}, {Offset: 16, Kind: engine.Int64, Count: 1}})
	wrongPlace := engine.NewStruct(engine.Pair, "wrong", 24, []engine.Field{{Kind: engine.Float64, Count: 1}, {Offset: 16, Kind: engine.Int64, Count: 1}})
	for _, typ := range []*engine.Type{point, odd, wrongPlace} {
		for code := engine.OpUser; code < engine.NumOps; code++ {
			if _, err := kernel.For(code, typ); !errors.Is(err, engine.ErrOp) {
				t.Errorf("%v on %s: error %v, want class ErrOp", code, typ.Name, err)
			}
		}
	}
	_, err := kernel.For(engine.OpMax, point)
	const want = "invalid reduction: Max is not defined for elements of type main.Point (OpFunc makes an operation of your own)"
	if err == nil || err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
}

// FuzzSum compares the unrolled loop with one element at a time, whatever the
// length and the bits.
func FuzzSum(f *testing.F) {
	f.Add([]byte("0123456789abcdef0123456789abcdef"))
	sum, err := kernel.For(engine.OpSum, engine.Basic(engine.Float64))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		n := len(data) / 16
		a, b, d := make([]float64, n+1), make([]float64, n+1), make([]float64, n+1)
		for i := range n {
			a[i] = math.Float64frombits(binary.LittleEndian.Uint64(data[16*i:]))
			b[i] = math.Float64frombits(binary.LittleEndian.Uint64(data[16*i+8:]))
		}
		sum(unsafe.Pointer(&d[0]), unsafe.Pointer(&a[0]), unsafe.Pointer(&b[0]), n)
		for i := range n {
			if w := a[i] + b[i]; d[i] != w && (d[i] == d[i] || w == w) {
				t.Fatalf("element %d: %g + %g = %g", i, a[i], b[i], d[i])
			}
		}
	})
}

func BenchmarkKernel(b *testing.B) {
	for _, k := range []engine.Kind{engine.Int32, engine.Int64, engine.Float32, engine.Float64} {
		for _, code := range []engine.OpCode{engine.OpSum, engine.OpMax} {
			f, err := kernel.For(code, engine.Basic(k))
			if err != nil {
				b.Fatal(err)
			}
			b.Run(code.String()+"/"+k.String(), func(b *testing.B) {
				x, y := make([]complex128, 2048), make([]complex128, 2048) // 32 KiB
				n := 32 << 10 / k.Size()
				b.SetBytes(32 << 10)
				for b.Loop() {
					f(unsafe.Pointer(&x[0]), unsafe.Pointer(&x[0]), unsafe.Pointer(&y[0]), n)
				}
			})
		}
	}
}

func BenchmarkSum(b *testing.B) {
	for _, k := range []engine.Kind{engine.Float32, engine.Float64, engine.Int64} {
		t := engine.Basic(k)
		f, err := kernel.For(engine.OpSum, t)
		if err != nil {
			b.Fatal(err)
		}
		for _, n := range []int{1, 16, 1024, 32768} {
			x, y := make([]uint64, n), make([]uint64, n)
			b.Run(fmt.Sprintf("%v/%d", k, n), func(b *testing.B) {
				b.SetBytes(int64(n * t.Size))
				for b.Loop() {
					f(unsafe.Pointer(&x[0]), unsafe.Pointer(&x[0]), unsafe.Pointer(&y[0]), n)
				}
			})
		}
	}
}
