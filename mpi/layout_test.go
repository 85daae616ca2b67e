package mpi_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ringo-mpi/ringo/mpi"
)

// indices returns which elements a layout picks, in order.
func indices(l mpi.Layout) ([]int, error) {
	buf := make([]int, l.Span())
	for i := range buf {
		buf[i] = i
	}
	return mpi.Pack(mpi.ViewOf(buf, l))
}

func TestLayouts(t *testing.T) {
	for _, c := range []struct {
		name string
		l    mpi.Layout
		want []int
	}{
		{"zero", mpi.Layout{}, nil},
		{"Contiguous", mpi.Contiguous(3), []int{0, 1, 2}},
		{"Contiguous of none", mpi.Contiguous(0), nil},
		{"Strided", mpi.Strided(3, 2, 4), []int{0, 1, 4, 5, 8, 9}},
		{"Strided without gaps", mpi.Strided(3, 2, 2), []int{0, 1, 2, 3, 4, 5}},
		{"Strided backwards", mpi.Strided(3, 1, -2).Shift(4), []int{4, 2, 0}},
		{"Strided of none", mpi.Strided(0, 2, 5), nil},
		{"Strided in place", mpi.Strided(2, 1, 0), []int{0, 0}},
		{"column", mpi.Strided(3, 1, 4).Shift(1), []int{1, 5, 9}},
		{"Indexed", mpi.Indexed([]int{2, 0, 1}, []int{5, 9, 0}), []int{5, 6, 0}},
		{"IndexedBlock", mpi.IndexedBlock(2, []int{0, 6, 3}), []int{0, 1, 6, 7, 3, 4}},
		{"Offsets", mpi.Offsets(3, 1, 4, 1, 5), []int{3, 1, 4, 1, 5}},
		{"Offsets in a row", mpi.Offsets(3, 4, 5, 7, 9, 11, 0), []int{3, 4, 5, 7, 9, 11, 0}},
		{"Subarray 1", mpi.Subarray([]int{5}, []int{2}, []int{3}), []int{3, 4}},
		{"Subarray 2", mpi.Subarray([]int{3, 4}, []int{2, 2}, []int{1, 1}), []int{5, 6, 9, 10}},
		{"Subarray 3", mpi.Subarray([]int{2, 3, 4}, []int{2, 1, 2}, []int{0, 2, 1}), []int{9, 10, 21, 22}},
		{"Subarray whole", mpi.Subarray([]int{2, 3}, []int{2, 3}, []int{0, 0}), []int{0, 1, 2, 3, 4, 5}},
		{"Subarray of none", mpi.Subarray([]int{2, 3}, []int{0, 3}, []int{1, 0}), nil},
		{"Concat", mpi.Concat(mpi.Offsets(4), mpi.Layout{}, mpi.Strided(2, 1, 3)), []int{4, 0, 3}},
		{"Repeat", mpi.Offsets(1, 0).Repeat(3, 5), []int{1, 0, 6, 5, 11, 10}},
		{"Repeat of none", mpi.Offsets(1).Repeat(0, 5), nil},
	} {
		got, err := indices(c.l)
		if err != nil || !slices.Equal(got, c.want) || c.l.Count() != len(c.want) {
			t.Errorf("%s (%v): %v, %v; want %v", c.name, c.l, got, err, c.want)
		}
		if len(c.want) > 0 && c.l.Span() != slices.Max(c.want)+1 {
			t.Errorf("%s: span %d", c.name, c.l.Span())
		}
	}
}

func TestBadLayouts(t *testing.T) {
	big := math.MaxInt/2 + 1
	for name, l := range map[string]mpi.Layout{
		"Contiguous":        mpi.Contiguous(-1),
		"Strided":           mpi.Strided(1, -1, 1),
		"Strided too far":   mpi.Strided(3, 1, big),
		"Strided too many":  mpi.Strided(big, 4, 0),
		"Strided before 0":  mpi.Strided(2, 1, -1),
		"Indexed lengths":   mpi.Indexed([]int{1}, []int{1, 2}),
		"Indexed negative":  mpi.Indexed([]int{-1}, []int{1}),
		"Indexed before 0":  mpi.Indexed([]int{1}, []int{-1}),
		"Indexed too far":   mpi.Indexed([]int{2}, []int{math.MaxInt}),
		"IndexedBlock":      mpi.IndexedBlock(-1, nil),
		"Subarray lengths":  mpi.Subarray([]int{2}, []int{1, 1}, []int{0}),
		"Subarray empty":    mpi.Subarray(nil, nil, nil),
		"Subarray outside":  mpi.Subarray([]int{3, 3}, []int{2, 2}, []int{0, 2}),
		"Subarray too big":  mpi.Subarray([]int{big, big}, []int{1, 1}, []int{0, 0}),
		"Shift":             mpi.Contiguous(2).Shift(-1),
		"Shift too far":     mpi.Offsets(big).Shift(big),
		"Repeat":            mpi.Offsets(0, 5).Repeat(-1, 1),
		"Repeat too far":    mpi.Offsets(0, 5).Repeat(3, big),
		"Repeat too many":   mpi.Offsets(0, 5).Repeat(1<<30, 10),
		"Concat of a bad":   mpi.Concat(mpi.Contiguous(1), mpi.Contiguous(-1)),
		"Shift of a bad":    mpi.Contiguous(-1).Shift(3),
		"Repeat of a bad":   mpi.Contiguous(-1).Repeat(3, 1),
		"longer than slice": mpi.Contiguous(11),
	} {
		_, err := mpi.Pack(mpi.ViewOf(make([]int, 10), l))
		var e *mpi.Error
		if !errors.As(err, &e) || e.Op != "Pack" {
			t.Errorf("%s: %v", name, err)
		}
		if err := mpi.ViewOf(make([]int, 10), l).Err(); err == nil {
			t.Errorf("%s: the view has no error", name)
		}
	}
}

