//go:build !linux

package launch

import "errors"

// addresses is known on Linux only.
func addresses(of string) (string, error) {
	if of != "" {
		return "", errors.New("-iface is known on Linux only")
	}
	return "", nil
}

// IsOwnAddress reports whether an address is certainly one of this host's.
func IsOwnAddress(text string) bool {
	a := parseIP(text)
	return a != nil && a.loopback()
}
