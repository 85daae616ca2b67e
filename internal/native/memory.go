package native

import (
	"sync"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// memoryTable knows the memory that Alloc gave out: the aligned address, and
// the one that the library gave.
type memoryTable struct {
	lock sync.Mutex
	base map[uintptr]uintptr
}

const memoryAlign = 64

// Alloc is MPI_Alloc_mem: memory that the library's transport has registered
// or shares, outside the Go heap.
func (d *driver) Alloc(n int) ([]byte, error) {
	if d.ending.Load() {
		return nil, errFinalized
	}
	if n == 0 {
		return []byte{}, nil
	}
	if d.fn(fnAllocMem) == 0 || d.fn(fnFreeMem) == 0 {
		return nil, engine.Errorf(engine.ErrUnsupported, "the library has no MPI_Alloc_mem")
	}
	out := new(unsafe.Pointer)
	if rc := d.call(fnAllocMem, uintptr(n+memoryAlign), d.null.info, uintptr(unsafe.Pointer(out))); rc != 0 {
		return nil, d.fail(rc, "MPI_Alloc_mem")
	}
	p := *out
	if over := uintptr(p) % memoryAlign; over != 0 {
		p = unsafe.Add(p, memoryAlign-over)
	}
	m := unsafe.Slice((*byte)(p), n)
	clear(m)
	d.memory.lock.Lock()
	if d.memory.base == nil {
		d.memory.base = map[uintptr]uintptr{}
	}
	d.memory.base[uintptr(p)] = uintptr(*out)
	d.memory.lock.Unlock()
	return m, nil
}

func (d *driver) Free(m []byte) error {
	if d.ending.Load() {
		return errFinalized
	}
	if cap(m) == 0 {
		return nil
	}
	p := uintptr(unsafe.Pointer(unsafe.SliceData(m)))
	d.memory.lock.Lock()
	base, ok := d.memory.base[p]
	delete(d.memory.base, p)
	d.memory.lock.Unlock()
	if !ok {
		return engine.Errorf(engine.ErrBuffer, "the memory was not given out by Alloc, or is free already")
	}
	if rc := d.call(fnFreeMem, base); rc != 0 {
		return d.fail(rc, "MPI_Free_mem")
	}
	return nil
}
