package proof

import (
	"errors"
	"io"
	"time"

	"golang.org/x/sys/unix"
)

// Talk is a connection whose reads and writes come to an end in time.
type Talk struct {
	FD    int // it does not block
	Until time.Time
}

// Within is a talk that ends after a time.
func Within(fd int, limit time.Duration) Talk { return Talk{fd, time.Now().Add(limit)} }

var errSlow = errors.New("it does not answer in time")

// Wait waits until the connection is ready.
func (t Talk) Wait(events int16) error {
	for {
		left := time.Until(t.Until)
		if left <= 0 {
			return errSlow
		}
		fds := []unix.PollFd{{Fd: int32(t.FD), Events: events}}
		n, err := unix.Poll(fds, int(left.Milliseconds())+1)
		switch {
		case errors.Is(err, unix.EINTR) || err == nil && n == 0:
		default:
			return err
		}
	}
}

// Read implements [io.Reader].
func (t Talk) Read(p []byte) (int, error) {
	n, _, err := t.Receive(p, nil)
	return n, err
}

// Write implements [io.Writer].
func (t Talk) Write(p []byte) (done int, err error) { return t.Send(p, nil) }

// Receive reads, and takes the descriptors that came along into rights.
func (t Talk) Receive(p, rights []byte) (n, rn int, err error) {
	for {
		n, rn, _, _, err = unix.Recvmsg(t.FD, p, rights, unix.MSG_CMSG_CLOEXEC)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN):
			if err := t.Wait(unix.POLLIN); err != nil {
				return 0, 0, err
			}
		case err != nil:
			return 0, 0, err
		case n == 0 && len(p) > 0:
			return 0, 0, io.EOF
		default:
			return n, rn, nil
		}
	}
}

// Send writes, and passes descriptors along with the first bytes.
func (t Talk) Send(p, rights []byte) (done int, err error) {
	for done < len(p) {
		n, err := unix.SendmsgN(t.FD, p[done:], rights, nil, unix.MSG_NOSIGNAL)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN):
			if err := t.Wait(unix.POLLOUT); err != nil {
				return done, err
			}
		case err != nil:
			return done, err
		default:
			done, rights = done+n, nil
		}
	}
	return done, nil
}

// Line reads a line of at most most bytes, and nothing behind it.
func (t Talk) Line(most int) (string, error) {
	var b [1]byte
	var line []byte
	for len(line) < most {
		if _, err := t.Read(b[:]); err != nil {
			return "", err
		}
		if b[0] == '\n' {
			return string(line), nil
		}
		line = append(line, b[0])
	}
	return "", errors.New("its line is too long")
}
