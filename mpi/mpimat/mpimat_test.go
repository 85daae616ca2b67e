package mpimat_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/ringo-mpi/ringo/mpi"
	"github.com/ringo-mpi/ringo/mpi/mpimat"
)

// numbered returns an r×c matrix with elements 10·row + column.
func numbered(r, c int) *mat.Dense {
	m := mat.NewDense(r, c, nil)
	m.Apply(func(i, j int, _ float64) float64 { return float64(10*i + j) }, m)
	return m
}

func TestWhatTravels(t *testing.T) {
	m := numbered(3, 4)
	inner := m.Slice(1, 3, 1, 3).(*mat.Dense) // stride 4, 2 columns
	tall := numbered(4, 2)
	tiles := func(m *mat.Dense, down, across int) mpi.View[float64] {
		v, err := mpimat.Tiles(m, down, across)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct {
		name string
		v    mpi.View[float64]
		want []float64
	}{
		{"View", mpimat.View(m), []float64{0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23}},
		{"View of a part", mpimat.View(inner), []float64{11, 12, 21, 22}},
		{"View of nothing", mpimat.View(new(mat.Dense)), nil},
		{"Slice", mpimat.Slice(m, 0, 2, 2, 4), []float64{2, 3, 12, 13}},
		{"Slice of a part", mpimat.Slice(inner, 0, 2, 1, 2), []float64{12, 22}},
		{"Slice, empty", mpimat.Slice(m, 3, 3, 0, 4), nil},
		{"Row", mpimat.Row(m, 2), []float64{20, 21, 22, 23}},
		{"Row of a part", mpimat.Row(inner, 1), []float64{21, 22}},
		{"Col", mpimat.Col(m, 3), []float64{3, 13, 23}},
		{"Col of a part", mpimat.Col(inner, 0), []float64{11, 21}},
		{"Transposed", mpimat.Transposed(m), []float64{0, 10, 20, 1, 11, 21, 2, 12, 22, 3, 13, 23}},
		{"Transposed part", mpimat.Transposed(inner), []float64{11, 21, 12, 22}},
		{"Tiles", tiles(m, 1, 2), []float64{0, 1, 10, 11, 20, 21, 2, 3, 12, 13, 22, 23}},
		{"Tiles, two ways", tiles(tall, 2, 2), []float64{0, 10, 1, 11, 20, 30, 21, 31}},
		{"Tiles of a part", tiles(inner, 2, 1), []float64{11, 12, 21, 22}},
		{"Vec", mpimat.Vec(mat.NewVecDense(3, []float64{5, 6, 7})), []float64{5, 6, 7}},
		{"Vec of a column", mpimat.Vec(m.ColView(1).(*mat.VecDense)), []float64{1, 11, 21}},
		{"Vec of a row", mpimat.Vec(inner.RowView(1).(*mat.VecDense)), []float64{21, 22}},
	} {
		got, err := mpi.Pack(c.v)
		if err != nil || !slices.Equal(got, c.want) || c.v.Count() != len(c.want) {
			t.Errorf("%s: %v, %v; want %v", c.name, got, err, c.want)
		}
	}

	z := mat.NewCDense(2, 3, []complex128{0, 1i, 2, 3, 4i, 5})
	part := z.Slice(0, 2, 1, 3).(*mat.CDense)
	for _, c := range []struct {
		name string
		v    mpi.View[complex128]
		want []complex128
	}{
		{"CView", mpimat.CView(z), []complex128{0, 1i, 2, 3, 4i, 5}},
		{"CView of a part", mpimat.CView(part), []complex128{1i, 2, 4i, 5}},
		{"CSlice", mpimat.CSlice(z, 1, 2, 0, 2), []complex128{3, 4i}},
		{"CRow", mpimat.CRow(part, 0), []complex128{1i, 2}},
		{"CCol", mpimat.CCol(part, 1), []complex128{2, 5}},
	} {
		got, err := mpi.Pack(c.v)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v; want %v", c.name, got, err, c.want)
		}
	}
}

