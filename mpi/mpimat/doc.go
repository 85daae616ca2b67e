// Package mpimat makes gonum matrices and vectors views of package mpi, so that
// they, or parts of them, are sent and received without copying by hand:
//
//	a := mat.NewDense(rows, cols, nil)
//	err := mpi.SendView(world, mpimat.View(a), 1, 0)                // the matrix
//	_, err = mpi.RecvView(world, mpimat.Col(a, 2), 1, 0)            // into column 2
//	err = mpi.ScatterView(world, tiles, mpimat.View(tile), 0)       // tiles of a, see Tiles
//
// A view refers to the elements of the matrix, in place: it stays valid until
// the matrix is reused for another shape. Elements travel by rows, except for
// [Transposed] and [Vec], so any view may be received into any other with as
// many elements. A view with indices outside the matrix carries its error: Err
// returns it, and so does every call it is used in (class [mpi.ErrArg]).
//
// A matrix that gonum's Slice returned is a view of part of another one and
// needs no more than View: mpimat.View(a.Slice(0, 2, 1, 3).(*mat.Dense)).
//
// Programs that do not use gonum need not import this package; package mpi does
// not.
package mpimat
