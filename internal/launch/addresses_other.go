//go:build !linux

package launch

import (
	"errors"
	"net/netip"
)

// addresses is known on Linux only.
func addresses(of string) (string, error) {
	if of != "" {
		return "", errors.New("-iface is known on Linux only")
	}
	return "", nil
}

// IsOwnAddress reports whether an address is certainly one of this host's.
func IsOwnAddress(text string) bool {
	ip, err := netip.ParseAddr(text)
	return err == nil && ip.IsLoopback()
}
