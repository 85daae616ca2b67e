package bench

import (
	"slices"
	"sync"
	"time"
)

// clock is what all times are differences of; time.Since of a monotonic time
// reads one clock, time.Now two.
var clock = time.Now()

// now returns nanoseconds.
func now() int64 { return int64(time.Since(clock)) }

// clockCost is how much a difference of two readings is too large. Next to a
// collective of a few hundred nanoseconds it counts, and programs in different
// languages pay differently for it; all of them take it off.
var clockCost = sync.OnceValue(func() int64 {
	ds := make([]int64, 1001)
	for i := range ds {
		start := now()
		ds[i] = now() - start
	}
	slices.Sort(ds)
	return ds[len(ds)/2]
})

// since returns the nanoseconds since start was read, without what the reading
// costs.
func since(start, cost int64) int64 { return max(0, now()-start-cost) }
