package enginetest

import (
	"slices"

	"github.com/ringo-mpi/ringo/mpi"
)

// viewCases are the rules of layouts and views.
var viewCases = []Case{
	{Name: "5.1 layouts of every element type", Run: layoutsOfEveryType,
		Rule: "A view sends and receives the elements that its layout picks, in order, and leaves the others alone."},
	{Name: "5.1 layouts backwards, in pieces and with overlaps", Run: oddLayouts,
		Rule: "The order of a layout is that of its blocks, wherever they lie; what it picks twice can be sent and not received."},
	{Name: "5.1 a matrix is scattered and gathered by columns", Run: matrixByColumns,
		Rule: "ScatterView and GatherView divide the elements of a layout among the ranks in order."},
	{Name: "5.1 layouts that cannot be are refused", Run: badLayoutsRefused,
		Rule: "A layout that does not fit its buffer, has negative parts, or picks an element twice on receive, is an error before anything is sent."},
}

// layoutsOf makes layouts over at least n elements, with the indices they pick.
func layoutsOf(n int) map[string]struct {
	l  mpi.Layout
	at []int
} {
	type entry = struct {
		l  mpi.Layout
		at []int
	}
	list := map[string]entry{}
	var every2, blocks, lens, offsets []int
	for i := range n {
		every2 = append(every2, 2*i)
		blocks = append(blocks, i/3*5+i%3)
	}
	list["strided"] = entry{mpi.Strided(n, 1, 2), every2}
	list["blocks"] = entry{mpi.Strided(n/3, 3, 5), blocks[:n/3*3]}
	list["contiguous"] = entry{mpi.Contiguous(n), upToRank(n)}
	at, picked := n, []int(nil)
	for i := 1; i <= 5; i++ { // from the end to the beginning
		at -= i
		if at < 0 {
			break
		}
		lens, offsets = append(lens, i-1), append(offsets, at)
		for k := range i - 1 {
			picked = append(picked, at+k)
		}
	}
	list["indexed"] = entry{mpi.Indexed(lens, offsets), picked}
	rows := n / 4
	var sub []int
	for r := 1; r < rows; r++ {
		sub = append(sub, r*4+1, r*4+2)
	}
	if rows > 1 {
		list["subarray"] = entry{mpi.Subarray([]int{rows, 4}, []int{rows - 1, 2}, []int{1, 1}), sub}
	}
	return list
}

// layouts sends what every layout picks, as a view to a contiguous buffer and
// to a view, blocking and not.
func (k *kindOf[E]) layouts(t *T, c *mpi.Comm, n int) {
	next, prev := (t.Rank+1)%t.Size, (t.Rank+t.Size-1)%t.Size
	names := []string{"blocks", "contiguous", "indexed", "strided", "subarray"}
	all := layoutsOf(n)
	for _, name := range names {
		e, ok := all[name]
		if !ok {
			continue
		}
		what := label("%s layout of %d × %s", name, n, k.label)
		mine, theirs := k.fill(t.Rank, 2*n+8), k.fill(prev, 2*n+8)
		var want []E
		for _, i := range e.at {
			want = append(want, theirs[i])
		}
		got := make([]E, len(want))
		s := mpi.IsendView(c, mpi.ViewOf(mine, e.l), next, 1)
		_, err := mpi.Recv(c, got, prev, 1)
		t.OK(err)
		_, err = s.Wait()
		t.OK(err)
		same(t, what+", received contiguously", got, want)

		into := k.fill(77, 2*n+8)
		wantInto := slices.Clone(into)
		for _, i := range e.at {
			wantInto[i] = theirs[i]
		}
		r := mpi.IrecvView(c, mpi.ViewOf(into, e.l), prev, 2)
		t.OK(mpi.SendView(c, mpi.ViewOf(mine, e.l), next, 2))
		_, err = r.Wait()
		t.OK(err)
		same(t, what+", received by the layout", into, wantInto)

		root := t.Size - 1
		b := mpi.ViewOf(k.fill(t.Rank, 2*n+8), e.l)
		t.OK(mpi.BcastView(c, b, root))
		rootHas := k.fill(root, 2*n+8)
		packed, err := mpi.Pack(b)
		t.OK(err)
		var wantRoot []E
		for _, i := range e.at {
			wantRoot = append(wantRoot, rootHas[i])
		}
		same(t, what+", BcastView", packed, wantRoot)

		rep := e.l.Repeat(t.Size, 2*n+8)
		gathered := make([]E, (2*n+8)*t.Size)
		t.OK(mpi.AllgatherView(c, mpi.ViewOf(mine, e.l), mpi.ViewOf(gathered, rep)))
		for r := range t.Size {
			from := k.fill(r, 2*n+8)
			for _, i := range e.at {
				if gathered[r*(2*n+8)+i] != from[i] {
					t.Fatalf("%s, AllgatherView: element %d of rank %d", what, i, r)
				}
			}
		}
	}
}

