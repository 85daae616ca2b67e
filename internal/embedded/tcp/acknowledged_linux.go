package tcp

import "golang.org/x/sys/unix"

// acknowledged reports whether the peer's system has all that was sent.
func acknowledged(fd int) bool {
	n, err := unix.IoctlGetInt(fd, unix.SIOCOUTQ)
	return err != nil || n == 0
}
