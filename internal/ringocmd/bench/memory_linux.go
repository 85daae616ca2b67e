package bench

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// residentMemory returns the bytes of this process that are in memory.
func residentMemory() (int64, error) {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0, fmt.Errorf("/proc/self/statm reads %q", text)
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}

// ownMemory returns the bytes in memory that this process alone has written:
// neither shared memory nor what is read from files counts.
func ownMemory() (int64, error) {
	text, err := os.ReadFile("/proc/self/smaps_rollup")
	if err != nil {
		return 0, err
	}
	var sum int64
	for line := range strings.Lines(string(text)) {
		key, rest, _ := strings.Cut(line, ":")
		if key != "Private_Dirty" {
			continue
		}
		kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("/proc/self/smaps_rollup has the line %q", line)
		}
		sum += kib << 10
	}
	return sum, nil
}
