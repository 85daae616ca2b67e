package native

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// cpuSet returns the cores that this process may run on, a bit each.
func cpuSet() *[unsafe.Sizeof(unix.CPUSet{})]byte {
	set := new(unix.CPUSet)
	if unix.SchedGetaffinity(0, set) != nil {
		*set = unix.CPUSet{}
	}
	return (*[unsafe.Sizeof(unix.CPUSet{})]byte)(unsafe.Pointer(set))
}
