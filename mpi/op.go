package mpi

import "github.com/ringo-mpi/ringo/internal/engine"

// boundOp is a reduction bound to an element type, or the reason why it is
// not defined for it.
type boundOp struct {
	op  *engine.Op
	err error
}
