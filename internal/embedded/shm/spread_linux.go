package shm

import (
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// currentCore is the core that this thread runs on, or -1.
func currentCore() int {
	var core uint32
	if _, _, e := syscall.RawSyscall(unix.SYS_GETCPU, uintptr(unsafe.Pointer(&core)), 0, 0); e != 0 {
		return -1
	}
	return int(core)
}

// allowedCores are the cores that this thread may run on.
func allowedCores() []int {
	var set unix.CPUSet
	if unix.SchedGetaffinity(0, &set) != nil {
		return nil
	}
	var cores []int
	for core := 0; len(cores) < set.Count(); core++ {
		if set.IsSet(core) {
			cores = append(cores, core)
		}
	}
	return cores
}

// moveTo moves this thread to a core, without binding it there. The goroutine
// stays on the thread between the two calls; and while a thread is locked, the
// runtime makes new ones from another, so that none is born bound.
func moveTo(core int) bool {
	var all, one unix.CPUSet
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if unix.SchedGetaffinity(0, &all) != nil {
		return false
	}
	one.Set(core)
	if unix.SchedSetaffinity(0, &one) != nil {
		return false
	}
	return unix.SchedSetaffinity(0, &all) == nil
}
