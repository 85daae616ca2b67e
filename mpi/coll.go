package mpi

import (
	"cmp"
	"slices"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// Every collective has one builder, which checks the arguments and describes
// the call for the engine; the blocking, nonblocking and in-place functions
// hand its result to collective or icollective.

// collective runs a call on the engine; err is what its builder found.
func (c *Comm) collective(k engine.Coll, err error) error {
	if err != nil {
		return err
	}
	if c.st.check != nil {
		if err := c.st.check.before(c, &k); err != nil {
			return err
		}
	}
	if err := c.ec.Collective(k, c.done); err != nil {
		return c.failed("", Undefined, Undefined, err)
	}
	if v := vectorOf(k.V); v != nil && v.mem != nil {
		v.Vector = engine.Vector{}
		c.st.vector.Store(v)
	}
	return nil
}

// icollective starts a call on the engine.
func (c *Comm) icollective(k engine.Coll, err error) *Request {
	if err != nil {
		return doneRequest(c, emptyStatus, err)
	}
	r := &Request{op: opColl + opName(k.Kind), out: engine.Outcome{Source: Undefined, Tag: Undefined}, operation: &operation{c: c, mem: k.Send.Ptr}}
	r.more = &moreOfRequest{mem: k.Recv.Ptr, vec: k.V}
	req, err := c.ec.Icollective(k)
	switch {
	case err != nil:
		r.endAtOnce(emptyStatus, r.failed(err))
	case c.st.check != nil:
		c.st.check.alongside(c, &k, r, req)
	default:
		r.req = req
	}
	return r
}

// inames are the names of the nonblocking collectives.
var inames = func() (names [engine.NumColls]string) {
	for k := range names {
		s := engine.CollKind(k).String()
		names[k] = "I" + string(s[0]|0x20) + s[1:]
	}
	return names
}()

// elementOn describes T and checks that c can be used.
func elementOn[T any](c *Comm) (*element, error) {
	e := elementOf[T]()
	if e.typ != nil && c.usable() {
		return e, nil
	}
	if err := c.unusable(); err != nil {
		return nil, err
	}
	return nil, c.errorf(ErrType, "%w", e.err)
}

func (c *Comm) checkRoot(root int) error {
	if uint(root) >= uint(c.size) {
		return c.errorf(ErrRoot, "root %d is not a rank: %s has %s", root, c.Name(), c.ranks())
	}
	return nil
}

// checkApart refuses send and receive buffers that share memory.
func checkApart[T any](c *Comm, send, recv []T) error {
	if overlap(send, recv) {
		return c.errorf(ErrBuffer, "send and receive buffer overlap; the InPlace function works on one buffer")
	}
	return nil
}

// checkBlocks checks that a buffer of length n consists of one block of size
// block for each rank.
func (c *Comm) checkBlocks(name string, n, block int) error {
	if n%c.size == 0 && n/c.size == block {
		return nil
	}
	return c.errorf(ErrCount, "%s has length %d, need %d: %s × %d", name, n, c.size*block, c.ranks(), block)
}

// checkWhole checks that a buffer of length n divides into equal blocks.
func (c *Comm) checkWhole(name string, n int) error {
	if n%c.size != 0 {
		return c.errorf(ErrCount, "%s has length %d, which %s do not divide", name, n, c.ranks())
	}
	return nil
}

// spans are the checked counts and displacements of one side of a v form.
type spans struct{ counts, displs []int }

// vector is an engine.Vector with the memory of its lists, which is used again.
// All vectors of this package are part of one, so that vectorOf finds it.
type vector struct {
	engine.Vector
	mem []int // nil: the lists are elsewhere
}

func vectorOf(v *engine.Vector) *vector { return (*vector)(unsafe.Pointer(v)) }

// newVector returns a vector for one call, with memory for its lists: that of a
// blocking call that has ended, if there is one.
func (c *Comm) newVector() *engine.Vector {
	if v := c.st.vector.Swap(nil); v != nil {
		return &v.Vector
	}
	return &(&vector{mem: make([]int, 4*c.size)}).Vector
}

// spans copies counts and displs of a buffer of length n and checks them; nil
// displs stand for blocks packed one after another. The blocks of a receive
// buffer may not overlap. The copies are in the memory of v.
func (c *Comm) spans(v *engine.Vector, name string, n int, counts, displs []int, recv bool) (spans, error) {
	p := c.size
	if len(counts) != p {
		return spans{}, c.errorf(ErrCount, "%s: %d counts for %s", name, len(counts), c.ranks())
	}
	if displs != nil && len(displs) != p {
		return spans{}, c.errorf(ErrCount, "%s: %d displacements for %s", name, len(displs), c.ranks())
	}
	mem := vectorOf(v).mem[:2*p]
	if !recv {
		mem = vectorOf(v).mem[2*p:]
	}
	s := spans{mem[:p:p], mem[p:]}
	copy(s.counts, counts)
	copy(s.displs, displs)
	at, ordered := 0, true
	for i, count := range s.counts {
		if displs == nil {
			s.displs[i] = at
		}
		off := s.displs[i]
		switch {
		case count < 0:
			return spans{}, c.errorf(ErrCount, "%s: count %d of rank %d is negative", name, count, i)
		case off < 0:
			return spans{}, c.errorf(ErrCount, "%s: displacement %d of rank %d is negative", name, off, i)
		case count > n || off > n-count:
			return spans{}, c.errorf(ErrCount, "%s: the block of rank %d, %d elements from %d, ends outside the buffer of length %d", name, i, count, off, n)
		}
		if count > 0 {
			ordered = ordered && off >= at
			at = off + count
		}
	}
	if recv && !ordered {
		if i, j, ok := s.overlap(); ok {
			return spans{}, c.errorf(ErrBuffer, "%s: the blocks of ranks %d and %d overlap", name, i, j)
		}
	}
	return s, nil
}

// overlap finds two blocks that share elements.
func (v spans) overlap() (i, j int, ok bool) {
	order := make([]int, 0, len(v.counts))
	for i, count := range v.counts {
		if count > 0 {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(v.displs[a], v.displs[b]) })
	for k := 1; k < len(order); k++ {
		i, j := order[k-1], order[k]
		if v.displs[i]+v.counts[i] > v.displs[j] {
			return i, j, true
		}
	}
	return 0, 0, false
}
