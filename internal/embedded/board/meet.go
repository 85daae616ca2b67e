package board

import (
	"errors"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// errUnmet marks a board before its first collective.
var errUnmet = errors.New("the members have not agreed yet")

var int64Type = engine.Basic(engine.Int64)

// meet has the members agree, before their first collective, on whether they
// pull: all must, or none. Only when all have begun can each know whether it
// reaches the others. It returns what has ended the board.
func (b *Board) meet(done <-chan struct{}) error {
	if b.broken != errUnmet { //nolint:errorlint // the very value
		return b.broken
	}
	b.broken = nil
	if err := b.Run(engine.Coll{Kind: engine.Barrier}, done); err != nil {
		return err
	}
	mine, all := []int64{0}, make([]int64, b.size)
	if b.confirm() {
		mine[0] = 1
	}
	buf := func(v []int64) engine.Buf {
		return engine.Buf{Ptr: unsafe.Pointer(unsafe.SliceData(v)), Count: len(v), Type: int64Type}
	}
	if err := b.Run(engine.Coll{Kind: engine.Allgather, Send: buf(mine), Recv: buf(all)}, done); err != nil {
		return err
	}
	pull := true
	for _, v := range all {
		pull = pull && v == 1
	}
	b.pull = pull
	return nil
}
