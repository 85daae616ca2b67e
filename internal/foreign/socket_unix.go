//go:build unix

package foreign

import "syscall"

// isSocket tells whether a descriptor of this process is an open socket.
func isSocket(fd int) bool {
	var st syscall.Stat_t
	return fd >= 0 && syscall.Fstat(fd, &st) == nil && st.Mode&syscall.S_IFMT == syscall.S_IFSOCK
}
