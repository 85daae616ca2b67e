package muster

import (
	"net/netip"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// thisHost names what ranks have to have in common to reach each other's sockets:
// the running kernel, and the network namespace in it.
func thisHost() string {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	name := strings.TrimSpace(string(boot))
	if err != nil || name == "" {
		name, _ = os.Hostname()
	}
	network, _ := os.Readlink("/proc/self/ns/net")
	network = strings.TrimSuffix(strings.TrimPrefix(network, "net:["), "]")
	return clean(name + "." + network + os.Getenv("RINGO_TEST_HOST"))
}

// coresOf returns the cores that this process may use.
func coresOf() (words []uint64) {
	var set unix.CPUSet
	if unix.SchedGetaffinity(0, &set) != nil {
		return nil
	}
	words = make([]uint64, maxCores/64)
	for i := range maxCores {
		if set.IsSet(i) {
			words[i/64] |= 1 << (i % 64)
		}
	}
	return words
}

// addressesOf returns the addresses of this host by which others may reach it: IPv4
// before IPv6, and the bridges of containers and virtual machines last. One that the
// user has chosen stands alone.
func addressesOf() (list []netip.Addr) {
	if a, err := netip.ParseAddr(os.Getenv("RINGO_ADDRESS")); err == nil {
		return []netip.Addr{a}
	}
	rib, err := syscall.NetlinkRIB(syscall.RTM_GETADDR, syscall.AF_UNSPEC)
	if err != nil {
		return nil
	}
	messages, err := syscall.ParseNetlinkMessage(rib)
	if err != nil {
		return nil
	}
	var six, bridges []netip.Addr
	for i := range messages {
		a, name, ok := addressOf(&messages[i])
		switch {
		case !ok || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified():
		case strings.HasPrefix(name, "docker") || strings.HasPrefix(name, "virbr") || strings.HasPrefix(name, "br-") || strings.HasPrefix(name, "cni") || strings.HasPrefix(name, "podman"):
			bridges = append(bridges, a)
		case a.Is6():
			six = append(six, a)
		default:
			list = append(list, a)
		}
	}
	return append(append(list, six...), bridges...)
}

// addressOf reads an address of an interface, and the interface's name if it is told.
func addressOf(m *syscall.NetlinkMessage) (a netip.Addr, name string, ok bool) {
	if m.Header.Type != syscall.RTM_NEWADDR {
		return a, "", false
	}
	attributes, err := syscall.ParseNetlinkRouteAttr(m)
	if err != nil {
		return a, "", false
	}
	for _, at := range attributes {
		switch at.Attr.Type {
		case syscall.IFA_LABEL:
			name = strings.TrimRight(string(at.Value), "\x00")
		case syscall.IFA_LOCAL: // before the other end's, which IFA_ADDRESS may be
			a, _ = netip.AddrFromSlice(at.Value)
		case syscall.IFA_ADDRESS:
			if !a.IsValid() {
				a, _ = netip.AddrFromSlice(at.Value)
			}
		}
	}
	return a, name, a.IsValid()
}
