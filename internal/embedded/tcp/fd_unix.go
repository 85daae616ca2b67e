//go:build unix

package tcp

import (
	"io"

	"golang.org/x/sys/unix"
)

// readFD reads what a connection has, which may be nothing for now.
func readFD(fd int, to []byte) (int, error) {
	for {
		n, err := unix.Read(fd, to)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EAGAIN:
			return 0, nil
		case err != nil:
			return 0, err
		case n == 0:
			return 0, io.EOF
		}
		return n, nil
	}
}

// writeFD writes as much as a connection takes, which may be nothing for now.
func writeFD(fd int, from []byte) (int, error) {
	for {
		n, err := unix.Write(fd, from)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EAGAIN:
			return 0, nil
		case err != nil:
			return 0, err
		}
		return n, nil
	}
}

func closeFD(fd int) { _ = unix.Close(fd) }

// shutdownFD says that this rank sends no more.
func shutdownFD(fd int) { _ = unix.Shutdown(fd, unix.SHUT_WR) }

// pipeCloexec makes a pipe that no program started by this one inherits.
func pipeCloexec(fds []int) error {
	if err := unix.Pipe(fds); err != nil {
		return err
	}
	for _, fd := range fds {
		unix.CloseOnExec(fd)
		if err := unix.SetNonblock(fd, true); err != nil {
			return err
		}
	}
	return nil
}
