package shm

import (
	"slices"
	"sync"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/segment"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// arena hands out the part of the job's segment that belongs to this rank, in
// whole pages. Which pages are free is known to this process alone: only the
// owner of an arena allocates in it.
type arena struct {
	mu      sync.Mutex
	seg     *segment.Segment
	rank    int
	grounds []*ground // one for each extent, nil before it is used
}

// ground is what is free and used of an extent.
type ground struct {
	mem  []byte
	free []span      // sorted by start, never adjacent
	used map[int]int // start → length
}

type span struct{ start, end int }

const page = 4096

func newArena(seg *segment.Segment, rank int) *arena {
	return &arena{seg: seg, rank: rank, grounds: make([]*ground, seg.Extents())}
}

// alloc returns n zeroed bytes, from the first place that is large enough.
func (a *arena) alloc(n int) ([]byte, error) {
	if n < 0 {
		return nil, engine.Errorf(engine.ErrArg, "allocate %d bytes", n)
	}
	need := max(page, (n+page-1)/page*page)
	a.mu.Lock()
	defer a.mu.Unlock()
	for k, g := range a.grounds {
		if need < n || a.seg.ExtentLen(k) < need { // the sum has overflown, or
			continue
		}
		if g == nil {
			mem, err := a.seg.Extent(a.rank, k)
			if err != nil {
				return nil, engine.Errorf(engine.ErrNoMem, "%d bytes of shared memory: %w", n, err)
			}
			g = &ground{mem: mem, free: []span{{0, len(mem) / page * page}}, used: make(map[int]int)}
			a.grounds[k] = g
		}
		if p := g.alloc(n, need); p != nil {
			return p, nil
		}
	}
	if a.seg.Short() {
		return nil, transport.ErrNoRoom // in a file of limited size
	}
	return nil, engine.Errorf(engine.ErrNoMem, "%d bytes of shared memory; this rank's share is %d MiB in all", n, a.seg.ArenaLen()>>20)
}

func (g *ground) alloc(n, need int) []byte {
	for i, f := range g.free {
		if f.end-f.start < need {
			continue
		}
		g.free[i].start += need
		if g.free[i].start == f.end {
			g.free = slices.Delete(g.free, i, i+1)
		}
		g.used[f.start] = need
		return g.mem[f.start : f.start+n : f.start+need]
	}
	return nil
}

// release takes back what alloc returned.
func (a *arena) release(p []byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, g := range a.grounds {
		if g == nil {
			continue
		}
		start := uintptr(unsafe.Pointer(unsafe.SliceData(p))) - uintptr(unsafe.Pointer(&g.mem[0]))
		if start < uintptr(len(g.mem)) && g.used[int(start)] > 0 {
			return g.release(int(start))
		}
	}
	return engine.Errorf(engine.ErrBuffer, "the memory was not allocated by this rank, or has been freed")
}

func (g *ground) release(start int) error {
	n := g.used[start]
	if err := segment.Discard(g.mem[start : start+n]); err != nil {
		return engine.Errorf(engine.ErrIntern, "give back shared memory: %w", err)
	}
	delete(g.used, start)
	i, _ := slices.BinarySearchFunc(g.free, start, func(f span, s int) int { return f.start - s })
	g.free = slices.Insert(g.free, i, span{start, start + n})
	if i+1 < len(g.free) && g.free[i].end == g.free[i+1].start {
		g.free[i].end = g.free[i+1].end
		g.free = slices.Delete(g.free, i+1, i+2)
	}
	if i > 0 && g.free[i-1].end == g.free[i].start {
		g.free[i-1].end = g.free[i].end
		g.free = slices.Delete(g.free, i, i+1)
	}
	return nil
}
