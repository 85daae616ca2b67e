//go:build unix && !linux

package tcp

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// acknowledged: only the end of the connection tells it here.
func acknowledged(int) bool { return false }

// newSocket makes a socket that does not block and that no child inherits.
func newSocket(family int) (int, error) {
	return guarded(func() (int, error) { return unix.Socket(family, unix.SOCK_STREAM, 0) })
}

func acceptFD(fd int) (int, error) {
	return guarded(func() (int, error) {
		c, _, err := unix.Accept(fd)
		return c, err
	})
}

// guarded makes a descriptor while no child is started.
func guarded(open func() (int, error)) (int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fd, err := open()
	if err != nil {
		return -1, err
	}
	unix.CloseOnExec(fd)
	if err := unix.SetNonblock(fd, true); err != nil {
		closeFD(fd)
		return -1, err
	}
	return fd, nil
}
