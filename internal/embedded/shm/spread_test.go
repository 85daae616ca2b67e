package shm

import (
	"runtime"
	"testing"
)

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		on    []int // the core of each rank
		here  int
		cores []int
		to    int
		last  int
	}{
		{[]int{0, 0, 0, 1}, 0, []int{0, 1}, 1, 2},
		{[]int{0, 0, 0, 1}, 1, []int{0, 1}, -1, 3},
		{[]int{0, 1, 0, 1}, 0, []int{0, 1}, -1, 2},
		{[]int{0, 0, 1}, 0, []int{0, 1}, -1, 1}, // it would only be the other way round
		{[]int{2, 2, 2, 2}, 2, []int{2, 5, 700}, 5, 3},
		{[]int{2, 2, 2, 2, 5}, 2, []int{2, 5, 700}, 700, 3},
		{[]int{0, 0, 0, 0}, 0, []int{0}, -1, 3},
		{[]int{0, 0, 0, 0}, 0, nil, -1, 3},
	} {
		var crowd crowding
		for range 2 { // it is used again
			crowd.reset(c.here)
			for r, core := range c.on {
				crowd.add(r, core)
			}
		}
		if to := crowd.better(c.cores); to != c.to || crowd.last != c.last {
			t.Errorf("ranks on %v: rank %d of core %d moves to %d, not rank %d to %d", c.on, crowd.last, c.here, to, c.last, c.to)
		}
	}
}

// A thread that moves to a core is there, and not bound to it.
func TestMoveTo(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cores := allowedCores()
	if len(cores) < 2 {
		t.Skip("this system does not let the test choose among cores")
	}
	there := 0
	for i := range 100 {
		core := cores[i%len(cores)]
		if !moveTo(core) {
			t.Fatalf("cannot move to core %d", core)
		}
		if currentCore() == core {
			there++
		}
	}
	if there < 50 { // the kernel may move it again at any moment
		t.Errorf("after a move the thread was on its core %d of 100 times", there)
	}
	if now := allowedCores(); len(now) != len(cores) {
		t.Errorf("of the cores %v, only %v are left", cores, now)
	}
}
