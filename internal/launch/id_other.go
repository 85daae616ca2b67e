//go:build !linux

package launch

import (
	"crypto/rand"
	"encoding/hex"
)

// randomID returns 32 random hexadecimal digits.
func randomID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
