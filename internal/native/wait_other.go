//go:build !linux

package native

import (
	"runtime"
	"time"
)

// nap sleeps for a while.
func nap(d time.Duration) { time.Sleep(d) }

// yieldThread lets other goroutines run; there is no portable way to yield to
// other processes.
func yieldThread() { runtime.Gosched() }
