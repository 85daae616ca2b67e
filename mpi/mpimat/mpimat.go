package mpimat

import (
	"fmt"

	"gonum.org/v1/gonum/mat"

	"github.com/ringo-mpi/ringo/mpi"
)

// View returns the view of all elements of m, by rows.
func View(m *mat.Dense) mpi.View[float64] {
	rows, cols := m.Dims()
	return Slice(m, 0, rows, 0, cols)
}

// Slice returns the view of rows i to k-1 and columns j to l-1 of m, as
// m.Slice(i, k, j, l) does, by rows (MPI_Type_create_subarray, MPI 5.0 §5.1.3).
func Slice(m *mat.Dense, i, k, j, l int) mpi.View[float64] {
	raw := m.RawMatrix()
	return mpi.ViewOf(raw.Data, part(raw.Rows, raw.Cols, raw.Stride, i, k, j, l))
}

// Row returns the view of row i of m.
func Row(m *mat.Dense, i int) mpi.View[float64] {
	_, cols := m.Dims()
	return Slice(m, i, i+1, 0, cols)
}

// Col returns the view of column j of m (MPI_Type_vector, MPI 5.0 §5.1.2).
func Col(m *mat.Dense, j int) mpi.View[float64] {
	rows, _ := m.Dims()
	return Slice(m, 0, rows, j, j+1)
}

// Transposed returns the view of all elements of m by columns: sent as
// Transposed(a) and received as View(b), b becomes the transpose of a.
func Transposed(m *mat.Dense) mpi.View[float64] {
	raw := m.RawMatrix()
	return mpi.ViewOf(raw.Data, mpi.Strided(raw.Rows, 1, raw.Stride).Repeat(raw.Cols, 1))
}

// Tiles returns the view of all elements of m, divided into down·across tiles of
// equal shape, tile after tile and each by rows. Tiles are in the order of
// ranks of a process grid that is numbered by rows: with down·across ranks,
// tile i goes to rank i in an mpi.ScatterView and comes from rank i in an
// mpi.GatherView. An error, of class mpi.ErrArg, says that m does not divide so.
func Tiles(m *mat.Dense, down, across int) (mpi.View[float64], error) {
	raw := m.RawMatrix()
	if down < 1 || across < 1 || raw.Rows%down != 0 || raw.Cols%across != 0 {
		return mpi.View[float64]{}, fmt.Errorf("mpimat.Tiles: a %d×%d matrix does not divide into %d×%d equal tiles: %w",
			raw.Rows, raw.Cols, down, across, mpi.ErrArg)
	}
	h, w := raw.Rows/down, raw.Cols/across
	tiles := make([]mpi.Layout, 0, down*across)
	for i := range down {
		for j := range across {
			tiles = append(tiles, part(raw.Rows, raw.Cols, raw.Stride, i*h, (i+1)*h, j*w, (j+1)*w))
		}
	}
	return mpi.ViewOf(raw.Data, mpi.Concat(tiles...)), nil
}

// Vec returns the view of the elements of v, which may be a row or a column of
// a matrix (v.RowView, v.ColView).
func Vec(v *mat.VecDense) mpi.View[float64] {
	raw := v.RawVector()
	return mpi.ViewOf(raw.Data, mpi.Strided(raw.N, 1, raw.Inc))
}

// CView returns the view of all elements of m, by rows.
func CView(m *mat.CDense) mpi.View[complex128] {
	rows, cols := m.Dims()
	return CSlice(m, 0, rows, 0, cols)
}

// CSlice returns the view of rows i to k-1 and columns j to l-1 of m, by rows.
func CSlice(m *mat.CDense, i, k, j, l int) mpi.View[complex128] {
	raw := m.RawCMatrix()
	return mpi.ViewOf(raw.Data, part(raw.Rows, raw.Cols, raw.Stride, i, k, j, l))
}

// CRow returns the view of row i of m.
func CRow(m *mat.CDense, i int) mpi.View[complex128] {
	_, cols := m.Dims()
	return CSlice(m, i, i+1, 0, cols)
}

// CCol returns the view of column j of m.
func CCol(m *mat.CDense, j int) mpi.View[complex128] {
	rows, _ := m.Dims()
	return CSlice(m, 0, rows, j, j+1)
}

// part is the layout of rows i to k-1 and columns j to l-1 of a matrix whose
// rows lie stride elements apart. It is checked against the columns: what lies
// between the end of a row and the next belongs to another matrix.
func part(rows, cols, stride, i, k, j, l int) mpi.Layout {
	size, from := []int{k - i, l - j}, []int{i, j}
	if checked := mpi.Subarray([]int{rows, cols}, size, from); checked.Err() != nil || stride == cols {
		return checked
	}
	return mpi.Subarray([]int{rows, stride}, size, from)
}
