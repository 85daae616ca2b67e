package mpi

import (
	"fmt"
	"reflect"
	"sync"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/kernel"
)

// Op is a reduction: one of the predefined below, or one made by [OpFunc] or
// [OpSlice] (MPI 5.0 §6.9). Ops are comparable and may be shared by goroutines.
// The zero Op is not a reduction.
type Op struct {
	code engine.OpCode
	user *userOp
}

// The predefined reductions (MPI 5.0 §6.9.2, §6.9.4). Integers wrap around.
// Max and Min of floating-point numbers give NaN where there is one, and -0 is
// less than +0. Of equal values MaxLoc and MinLoc take the one with the least
// Loc; NaN is beyond every number for both.
var (
	Sum    = Op{code: engine.OpSum}    // integers, floating-point and complex numbers
	Prod   = Op{code: engine.OpProd}   // integers, floating-point and complex numbers
	Max    = Op{code: engine.OpMax}    // integers and floating-point numbers
	Min    = Op{code: engine.OpMin}    // integers and floating-point numbers
	Land   = Op{code: engine.OpLand}   // bool, and integers as non-zero or zero
	Lor    = Op{code: engine.OpLor}    // bool, and integers as non-zero or zero
	Lxor   = Op{code: engine.OpLxor}   // bool, and integers as non-zero or zero
	Band   = Op{code: engine.OpBand}   // integers
	Bor    = Op{code: engine.OpBor}    // integers
	Bxor   = Op{code: engine.OpBxor}   // integers
	MaxLoc = Op{code: engine.OpMaxLoc} // ValueLoc of integers and floating-point numbers
	MinLoc = Op{code: engine.OpMinLoc} // ValueLoc of integers and floating-point numbers
)

// userOp is an operation of the program.
type userOp struct {
	elem *element
	name string // of the element type
	op   engine.Op
}

// String names the operation.
func (op Op) String() string {
	if op.user != nil {
		return "user function on " + op.user.name
	}
	if op.code == engine.OpUser {
		return "no operation"
	}
	return op.code.String()
}

// OpFunc makes a reduction of f, which combines the value of a lower rank, a,
// with that of a higher one, b (MPI 5.0 §6.9.5). f must be associative; if it
// is not commutative, the ranks are combined in their order. It is called from
// several goroutines, must not call this package, and must not panic. Make an
// Op once and keep it: each has the memory of a closure.
func OpFunc[T any](f func(a, b T) T, commutative bool) Op {
	return newUserOp[T](commutative, func(dst, a, b unsafe.Pointer, n int) {
		d, x, y := unsafe.Slice((*T)(dst), n), unsafe.Slice((*T)(a), n), unsafe.Slice((*T)(b), n)
		for i := range d {
			d[i] = f(x[i], y[i])
		}
	})
}

// opChunk is the greatest length of the slices an OpSlice function gets when
// it has to work on a copy.
const opChunk = 2048

// OpSlice makes a reduction of f, which combines two vectors of equal length
// element by element: inout[i] = in[i] op inout[i], where in comes from the
// lower ranks, as an MPI user function does (MPI 5.0 §6.9.5). f may be called
// with parts of the buffers of a reduction and must not keep its arguments.
// The rules of OpFunc hold.
func OpSlice[T any](f func(in, inout []T), commutative bool) Op {
	scratch := sync.Pool{New: func() any { s := make([]T, opChunk); return &s }}
	return newUserOp[T](commutative, func(dst, a, b unsafe.Pointer, n int) {
		d, x, y := unsafe.Slice((*T)(dst), n), unsafe.Slice((*T)(a), n), unsafe.Slice((*T)(b), n)
		if dst != a || n == 0 {
			copy(d, y)
			f(x, d)
			return
		}
		tmp := scratch.Get().(*[]T)
		for len(d) > 0 {
			m := copy(*tmp, y)
			f(d[:m], (*tmp)[:m])
			copy(d, (*tmp)[:m])
			d, y = d[m:], y[m:]
		}
		scratch.Put(tmp)
	})
}

func newUserOp[T any](commutative bool, k engine.Kernel) Op {
	e := elementOf[T]()
	u := &userOp{elem: e, name: reflect.TypeFor[T]().String()}
	u.op = engine.Op{Code: engine.OpUser, Commutative: commutative, Kernel: k, Type: e.typ}
	return Op{user: u}
}

// boundOp is a predefined reduction bound to an element type, or the reason
// why it is not defined for it.
type boundOp struct {
	op  engine.Op
	err error
}

// bind finds the engine's operation for elements e. It allocates only the
// first time.
func (op Op) bind(c *Comm, e *element) (*engine.Op, error) {
	if u := op.user; u != nil {
		if u.elem != e {
			return nil, c.errorf(ErrOp, "the operation is a %v, the buffers hold %s", op, e.typ.Name)
		}
		return &u.op, nil
	}
	if op.code == engine.OpUser || int(op.code) >= len(e.ops) {
		return nil, c.errorf(ErrOp, "the zero Op is not a reduction")
	}
	b := e.ops[op.code].Load()
	if b == nil {
		b = &boundOp{op: engine.Op{Code: op.code, Commutative: true, Type: e.typ}}
		b.op.Kernel, b.err = kernel.For(op.code, e.typ)
		if !e.ops[op.code].CompareAndSwap(nil, b) {
			b = e.ops[op.code].Load()
		}
	}
	if b.err != nil {
		return nil, c.failed("", Undefined, Undefined, b.err)
	}
	return &b.op, nil
}

// ValueLoc is a value and where it was found, the element of the reductions
// [MaxLoc] and [MinLoc] (MPI 5.0 §6.9.4). They are defined for a T of ordered
// type: an integer or floating-point type.
type ValueLoc[T any] struct {
	Value T     // what is compared
	Loc   int64 // where it was found; of equal values, the least counts
}

// String formats the pair as "value at loc".
func (v ValueLoc[T]) String() string { return fmt.Sprintf("%v at %d", v.Value, v.Loc) }

func (ValueLoc[T]) isValueLoc() {}

// locator marks ValueLoc among the struct types.
type locator interface{ isValueLoc() }
