package bench

import (
	"time"

	"golang.org/x/sys/windows"
)

// cpuTime returns the processor time that this process has used.
func cpuTime() (time.Duration, error) {
	var created, ended, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(windows.CurrentProcess(), &created, &ended, &kernel, &user); err != nil {
		return 0, err
	}
	// In steps of 100 ns; Filetime.Nanoseconds would count from 1970.
	ticks := func(f windows.Filetime) int64 { return int64(f.HighDateTime)<<32 | int64(f.LowDateTime) }
	return time.Duration(100 * (ticks(kernel) + ticks(user))), nil
}
