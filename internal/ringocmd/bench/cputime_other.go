//go:build !unix && !windows

package bench

import (
	"errors"
	"time"
)

func cpuTime() (time.Duration, error) {
	return 0, errors.New("this system does not tell how much processor time a process has used")
}
