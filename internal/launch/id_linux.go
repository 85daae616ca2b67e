package launch

import (
	"encoding/hex"
	"errors"

	"golang.org/x/sys/unix"
)

// randomID returns 32 random hexadecimal digits. It asks the kernel itself:
// package crypto/rand costs start-up time.
func randomID() string {
	var b [16]byte
	for n := 0; n < len(b); {
		m, err := unix.Getrandom(b[n:], 0)
		if err != nil && !errors.Is(err, unix.EINTR) {
			panic("launch: the kernel gives no random numbers: " + err.Error())
		}
		n += max(m, 0)
	}
	return hex.EncodeToString(b[:])
}
