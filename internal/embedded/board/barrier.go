package board

// barrier: everybody posts, everybody looks at everybody (MPI 5.0 §6.3). One
// transfer of a line is the whole latency. In a tree, up and down.
func (b *Board) barrier() error {
	b.seal(0, modeNone)
	if b.tree {
		_, err := b.agree()
		return err
	}
	b.notifyAll()
	if err := b.awaitOthers(b.flags()); err != nil {
		return err
	}
	for i := 1; i < b.size; i++ {
		r := b.other(i)
		b.fits(b.cell(r), r)
	}
	return nil
}
