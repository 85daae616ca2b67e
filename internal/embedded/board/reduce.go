package board

import (
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// Vectors up to this length are combined by every member that wants the result
// for itself; the parts of longer ones each by their owner (see own.go).
const reduceSmall = 2 << 10

// vector is the input and the output of a reduction on this member.
type vector struct {
	in, out unsafe.Pointer // out is nil where there is no result
	n       int            // elements
	size    int            // bytes of an element
	op      *engine.Op
}

func (v *vector) bytes() int { return v.n * v.size }

func (b *Board) vector(c *engine.Coll) vector {
	v := vector{in: c.Send.Ptr, out: c.Recv.Ptr, n: c.Send.Count, size: c.Op.Type.Size, op: c.Op}
	if c.InPlace {
		v.in, v.n = c.Recv.Ptr, c.Recv.Count
	}
	return v
}

// small is the longest vector that is combined by everybody.
func (b *Board) small() int {
	if b.pull {
		return min(reduceSmall, b.slot)
	}
	return b.slot
}

// reduce (MPI 5.0 §6.9.1).
func (b *Board) reduce(c *engine.Coll) error {
	v := b.vector(c)
	if b.rank != c.Root {
		v.out = nil
	}
	n := v.bytes()
	switch {
	case b.tree && n <= b.slot:
		return b.reduceTree(&v, c.Root)
	case n > b.small():
		return b.owned(c, &v)
	case b.rank != c.Root:
		b.postCopy(v.in, n)
		b.host.Notify(c.Root)
		return nil
	}
	b.postOwn(&v)
	return b.fold(&v, 0, b.size)
}

// allreduce (MPI 5.0 §6.9.6). All members combine the same contributions in the
// same order, or copy what one of them has combined, so that the result is the
// same to the last bit.
func (b *Board) allreduce(c *engine.Coll) error {
	v := b.vector(c)
	switch n := v.bytes(); {
	case b.tree && n <= b.slot:
		return b.allreduceTree(&v)
	case n > b.small():
		return b.owned(c, &v)
	}
	b.postCopy(v.in, v.bytes())
	b.notifyAll()
	return b.fold(&v, 0, b.size)
}

// scan is Scan and Exscan (MPI 5.0 §6.11).
func (b *Board) scan(c *engine.Coll) error {
	v := b.vector(c)
	if b.tree && b.pull || v.bytes() > b.small() {
		return b.owned(c, &v)
	}
	b.postCopy(v.in, v.bytes())
	for r := b.rank + 1; r < b.size; r++ {
		b.host.Notify(r)
	}
	if c.Kind == engine.Exscan {
		return b.fold(&v, 0, b.rank)
	}
	return b.fold(&v, 0, b.rank+1)
}

// reduceScatter is ReduceScatter and ReduceScatterBlock (MPI 5.0 §6.10).
func (b *Board) reduceScatter(c *engine.Coll) error {
	v := b.vector(c)
	if b.tree && b.pull || v.bytes() > b.small() {
		return b.owned(c, &v)
	}
	b.postCopy(v.in, v.bytes())
	b.notifyAll()
	from, count := b.partOf(c, &v, b.rank)
	part := vector{in: unsafe.Add(v.in, from*v.size), out: v.out, n: count, size: v.size, op: v.op}
	return b.foldAt(&part, 0, b.size, from*v.size, v.bytes())
}

// postOwn posts the contribution of a root that combines. Nobody else reads
// it, so that it is copied only where the root overwrites it before it uses it.
func (b *Board) postOwn(v *vector) {
	if v.in == v.out && b.rank >= 2 {
		b.postCopy(v.in, v.bytes())
		return
	}
	b.seal(v.bytes(), modeNone)
}

// fold combines the contributions of the members from lo to hi-1, in the order
// of ranks, into v.out.
func (b *Board) fold(v *vector, lo, hi int) error { return b.foldAt(v, lo, hi, 0, v.bytes()) }

// foldAt is fold for the part of the contributions that starts off bytes into
// them; v is this member's own part, and whole the length of a contribution.
func (b *Board) foldAt(v *vector, lo, hi, off, whole int) error {
	good := true
	var acc unsafe.Pointer
	for r := lo; r < hi; r++ {
		x := v.in
		if r != b.rank {
			h, err := b.await(r)
			if err != nil {
				return err
			}
			if !b.same(h, r) {
				good = false
				continue
			}
			x = unsafe.Add(h.data(), off)
		} else if unsafe.Add(v.in, -off) == v.out && (r-lo >= 2 || off > 0) {
			x = unsafe.Add(b.mine.data(), off) // in place: v.in is being written over
		}
		switch {
		case !good || v.bytes() == 0:
		case acc == nil:
			acc = x
		default:
			v.op.Kernel(v.out, acc, x, v.n)
			acc = v.out
		}
	}
	if good && acc != v.out && acc != nil {
		copyBytes(v.out, acc, v.bytes())
	}
	return nil
}

// reduceTree combines up the tree, in the order of ranks, and hands the result
// from rank 0 to the root.
func (b *Board) reduceTree(v *vector, root int) error {
	if err := b.combineUp(v); err != nil {
		return err
	}
	if b.rank == 0 {
		if root == 0 {
			copyBytes(v.out, b.mine.data(), v.bytes())
			return nil
		}
		b.reach(phaseDown)
		b.host.Notify(root)
		return nil
	}
	b.host.Notify(parent(b.rank))
	if b.rank != root {
		return nil
	}
	if err := b.awaitPhase(0, phaseDown); err != nil {
		return err
	}
	if h := b.cell(0); b.same(h, 0) {
		copyBytes(v.out, h.data(), v.bytes())
	}
	return nil
}

// combineUp combines this member's contribution with those of its subtree in
// its own cell, and posts it.
func (b *Board) combineUp(v *vector) error {
	n := v.bytes()
	mode, acc := modeInline, unsafe.Pointer(&b.mine.word)
	if n > inlineMax {
		mode, acc = modeSlot, b.mine.slot()
	}
	copyBytes(acc, v.in, n)
	b.mine.meta, b.mine.bytes = b.meta, uint64(n)
	err := children(b.rank, b.size, func(c, _ int) error {
		h, err := b.await(c)
		if err == nil && b.same(h, c) && n > 0 {
			v.op.Kernel(acc, acc, h.data(), v.n)
		}
		return err
	})
	if err == nil {
		b.seal(n, mode)
	}
	return err
}

// allreduceTree combines up the tree and passes the result down in the cells:
// a member's contribution is no longer needed when the result comes.
func (b *Board) allreduceTree(v *vector) error {
	if err := b.combineUp(v); err != nil {
		return err
	}
	n := v.bytes()
	if b.rank > 0 {
		p := parent(b.rank)
		b.host.Notify(p)
		if err := b.awaitPhase(p, phaseDown); err != nil {
			return err
		}
		if h := b.cell(p); b.same(h, p) {
			copyBytes(b.mine.data(), h.data(), n)
		}
	}
	b.reach(phaseDown)
	copyBytes(v.out, b.mine.data(), n)
	return children(b.rank, b.size, func(c, _ int) error {
		b.host.Notify(c)
		return nil
	})
}
