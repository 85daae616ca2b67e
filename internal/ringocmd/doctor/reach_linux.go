package doctor

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// readPeer reads n numbers at addr of the process pid, which is rank peer, and
// compares them with what that rank has put there. It returns why it could not,
// "" if it could.
func readPeer(pid int, addr uintptr, peer, n int) string {
	got := make([]uint64, n)
	size := n * int(unsafe.Sizeof(got[0]))
	local := []unix.Iovec{{Base: (*byte)(unsafe.Pointer(&got[0]))}}
	local[0].SetLen(size)
	k, err := unix.ProcessVMReadv(pid, local, []unix.RemoteIovec{{Base: addr, Len: size}}, 0)
	if err != nil {
		return err.Error()
	}
	if k != size {
		return fmt.Sprintf("%d of %d bytes arrived", k, size)
	}
	for i, v := range got {
		if v != pattern(peer, i) {
			return fmt.Sprintf("number %d arrived as %#x", i, v)
		}
	}
	return ""
}
