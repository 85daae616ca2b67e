package manager

import (
	"bufio"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Sockets are used without package net, which may bring the C library into every
// program.

// callTime is how long a manager may take to answer a call.
const callTime = 30 * time.Second

// call connects to an address. The socket is for [os.NewFile].
func call(a netip.AddrPort) (fd int, err error) {
	family, to := unix.AF_INET6, unix.Sockaddr(&unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()})
	if at := a.Addr().Unmap(); at.Is4() {
		family, to = unix.AF_INET, &unix.SockaddrInet4{Port: int(a.Port()), Addr: at.As4()}
	}
	fd, err = unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	if err := connectWithin(fd, to, callTime); err != nil {
		unix.Close(fd)
		return -1, err
	}
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	return fd, nil
}

// connectWithin connects a socket, and makes it one that does not block.
func connectWithin(fd int, to unix.Sockaddr, limit time.Duration) error {
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

// callName connects to a host and a port.
func callName(where string) (fd int, err error) {
	i := strings.LastIndexByte(where, ':')
	if i < 0 {
		return -1, errors.New("it has no port")
	}
	port, err := strconv.ParseUint(where[i+1:], 10, 16)
	if err != nil {
		return -1, fmt.Errorf("%.20q is no port", where[i+1:])
	}
	list, err := resolve(strings.Trim(where[:i], "[]"))
	if err != nil {
		return -1, err
	}
	for _, a := range list {
		if fd, err = call(netip.AddrPortFrom(a, uint16(port))); err == nil {
			return fd, nil
		}
	}
	return -1, err
}

// resolve returns the addresses of a host: of this one the loopback first, others by
// /etc/hosts, or else as getent, which each system has, knows it.
func resolve(name string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(name); err == nil {
		return []netip.Addr{a}, nil
	}
	var list []netip.Addr
	if own, err := os.Hostname(); err == nil && name == own || name == "localhost" {
		list = append(list, netip.AddrFrom4([4]byte{127, 0, 0, 1}))
	}
	if f, err := os.Open("/etc/hosts"); err == nil {
		defer f.Close()
		list = append(list, inHosts(bufio.NewScanner(f), name)...)
	}
	if list != nil {
		return list, nil
	}
	if name == "" || strings.HasPrefix(name, "-") {
		return nil, fmt.Errorf("%.80q is no name of a host", name)
	}
	out, err := exec.Command("getent", "ahosts", name).Output()
	if err != nil {
		return nil, fmt.Errorf("the host %.80q is not in /etc/hosts, and getent does not know it (%w)", name, err)
	}
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); len(f) > 1 && f[1] == "STREAM" {
			if a, err := netip.ParseAddr(f[0]); err == nil && a.Zone() == "" {
				list = append(list, a)
			}
		}
	}
	if list == nil {
		return nil, fmt.Errorf("getent knows no address of the host %.80q", name)
	}
	return list, nil
}

// inHosts finds the addresses of a name in lines of the form of /etc/hosts.
func inHosts(s *bufio.Scanner, name string) (list []netip.Addr) {
	for s.Scan() {
		line, _, _ := strings.Cut(s.Text(), "#")
		f := strings.Fields(line)
		for i := 1; i < len(f); i++ {
			if f[i] != name {
				continue
			}
			if a, err := netip.ParseAddr(f[0]); err == nil && a.Zone() == "" {
				list = append(list, a)
			}
			break
		}
	}
	return list
}
