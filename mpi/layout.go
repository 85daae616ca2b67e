package mpi

import (
	"cmp"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"sync"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// Layout says which elements of a slice take part in a transfer, and in which
// order they travel: the type map of a derived datatype, counted in elements
// (MPI 5.0 §5.1). Layouts are immutable values, made once and used often, also
// by several goroutines and with slices of different element types. The zero
// Layout picks nothing.
//
// A layout with arguments that cannot be right carries its error: Err returns
// it, and so does every call it is used in.
type Layout struct{ m *layoutMap }

type layoutMap struct {
	runs  []engine.Run
	count int            // elements picked
	low   int            // least index
	span  int            // 1 + greatest index, 0 when nothing is picked
	eng   *engine.Layout // nil when low is negative
	err   error

	once    sync.Once
	repeats bool // an element is picked twice
}

// maxRuns bounds the memory of one layout.
const maxRuns = 1 << 24

// Contiguous picks the first n elements (MPI_Type_contiguous, MPI 5.0 §5.1.2).
func Contiguous(n int) Layout {
	if n < 0 {
		return badLayout(ErrCount, "Contiguous: length %d is negative", n)
	}
	return newLayout([]engine.Run{{Len: n, Count: 1}})
}

// Strided picks count blocks of blockLen elements whose starts are stride
// elements apart (MPI_Type_vector, MPI 5.0 §5.1.2): column j of an r×c matrix
// stored by rows is Strided(r, 1, c).Shift(j).
func Strided(count, blockLen, stride int) Layout {
	if count < 0 || blockLen < 0 {
		return badLayout(ErrCount, "Strided: %d blocks of length %d", count, blockLen)
	}
	return newLayout([]engine.Run{{Len: blockLen, Count: count, Stride: stride}})
}

// Indexed picks a block of blockLens[i] elements from offsets[i], for each i in
// turn (MPI_Type_indexed, MPI 5.0 §5.1.2).
func Indexed(blockLens, offsets []int) Layout {
	if len(blockLens) != len(offsets) {
		return badLayout(ErrArg, "Indexed: %d block lengths and %d offsets", len(blockLens), len(offsets))
	}
	runs := make([]engine.Run, len(offsets))
	for i, off := range offsets {
		if blockLens[i] < 0 {
			return badLayout(ErrCount, "Indexed: block %d has length %d", i, blockLens[i])
		}
		runs[i] = engine.Run{Offset: off, Len: blockLens[i], Count: 1}
	}
	return newLayout(runs)
}

// IndexedBlock picks a block of blockLen elements from each offset in turn
// (MPI_Type_create_indexed_block, MPI 5.0 §5.1.2).
func IndexedBlock(blockLen int, offsets []int) Layout {
	if blockLen < 0 {
		return badLayout(ErrCount, "IndexedBlock: length %d is negative", blockLen)
	}
	runs := make([]engine.Run, len(offsets))
	for i, off := range offsets {
		runs[i] = engine.Run{Offset: off, Len: blockLen, Count: 1}
	}
	return newLayout(runs)
}

// Offsets picks the elements with the given indices, in that order.
func Offsets(offsets ...int) Layout { return IndexedBlock(1, offsets) }

// Subarray picks, out of an array of the given sizes stored by rows (the last
// index runs fastest), the part of subsizes that begins at starts
// (MPI_Type_create_subarray, MPI 5.0 §5.1.3). The three have one entry a
// dimension.
func Subarray(sizes, subsizes, starts []int) Layout {
	d := len(sizes)
	if len(subsizes) != d || len(starts) != d || d == 0 {
		return badLayout(ErrArg, "Subarray: %d sizes, %d subsizes and %d starts", d, len(subsizes), len(starts))
	}
	total := 1
	for i, n := range sizes {
		if n < 0 || subsizes[i] < 0 || starts[i] < 0 || subsizes[i] > n || starts[i] > n-subsizes[i] {
			return badLayout(ErrArg, "Subarray: %d elements from %d do not lie in dimension %d of size %d", subsizes[i], starts[i], i, n)
		}
		var ok bool
		if total, ok = mul(total, max(n, 1)); !ok {
			return badLayout(ErrCount, "Subarray: an array of sizes %v is larger than memory can be", sizes)
		}
	}
	l := Contiguous(subsizes[d-1]).Shift(starts[d-1])
	row := sizes[d-1]
	for i := d - 2; i >= 0; i-- {
		l = l.Repeat(subsizes[i], row).Shift(starts[i] * row)
		row *= sizes[i]
	}
	return l
}

// Concat picks what the layouts pick, one after another (MPI_Type_create_struct
// of equal elements, MPI 5.0 §5.1.2). The pieces of a matrix for the ranks of a
// ScatterView are such a layout.
func Concat(layouts ...Layout) Layout {
	var runs []engine.Run
	for _, l := range layouts {
		if l.Err() != nil {
			return l
		}
		runs = append(runs, l.runs()...)
	}
	return newLayout(runs)
}

// Shift returns l with all indices greater by offset.
func (l Layout) Shift(offset int) Layout {
	if l.m == nil || l.m.err != nil || offset == 0 {
		return l
	}
	runs := make([]engine.Run, len(l.m.runs))
	for i, r := range l.m.runs {
		var ok bool
		if r.Offset, ok = add(r.Offset, offset); !ok {
			return badLayout(ErrArg, "Shift: offset %d is out of range", offset)
		}
		runs[i] = r
	}
	return newLayout(runs)
}

// Repeat returns count copies of l, stride elements apart, one after another
// (MPI_Type_vector of a derived datatype, MPI 5.0 §5.1.2).
func (l Layout) Repeat(count, stride int) Layout {
	if l.m == nil || l.m.err != nil {
		return l
	}
	if count < 0 {
		return badLayout(ErrCount, "Repeat: count %d is negative", count)
	}
	if len(l.m.runs) == 1 && l.m.runs[0].Count == 1 {
		r := l.m.runs[0]
		r.Count, r.Stride = count, stride
		return newLayout([]engine.Run{r})
	}
	if n, ok := mul(count, len(l.m.runs)); !ok || n > maxRuns {
		return badLayout(ErrCount, "Repeat: more than %d separate blocks", maxRuns)
	}
	runs := make([]engine.Run, 0, count*len(l.m.runs))
	for i := range count {
		for _, r := range l.m.runs {
			off, ok1 := mul(i, stride)
			var ok2 bool
			if r.Offset, ok2 = add(r.Offset, off); !ok1 || !ok2 {
				return badLayout(ErrArg, "Repeat: stride %d is out of range", stride)
			}
			runs = append(runs, r)
		}
	}
	return newLayout(runs)
}

// Count returns how many elements l picks.
func (l Layout) Count() int {
	if l.m == nil {
		return 0
	}
	return l.m.count
}

// Span returns the least length of a slice that l fits into.
func (l Layout) Span() int {
	if l.m == nil {
		return 0
	}
	return l.m.span
}

// Err returns what was wrong with the arguments that made l.
func (l Layout) Err() error {
	if l.m == nil {
		return nil
	}
	return l.m.err
}

func (l Layout) runs() []engine.Run {
	if l.m == nil {
		return nil
	}
	return l.m.runs
}

func badLayout(class Class, format string, args ...any) Layout {
	return Layout{&layoutMap{err: engine.Errorf(class, format, args...)}}
}

// newLayout joins runs that continue each other and computes the bounds.
func newLayout(runs []engine.Run) Layout {
	m := &layoutMap{low: math.MaxInt}
	for _, r := range runs {
		if r.Len == 0 || r.Count == 0 {
			continue
		}
		if r.Count > 1 && r.Stride == r.Len {
			n, ok := mul(r.Len, r.Count)
			if !ok {
				return badLayout(ErrCount, "%d blocks of %d elements are more than memory can hold", r.Count, r.Len)
			}
			r.Len, r.Count, r.Stride = n, 1, 0
		}
		extent, ok1 := mul(r.Stride, r.Count-1)
		last, ok2 := add(r.Offset, extent)
		end, ok3 := add(max(r.Offset, last), r.Len)
		picked, ok4 := mul(r.Len, r.Count)
		sum, ok5 := add(m.count, picked)
		if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 {
			return badLayout(ErrCount, "%d blocks of %d elements, %d apart from %d, reach further than memory can", r.Count, r.Len, r.Stride, r.Offset)
		}
		m.count = sum
		m.low = min(m.low, r.Offset, last)
		m.span = max(m.span, end)
		m.runs = appendRun(m.runs, r)
	}
	if len(m.runs) == 0 {
		m.low = 0
	}
	if m.low >= 0 {
		m.eng = engine.NewLayout(m.runs)
	}
	return Layout{m}
}

// appendRun appends r, joined with the run before it where the two are one.
func appendRun(runs []engine.Run, r engine.Run) []engine.Run {
	if n := len(runs); n > 0 && r.Count == 1 {
		last := &runs[n-1]
		switch {
		case last.Count == 1 && last.Offset+last.Len == r.Offset:
			last.Len += r.Len
			return runs
		case last.Count == 1 && last.Len == r.Len:
			last.Count, last.Stride = 2, r.Offset-last.Offset
			return runs
		case last.Count > 1 && last.Len == r.Len && r.Offset-last.Offset == last.Stride*last.Count:
			last.Count++
			return runs
		}
	}
	return append(runs, r)
}

// contiguous returns the offset of the only block of l, if it is one.
func (l Layout) contiguous() (offset int, ok bool) {
	switch r := l.runs(); {
	case len(r) == 0:
		return 0, true
	case len(r) == 1 && r[0].Count == 1:
		return r[0].Offset, true
	}
	return 0, false
}

// fits checks that a slice of length n has all elements of l.
func (l Layout) fits(n int) error {
	switch {
	case l.m == nil:
		return nil
	case l.m.err != nil:
		return l.m.err
	case l.m.low < 0:
		return engine.Errorf(ErrBuffer, "the layout begins at index %d", l.m.low)
	case l.m.span > n:
		return engine.Errorf(ErrBuffer, "the layout spans %d elements, the slice has %d", l.m.span, n)
	}
	return nil
}

// maxBlocks is up to how many blocks are compared with each other.
const maxBlocks = 1 << 20

// twice reports whether the layout picks an element more than once. Of layouts
// of very many irregular blocks it finds only those that must.
func (l Layout) twice() bool {
	m := l.m
	if m == nil || m.count == 0 {
		return false
	}
	m.once.Do(func() { m.repeats = m.count > m.span-m.low || m.overlap() })
	return m.repeats
}

func (m *layoutMap) overlap() bool {
	blocks := 0
	for _, r := range m.runs {
		if r.Count > 1 && max(r.Stride, -r.Stride) < r.Len {
			return true
		}
		if blocks += r.Count; blocks > maxBlocks {
			return false
		}
	}
	if len(m.runs) == 1 {
		return false
	}
	type block struct{ start, end int }
	list := make([]block, 0, blocks)
	for _, r := range m.runs {
		for i := range r.Count {
			at := r.Offset + i*r.Stride
			list = append(list, block{at, at + r.Len})
		}
	}
	slices.SortFunc(list, func(a, b block) int { return cmp.Compare(a.start, b.start) })
	for i := 1; i < len(list); i++ {
		if list[i].start < list[i-1].end {
			return true
		}
	}
	return false
}

// String describes the layout by its size.
func (l Layout) String() string {
	if err := l.Err(); err != nil {
		return "invalid layout: " + err.Error()
	}
	return fmt.Sprintf("layout of %d elements in %d runs, span %d", l.Count(), len(l.runs()), l.Span())
}

// mul and add report whether the result fits an int.
func mul(a, b int) (int, bool) {
	hi, lo := bits.Mul64(uint64(abs(a)), uint64(abs(b)))
	if hi != 0 || lo > math.MaxInt {
		return 0, false
	}
	return a * b, true
}

func abs(a int) uint {
	if a < 0 {
		return -uint(a)
	}
	return uint(a)
}

func add(a, b int) (int, bool) {
	s := a + b
	return s, (s > a) == (b > 0)
}
