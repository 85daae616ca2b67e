package board

import (
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

const (
	sliceMin = 4 << 10   // a member owns at least so much of a vector
	chunkMax = 128 << 10 // and combines so much at a time, in its cache
)

// partOf is the part of the vector that member r gets from a reduce-scatter:
// its first element and their number.
func (b *Board) partOf(k *engine.Coll, v *vector, r int) (from, count int) {
	if k.Kind == engine.ReduceScatterBlock {
		count = v.n / b.size
		return r * count, count
	}
	for _, n := range k.V.RecvCounts[:r] {
		from += n
	}
	return from, k.V.RecvCounts[r]
}

// sliceOf is the part of the vector that member r combines. The parts are equal,
// except that of one member whose elements cost less (the root, which need not
// push its results) or more (rank 0 of a scan, which pushes all of them and
// copies its own input besides). With many members, or short vectors, not all
// own a part.
func (b *Board) sliceOf(k *engine.Coll, v *vector, r int) (from, count int) {
	const (
		pull, kernel, home = 2.0, 1.0, 1.2 // cost of an element
		call               = 7 << 10       // cost of a system call, in bytes combined
	)
	others := float64(b.size - 1)
	special, begin := -1, 0
	switch {
	case b.local:
	case k.Kind == engine.Reduce:
		root := others * (pull + kernel)
		each := (float64(v.bytes()) - call/others) / ((root+pull)/root + others)
		special, begin = k.Root, v.n-int(max(0, each*others))/v.size
	case k.Kind == engine.Scan, k.Kind == engine.Exscan:
		first, rest := others*(2*pull+kernel), others*(pull+kernel)+(others-1)*pull
		special, begin = 0, int(float64(v.n)*max(0, rest-home*others)/(rest+others*first))
	}
	least := (sliceMin + v.size - 1) / max(v.size, 1)
	if special < 0 {
		each := max((v.n+b.size-1)/b.size, least)
		from = min(v.n, r*each)
		return from, min(v.n-from, each)
	}
	if r == special {
		return 0, begin
	}
	if r > special {
		r--
	}
	each := max((v.n-begin+b.size-2)/(b.size-1), least)
	from = min(v.n, begin+r*each)
	return from, min(v.n-from, each)
}

// owned is a reduction of long vectors. Each member owns a slice of the vector:
// it reads that slice of everybody's input, combines in rank order, and writes
// the results where they are wanted. Nobody else touches the slice, so that in
// place needs no copy, and everybody waits only twice: until all have posted
// their addresses, and until all are done.
func (b *Board) owned(k *engine.Coll, v *vector) error {
	if !b.pull {
		return b.reduceRelay(k, v)
	}
	b.postAddress(v.in, v.out, v.bytes())
	ok, err := b.agree()
	if err != nil {
		return err
	}
	if !ok {
		b.withdraw()
		return nil
	}
	switch k.Kind {
	case engine.Reduce, engine.Allreduce:
		from, count := b.sliceOf(k, v, b.rank)
		err = b.chunks(v, from, count, func(at, n int) error { return b.ownReduce(k, v, at, n) })
	case engine.ReduceScatter, engine.ReduceScatterBlock:
		from, count := b.partOf(k, v, b.rank)
		out := v.out
		if k.InPlace && count > 0 {
			out = unsafe.Add(v.in, from*v.size)
		}
		err = b.chunks(v, from, count, func(at, n int) error {
			return b.combine(v, at, n, unsafe.Add(out, (at-from)*v.size))
		})
		if err == nil && k.InPlace {
			if err = b.finish(); err == nil {
				copyBytes(v.out, out, count*v.size)
			}
			return err
		}
	case engine.Scan, engine.Exscan:
		from, count := b.sliceOf(k, v, b.rank)
		scan := k.Kind == engine.Scan
		if scan && b.rank == 0 {
			copyBytes(v.out, v.in, v.bytes())
		}
		err = b.chunks(v, from, count, func(at, n int) error {
			if scan {
				return b.ownScan(v, at, n)
			}
			return b.ownExscan(v, at, n)
		})
	}
	if err != nil {
		return err
	}
	return b.finish()
}

// chunks calls f for count elements from the element from on, some at a time,
// with room in b.acc and b.piece for as many.
func (b *Board) chunks(v *vector, from, count int, f func(at, n int) error) error {
	if v.size == 0 || count == 0 {
		return nil
	}
	each := min(count, max(1, chunkMax/v.size))
	b.acc, b.piece = b.room(0, each*v.size), b.room(1, each*v.size)
	for at := from; at < from+count; at += each {
		if err := f(at, min(each, from+count-at)); err != nil {
			return err
		}
	}
	return nil
}

// input is n elements from at on of member r's input: in place where pointers
// reach it, else pulled into buf.
func (b *Board) input(v *vector, r, at, n int, buf unsafe.Pointer) (unsafe.Pointer, error) {
	if r == b.rank {
		return unsafe.Add(v.in, at*v.size), nil
	}
	a := b.cell(r).from() + uintptr(at*v.size)
	if b.local {
		return pointer(a), nil
	}
	return buf, b.host.Pull(buf, r, a, n*v.size)
}

// combine combines n elements from at on of all inputs into dst.
func (b *Board) combine(v *vector, at, n int, dst unsafe.Pointer) error {
	acc, err := b.input(v, 0, at, n, b.acc)
	if err != nil {
		return err
	}
	for r := 1; r < b.size; r++ {
		x, err := b.input(v, r, at, n, b.piece)
		if err != nil {
			return err
		}
		to := b.acc
		if r == b.size-1 {
			to = dst
		}
		v.op.Kernel(to, acc, x, n)
		acc = to
	}
	return nil
}

// ownReduce combines n elements from at on, and hands them to the root or to
// everybody.
func (b *Board) ownReduce(k *engine.Coll, v *vector, at, n int) error {
	off, all := at*v.size, k.Kind == engine.Allreduce
	dst := b.acc
	switch {
	case all || b.rank == k.Root:
		dst = unsafe.Add(v.out, off)
	case b.local:
		dst = unsafe.Add(pointer(b.cell(k.Root).to()), off)
	}
	if err := b.combine(v, at, n, dst); err != nil {
		return err
	}
	if !all {
		if dst == b.acc {
			return b.give(k.Root, b.cell(k.Root).to()+uintptr(off), dst, n*v.size)
		}
		return nil
	}
	for i := 1; i < b.size; i++ {
		r := b.other(i)
		if err := b.give(r, b.cell(r).to()+uintptr(off), dst, n*v.size); err != nil {
			return err
		}
	}
	return nil
}

// ownScan gives each member from rank 1 on the combination of the inputs up to
// its own.
func (b *Board) ownScan(v *vector, at, n int) error {
	off := at * v.size
	acc, err := b.input(v, 0, at, n, b.acc)
	if err != nil {
		return err
	}
	for r := 1; r < b.size; r++ {
		x, err := b.input(v, r, at, n, b.piece)
		if err != nil {
			return err
		}
		to := b.acc
		switch {
		case r == b.rank:
			to = unsafe.Add(v.out, off)
		case b.local:
			to = unsafe.Add(pointer(b.cell(r).to()), off)
		}
		v.op.Kernel(to, acc, x, n)
		if acc = to; to == b.acc {
			if err := b.give(r, b.cell(r).to()+uintptr(off), to, n*v.size); err != nil {
				return err
			}
		}
	}
	return nil
}

// ownExscan gives each member from rank 1 on the combination of the inputs
// before its own.
func (b *Board) ownExscan(v *vector, at, n int) error {
	off := at * v.size
	acc, err := b.input(v, 0, at, n, b.acc)
	if err != nil {
		return err
	}
	for r := 1; r < b.size; r++ {
		// In place, the result goes where the input is.
		if r == b.rank {
			copyBytes(b.piece, unsafe.Add(v.in, off), n*v.size)
			copyBytes(unsafe.Add(v.out, off), acc, n*v.size)
		} else {
			h := b.cell(r)
			if err := b.take(b.piece, r, h.from()+uintptr(off), n*v.size); err != nil {
				return err
			}
			if err := b.give(r, h.to()+uintptr(off), acc, n*v.size); err != nil {
				return err
			}
		}
		if r < b.size-1 {
			v.op.Kernel(b.acc, acc, b.piece, n)
			acc = b.acc
		}
	}
	return nil
}

// reduceRelay is a reduction where members cannot reach each other's memory:
// all inputs pass through the stages in rank order, and each member that wants
// a result combines what passes.
func (b *Board) reduceRelay(k *engine.Coll, v *vector) error {
	b.postPipe(v.bytes())
	ok, err := b.agree()
	if err != nil {
		return err
	}
	if !ok {
		b.withdraw()
		return nil
	}
	f := folder{op: v.op, size: v.size, n: v.n, last: b.size - 1, acc: v.out, from: -1}
	switch k.Kind {
	case engine.ReduceScatter, engine.ReduceScatterBlock:
		f.first, f.n = b.partOf(k, v, b.rank)
	case engine.Scan:
		f.last = b.rank
	case engine.Exscan:
		f.last = b.rank - 1
	}
	if v.out == nil {
		f.last = -1
	}
	var kept []byte
	if v.in == v.out {
		kept = make([]byte, f.n*f.size)
		f.acc = unsafe.Pointer(unsafe.SliceData(kept))
	}
	err = b.relay(func(off int, dst unsafe.Pointer, n int) { copyBytes(dst, unsafe.Add(v.in, off), n) }, f.take)
	if kept != nil && f.last >= 0 {
		copyBytes(v.out, f.acc, len(kept))
	}
	return err
}

// folder combines streams of elements that come in pieces of any length.
type folder struct {
	op       *engine.Op
	size     int
	first, n int // elements that are wanted
	last     int // rank of the last stream that is
	acc      unsafe.Pointer
	from     int    // rank of the stream that comes
	at       int    // bytes of it that have been combined
	part     []byte // of an element
}

func (f *folder) take(r, off int, src unsafe.Pointer, m int) {
	if r > f.last || f.size == 0 {
		return
	}
	if r != f.from {
		f.from, f.at, f.part = r, 0, f.part[:0]
	}
	begin, end := max(off, f.first*f.size), min(off+m, (f.first+f.n)*f.size)
	if begin >= end {
		return
	}
	src, m = unsafe.Add(src, begin-off), end-begin
	if r == 0 {
		copyBytes(unsafe.Add(f.acc, f.at), src, m)
		f.at += m
		return
	}
	for {
		n := m / f.size * f.size
		if len(f.part) == 0 && n > 0 {
			f.combine(src, n/f.size)
		} else {
			n = min(m, f.size-len(f.part))
			f.part = append(f.part, unsafe.Slice((*byte)(src), n)...)
			if len(f.part) == f.size {
				f.combine(unsafe.Pointer(unsafe.SliceData(f.part)), 1)
				f.part = f.part[:0]
			}
		}
		if m -= n; m == 0 {
			return
		}
		src = unsafe.Add(src, n)
	}
}

func (f *folder) combine(x unsafe.Pointer, n int) {
	to := unsafe.Add(f.acc, f.at)
	f.op.Kernel(to, to, x, n)
	f.at += n * f.size
}
