//go:build unix

package segment

import (
	"fmt"
	"math"

	"golang.org/x/sys/unix"
)

// limitOf is a limit of this process in bytes, math.MaxInt64 if there is none.
func limitOf(which int) int64 {
	var l unix.Rlimit
	if unix.Getrlimit(which, &l) != nil || uint64(l.Cur) > math.MaxInt64 { //nolint:unconvert // it is signed on FreeBSD
		return math.MaxInt64
	}
	return int64(l.Cur)
}

func fileLimit() int64 { return limitOf(unix.RLIMIT_FSIZE) }

// addressLimit names the limit on address space, if there is one, at the end of
// an error.
func addressLimit() string {
	if n := limitOf(unix.RLIMIT_AS); n < math.MaxInt64 {
		return fmt.Sprintf(" (the limit on address space, ulimit -v, is %d KiB)", n>>10)
	}
	return ""
}
