package mpi

import (
	"math"
	"unsafe"
)

// Alloc returns n zeroed elements in memory that the ranks of this host can
// reach without a copy (MPI_Alloc_mem, MPI 5.0 §9.2): large messages out of it
// are faster where ranks are processes. It is outside the garbage collector's
// care: [Dealloc] gives it back, at the latest Finalize does, and it is not to
// be used after that. Errors are ErrCount for an n that cannot be and ErrNoMem
// where there is not enough. Local.
func Alloc[T any](c *Comm, n int) ([]T, error) {
	e, err := elementOn[T](c)
	if err != nil {
		return nil, err
	}
	if n < 0 || e.typ.Size > 0 && n > math.MaxInt/e.typ.Size {
		return nil, c.errorf(ErrCount, "%d elements of %d bytes cannot be allocated", n, e.typ.Size)
	}
	if n == 0 || e.typ.Size == 0 {
		return make([]T, n), nil
	}
	mem, err := c.st.proc.eng.Alloc(n * e.typ.Size)
	if err != nil {
		return nil, c.failed("", Undefined, Undefined, err)
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(mem))), n), nil
}

// Dealloc gives memory from Alloc back; buf is the slice that Alloc returned.
// No operation may be using it (MPI_Free_mem, MPI 5.0 §9.2). Local.
func Dealloc[T any](c *Comm, buf []T) error {
	e, err := elementOn[T](c)
	if err != nil {
		return err
	}
	if len(buf) == 0 || e.typ.Size == 0 {
		return nil
	}
	return c.failed("", Undefined, Undefined, c.st.proc.eng.Free(bufOf(e, buf).Slice()))
}
