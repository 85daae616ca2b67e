package segment

import (
	"errors"
	"fmt"
	"os"
	"unsafe"
)

// A process maps the start of the segment when it opens it, and of the arenas
// only what is used: address space may be short, and is counted on some systems.
// An arena is cut into extents, each twice as long as the one before, which are
// mapped one by one: what is in use never moves, and one allocation lies in one
// extent.

// firstExtent is the length of an arena's first extent.
const firstExtent = 4 << 20

// window is a part of the segment that this process has mapped.
type window struct {
	at  int // in the segment
	mem []byte
}

// extentOf returns the extent that a place in an arena lies in.
func extentOf(at int) (k int) {
	for at >= firstExtent*(2<<k-1) {
		k++
	}
	return k
}

// bounds are where extent k of an arena begins and ends in the arena.
func (l *layout) bounds(k int) (from, to int) {
	return min(l.arena, firstExtent*(1<<k-1)), min(l.arena, firstExtent*(2<<k-1))
}

// Extents is the number of extents of an arena, 0 where no file may be as large
// as arenas need.
func (s *Segment) Extents() int {
	if s.sizes.arena == 0 {
		return 0
	}
	return extentOf(s.sizes.arena-1) + 1
}

// ExtentLen is the length of extent k of every arena.
func (s *Segment) ExtentLen(k int) int {
	from, to := s.sizes.bounds(k)
	return to - from
}

// ArenaLen is the length of a rank's arena.
func (s *Segment) ArenaLen() int { return s.sizes.arena }

// Short reports whether the arenas are smaller than they would be without a limit
// on the size of a file.
func (s *Segment) Short() bool { return s.sizes.arena < arenaFor(s.sizes.ranks) }

// Extent returns extent k of the memory that rank hands out, which it maps if
// that has not been done. The error names the limit that is in the way.
func (s *Segment) Extent(rank, k int) ([]byte, error) { return s.extent(s.Place(rank), k) }

func (s *Segment) extent(place, k int) ([]byte, error) {
	from, to := s.sizes.bounds(k)
	at := s.sizes.arenaAt + place*s.sizes.arena + from
	s.mu.Lock()
	defer s.mu.Unlock()
	windows := *s.windows.Load()
	for _, w := range windows {
		if w.at == at {
			return w.mem, nil
		}
	}
	mem, err := mapFile(s.file, at, to-from)
	if err != nil {
		return nil, fmt.Errorf("%d MiB of address space: %w%s", (to-from)>>20, err, addressLimit())
	}
	grown := append(windows[:len(windows):len(windows)], window{at, mem})
	s.windows.Store(&grown)
	return mem, nil
}

// Offset returns where in the segment p lies, if it does.
func (s *Segment) Offset(p unsafe.Pointer) (int, bool) {
	for _, w := range *s.windows.Load() {
		if off := uintptr(p) - uintptr(unsafe.Pointer(unsafe.SliceData(w.mem))); off < uintptr(len(w.mem)) {
			return w.at + int(off), true
		}
	}
	return 0, false
}

// Slice returns n bytes at an offset that another rank got from Offset, nil if
// they do not lie in one part of the segment. The error is that they cannot be
// mapped.
func (s *Segment) Slice(off, n int) ([]byte, error) {
	l := &s.sizes
	if off < 0 || n < 0 || off > l.size || n > l.size-off {
		return nil, errors.New("it does not lie in the segment")
	}
	mem := s.mem
	if off >= len(mem) {
		if off < l.arenaAt || l.arena == 0 {
			return nil, errors.New("it does not lie in the segment")
		}
		place := min((off-l.arenaAt)/l.arena, l.ranks-1)
		in := off - l.arenaAt - place*l.arena
		k := extentOf(min(in, l.arena-1))
		var err error
		if mem, err = s.extent(place, k); err != nil {
			return nil, err
		}
		from, _ := l.bounds(k)
		off = in - from
	}
	if off > len(mem) || n > len(mem)-off {
		return nil, errors.New("it does not lie in one part of the segment")
	}
	return mem[off : off+n : off+n], nil
}

// Close unmaps the segment and closes its descriptor.
func (s *Segment) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	for _, w := range *s.windows.Load() {
		err = errors.Join(err, unmap(w.mem))
	}
	s.windows.Store(new([]window))
	s.mem, s.head = nil, nil
	return errors.Join(err, s.file.Close())
}

// mapStart maps the first n bytes of the segment.
func mapStart(f *os.File, n int) (*Segment, error) {
	mem, err := mapFile(f, 0, n)
	if err != nil {
		return nil, fmt.Errorf("map %d KiB of shared memory: %w%s", n>>10, err, addressLimit())
	}
	s := &Segment{file: f, mem: mem, head: (*header)(unsafe.Pointer(&mem[0]))}
	s.windows.Store(&[]window{{0, mem}})
	return s, nil
}
