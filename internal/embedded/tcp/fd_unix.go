//go:build unix

package tcp

import (
	"errors"

	"golang.org/x/sys/unix"
)

// writeFD writes as much as a connection takes, which may be nothing for now.
func writeFD(fd int, from []byte) (int, error) { return forNow(untilDone(unix.Write, fd, from)) }

// untilDone makes a system call again that a signal has interrupted.
func untilDone(call func(int, []byte) (int, error), fd int, p []byte) (n int, err error) {
	for {
		if n, err = call(fd, p); !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}

// forNow makes nothing, without an error, of a call that would have to wait.
func forNow(n int, err error) (int, error) {
	switch {
	case errors.Is(err, unix.EAGAIN):
		return 0, nil
	case err != nil:
		return 0, err
	}
	return n, nil
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
