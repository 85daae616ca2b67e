//go:build !linux

package futex

import (
	"runtime"
	"sync/atomic"
	"time"
)

// Wait sleeps while *p == v, until the word changes or the time-out.
func Wait(p *uint32, v uint32, timeout time.Duration) {
	step := 20 * time.Microsecond
	for end := time.Now().Add(timeout); atomic.LoadUint32(p) == v && time.Now().Before(end); {
		time.Sleep(step)
		step = min(2*step, time.Millisecond)
	}
}

// Wake wakes sleepers; here they wake by themselves.
func Wake(p *uint32, n int) {}

// Yield lets others run.
func Yield() { runtime.Gosched() }
