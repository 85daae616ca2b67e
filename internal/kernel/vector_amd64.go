package kernel

import (
	"unsafe"

	"golang.org/x/sys/cpu"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// The compiler does not use vector instructions, and AVX2 combines long vectors
// in the cache much faster. An operation that is left out has no instruction
// (64-bit products and comparisons) or one with another meaning (the maximum of
// numbers that may be NaN).

//go:noescape
func addFloat32(dst, a, b unsafe.Pointer, n int)

//go:noescape
func addFloat64(dst, a, b unsafe.Pointer, n int)

//go:noescape
func mulFloat32(dst, a, b unsafe.Pointer, n int)

//go:noescape
func mulFloat64(dst, a, b unsafe.Pointer, n int)

//go:noescape
func add8(dst, a, b unsafe.Pointer, n int)

//go:noescape
func add16(dst, a, b unsafe.Pointer, n int)

//go:noescape
func add32(dst, a, b unsafe.Pointer, n int)

//go:noescape
func add64(dst, a, b unsafe.Pointer, n int)

//go:noescape
func mul16(dst, a, b unsafe.Pointer, n int)

//go:noescape
func mul32(dst, a, b unsafe.Pointer, n int)

//go:noescape
func maxInt8(dst, a, b unsafe.Pointer, n int)

//go:noescape
func maxInt16(dst, a, b unsafe.Pointer, n int)

//go:noescape
func maxInt32(dst, a, b unsafe.Pointer, n int)

//go:noescape
func maxUint8(dst, a, b unsafe.Pointer, n int)

//go:noescape
func maxUint16(dst, a, b unsafe.Pointer, n int)

//go:noescape
func maxUint32(dst, a, b unsafe.Pointer, n int)

//go:noescape
func minInt8(dst, a, b unsafe.Pointer, n int)

//go:noescape
func minInt16(dst, a, b unsafe.Pointer, n int)

//go:noescape
func minInt32(dst, a, b unsafe.Pointer, n int)

//go:noescape
func minUint8(dst, a, b unsafe.Pointer, n int)

//go:noescape
func minUint16(dst, a, b unsafe.Pointer, n int)

//go:noescape
func minUint32(dst, a, b unsafe.Pointer, n int)

//go:noescape
func and(dst, a, b unsafe.Pointer, n int)

//go:noescape
func or(dst, a, b unsafe.Pointer, n int)

//go:noescape
func xor(dst, a, b unsafe.Pointer, n int)

// blockSize is what the functions above combine at a time.
const blockSize = 128

// vectored returns the kernel that combines whole blocks with vector
// instructions and leaves the rest to scalar, or scalar itself.
func vectored(code engine.OpCode, t *engine.Type, scalar engine.Kernel) engine.Kernel {
	if !cpu.X86.HasAVX2 {
		return scalar
	}
	blocks := blockFunc(code, t.Kind)
	if blocks == nil {
		return scalar
	}
	size := t.Size
	return func(dst, a, b unsafe.Pointer, n int) {
		if k := n * size / blockSize; k > 0 {
			blocks(dst, a, b, k)
			done := k * blockSize
			if n -= done / size; n == 0 {
				return
			}
			dst, a, b = unsafe.Add(dst, done), unsafe.Add(a, done), unsafe.Add(b, done)
		}
		scalar(dst, a, b, n)
	}
}

func blockFunc(code engine.OpCode, k engine.Kind) engine.Kernel {
	switch code {
	case engine.OpBand:
		return and
	case engine.OpBor:
		return or
	case engine.OpBxor:
		return xor
	case engine.OpSum:
		switch k {
		case engine.Float32, engine.Complex64:
			return addFloat32
		case engine.Float64, engine.Complex128:
			return addFloat64
		case engine.Int8, engine.Uint8:
			return add8
		case engine.Int16, engine.Uint16:
			return add16
		case engine.Int32, engine.Uint32:
			return add32
		case engine.Int64, engine.Uint64:
			return add64
		}
	case engine.OpProd:
		switch k {
		case engine.Float32:
			return mulFloat32
		case engine.Float64:
			return mulFloat64
		case engine.Int16, engine.Uint16:
			return mul16
		case engine.Int32, engine.Uint32:
			return mul32
		}
	case engine.OpMax:
		switch k {
		case engine.Int8:
			return maxInt8
		case engine.Int16:
			return maxInt16
		case engine.Int32:
			return maxInt32
		case engine.Uint8:
			return maxUint8
		case engine.Uint16:
			return maxUint16
		case engine.Uint32:
			return maxUint32
		}
	case engine.OpMin:
		switch k {
		case engine.Int8:
			return minInt8
		case engine.Int16:
			return minInt16
		case engine.Int32:
			return minInt32
		case engine.Uint8:
			return minUint8
		case engine.Uint16:
			return minUint16
		case engine.Uint32:
			return minUint32
		}
	}
	if k == engine.Bool { // 0 or 1
		switch code {
		case engine.OpLand:
			return and
		case engine.OpLor:
			return or
		case engine.OpLxor:
			return xor
		}
	}
	return nil
}
