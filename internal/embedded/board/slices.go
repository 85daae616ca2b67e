package board

import "unsafe"

// slices is an allreduce of vectors that fit half a stage. Everybody copies its
// contribution to its stage; each member combines one slice of all of them, in
// its own stage, in place of the slice itself (which nobody else reads); and
// everybody copies the results from there.
func (b *Board) slices(v *vector) error {
	n := v.bytes()
	if err := b.postCopy(v.in, n, anyone); err != nil {
		return err
	}
	b.readStage = true
	ok, err := b.agree()
	if err != nil || !ok {
		return err
	}
	each := (v.n + b.size - 1) / b.size
	slice := func(r int) (off, count int) {
		from := min(v.n, r*each)
		return from * v.size, min(each, v.n-from)
	}
	off, count := slice(b.rank)
	part := vector{out: unsafe.Add(b.data(b.mine, b.rank), off), n: count, size: v.size, op: v.op}
	var acc unsafe.Pointer
	for r := 0; r < b.size && count > 0; r++ {
		x := unsafe.Add(v.in, off)
		if r != b.rank {
			x = unsafe.Add(b.data(b.cell(r), r), off)
		}
		acc = part.add(acc, x, true)
	}
	b.reach(phaseDown)
	b.notifyAll()
	if err := b.yieldFirst(b.phases(phaseDown)); err != nil {
		return err
	}
	for i := range b.size {
		r := b.other(i)
		off, count := slice(r)
		if count == 0 {
			continue
		}
		if r != b.rank {
			if err := b.awaitPhase(r, phaseDown); err != nil {
				return err
			}
		}
		copyBytes(unsafe.Add(v.out, off), unsafe.Add(b.data(b.cell(r), r), off), count*v.size)
	}
	return nil
}
