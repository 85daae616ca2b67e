package kernel

import (
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// pair has the layout of mpi.ValueLoc.
type pair[T ordered] struct {
	value T
	loc   int64
}

// pairKernel returns the kernels of MaxLoc and MinLoc, nil when t is not a
// pair of an ordered value and an int64.
func pairKernel(code engine.OpCode, t *engine.Type) engine.Kernel {
	if len(t.Fields) != 2 || t.Fields[0].Count != 1 || t.Fields[0].Offset != 0 ||
		t.Fields[1].Count != 1 || t.Fields[1].Kind != engine.Int64 {
		return nil
	}
	switch t.Fields[0].Kind {
	case engine.Int8:
		return loc[int8](code, t)
	case engine.Int16:
		return loc[int16](code, t)
	case engine.Int32:
		return loc[int32](code, t)
	case engine.Int64:
		return loc[int64](code, t)
	case engine.Uint8:
		return loc[uint8](code, t)
	case engine.Uint16:
		return loc[uint16](code, t)
	case engine.Uint32:
		return loc[uint32](code, t)
	case engine.Uint64:
		return loc[uint64](code, t)
	case engine.Float32:
		return loc[float32](code, t)
	case engine.Float64:
		return loc[float64](code, t)
	}
	return nil
}

func loc[T ordered](code engine.OpCode, t *engine.Type) engine.Kernel {
	var p pair[T]
	if t.Size != int(unsafe.Sizeof(p)) || t.Fields[1].Offset != int(unsafe.Offsetof(p.loc)) {
		return nil
	}
	switch code {
	case engine.OpMaxLoc:
		return maxLoc[T]
	case engine.OpMinLoc:
		return minLoc[T]
	}
	return nil
}

func maxLoc[T ordered](dst, a, b unsafe.Pointer, n int) {
	for i := range n {
		x, y := at[pair[T]](a, i), at[pair[T]](b, i)
		*at[pair[T]](dst, i) = *pick(x, y, x.value > y.value)
	}
}

func minLoc[T ordered](dst, a, b unsafe.Pointer, n int) {
	for i := range n {
		x, y := at[pair[T]](a, i), at[pair[T]](b, i)
		*at[pair[T]](dst, i) = *pick(x, y, x.value < y.value)
	}
}

// pick returns the pair that wins, given whether x beats y as a number. NaN
// beats every number; of equals the lower index wins.
func pick[T ordered](x, y *pair[T], beats bool) *pair[T] {
	xnan, ynan := x.value != x.value, y.value != y.value
	switch {
	case xnan != ynan:
		beats = xnan
	case x.value == y.value || xnan:
		beats = x.loc <= y.loc
	}
	if beats {
		return x
	}
	return y
}
