// Package kernel holds the loops of the predefined reductions (MPI 5.0 §6.9.2,
// §6.9.4): for an operation and an element type, the function that combines
// two vectors of elements.
//
// Package mpi binds them to its operations; engines get them through
// engine.Op and need not know this package.
//
// # Which operations are defined
//
//	Sum, Prod          integers, floating-point and complex numbers
//	Max, Min           integers and floating-point numbers
//	Land, Lor, Lxor    bool, and integers (non-zero is true, the result is 0 or 1)
//	Band, Bor, Bxor    integers and raw bytes
//	MaxLoc, MinLoc     pairs of an ordered value and an int64 index
//
// # Arithmetic
//
// Integers wrap around. Max and Min are those of the language: a NaN on either
// side gives NaN, and -0 is less than +0. MaxLoc and MinLoc treat NaN as beyond
// every number, so that a NaN anywhere is found too; of equal values the one
// with the least index wins, which makes both independent of the order of
// combination.
package kernel
