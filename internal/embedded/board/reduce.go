package board

import (
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// How a reduction is done depends on the length of the vector. With a few
// members:
//
// Short vectors are copied to the board, and every member that wants a result
// combines all of them for itself, in the order of ranks: one exchange.
//
// Where members outnumber cores, longer ones go through the board as well, if
// need be in pieces (see pieces.go). An allreduce is then done in slices: each
// member combines one, the others copy it, so that each element is combined
// once. A scan goes from rank to rank.
//
// Otherwise nothing is copied: see own.go.
const workMax = 48 << 10 // a member combines so much of others for itself, rather than wait again

// vector is the input and the output of a reduction on this member.
type vector struct {
	in, out unsafe.Pointer // out is nil where there is no result
	n       int            // elements
	size    int            // bytes of an element
	op      *engine.Op
}

func (v *vector) bytes() int { return v.n * v.size }

func (b *Board) vector(k *engine.Coll) vector {
	in := k.Input()
	return vector{in: in.Ptr, out: k.Recv.Ptr, n: in.Count, size: k.Op.Type.Size, op: k.Op}
}

// empty reports that there is nothing to combine. The member posts, so that
// a member that calls something else finds out, and does not wait.
func (b *Board) empty(v *vector) bool {
	if v.bytes() > 0 {
		return false
	}
	b.oneSided = true
	b.seal(0, modeNone)
	if b.tree {
		b.reach(phaseEnd) // members with a longer vector may wait for this one
	} else {
		b.notifyAll()
	}
	return true
}

// reduce (MPI 5.0 §6.9.1).
func (b *Board) reduce(k *engine.Coll) error {
	v := b.vector(k)
	if b.rank != k.Root {
		v.out = nil
	}
	n := v.bytes()
	if b.empty(&v) {
		return nil
	}
	if b.tree {
		if n <= b.slot {
			return b.reduceTree(&v, k.Root)
		}
		return b.owned(k, &v)
	}
	switch {
	case n <= b.eagerReduce():
		return b.reduceStaged(k, &v)
	case b.inPieces(&v):
		return b.pieces(k, &v)
	}
	return b.owned(k, &v)
}

// reduceStaged is a reduce of vectors that fit the board.
func (b *Board) reduceStaged(k *engine.Coll, v *vector) error {
	if b.rank != k.Root {
		err := b.postCopy(v.in, v.bytes(), k.Root)
		b.host.Notify(k.Root)
		return err
	}
	b.seal(v.bytes(), modeNone)
	return b.fold(v, 0, b.size)
}

// allreduce (MPI 5.0 §6.9.6). All members combine the same contributions in the
// same order, or copy what one of them has combined, so that the result is the
// same to the last bit.
func (b *Board) allreduce(k *engine.Coll) error {
	v := b.vector(k)
	if b.empty(&v) {
		return nil
	}
	if b.tree {
		if v.bytes() <= b.slot {
			return b.allreduceTree(&v)
		}
		return b.owned(k, &v)
	}
	switch n := v.bytes(); {
	case n <= inlineMax, n <= b.eagerReduce() && n*(b.size-1) <= workMax:
	case n <= b.eagerReduce():
		return b.slices(&v)
	case b.inPieces(&v):
		return b.pieces(k, &v)
	default:
		return b.owned(k, &v)
	}
	if err := b.postCopy(v.in, v.bytes(), anyone); err != nil {
		return err
	}
	if err := b.posted(); err != nil {
		return err
	}
	return b.fold(&v, 0, b.size)
}

// scan is Scan and Exscan (MPI 5.0 §6.11).
func (b *Board) scan(k *engine.Coll) error {
	v := b.vector(k)
	if b.empty(&v) {
		return nil
	}
	switch n := v.bytes(); {
	case b.tree && b.pull:
		return b.owned(k, &v)
	case n <= b.eagerReduce() && (n*(b.size-1) <= chainMin || !b.inPieces(&v)):
	case b.inPieces(&v):
		return b.pieces(k, &v)
	default:
		return b.owned(k, &v)
	}
	if err := b.postCopy(v.in, v.bytes(), anyone); err != nil {
		return err
	}
	b.readStage = v.bytes() > b.slot // also of a member that reads no other
	for r := b.rank + 1; r < b.size; r++ {
		b.host.Notify(r)
	}
	if k.Kind == engine.Exscan {
		return b.fold(&v, 0, b.rank)
	}
	return b.fold(&v, 0, b.rank+1)
}

// soleReceiver is the only member that gets something from a reduce-scatter, or
// -1 if there are several, or none.
func soleReceiver(counts []int) int {
	sole := -1
	for r, n := range counts {
		switch {
		case n == 0:
		case sole >= 0:
			return -1
		default:
			sole = r
		}
	}
	return sole
}

// reduceToOne is a reduce-scatter whose result is for one member alone.
func (b *Board) reduceToOne(k *engine.Coll, sole int) error {
	b.oneSided = true
	r := engine.Coll{Kind: engine.Reduce, Root: sole, Send: k.Send, Recv: k.Recv, Op: k.Op}
	if r.InPlace = k.InPlace && b.rank == sole; k.InPlace && !r.InPlace {
		r.Send = k.Recv
	}
	return b.reduce(&r)
}

// reduceScatter is ReduceScatter and ReduceScatterBlock (MPI 5.0 §6.10). A
// member posts its contribution, except its own part. A member that receives
// nothing does not wait for the others, and so does not find out what they have
// called. If only one receives anything, the members say so in their headers.
func (b *Board) reduceScatter(k *engine.Coll) error {
	if sole := b.meta.sole(); sole >= 0 {
		return b.reduceToOne(k, sole)
	}
	v := b.vector(k)
	if b.empty(&v) {
		return nil
	}
	from, count := b.partOf(k, &v, b.rank)
	n, own := v.bytes(), count*v.size
	most := n // of what is posted: the same on all members
	if k.Kind == engine.ReduceScatterBlock {
		most -= own
	}
	if b.tree && b.pull || most > b.eagerReduce() {
		return b.owned(k, &v)
	}
	dst, mode, err := b.place(n-own, anyone)
	if err != nil {
		return err
	}
	before := from * v.size
	b.copyOut(dst, v.in, before)
	if after := n - own - before; after > 0 {
		b.copyOut(unsafe.Add(dst, before), unsafe.Add(v.in, before+own), after)
	}
	b.seal(n, mode)
	switch {
	case b.tree:
		b.notifyAll()
	case own == 0: // and nothing to wait for
		b.oneSided = true
		b.readStage = n > b.slot // the owners of stages wait for all
		b.notifyAll()
		return nil
	default:
		if err := b.posted(); err != nil {
			return err
		}
	}
	part := vector{in: v.in, out: v.out, n: count, size: v.size, op: v.op}
	if count > 0 {
		part.in = unsafe.Add(v.in, before)
	}
	if k.InPlace && (b.rank >= 2 || from > 0) { // it would be written over
		kept := b.room(0, own)
		copyBytes(kept, part.in, own)
		part.in = kept
	}
	return b.foldParts(k, &v, &part)
}

// foldParts combines this member's part of all contributions.
func (b *Board) foldParts(k *engine.Coll, v, part *vector) error {
	good := true
	var acc unsafe.Pointer
	from, _ := b.partOf(k, v, b.rank)
	for r := range b.size {
		x := part.in
		if r != b.rank {
			h, err := b.await(r)
			if err != nil {
				return err
			}
			x = b.data(h, r)
			if !b.same(h, r) {
				good = false
				continue
			}
			at := from
			if _, theirs := b.partOf(k, v, r); r < b.rank { // what r left out came before
				at -= theirs
			}
			x = unsafe.Add(x, at*v.size)
		}
		acc = part.add(acc, x, good)
	}
	if good {
		part.store(acc)
	}
	return nil
}

// add combines x into what has been combined so far, nil in the beginning.
func (v *vector) add(acc, x unsafe.Pointer, good bool) unsafe.Pointer {
	switch {
	case !good || v.n == 0:
		return nil
	case acc == nil:
		return x
	}
	v.op.Kernel(v.out, acc, x, v.n)
	return v.out
}

// store makes what has been combined the result.
func (v *vector) store(acc unsafe.Pointer) {
	if acc != nil {
		copyBytes(v.out, acc, v.bytes())
	}
}

// fold combines the contributions of the members from lo to hi-1, in the order
// of ranks, into v.out.
func (b *Board) fold(v *vector, lo, hi int) error {
	good := true
	var acc unsafe.Pointer
	own := v.in
	if v.in == v.out && b.rank-lo >= 2 && b.rank < hi { // in place: it would be written over
		if own = b.data(b.mine, b.rank); b.mine.mode() == modeNone {
			own = b.room(0, v.bytes())
			copyBytes(own, v.in, v.bytes())
		}
	}
	for r := lo; r < hi; r++ {
		x := own
		if r != b.rank {
			h, err := b.await(r)
			if err != nil {
				return err
			}
			x = b.data(h, r)
			good = b.same(h, r) && good
		}
		acc = v.add(acc, x, good)
	}
	if good {
		v.store(acc)
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
		if root == 0 && b.misuse == nil {
			copyBytes(v.out, b.data(b.mine, 0), v.bytes())
		} else if root != 0 {
			b.reach(phaseDown)
			b.host.Notify(root)
		}
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
		copyBytes(v.out, b.data(h, 0), v.bytes())
	}
	return nil
}

// combineUp combines this member's contribution with those of its subtree in
// its own cell, and posts it.
func (b *Board) combineUp(v *vector) error {
	n := v.bytes()
	mode, acc := modeInline, unsafe.Pointer(&b.mine.word)
	if n > inlineMax {
		mode, acc = modeArea, b.slotOf(b.rank)
	}
	copyBytes(acc, v.in, n)
	b.mine.meta, b.mine.bytes = b.meta, uint64(n)
	err := children(b.rank, b.size, func(c, _ int) error {
		h, err := b.await(c)
		if err == nil && b.same(h, c) && n > 0 {
			v.op.Kernel(acc, acc, b.data(h, c), v.n)
		}
		return err
	})
	if err == nil && b.misuse != nil {
		b.passOn(true)
	} else if err == nil {
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
			copyBytes(b.data(b.mine, b.rank), b.data(h, p), n)
		}
	}
	if b.misuse != nil {
		b.passOn(true)
	} else {
		copyBytes(v.out, b.data(b.mine, b.rank), n)
	}
	b.reach(phaseDown)
	return children(b.rank, b.size, func(c, _ int) error {
		b.host.Notify(c)
		return nil
	})
}
