//go:build !linux

package bench

import "runtime"

// residentMemory returns the bytes that Go's runtime has from the system: what
// is in memory is not told here in a way that all systems share.
func residentMemory() (int64, error) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys - m.HeapReleased), nil
}

func ownMemory() (int64, error) { return residentMemory() }
