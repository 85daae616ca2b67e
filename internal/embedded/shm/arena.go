package shm

import (
	"slices"
	"sync"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/segment"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// arena hands out the part of the job's segment that belongs to this rank, in
// whole pages. Which pages are free is known to this process alone: only the
// owner of an arena allocates in it.
type arena struct {
	mu   sync.Mutex
	mem  []byte
	free []extent    // sorted by start, never adjacent
	used map[int]int // start → length
}

type extent struct{ start, end int }

const page = 4096

func newArena(mem []byte) *arena {
	return &arena{mem: mem, free: []extent{{0, len(mem) / page * page}}, used: make(map[int]int)}
}

// alloc returns n zeroed bytes, from the first place that is large enough.
func (a *arena) alloc(n int) ([]byte, error) {
	if n < 0 {
		return nil, engine.Errorf(engine.ErrArg, "allocate %d bytes", n)
	}
	need := max(page, (n+page-1)/page*page)
	a.mu.Lock()
	defer a.mu.Unlock()
	if need >= n { // the sum did not overflow
		for i, f := range a.free {
			if f.end-f.start < need {
				continue
			}
			a.free[i].start += need
			if a.free[i].start == f.end {
				a.free = slices.Delete(a.free, i, i+1)
			}
			a.used[f.start] = need
			return a.mem[f.start : f.start+n : f.start+need], nil
		}
	}
	return nil, engine.Errorf(engine.ErrNoMem, "%d bytes of shared memory; this rank's share is %d MiB in all", n, len(a.mem)>>20)
}

// release takes back what alloc returned.
func (a *arena) release(p []byte) error {
	start := int(uintptr(unsafe.Pointer(unsafe.SliceData(p))) - uintptr(unsafe.Pointer(&a.mem[0])))
	a.mu.Lock()
	defer a.mu.Unlock()
	n, ok := a.used[start]
	if !ok {
		return engine.Errorf(engine.ErrBuffer, "the memory was not allocated by this rank, or has been freed")
	}
	if err := segment.Discard(a.mem[start : start+n]); err != nil {
		return engine.Errorf(engine.ErrIntern, "give back shared memory: %w", err)
	}
	delete(a.used, start)
	i, _ := slices.BinarySearchFunc(a.free, start, func(f extent, s int) int { return f.start - s })
	a.free = slices.Insert(a.free, i, extent{start, start + n})
	if i+1 < len(a.free) && a.free[i].end == a.free[i+1].start {
		a.free[i].end = a.free[i+1].end
		a.free = slices.Delete(a.free, i+1, i+2)
	}
	if i > 0 && a.free[i-1].end == a.free[i].start {
		a.free[i-1].end = a.free[i].end
		a.free = slices.Delete(a.free, i, i+1)
	}
	return nil
}
