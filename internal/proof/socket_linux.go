package proof

import (
	"errors"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Sockets are used without package net, which may bring the C library into every
// program.

// CallTime is how long who is called may take to answer.
const CallTime = 30 * time.Second

// Dial connects to an address. The socket does not block.
func Dial(a netip.AddrPort) (fd int, err error) {
	family, to := unix.AF_INET6, unix.Sockaddr(&unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()})
	if at := a.Addr().Unmap(); at.Is4() {
		family, to = unix.AF_INET, &unix.SockaddrInet4{Port: int(a.Port()), Addr: at.As4()}
	}
	fd, err = unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	if err := Connect(fd, to, CallTime); err != nil {
		unix.Close(fd)
		return -1, err
	}
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	return fd, nil
}

// Connect connects a socket, and makes it one that does not block.
func Connect(fd int, to unix.Sockaddr, limit time.Duration) error {
	// A time-out of sending ends a connect as well.
	tv := unix.NsecToTimeval(int64(limit))
	_ = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &tv)
	for {
		err := unix.Connect(fd, to)
		switch {
		case errors.Is(err, unix.EINTR):
			continue // of a Unix socket, and of TCP the next call says EALREADY or EISCONN
		case errors.Is(err, unix.EALREADY):
			time.Sleep(time.Millisecond)
			continue
		case errors.Is(err, unix.EINPROGRESS), errors.Is(err, unix.EAGAIN):
			return errors.New("it does not answer")
		case err != nil && !errors.Is(err, unix.EISCONN):
			return os.NewSyscallError("connect", err)
		}
		_ = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &unix.Timeval{})
		return unix.SetNonblock(fd, true)
	}
}

// ListenPort waits at a port of all addresses of this host; 0 is any that is free.
func ListenPort(port uint16) (fd int, err error) {
	fd, err = Listen(unix.AF_INET6, &unix.SockaddrInet6{Port: int(port)})
	if errors.Is(err, unix.EAFNOSUPPORT) || errors.Is(err, unix.EADDRNOTAVAIL) {
		fd, err = Listen(unix.AF_INET, &unix.SockaddrInet4{Port: int(port)})
	}
	return fd, err
}

// Listen opens a socket that waits for calls and does not block.
func Listen(family int, at unix.Sockaddr) (fd int, err error) {
	if fd, err = unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0); err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	switch family {
	case unix.AF_INET6:
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 0)
		fallthrough
	case unix.AF_INET:
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	}
	if err = unix.Bind(fd, at); err == nil {
		err = unix.Listen(fd, 4096)
	}
	if err != nil {
		unix.Close(fd)
		return -1, os.NewSyscallError("listen", err)
	}
	return fd, nil
}