// Indices outside the matrix are an error of the view, also where the memory of
// a larger matrix lies there.
func TestOutside(t *testing.T) {
	m := numbered(3, 4)
	inner := m.Slice(0, 2, 0, 2).(*mat.Dense)
	for name, err := range map[string]error{
		"Row":            mpimat.Row(m, 3).Err(),
		"Row below 0":    mpimat.Row(m, -1).Err(),
		"Col":            mpimat.Col(m, 4).Err(),
		"Col of a part":  mpimat.Col(inner, 2).Err(),
		"Slice":          mpimat.Slice(m, 1, 4, 0, 1).Err(),
		"Slice reversed": mpimat.Slice(m, 2, 1, 0, 1).Err(),
		"CCol":           mpimat.CCol(mat.NewCDense(2, 2, nil), 2).Err(),
	} {
		if !errors.Is(err, mpi.ErrArg) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, shape := range [][2]int{{2, 1}, {1, 3}, {0, 1}, {1, -1}} {
		if _, err := mpimat.Tiles(m, shape[0], shape[1]); !errors.Is(err, mpi.ErrArg) {
			t.Errorf("Tiles %v: %v", shape, err)
		}
	}
}

// TestTransfers sends what the ranks of a job would send each other.
func TestTransfers(t *testing.T) {
	err := mpi.Run(4, func(world *mpi.Comm) error {
		rank := world.Rank()

		// A column of one matrix becomes a row of another; nothing else changes.
		a := numbered(3, 5)
		switch rank {
		case 0:
			if err := mpi.SendView(world, mpimat.Col(a, 2), 1, 7); err != nil {
				return err
			}
		case 1:
			b := mat.NewDense(4, 3, nil)
			if st, err := mpi.RecvView(world, mpimat.Row(b, 1), 0, 7); err != nil || mpi.Count[float64](st) != 3 {
				return fmt.Errorf("%v, %w", st, err)
			}
			want := mat.NewDense(4, 3, []float64{0, 0, 0, 2, 12, 22, 0, 0, 0, 0, 0, 0})
			if !mat.Equal(b, want) {
				return fmt.Errorf("received\n%v", mat.Formatted(b))
			}
		}

		// A large matrix arrives transposed, inside a larger one.
		const n, m = 300, 200
		switch rank {
		case 2:
			if err := mpi.SendView(world, mpimat.Transposed(numbered(n, m)), 3, 0); err != nil {
				return err
			}
		case 3:
			frame := mat.NewDense(m+2, n+2, nil)
			inside := frame.Slice(1, m+1, 1, n+1).(*mat.Dense)
			if _, err := mpi.RecvView(world, mpimat.View(inside), 2, 0); err != nil {
				return err
			}
			if !mat.Equal(inside, numbered(n, m).T()) || frame.At(0, 0) != 0 || frame.At(5, n+1) != 0 || frame.At(m+1, n+1) != 0 {
				return errors.New("the transpose is wrong")
			}
		}

		// Tiles go out, are negated, and come back.
		whole := numbered(6, 8)
		tiles, err := mpimat.Tiles(whole, 2, 2)
		if err != nil {
			return err
		}
		tile := mat.NewDense(3, 4, nil)
		if err := mpi.ScatterView(world, tiles, mpimat.View(tile), 1); err != nil {
			return err
		}
		want := whole.Slice(rank/2*3, rank/2*3+3, rank%2*4, rank%2*4+4)
		if !mat.Equal(tile, want) {
			return fmt.Errorf("tile\n%v", mat.Formatted(tile))
		}
		tile.Scale(-1, tile)
		if err := mpi.GatherView(world, mpimat.View(tile), tiles, 1); err != nil {
			return err
		}
		if rank == 1 {
			whole.Scale(-1, whole)
			if !mat.Equal(whole, numbered(6, 8)) {
				return fmt.Errorf("gathered\n%v", mat.Formatted(whole))
			}
		}

		// A vector that is a column, and complex numbers.
		x := mat.NewDense(4, 2, nil)
		if rank == 2 {
			x.Apply(func(i, j int, _ float64) float64 { return float64(i + 100*j) }, x)
		}
		if err := mpi.BcastView(world, mpimat.Vec(x.ColView(1).(*mat.VecDense)), 2); err != nil {
			return err
		}
		if x.At(3, 1) != 103 || rank != 2 && x.At(3, 0) != 0 {
			return fmt.Errorf("broadcast\n%v", mat.Formatted(x))
		}
		z := mat.NewCDense(4, 4, nil)
		own := mat.NewCDense(1, 4, []complex128{complex(0, float64(rank)), 1, 2, 3})
		if err := mpi.AllgatherView(world, mpimat.CRow(own, 0), mpimat.CView(z)); err != nil {
			return err
		}
		if z.At(3, 0) != 3i || z.At(2, 3) != 3 {
			return errors.New("the complex rows are wrong")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A wrong view fails on the rank that made it, before anything is sent.
func TestErrorInCall(t *testing.T) {
	err := mpi.Run(1, func(world *mpi.Comm) error {
		return mpi.SendView(world, mpimat.Row(numbered(2, 2), 5), 0, 0)
	})
	if !errors.Is(err, mpi.ErrArg) {
		t.Error(err)
	}
}
