//go:build !linux

package native

import "runtime"

// cpuSet returns as many bits as the machine has cores.
func cpuSet() *[128]byte {
	set := new([128]byte)
	for i := range min(runtime.NumCPU(), 8*len(set)) {
		set[i/8] |= 1 << (i % 8)
	}
	return set
}
