//go:build linux

package segment

import (
	"strings"
	"testing"
	"unsafe"
)

// Where the size of files is limited, the arenas are what there is room for; an
// error names the limit when there is none for the rest.
func TestFileLimit(t *testing.T) {
	const board = 70_000
	for _, ranks := range []int{1, 2, 7, 130} {
		whole := layoutFor(ranks, ranks, board, arenaFor(ranks))
		least := layoutFor(ranks, ranks, board, 0).size
		for _, limit := range []int{whole.size, whole.size - 1, least + 1<<30, least + 5<<20, least} {
			l, err := fitting(ranks, ranks, board, int64(limit))
			if err != nil || l.size > limit || l.size < least || l.ring != whole.ring {
				t.Errorf("%d ranks, %d bytes: %+v, %v", ranks, limit, l, err)
			}
			if limit == whole.size && l != whole || limit == least && l.arena != 0 {
				t.Errorf("%d ranks, %d bytes: arenas of %d", ranks, limit, l.arena)
			}
		}
		if _, err := fitting(ranks, ranks, board, int64(least-1)); err == nil || !strings.Contains(err.Error(), "ulimit -f") {
			t.Errorf("%d ranks: %v", ranks, err)
		}
	}
}

// Only what is used of the arenas is mapped, at each process for itself.
func TestArenasAreMappedByAndBy(t *testing.T) {
	s, err := Create(2, 4096, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	mapped := func() (n int) {
		for _, w := range *s.windows.Load() {
			n += len(w.mem)
		}
		return n
	}
	if n := mapped(); n > 16<<20 {
		t.Errorf("%d MiB are mapped at the start", n>>20)
	}
	before := mapped()
	at := s.sizes.arenaAt + s.sizes.arena + firstExtent + 100 // in the second extent of rank 1
	for range 2 {
		p, err := s.Slice(at, 50)
		if err != nil {
			t.Fatal(err)
		}
		if off, ok := s.Offset(unsafe.Pointer(unsafe.SliceData(p))); !ok || off != at {
			t.Fatalf("memory at %d is found at %d, %v", at, off, ok)
		}
		if n := mapped() - before; n != s.ExtentLen(1) || n != 2*firstExtent {
			t.Fatalf("%d bytes more are mapped", n)
		}
	}
	total := 0
	for k := range s.Extents() {
		total += s.ExtentLen(k)
	}
	if total != s.ArenaLen() {
		t.Errorf("extents of %d bytes in an arena of %d", total, s.ArenaLen())
	}
	for _, c := range [][2]int{{s.sizes.arenaAt - 1, 1}, {s.sizes.arenaAt + firstExtent - 1, 2}, {s.sizes.size, 1}} {
		if _, err := s.Slice(c[0], c[1]); err == nil {
			t.Errorf("Slice(%d, %d) accepted", c[0], c[1])
		}
	}
}
