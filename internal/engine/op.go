package engine

import "unsafe"

// OpCode names a reduction (MPI 5.0 §6.9.2).
type OpCode uint8

// The reductions.
const (
	OpUser OpCode = iota
	OpSum
	OpProd
	OpMax
	OpMin
	OpLand
	OpLor
	OpLxor
	OpBand
	OpBor
	OpBxor
	OpMaxLoc
	OpMinLoc
	NumOps // how many there are
)

var opNames = [...]string{
	OpUser: "user function", OpSum: "Sum", OpProd: "Prod", OpMax: "Max", OpMin: "Min",
	OpLand: "Land", OpLor: "Lor", OpLxor: "Lxor", OpBand: "Band", OpBor: "Bor", OpBxor: "Bxor",
	OpMaxLoc: "MaxLoc", OpMinLoc: "MinLoc",
}

var _ [NumOps]struct{} = [len(opNames)]struct{}{} // every reduction has a name

// String is the name of the variable of package mpi.
func (c OpCode) String() string {
	if c < NumOps {
		return opNames[c]
	}
	return "an unknown reduction"
}

// Kernel combines n elements: dst[i] = a[i] op b[i], where a comes from the
// lower ranks and b from the higher ones. dst may be the same memory as a or
// as b, and overlaps neither otherwise.
type Kernel func(dst, a, b unsafe.Pointer, n int)

// Op is a reduction bound to an element type. Package mpi makes it once for
// each operation and type and checks that the two fit.
type Op struct {
	Code        OpCode
	Commutative bool
	Kernel      Kernel
	Type        *Type
}
