//go:build unix && !linux

package tcp

import (
	"io"
	"syscall"
	"time"

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

// readFD reads what a connection has, which may be nothing for now.
func readFD(fd int, to []byte) (int, error) {
	n, err := untilDone(unix.Read, fd, to)
	if n == 0 && err == nil && len(to) > 0 {
		return 0, io.EOF
	}
	return forNow(n, err)
}

// vector is what is sent together.
type vector struct{ list [][]byte }

// room reports whether two pieces more can be added.
func (v *vector) room() bool { return len(v.list) < 15 }

// add adds bytes that are not empty.
func (v *vector) add(b []byte) { v.list = append(v.list, b) }

// reset forgets what was added.
func (v *vector) reset() {
	clear(v.list)
	v.list = v.list[:0]
}

// send sends as much as a connection takes, which may be nothing for now.
func (v *vector) send(fd int) (total int, err error) {
	for _, b := range v.list {
		n, err := writeFD(fd, b)
		total += n
		if err != nil || n < len(b) {
			return total, err
		}
	}
	return total, nil
}

// readySet would tell which of many connections have something to read.
type readySet struct{}

func (*readySet) look(*end) bool { return false }

func (*readySet) close() {}

// unpaced has a connection send as soon as it may.
func unpaced(int) {}

// mortal has a connection end with an error when the other side cannot be reached, as
// soon as the system notices.
func mortal(fd int, _ time.Duration) {
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
}
