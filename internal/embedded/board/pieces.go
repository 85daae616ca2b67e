package board

import (
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// A scan goes from rank to rank when the last member would have to combine more
// than chainMin bytes of others, in pieces of at most chainPiece bytes.
const (
	chainMin   = 384 << 10
	chainPiece = 64 << 10
)

// inPieces reports whether a vector goes through the board in pieces.
func (b *Board) inPieces(v *vector) bool {
	return !b.tree && (b.crowd || !b.pull) && v.size <= chainPiece
}

// pieces performs a reduction piece by piece, each as a collective of its own,
// with a number of its own. Before that all members agree on the length, so
// that all come to the same number of pieces.
func (b *Board) pieces(k *engine.Coll, v *vector) error {
	b.seal(v.bytes(), modeNone)
	if ok, err := b.agree(); err != nil || !ok {
		return err
	}
	each := b.half / v.size
	if k.Kind == engine.Scan || k.Kind == engine.Exscan {
		each = chainPiece / v.size
	}
	done := b.done
	for from := 0; from < v.n; from += each {
		b.end(k.Kind)
		b.done = done
		if err := b.begin(k); err != nil {
			return err
		}
		p := vector{in: unsafe.Add(v.in, from*v.size), n: min(each, v.n-from), size: v.size, op: v.op}
		if v.out != nil {
			p.out = unsafe.Add(v.out, from*v.size)
		}
		if err := b.onePiece(k, &p); err != nil {
			return err
		}
	}
	return nil
}

func (b *Board) onePiece(k *engine.Coll, v *vector) error {
	switch k.Kind {
	case engine.Reduce:
		return b.reduceStaged(k, v)
	case engine.Allreduce:
		return b.slices(v)
	}
	return b.chain(k, v)
}

// chain is a scan in which every member takes what the members before it have
// combined from its neighbour, and leaves what it has combined itself for the
// next.
func (b *Board) chain(k *engine.Coll, v *vector) error {
	n := v.bytes()
	var before, after unsafe.Pointer
	if b.rank > 0 {
		h, err := b.await(b.rank - 1)
		if err != nil {
			return err
		}
		before = b.data(h, b.rank-1)
	}
	if b.rank < b.size-1 {
		var mode int
		var err error
		if after, mode, err = b.place(n, b.rank+1); err != nil {
			return err
		}
		if b.rank == 0 {
			copyBytes(after, v.in, n)
		} else {
			v.op.Kernel(after, before, v.in, v.n)
		}
		b.seal(n, mode)
		b.host.Notify(b.rank + 1)
	} else {
		b.seal(n, modeNone)
	}
	switch {
	case k.Kind == engine.Exscan:
		if b.rank > 0 {
			copyBytes(v.out, before, n)
		}
	case b.rank == 0:
		copyBytes(v.out, v.in, n)
	case after != nil:
		copyBytes(v.out, after, n)
	default:
		v.op.Kernel(v.out, before, v.in, v.n)
	}
	return nil
}
