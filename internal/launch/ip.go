package launch

import (
	"strconv"
	"strings"
)

// Addresses in numbers are read and written here, since package net/netip, as package
// net, adds to the time that every mpiexec takes to start.

// ip is an address: 4 or 16 bytes.
type ip []byte

// parseIP reads an address in numbers, nil if it is none. Zones are not read.
func parseIP(text string) ip {
	if !strings.Contains(text, ":") {
		return parseIPv4(text)
	}
	front, back, gap := strings.Cut(text, "::")
	if gap && strings.Contains(back, "::") {
		return nil
	}
	head, ok1 := parseGroups(front, !gap)
	tail, ok2 := parseGroups(back, true)
	n := len(head) + len(tail)
	if !ok1 || !ok2 || gap && n > 14 || !gap && n != 16 {
		return nil
	}
	out := make(ip, 16)
	copy(out, head)
	copy(out[16-len(tail):], tail)
	return out
}

// parseGroups reads groups of hexadecimal digits with colons between; the last may be
// an address of version 4 where that is allowed.
func parseGroups(text string, last bool) (out ip, ok bool) {
	if text == "" {
		return nil, true
	}
	groups := strings.Split(text, ":")
	for i, g := range groups {
		if last && i == len(groups)-1 && strings.Contains(g, ".") {
			four := parseIPv4(g)
			return append(out, four...), four != nil
		}
		n, err := strconv.ParseUint(g, 16, 16)
		if err != nil || len(g) > 4 {
			return nil, false
		}
		out = append(out, byte(n>>8), byte(n))
	}
	return out, true
}

func parseIPv4(text string) ip {
	parts := strings.Split(text, ".")
	if len(parts) != 4 {
		return nil
	}
	out := make(ip, 4)
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 8)
		if err != nil || len(p) > 1 && p[0] == '0' {
			return nil
		}
		out[i] = byte(n)
	}
	return out
}

// short is the address of version 4 that one of version 6 stands for, else a itself.
func (a ip) short() ip {
	if len(a) == 16 && string(a[:12]) == "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff" {
		return a[12:]
	}
	return a
}

func (a ip) loopback() bool {
	s := a.short()
	return len(s) == 4 && s[0] == 127 || string(s) == strings.Repeat("\x00", 15)+"\x01"
}

// linkLocal reports an address that needs the name of an interface beside it, or means
// nothing outside of one.
func (a ip) linkLocal() bool {
	s := a.short()
	return len(s) == 4 && s[0] == 169 && s[1] == 254 || len(s) == 16 && s[0] == 0xfe && s[1]&0xc0 == 0x80
}

func (a ip) unspecified() bool { return strings.Trim(string(a.short()), "\x00") == "" }

// String writes the address, all groups of one of version 6.
func (a ip) String() string {
	var out []byte
	if len(a) == 4 {
		for i, b := range a {
			if i > 0 {
				out = append(out, '.')
			}
			out = strconv.AppendUint(out, uint64(b), 10)
		}
		return string(out)
	}
	for i := 0; i+1 < len(a); i += 2 {
		if i > 0 {
			out = append(out, ':')
		}
		out = strconv.AppendUint(out, uint64(a[i])<<8|uint64(a[i+1]), 16)
	}
	return string(out)
}
