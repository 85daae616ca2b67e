//go:build !race

package tcp

import (
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/ringo-mpi/ringo/internal/embedded/ring"
)

// resident is how much memory of its own this process has in KiB.
func resident(t *testing.T) int {
	t.Helper()
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "RssAnon:")
	n, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A further peer costs a rank at most 64 KiB, however much the two have sent each
// other. (Both ranks of each pair are in this process: half of what it grows by is of
// one.)
func TestMemoryOfAPeer(t *testing.T) {
	const peers, frames = 64, 60
	ends := world(t, peers+1)
	talk := func(with int) {
		for _, way := range [][2]int{{0, with}, {with, 0}} {
			s := ends[way[0]].sender(way[1])
			from := &receiver{e: ends[way[1]], from: way[0]}
			for i := range frames {
				n := 40 + i%5*1000
				s.put(1, ring.Header{Tag: int32(i)}, pattern(n, i))
				if i%20 == 19 { // the ring fills meanwhile
					for k := i - 19; k <= i; k++ {
						if _, h, data := from.next(t); h.Tag != int32(k) || len(data) != 40+k%5*1000 {
							t.Fatalf("frame %d has tag %d and %d bytes", k, h.Tag, len(data))
						}
					}
				}
			}
		}
	}
	talk(1)
	before := resident(t)
	for with := 2; with <= peers; with++ {
		talk(with)
	}
	each := (resident(t) - before) / (peers - 1) / 2
	t.Logf("%d KiB for a further peer", each)
	if each > 64 {
		t.Errorf("a further peer costs %d KiB, more than 64", each)
	}
}
