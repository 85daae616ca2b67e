//go:build unix

package tcp

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Sockets are used without package net, which may bring the C library into every
// program: it would then be linked dynamically, and the runtime would no longer
// find out that all of its goroutines wait for each other.

// address makes of an address what system calls take.
func address(a netip.AddrPort) (family int, to unix.Sockaddr, err error) {
	if a.Addr().Unmap().Is4() {
		return unix.AF_INET, &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().Unmap().As4()}, nil
	}
	if a.Addr().Zone() != "" {
		return 0, nil, fmt.Errorf("%v: addresses of one link are not used", a)
	}
	return unix.AF_INET6, &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}, nil
}

// listenAll returns sockets that wait for calls at the addresses of a list, and their
// addresses, likewise with commas between them.
func listenAll(list string, ports Ports) (fds []int, addrs string, err error) {
	var names []string
	for where := range strings.SplitSeq(list, ",") {
		fd, name, err := listenIn(where, ports)
		if err != nil {
			for _, fd := range fds {
				closeFD(fd)
			}
			return nil, "", fmt.Errorf("%s: %w", where, err)
		}
		fds, names = append(fds, fd), append(names, name)
	}
	return fds, strings.Join(names, ","), nil
}

// listenIn is listenAt at a port of a range, where the address leaves it open.
func listenIn(where string, ports Ports) (fd int, addr string, err error) {
	a, err := netip.ParseAddrPort(where)
	if err != nil {
		return -1, "", err
	}
	if a.Port() != 0 || ports == (Ports{}) {
		return listenAt(a)
	}
	n := int(ports.Last) - int(ports.First) + 1
	first := rand.IntN(n) // so that the ranks of a host do not all try the same ones
	for i := range n {
		port := ports.First + uint16((first+i)%n)
		fd, addr, err = listenAt(netip.AddrPortFrom(a.Addr(), port))
		if !errors.Is(err, unix.EADDRINUSE) {
			return fd, addr, err
		}
	}
	return -1, "", fmt.Errorf("no port from %d to %d is free", ports.First, ports.Last)
}

// listenAt returns a socket that waits for calls, and its address.
func listenAt(a netip.AddrPort) (fd int, addr string, err error) {
	family, at, err := address(a)
	if err != nil {
		return -1, "", err
	}
	if fd, err = newSocket(family); err != nil {
		return -1, "", os.NewSyscallError("socket", err)
	}
	if err := unix.Bind(fd, at); err != nil {
		closeFD(fd)
		return -1, "", os.NewSyscallError("bind", err)
	}
	if err := unix.Listen(fd, 1024); err != nil {
		closeFD(fd)
		return -1, "", os.NewSyscallError("listen", err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		closeFD(fd)
		return -1, "", os.NewSyscallError("getsockname", err)
	}
	switch name := name.(type) {
	case *unix.SockaddrInet4:
		a = netip.AddrPortFrom(netip.AddrFrom4(name.Addr), uint16(name.Port))
	case *unix.SockaddrInet6:
		a = netip.AddrPortFrom(netip.AddrFrom16(name.Addr), uint16(name.Port))
	}
	return fd, a.String(), nil
}

// dial calls an address.
func dial(where string, until time.Time) (*talk, error) {
	a, err := netip.ParseAddrPort(where)
	if err != nil {
		return nil, err
	}
	family, to, err := address(a)
	if err != nil {
		return nil, err
	}
	fd, err := newSocket(family)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	t := &talk{fd, until}
	err = unix.Connect(fd, to)
	if errors.Is(err, unix.EINPROGRESS) || errors.Is(err, unix.EINTR) {
		if err = t.wait(unix.POLLOUT); err == nil {
			var code int
			if code, err = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR); err == nil && code != 0 {
				err = unix.Errno(code)
			}
		}
	}
	if err != nil {
		t.Close()
		return nil, fmt.Errorf("connect: %w", err)
	}
	return t, nil
}

// talk is a connection during its first words, which come to an end in time.
type talk struct {
	fd    int
	until time.Time
}

var errSlow = errors.New("it does not answer in time")

// wait waits until the connection is ready.
func (t *talk) wait(events int16) error {
	for {
		left := time.Until(t.until)
		if left <= 0 {
			return errSlow
		}
		fds := []unix.PollFd{{Fd: int32(t.fd), Events: events}}
		n, err := unix.Poll(fds, int(left.Milliseconds())+1)
		switch {
		case errors.Is(err, unix.EINTR) || err == nil && n == 0:
		default:
			return err
		}
	}
}

// Read implements [io.Reader].
func (t *talk) Read(p []byte) (int, error) {
	for {
		n, err := readFD(t.fd, p)
		if n > 0 || err != nil || len(p) == 0 {
			return n, err
		}
		if err := t.wait(unix.POLLIN); err != nil {
			return 0, err
		}
	}
}

// Write implements [io.Writer].
func (t *talk) Write(p []byte) (int, error) {
	for done := 0; ; {
		n, err := writeFD(t.fd, p[done:])
		if done += n; done == len(p) || err != nil {
			return done, err
		}
		if err := t.wait(unix.POLLOUT); err != nil {
			return done, err
		}
	}
}

// take takes the descriptor over, for what follows the first words.
func (e *end) take(t *talk) (fd int) {
	fd, t.fd = t.fd, -1
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	unpaced(fd)
	mortal(fd, e.cfg.Timeout)
	return fd
}

// Close closes the connection unless it was taken over.
func (t *talk) Close() {
	if t.fd >= 0 {
		closeFD(t.fd)
		t.fd = -1
	}
}

var _ io.ReadWriter = (*talk)(nil)
