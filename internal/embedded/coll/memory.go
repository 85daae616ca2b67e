package coll

import (
	"math/bits"
	"sync"
	"unsafe"
)

// memory is the temporary memory of a schedule: one block, a power of two
// long, kept in a pool by size. It is aligned for every element type.
type memory struct {
	p     unsafe.Pointer
	class int
}

const (
	minClass = 7  // 128 B: the least block handed out
	maxClass = 26 // 64 MiB: longer blocks are left to the garbage collector
)

var memories [maxClass + 1]sync.Pool // of unsafe.Pointer, which an interface holds without allocating

// newMemory returns n bytes of undefined content.
func newMemory(n int) memory {
	if n == 0 {
		return memory{}
	}
	class := max(minClass, bits.Len(uint(n-1)))
	if class > maxClass {
		return memory{p: words(n), class: class}
	}
	if p, ok := memories[class].Get().(unsafe.Pointer); ok {
		return memory{p: p, class: class}
	}
	return memory{p: words(1 << class), class: class}
}

func (m memory) free() {
	if m.p != nil && m.class <= maxClass {
		memories[m.class].Put(m.p)
	}
}

// words allocates n bytes aligned to 8, as the strictest element type needs.
func words(n int) unsafe.Pointer {
	return unsafe.Pointer(unsafe.SliceData(make([]uint64, (n+7)/8)))
}
