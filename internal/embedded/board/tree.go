package board

import "github.com/ringo-mpi/ringo/internal/engine"

// With many members, a tree: everybody talks to at most arity-1 members a
// level. The subtree of a member is a range of ranks that starts with it, so
// that contributions combined up the tree are combined in rank order.
const arity = 8

// parent is the parent of member r > 0.
func parent(r int) int {
	for s := arity; ; s *= arity {
		if m := r % s; m != 0 {
			return r - m
		}
	}
}

// children calls f for each child of member v of a tree of size members, in
// order, with the first rank after the child's subtree.
func children(v, size int, f func(child, end int) error) error {
	for s := 1; s < size && v%(s*arity) == 0; s *= arity {
		for c := v + s; c < v+s*arity && c < size; c += s {
			if err := f(c, min(c+s, size)); err != nil {
				return err
			}
		}
	}
	return nil
}

// treeBarrier waits until all members have come to it. With same, it also says
// whether the headers of all members are the same; the answer travels in a
// word of the cells.
func (b *Board) treeBarrier(up, down uint64, same *bool) error {
	if same != nil {
		b.mine.word[verdictWord] = 0
	}
	refused := false // by a parent or a child, who then has not waited
	err := children(b.rank, b.size, func(c, _ int) error {
		if err := b.awaitPhase(c, up); err != nil {
			return err
		}
		refused = refused || up == phaseUp && b.seesRefusal(c)
		if h := b.cell(c); same != nil && (!b.same(h, c) || h.word[verdictWord] != 0) {
			b.mine.word[verdictWord] = 1
		}
		return nil
	})
	if err == nil && refused {
		err = b.awaitEvery()
	}
	if err != nil {
		return err
	}
	if b.rank > 0 {
		p := parent(b.rank)
		b.reach(up)
		b.host.Notify(p)
		if err := b.awaitPhase(p, down); err != nil {
			return err
		}
		if down == phaseDown && b.seesRefusal(p) {
			if err := b.awaitEvery(); err != nil {
				return err
			}
		}
		if h := b.cell(p); same != nil && (!b.same(h, p) || h.word[verdictWord] != 0) {
			b.mine.word[verdictWord] = 1
		}
	}
	if same != nil && b.mine.word[verdictWord] != 0 {
		*same = false
		b.noteRefusal()
		b.note(engine.Errorf(engine.ErrMismatch, "%v: ranks differ in operation, root, type or length", b.meta.kind()))
	}
	b.reach(down)
	return children(b.rank, b.size, func(c, _ int) error {
		b.host.Notify(c)
		return nil
	})
}
