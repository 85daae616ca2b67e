package tcp

import (
	"io"
	"os"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

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

// unpaced has a connection send as soon as it may. Where BBR is the system's choice,
// it spaces out what is sent by a timer, which makes half of the bandwidth of a short
// way.
func unpaced(fd int) {
	if name, err := unix.GetsockoptString(fd, unix.IPPROTO_TCP, unix.TCP_CONGESTION); err != nil || !strings.HasPrefix(name, "bbr") {
		return
	}
	for _, name := range []string{"cubic", "reno"} { // the first needs a privilege unless it is the default
		if unix.SetsockoptString(fd, unix.IPPROTO_TCP, unix.TCP_CONGESTION, name) == nil {
			return
		}
	}
}

// mortal has a connection end with an error when the other side cannot be reached for
// so long, whether there is something to send or not.
func mortal(fd int, after time.Duration) {
	seconds := max(1, int(after/4/time.Second))
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(after.Milliseconds()))
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, seconds)
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, seconds)
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
}

// The system calls that follow do not wait, and are made for every message: the
// runtime is not told of them.

// readFD reads what a connection has, which may be nothing for now.
func readFD(fd int, to []byte) (int, error) {
	for {
		n, _, err := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(to))), uintptr(len(to)), unix.MSG_DONTWAIT, 0, 0)
		switch {
		case err == 0 && n == 0 && len(to) > 0:
			return 0, io.EOF
		case err == 0:
			return int(n), nil
		case err == unix.EAGAIN:
			return 0, nil
		case err != unix.EINTR:
			return 0, os.NewSyscallError("recvfrom", err)
		}
	}
}

// vector is what is sent by one system call.
type vector struct {
	list [16]unix.Iovec
	head unix.Msghdr
	n    int
}

// room reports whether two pieces more can be added.
func (v *vector) room() bool { return v.n < len(v.list)-1 }

// add adds bytes that are not empty.
func (v *vector) add(b []byte) {
	if v.n > 0 {
		if last := &v.list[v.n-1]; uintptr(unsafe.Pointer(last.Base))+uintptr(last.Len) == uintptr(unsafe.Pointer(&b[0])) {
			last.SetLen(int(last.Len) + len(b))
			return
		}
	}
	v.list[v.n].Base = &b[0]
	v.list[v.n].SetLen(len(b))
	v.n++
}

// reset forgets what was added.
func (v *vector) reset() {
	clear(v.list[:v.n])
	v.n = 0
}

// send sends as much as a connection takes, which may be nothing for now.
func (v *vector) send(fd int) (int, error) {
	const flags = unix.MSG_DONTWAIT | unix.MSG_NOSIGNAL
	for {
		var n uintptr
		var err syscall.Errno
		if v.n == 1 {
			n, _, err = syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(v.list[0].Base)), uintptr(v.list[0].Len), flags, 0, 0)
		} else {
			v.head.Iov = &v.list[0]
			v.head.SetIovlen(v.n)
			n, _, err = syscall.RawSyscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&v.head)), flags)
		}
		switch {
		case err == 0:
			return int(n), nil
		case err == unix.EAGAIN:
			return 0, nil
		case err != unix.EINTR:
			return 0, os.NewSyscallError("send", err)
		}
	}
}

// readySet tells which of many connections have something to read. A connection is
// added when the rank first has many: it costs something for every message.
type readySet struct {
	fd     int // of epoll; 0: not made yet, -1: there is none
	events [32]unix.EpollEvent
}

// add adds a connection, which leaves with its descriptor. It reports whether it
// could.
func (s *readySet) add(p *peer) bool {
	if s.fd == 0 {
		fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
		if err != nil {
			fd = -1
		}
		s.fd = fd
	}
	p.inSet = true
	return s.fd > 0 && unix.EpollCtl(s.fd, unix.EPOLL_CTL_ADD, p.fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(p.rank)}) == nil
}

// look marks the peers whose connections have something to read. It reports whether
// it could.
func (s *readySet) look(e *end) bool {
	if s.fd < 0 {
		return false
	}
	for _, p := range e.joined {
		if !p.inSet && !s.add(p) {
			s.close()
			return false
		}
	}
	n, _, err := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(s.fd), uintptr(unsafe.Pointer(&s.events[0])), uintptr(len(s.events)), 0, 0, 0)
	if err != 0 {
		return false
	}
	for _, ev := range s.events[:n] {
		if p := e.peers[int(ev.Fd)]; p != nil {
			p.ready = true
		}
	}
	return true
}

// close gives the descriptor back: all connections are read from now on.
func (s *readySet) close() {
	if s.fd > 0 {
		closeFD(s.fd)
	}
	s.fd = -1
}
