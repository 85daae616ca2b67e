package launch

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// addresses returns the addresses of this host, or of one of its network interfaces,
// at which others may reach it, with commas between. Package net is left out for the
// time that it takes to start.
func addresses(of string) (string, error) {
	index := 0
	if of != "" {
		var err error
		if index, err = interfaceIndex(of); err != nil {
			return "", fmt.Errorf("there is no network interface %s: %w", of, err)
		}
	}
	table, err := syscall.NetlinkRIB(syscall.RTM_GETADDR, syscall.AF_UNSPEC)
	if err != nil {
		return "", err
	}
	messages, err := syscall.ParseNetlinkMessage(table)
	if err != nil {
		return "", err
	}
	var list []string
	for i := range messages {
		m := &messages[i]
		if m.Header.Type != syscall.RTM_NEWADDR || len(m.Data) < syscall.SizeofIfAddrmsg {
			continue
		}
		// The message begins with family, length of the prefix, flags, scope, and
		// the index of the interface.
		flags, at := m.Data[2], int(binary.NativeEndian.Uint32(m.Data[4:]))
		if of != "" && at != index || flags&(unix.IFA_F_TENTATIVE|unix.IFA_F_DADFAILED) != 0 {
			continue
		}
		attributes, err := syscall.ParseNetlinkRouteAttr(m)
		if err != nil {
			return "", err
		}
		var found ip
		for _, a := range attributes {
			if n := len(a.Value); (n == 4 || n == 16) && (a.Attr.Type == syscall.IFA_LOCAL || a.Attr.Type == syscall.IFA_ADDRESS && found == nil) {
				found = a.Value
			}
		}
		if found != nil && !found.linkLocal() && (of != "" || !found.loopback()) {
			list = append(list, found.String())
		}
	}
	if len(list) == 0 && of != "" {
		return "", fmt.Errorf("the network interface %s has no address", of)
	}
	// Those of IPv4 first.
	slices.SortStableFunc(list, func(a, b string) int { return strings.Count(a, ":") - strings.Count(b, ":") })
	text := strings.Join(slices.Compact(list), ",")
	for len(text) > maxAddresses {
		text = text[:strings.LastIndexByte(text, ',')]
	}
	return text, nil
}

// maxAddresses is how long the list may be, so that a rank can add its port to each.
const maxAddresses = 170

func interfaceIndex(name string) (int, error) {
	request, err := unix.NewIfreq(name)
	if err != nil {
		return 0, err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, request); err != nil {
		return 0, err
	}
	return int(request.Uint32()), nil
}

// IsOwnAddress reports whether an address is one of this host's: whether a socket can
// have it.
func IsOwnAddress(text string) bool {
	a := parseIP(text).short()
	family := unix.AF_INET
	var at unix.Sockaddr
	switch {
	case a == nil || a.unspecified():
		return false
	case len(a) == 4:
		at = &unix.SockaddrInet4{Addr: [4]byte(a)}
	default:
		family, at = unix.AF_INET6, &unix.SockaddrInet6{Addr: [16]byte(a)}
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	return unix.Bind(fd, at) == nil
}
