package shm

import (
	"sync"
	"sync/atomic"

	"github.com/ringo-mpi/ringo/internal/embedded/transport"
)

// Where ranks outnumber cores and give them up to one another, the kernel may
// leave most of them on one core for long: none ever waits for long enough to
// be worth moving. So ranks tell each other where they run, and one of a
// crowded core moves to the least crowded core. It is not bound there: the
// kernel may move it again when the core has other things to do.

// spreadEvery is after how many yields a rank looks around.
const spreadEvery = 64

// spread moves this rank to another core if that leaves the ranks more evenly
// spread.
func (j *job) spread() {
	here := currentCore()
	if here < 0 || !j.crowding.mu.TryLock() {
		return
	}
	defer j.crowding.mu.Unlock()
	atomic.StoreUint32(&j.seg.Bell(j.rank).Core, uint32(here)+1)
	c := &j.crowding
	c.reset(here)
	for r := range j.n {
		bell := j.seg.Bell(r)
		if core := atomic.LoadUint32(&bell.Core); core != 0 && atomic.LoadUint32(&bell.Sleeping) == 0 && j.seg.State(r) == transport.Running {
			c.add(r, int(core)-1)
		}
	}
	// If only one of them moves at a time, not all move to the same core.
	if c.last != j.rank || c.ranks[here] < 2 {
		return
	}
	if to := c.better(allowedCores()); to >= 0 && moveTo(to) {
		atomic.StoreUint32(&j.seg.Bell(j.rank).Core, uint32(to)+1)
	}
}

// crowding counts the ranks on each core that do not sleep.
type crowding struct {
	mu    sync.Mutex
	ranks []int
	here  int // a core
	last  int // the highest rank on it
}

func (c *crowding) reset(here int) {
	clear(c.ranks)
	c.here, c.last = here, -1
}

func (c *crowding) add(rank, core int) {
	if core == c.here {
		c.last = rank
	}
	for len(c.ranks) <= core {
		c.ranks = append(c.ranks, 0)
	}
	c.ranks[core]++
}

// better is the least crowded of some cores, if it has at least two ranks less
// than this one, or -1.
func (c *crowding) better(cores []int) int {
	best, least := -1, c.ranks[c.here]-1
	for _, core := range cores {
		n := 0
		if core < len(c.ranks) {
			n = c.ranks[core]
		}
		if n < least {
			best, least = core, n
		}
	}
	return best
}
