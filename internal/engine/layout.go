package engine

import "unsafe"

// Layout says which elements of a slice take part in a transfer, as runs of
// elements in the order in which they travel (the type map of MPI 5.0 §5.1,
// counted in elements). A Layout is immutable and may be shared.
type Layout struct {
	runs  []Run
	count int // elements that travel
	span  int // 1 + the highest index used
}

// Run is a repeated block: Len elements from Offset, Count times, Stride apart.
type Run struct {
	Offset, Len   int
	Count, Stride int
}

// NewLayout makes a layout of runs. The caller has checked that no offset is
// negative and that nothing overflows.
func NewLayout(runs []Run) *Layout {
	l := &Layout{runs: runs}
	for _, r := range runs {
		if r.Len == 0 || r.Count == 0 {
			continue
		}
		l.count += r.Len * r.Count
		low, high := r.Offset, r.Offset+r.Stride*(r.Count-1)
		l.span = max(l.span, low+r.Len, high+r.Len)
	}
	return l
}

// Count is the number of elements that travel.
func (l *Layout) Count() int { return l.count }

// Span is the least length of a slice that the layout fits into.
func (l *Layout) Span() int { return l.span }

// Runs returns the runs; they are not to be changed.
func (l *Layout) Runs() []Run { return l.runs }

// Pack copies the elements of size bytes that the layout picks out of src,
// one after another, to dst, which holds Count()*size bytes.
func (l *Layout) Pack(dst []byte, src unsafe.Pointer, size int) {
	at := 0
	l.each(src, size, func(block []byte) { at += copy(dst[at:], block) })
}

// Unpack copies packed elements to their places in dst. A src shorter than
// Count()*size fills the first places only.
func (l *Layout) Unpack(dst unsafe.Pointer, src []byte, size int) {
	l.each(dst, size, func(block []byte) { src = src[copy(block, src):] })
}

func (l *Layout) each(base unsafe.Pointer, size int, f func([]byte)) {
	for _, r := range l.runs {
		if r.Len == 0 {
			continue
		}
		for i := range r.Count {
			f(unsafe.Slice((*byte)(unsafe.Add(base, (r.Offset+i*r.Stride)*size)), r.Len*size))
		}
	}
}