// TestRandomLayouts compares nested layouts with lists of indices.
func TestRandomLayouts(t *testing.T) {
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 7))
		l, want := randomLayout(r, 3)
		if slices.ContainsFunc(want, func(i int) bool { return i < 0 }) {
			if err := mpi.ViewOf(make([]int, 1<<20), l).Err(); err == nil {
				t.Fatalf("seed %d: no error for a negative index", seed)
			}
			continue
		}
		got, err := indices(l)
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("seed %d: %v, %v; want %v", seed, got, err, want)
		}
		// Unpacking is the inverse of packing, where no index comes twice.
		sorted := slices.Clone(want)
		slices.Sort(sorted)
		if len(slices.Compact(sorted)) != len(want) {
			continue
		}
		buf := make([]int, l.Span())
		if err := mpi.Unpack(mpi.ViewOf(buf, l), want); err != nil {
			t.Fatal(err)
		}
		for i, v := range buf {
			if v != 0 && v != i || slices.Contains(want, i) != (v == i && (i > 0 || slices.Contains(want, 0))) {
				t.Fatalf("seed %d: unpacked %v from %v", seed, buf, want)
			}
		}
	}
}

func randomLayout(r *rand.Rand, depth int) (l mpi.Layout, want []int) {
	if depth == 0 {
		n, at := r.IntN(4), r.IntN(5)
		for i := range n {
			want = append(want, at+i)
		}
		return mpi.Contiguous(n).Shift(at), want
	}
	switch r.IntN(4) {
	case 0:
		a, x := randomLayout(r, depth-1)
		b, y := randomLayout(r, depth-1)
		return mpi.Concat(a, b), append(x, y...)
	case 1:
		a, x := randomLayout(r, depth-1)
		n, stride := r.IntN(4), r.IntN(30)-3
		for i := range n {
			for _, v := range x {
				want = append(want, v+i*stride)
			}
		}
		return a.Repeat(n, stride), want
	case 2:
		offsets := make([]int, r.IntN(5))
		for i := range offsets {
			offsets[i] = r.IntN(20)
		}
		return mpi.Offsets(offsets...), offsets
	}
	a, x := randomLayout(r, depth-1)
	by := r.IntN(10) - 2
	for _, v := range x {
		want = append(want, v+by)
	}
	return a.Shift(by), want
}

func TestViewsTravel(t *testing.T) {
	run(t, 2, func(c *mpi.Comm) error {
		m := []int16{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11} // 3×4
		column := mpi.Strided(3, 1, 4)
		if c.Rank() == 0 {
			return first(
				mpi.SendView(c, mpi.ViewOf(m, column.Shift(1)), 1, 0),
				done(mpi.IsendView(c, mpi.ViewOf(m, column.Shift(2)), 1, 1)),
				mpi.Send(c, []int16{90, 91}, 1, 2),
				mpi.SendView(c, mpi.ViewOf(m, mpi.Subarray([]int{3, 4}, []int{2, 2}, []int{1, 2})), 1, 3))
		}
		dst := make([]int16, 12)
		if _, err := mpi.RecvView(c, mpi.ViewOf(dst, column), 0, 0); err != nil {
			return err
		}
		st, err := mpi.IrecvView(c, mpi.ViewOf(dst, mpi.Contiguous(3).Shift(9)), 0, 1).Wait()
		if err != nil || mpi.Count[int16](st) != 3 {
			return fmt.Errorf("%+v, %v", st, err)
		}
		// A shorter message fills the first places.
		st, err = mpi.RecvView(c, mpi.ViewOf(dst, column.Shift(3)), 0, 2)
		if err != nil || mpi.Count[int16](st) != 2 {
			return fmt.Errorf("%+v, %v", st, err)
		}
		if err := equal("dst", dst, []int16{1, 0, 0, 90, 5, 0, 0, 91, 9, 2, 6, 10}); err != nil {
			return err
		}
		flat := make([]int16, 4)
		_, err = mpi.Recv(c, flat, 0, 3)
		return first(err, equal("flat", flat, []int16{6, 7, 10, 11}))
	})
}

