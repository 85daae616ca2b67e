package inproc

import (
	"testing"
	"unsafe"
)

// What a rank writes for each message shares no cache line with what another
// rank writes.
func TestWholeLines(t *testing.T) {
	if unsafe.Sizeof(uintptr(0)) != 8 {
		t.Skip("SKIPPED: the padding is that of processors of 64 bits")
	}
	if size := unsafe.Sizeof(member{}); size%wholeLines != 0 {
		t.Errorf("a member takes %d bytes: not whole lines", size)
	}
}
