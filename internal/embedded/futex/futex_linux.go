package futex

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	opWait = 0
	opWake = 1
)

// Wait sleeps while *p == v, until a Wake, a signal or the time-out; the caller
// looks at its condition again in any case. The scheduler may run other
// goroutines meanwhile.
func Wait(p *uint32, v uint32, timeout time.Duration) {
	ts := unix.NsecToTimespec(int64(timeout))
	syscall.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(p)), opWait, uintptr(v), uintptr(unsafe.Pointer(&ts)), 0, 0)
}

// Wake wakes at most n sleepers.
func Wake(p *uint32, n int) {
	syscall.RawSyscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(p)), opWake, uintptr(n), 0, 0, 0)
}

// Yield gives the core to another thread or process that wants it, without
// giving up the goroutine's place in the Go scheduler.
func Yield() { syscall.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0) }
