package topo

import (
	"io/fs"
	"strconv"
	"strings"
)

// cpuInfo is what /proc/cpuinfo tells about one CPU; -1 where it is silent.
type cpuInfo struct {
	id, socket, core int
}

// readCPUInfo reads /proc/cpuinfo, which sandboxes without a sysfs still have.
// x86 names "physical id" and "core id"; ARM names the processors only.
func readCPUInfo(root fs.FS) []cpuInfo {
	text, err := fs.ReadFile(root, "proc/cpuinfo")
	if err != nil {
		return nil
	}
	var out []cpuInfo
	for line := range strings.Lines(string(text)) {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		// "Processor : ARMv7 …" (capital P) names the model, not a CPU.
		switch strings.TrimSpace(name) {
		case "processor":
			if id, err := parseID(strings.TrimSpace(value)); err == nil {
				out = append(out, cpuInfo{id: id, socket: -1, core: -1})
			}
		case "physical id":
			setLast(out, value, func(c *cpuInfo, v int) { c.socket = v })
		case "core id":
			setLast(out, value, func(c *cpuInfo, v int) { c.core = v })
		}
	}
	return out
}

func setLast(infos []cpuInfo, value string, set func(*cpuInfo, int)) {
	if v, err := strconv.Atoi(strings.TrimSpace(value)); err == nil && v >= 0 && len(infos) > 0 {
		set(&infos[len(infos)-1], v)
	}
}
