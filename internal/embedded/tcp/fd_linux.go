package tcp

import "golang.org/x/sys/unix"

// acknowledged reports whether the peer's system has all that was sent.
func acknowledged(fd int) bool {
	n, err := unix.IoctlGetInt(fd, unix.SIOCOUTQ)
	return err != nil || n == 0
}

// newSocket makes a socket that does not block and that no child inherits.
func newSocket(family int) (int, error) {
	return unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
}

func acceptFD(fd int) (int, error) {
	c, _, err := unix.Accept4(fd, unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK)
	return c, err
}