func layoutsOfEveryType(t *T, c *mpi.Comm) {
	for _, k := range sample(t, 6, kinds) {
		for _, n := range sample(t, 2, []int{0, 1, 12, 100, 700, 5000}) {
			k.layouts(t, c, n)
		}
	}
	kinds[1].layouts(t, c, 40000)
}

// oddLayouts packs, sends, receives, broadcasts, exchanges and scatters what
// layouts pick that do not go forward.
func oddLayouts(t *T, c *mpi.Comm) {
	grid := func(blocks, stride, first int, block ...int) (at []int) {
		for b := range blocks {
			for _, k := range block {
				at = append(at, first+b*stride+k)
			}
		}
		return at
	}
	sub := []int{10, 11, 12, 13, 18, 19, 20, 21, 26, 27, 28, 29}
	const many = 100_000
	for _, l := range []struct {
		name   string
		layout mpi.Layout
		at     []int
		twice  bool
	}{
		{"Repeat backwards", mpi.Contiguous(4).Repeat(3, -9).Shift(18), grid(3, -9, 18, 0, 1, 2, 3), false},
		{"Strided backwards", mpi.Strided(5, 2, -3).Shift(12), grid(5, -3, 12, 0, 1), false},
		{"Repeat over itself", mpi.Contiguous(8).Repeat(2, 1), grid(2, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7), true},
		{"Subarray", mpi.Subarray([]int{8, 8}, []int{3, 4}, []int{1, 2}), sub, false},
		{"Subarray repeated", mpi.Subarray([]int{8, 8}, []int{3, 4}, []int{1, 2}).Repeat(3, 64), grid(3, 64, 0, sub...), false},
		{"Concat with nothing", mpi.Concat(mpi.Indexed(nil, nil), mpi.Contiguous(3), mpi.Indexed([]int{0, 0}, []int{5, 9}), mpi.Offsets(9, 7)), []int{0, 1, 2, 9, 7}, false},
		{"Indexed backwards", mpi.Indexed([]int{2, 0, 3}, []int{10, 4, 1}), []int{10, 11, 1, 2, 3}, false},
		{"many blocks backwards", mpi.Strided(many, 1, -2).Shift(2*many - 2), grid(many, -2, 2*many-2, 0), false},
		{"Offsets twice", mpi.Offsets(3, 3, 1), []int{3, 3, 1}, true},
	} {
		oddLayout(t, c, l.name, l.layout, l.at, l.twice)
	}
}

