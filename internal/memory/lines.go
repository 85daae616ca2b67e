package memory

import "unsafe"

// Zeroed allocates n zeroed bytes at the start of a cache line, and of none that
// belongs to something else when n is a multiple of a line.
func Zeroed(n int) []byte {
	words := make([]uint64, n/8+8)
	p := unsafe.Pointer(&words[0])
	skip := -uintptr(p) & 63
	return unsafe.Slice((*byte)(unsafe.Add(p, skip)), n)
}