func TestSendrecvView(t *testing.T) {
	runAll(t, func(c *mpi.Comm) error {
		// A row of cells with one ghost cell at each end.
		const n = 4
		buf := make([]int, n+2)
		for i := range n {
			buf[i+1] = c.Rank()*10 + i
		}
		left, right := c.Rank()-1, c.Rank()+1
		if c.Rank() == 0 {
			left = mpi.ProcNull
		}
		if right == c.Size() {
			right = mpi.ProcNull
		}
		at := func(i int) mpi.View[int] { return mpi.ViewOf(buf, mpi.Offsets(i)) }
		if _, err := mpi.SendrecvView(c, at(n), right, 0, at(0), left, 0); err != nil {
			return err
		}
		if _, err := mpi.SendrecvView(c, at(1), left, 1, at(n+1), right, 1); err != nil {
			return err
		}
		wantLeft, wantRight := 0, 0
		if left != mpi.ProcNull {
			wantLeft = left*10 + n - 1
		}
		if right != mpi.ProcNull {
			wantRight = right * 10
		}
		if buf[0] != wantLeft || buf[n+1] != wantRight {
			return fmt.Errorf("%v", buf)
		}
		_, err := mpi.SendrecvView(c, mpi.ViewOf(buf, mpi.Contiguous(99)), left, 0, at(0), right, 0)
		if !errors.Is(err, mpi.ErrBuffer) {
			return fmt.Errorf("a view that does not fit: %v", err)
		}
		return nil
	})
}

func TestViewCollectives(t *testing.T) {
	runAll(t, func(c *mpi.Comm) error {
		p, r := c.Size(), c.Rank()
		const rows = 3
		cols := 2 * p
		// Rank i owns columns 2i and 2i+1 of a rows×cols matrix.
		var parts []mpi.Layout
		for i := range p {
			parts = append(parts, mpi.Subarray([]int{rows, cols}, []int{rows, 2}, []int{0, 2 * i}))
		}
		all := mpi.Concat(parts...)
		matrix := make([]float32, rows*cols)
		for i := range matrix {
			matrix[i] = float32(i)
		}
		own := mpi.Whole(make([]float32, rows*2))
		block, err := mpi.Pack(mpi.ViewOf(matrix, parts[r]))
		if err != nil {
			return err
		}
		for root := range p {
			recv := make([]float32, rows*3)
			spaced := mpi.ViewOf(recv, mpi.Strided(rows, 2, 3))
			send := mpi.View[float32]{}
			if r == root {
				send = mpi.ViewOf(matrix, all)
			}
			if err := mpi.ScatterView(c, send, spaced, root); err != nil {
				return err
			}
			got, err := mpi.Pack(spaced)
			if err := first(err, equal("ScatterView", got, block)); err != nil {
				return err
			}
			back := make([]float32, rows*cols)
			if err := mpi.GatherView(c, spaced, mpi.ViewOf(back, all), root); err != nil {
				return err
			}
			if r == root {
				if err := equal("GatherView", back, matrix); err != nil {
					return err
				}
			}
			clear(back)
			if err := first(mpi.AllgatherView(c, spaced, mpi.ViewOf(back, all)), equal("AllgatherView", back, matrix)); err != nil {
				return err
			}
			if r == root {
				err = mpi.BcastView(c, mpi.ViewOf(matrix, parts[0]), root)
			} else {
				err = mpi.BcastView(c, own, root)
			}
			if err != nil {
				return err
			}
			if r != root {
				got, err := mpi.Pack(own)
				want, err2 := mpi.Pack(mpi.ViewOf(matrix, parts[0]))
				if err := first(err, err2, equal("BcastView", got, want)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func TestAlltoallw(t *testing.T) {
	runAll(t, func(c *mpi.Comm) error {
		for _, call := range []func(send, recv []mpi.Block) error{
			func(s, r []mpi.Block) error { return mpi.Alltoallw(c, s, r) },
			func(s, r []mpi.Block) error { return done(mpi.Ialltoallw(c, s, r)) },
		} {
			p, me := c.Size(), c.Rank()
			// Even distances travel as int32 in a stride, odd ones as particles,
			// distance 2 not at all.
			send, recv := make([]mpi.Block, p), make([]mpi.Block, p)
			ints, parts := make([][]int32, p), make([][]particle, p)
			for r := range p {
				switch d := max(r-me, me-r); {
				case d == 2:
				case d%2 == 0:
					send[r] = mpi.BlockOf(mpi.ViewOf([]int32{int32(me), -1, int32(r)}, mpi.Strided(2, 1, 2)))
					ints[r] = make([]int32, 2)
					recv[r] = mpi.BlockOf(mpi.Whole(ints[r]))
				default:
					send[r] = mpi.BlockOf(mpi.Whole([]particle{{ID: int32(me*100 + r)}}))
					parts[r] = make([]particle, 1)
					recv[r] = mpi.BlockOf(mpi.Whole(parts[r]))
				}
			}
			if err := call(send, recv); err != nil {
				return err
			}
			for r := range p {
				if ints[r] != nil && !slices.Equal(ints[r], []int32{int32(r), int32(me)}) || parts[r] != nil && parts[r][0].ID != int32(r*100+me) {
					return fmt.Errorf("from %d: %v %v", r, ints[r], parts[r])
				}
			}
		}
		return nil
	})
}