func oddLayout(t *T, c *mpi.Comm, name string, l mpi.Layout, at []int, twice bool) {
	p, me := t.Size, t.Rank
	next, prev, span := (me+1)%p, (me+p-1)%p, slices.Max(at)+1
	t.OK(l.Err())
	if l.Count() != len(at) || l.Span() != span {
		t.Errorf("%s: %d elements over %d, want %d over %d", name, l.Count(), l.Span(), len(at), span)
		return
	}
	whole := func(r int) []int64 {
		buf := make([]int64, span)
		for i := range buf {
			buf[i] = int64(i*100 + r + 1)
		}
		return buf
	}
	picked := func(r int) []int64 {
		buf, out := whole(r), make([]int64, len(at))
		for k, i := range at {
			out[k] = buf[i]
		}
		return out
	}
	alone := func(r int) []int64 { // what a buffer of zeros holds after a receive by the layout
		buf, out := whole(r), make([]int64, span)
		for _, i := range at {
			out[i] = buf[i]
		}
		return out
	}
	mine := mpi.ViewOf(whole(me), l)
	packed, err := mpi.Pack(mine)
	t.OK(err)
	same(t, name+", packed", packed, picked(me))

	// Into a layout of another form, which leaves what lies between alone.
	spaced := make([]int64, 3*len(at))
	wantSpaced := make([]int64, 3*len(at))
	for k, v := range picked(prev) {
		wantSpaced[3*k] = v
	}
	s := mpi.IsendView(c, mine, next, 1)
	_, err = mpi.RecvView(c, mpi.ViewOf(spaced, mpi.Strided(len(at), 1, 3)), prev, 1)
	t.OK(err)
	_, err = s.Wait()
	t.OK(err)
	same(t, name+", received in another layout", spaced, wantSpaced)

	into := make([]int64, span)
	if err := mpi.Unpack(mpi.ViewOf(into, l), packed); twice {
		t.Is(err, mpi.ErrBuffer)
		_, err = mpi.RecvView(c, mpi.ViewOf(into, l), prev, 2)
		t.Is(err, mpi.ErrBuffer)
		same(t, name+", refused", into, make([]int64, span))
	} else {
		t.OK(err)
		same(t, name+", unpacked", into, alone(me))
		clear(into)
		s := mpi.Isend(c, packed, next, 2)
		_, err = mpi.RecvView(c, mpi.ViewOf(into, l), prev, 2)
		t.OK(err)
		_, err = s.Wait()
		t.OK(err)
		same(t, name+", received", into, alone(prev))

		clear(into)
		if me == 0 {
			copy(into, whole(0))
		}
		t.OK(mpi.BcastView(c, mpi.ViewOf(into, l), 0))
		if me != 0 {
			same(t, name+", BcastView", into, alone(0))
		}
	}

	send, recv, got := make([]mpi.Block, p), make([]mpi.Block, p), make([][]int64, p)
	for r := range p {
		got[r] = make([]int64, len(at))
		send[r], recv[r] = mpi.BlockOf(mine), mpi.BlockOf(mpi.Whole(got[r]))
	}
	t.OK(mpi.Alltoallw(c, send, recv))
	for r := range p {
		same(t, name+", Alltoallw", got[r], picked(r))
	}

	var all mpi.View[int64]
	if me == 0 {
		var buf []int64
		var parts []mpi.Layout
		for r := range p {
			buf, parts = append(buf, whole(r)...), append(parts, l.Shift(r*span))
		}
		all = mpi.ViewOf(buf, mpi.Concat(parts...))
	}
	clear(got[0])
	t.OK(mpi.ScatterView(c, all, mpi.Whole(got[0]), 0))
	same(t, name+", ScatterView", got[0], picked(me))
}

func matrixByColumns(t *T, c *mpi.Comm) {
	p, rows := t.Size, 5
	cols := 2 * p
	at := func(i, j int) float64 { return float64(100*i + j) }
	var m mpi.View[float64]
	var buf []float64
	if t.Rank == 0 {
		buf = make([]float64, rows*cols)
		var parts []mpi.Layout
		for r := range p {
			parts = append(parts, mpi.Subarray([]int{rows, cols}, []int{rows, 2}, []int{0, 2 * r}))
		}
		for i := range buf {
			buf[i] = at(i/cols, i%cols)
		}
		m = mpi.ViewOf(buf, mpi.Concat(parts...))
	}
	mine := make([]float64, rows*2)
	t.OK(mpi.ScatterView(c, m, mpi.Whole(mine), 0))
	for i := range mine {
		if want := at(i/2, 2*t.Rank+i%2); mine[i] != want {
			t.Fatalf("element %d is %v, want %v", i, mine[i], want)
		}
		mine[i] = -mine[i]
	}
	t.OK(mpi.GatherView(c, mpi.Whole(mine), m, 0))
	for i, x := range buf {
		if x != -at(i/cols, i%cols) {
			t.Fatalf("element %d is %v", i, x)
		}
	}
}

func badLayoutsRefused(t *T, c *mpi.Comm) {
	buf := make([]int, 10)
	for name, l := range map[string]mpi.Layout{
		"too long": mpi.Strided(6, 1, 2), "negative": mpi.Strided(-1, 1, 2), "offset": mpi.Offsets(-1), "contiguous": mpi.Contiguous(11),
	} {
		v := mpi.ViewOf(buf, l)
		if v.Err() == nil && l.Err() == nil {
			t.Errorf("%s: no error", name)
		}
		if err := mpi.SendView(c, v, t.Rank, 0); err == nil {
			t.Errorf("%s: it is sent", name)
		}
	}
	for _, l := range []mpi.Layout{mpi.Offsets(1, 1), mpi.Strided(3, 2, 1), mpi.Indexed([]int{3, 2}, []int{0, 2})} {
		_, err := mpi.RecvView(c, mpi.ViewOf(buf, l), t.Rank, 0)
		t.Is(err, mpi.ErrBuffer)
		_, err = mpi.IrecvView(c, mpi.ViewOf(buf, l), t.Rank, 0).Wait()
		t.Is(err, mpi.ErrBuffer)
	}
	if _, ok, err := c.Iprobe(mpi.AnySource, mpi.AnyTag); ok || err != nil {
		t.Errorf("something was sent (%v)", err)
	}
}
