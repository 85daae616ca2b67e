package embedded

import (
	"testing"

	"github.com/ringo-mpi/ringo/internal/embedded/inproc"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// yielding counts how often a rank gives its core away.
type yielding struct {
	transport.Self
	n int
}

func (y *yielding) Yield() { y.n++ }

// A rank that looks again and again for what is not there gives its core to the
// others, where they need it to bring it.
func TestLooksInVainYield(t *testing.T) {
	for _, crowded := range []bool{false, true} {
		end := inproc.New(2)[0]
		y := &yielding{Self: end.Self}
		end.Self, end.Facts.Crowded = y, crowded
		c := newRank(end).World()
		var v [8]byte
		r, err := c.Irecv(engine.OfBytes(v[:]), 1, 0)
		if err != nil {
			t.Fatal(err)
		}
		for name, look := range map[string]func() (bool, error){
			"Test":    func() (bool, error) { _, ok, err := r.Test(); return ok, err },
			"Iprobe":  func() (bool, error) { _, ok, err := c.Probe(1, 1, false, nil); return ok, err },
			"Improbe": func() (bool, error) { _, _, ok, err := c.Mprobe(1, 1, false, nil); return ok, err },
		} {
			y.n = 0
			for range 100 {
				if ok, err := look(); ok || err != nil {
					t.Fatalf("%s: %v, %v", name, ok, err)
				}
			}
			if crowded && y.n < 10 || !crowded && y.n != 0 {
				t.Errorf("crowded %v: the core was given away %d times in 100 calls of %s", crowded, y.n, name)
			}
		}
	}
}
