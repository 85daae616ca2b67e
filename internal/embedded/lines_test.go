package embedded

import (
	"testing"
	"unsafe"
)

// What ranks of one process write for each message shares no cache line with
// what another rank writes.
func TestWholeLines(t *testing.T) {
	if unsafe.Sizeof(uintptr(0)) != 8 {
		t.Skip("SKIPPED: the padding is that of processors of 64 bits")
	}
	for name, size := range map[string]uintptr{
		"inbound":  unsafe.Sizeof(inbound{}),
		"outbound": unsafe.Sizeof(outbound{}),
		"space":    unsafe.Sizeof(space{}),
		"request":  unsafe.Sizeof(request{}),
	} {
		if size%wholeLines != 0 {
			t.Errorf("%s takes %d bytes: not whole lines", name, size)
		}
	}
}
