package enginetest

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// descendants are the processes below pid that run exe.
func descendants(pid int, exe string) []int {
	var found []int
	lists, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/children")
	for _, l := range lists {
		b, _ := os.ReadFile(l)
		for _, f := range strings.Fields(string(b)) {
			child, err := strconv.Atoi(f)
			if err != nil {
				continue
			}
			if to, err := os.Readlink("/proc/" + f + "/exe"); err == nil && to == exe {
				found = append(found, child)
			}
			found = append(found, descendants(child, exe)...)
		}
	}
	return found
}
