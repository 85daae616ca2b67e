package embedded

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// spreadOut moves this thread to one of the cores that it may use, as many
// ranks to each, and lets it go again: where ranks outnumber cores and give
// them up to each other, the kernel leaves them for long where they happened to
// start, three on one core and one on the other.
func spreadOut(rank int) {
	var all, one unix.CPUSet
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if unix.SchedGetaffinity(0, &all) != nil || all.Count() < 2 {
		return
	}
	skip := rank % all.Count()
	for cpu := 0; ; cpu++ {
		if !all.IsSet(cpu) {
			continue
		}
		if skip == 0 {
			one.Set(cpu)
			break
		}
		skip--
	}
	if unix.SchedSetaffinity(0, &one) == nil {
		_ = unix.SchedSetaffinity(0, &all)
	}
}
