package kernel

import (
	"github.com/ringo-mpi/ringo/internal/engine"
)

// For returns the loop of the predefined operation code on elements of type t.
// Where the operation is not defined for them, the error has class ErrOp.
// The loops allow dst to be the same memory as a or as b.
func For(code engine.OpCode, t *engine.Type) (engine.Kernel, error) {
	var k engine.Kernel
	switch t.Kind {
	case engine.Int8:
		k = integer[int8](code)
	case engine.Int16:
		k = integer[int16](code)
	case engine.Int32:
		k = integer[int32](code)
	case engine.Int64:
		k = integer[int64](code)
	case engine.Uint8:
		k = integer[uint8](code)
	case engine.Uint16:
		k = integer[uint16](code)
	case engine.Uint32:
		k = integer[uint32](code)
	case engine.Uint64:
		k = integer[uint64](code)
	case engine.Float32:
		k = float[float32](code)
	case engine.Float64:
		k = float[float64](code)
	case engine.Complex64:
		k = field[complex64](code)
	case engine.Complex128:
		k = field[complex128](code)
	case engine.Bool:
		k = boolean(code)
	case engine.Raw:
		k = bits[uint8](code)
	case engine.Pair:
		k = pairKernel(code, t)
	}
	if k == nil {
		return nil, engine.Errorf(engine.ErrOp, "%v is not defined for elements of type %s (OpFunc makes an operation of your own)", code, t.Name)
	}
	return vectored(code, t, k), nil
}

type signed interface {
	int8 | int16 | int32 | int64
}

type unsigned interface {
	uint8 | uint16 | uint32 | uint64
}

type floating interface{ float32 | float64 }

type ordered interface{ signed | unsigned | floating }

// integer returns the kernels of whole numbers.
func integer[T signed | unsigned](code engine.OpCode) engine.Kernel {
	switch code {
	case engine.OpMax:
		return maxOf[T]
	case engine.OpMin:
		return minOf[T]
	case engine.OpLand:
		return logicalAnd[T]
	case engine.OpLor:
		return logicalOr[T]
	case engine.OpLxor:
		return logicalXor[T]
	case engine.OpSum, engine.OpProd:
		return field[T](code)
	}
	return bits[T](code)
}

// float returns the kernels of floating-point numbers.
func float[T floating](code engine.OpCode) engine.Kernel {
	switch code {
	case engine.OpMax:
		return maxOf[T]
	case engine.OpMin:
		return minOf[T]
	}
	return field[T](code)
}

// field returns the kernels of everything that can be added and multiplied.
func field[T ordered | complex64 | complex128](code engine.OpCode) engine.Kernel {
	switch code {
	case engine.OpSum:
		return sum[T]
	case engine.OpProd:
		return prod[T]
	}
	return nil
}

// bits returns the bitwise kernels.
func bits[T signed | unsigned](code engine.OpCode) engine.Kernel {
	switch code {
	case engine.OpBand:
		return bitAnd[T]
	case engine.OpBor:
		return bitOr[T]
	case engine.OpBxor:
		return bitXor[T]
	}
	return nil
}

// boolean returns the kernels of bool, whose memory holds 0 or 1.
func boolean(code engine.OpCode) engine.Kernel {
	switch code {
	case engine.OpLand:
		return bitAnd[uint8]
	case engine.OpLor:
		return bitOr[uint8]
	case engine.OpLxor:
		return bitXor[uint8]
	}
	return nil
}
