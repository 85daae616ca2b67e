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

	"github.com/ringo-mpi/ringo/internal/proof"
)

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
		if fd, err = proof.Dial(netip.AddrPortFrom(a, uint16(port))); err == nil {
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
