package native

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// nap sleeps for a while, in a system call when it is short: the runtime's
// timers are too coarse for that.
func nap(d time.Duration) {
	if d >= time.Millisecond {
		time.Sleep(d)
		return
	}
	ts := unix.NsecToTimespec(int64(d))
	syscall.Syscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&ts)), 0, 0)
}

// yieldThread lets another process have the core (sched_yield).
func yieldThread() { syscall.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0) }
