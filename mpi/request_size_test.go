package mpi

import (
	"testing"
	"unsafe"
)

// Programs start requests by the million.
func TestRequestIsSmall(t *testing.T) {
	if unsafe.Sizeof(uintptr(0)) == 8 && unsafe.Sizeof(Request{}) > 32 {
		t.Errorf("a request takes %d bytes", unsafe.Sizeof(Request{}))
	}
}
