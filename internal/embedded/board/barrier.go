package board

// barrier: everybody posts, everybody looks at everybody (MPI 5.0 §6.3). One
// transfer of a line is the whole latency. In a tree, up and down.
func (b *Board) barrier() error {
	b.seal(0, modeNone)
	if err := b.posted(); err != nil || b.tree {
		return err
	}
	for i := 1; i < b.size; i++ {
		r := b.other(i)
		h, err := b.await(r)
		if err != nil {
			return err
		}
		b.fits(h, r)
	}
	return nil
}
