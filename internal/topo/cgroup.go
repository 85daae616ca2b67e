package topo

import (
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// limits are what the cgroups of this process grant; 0 means no limit.
type limits struct {
	quota  float64 // CPUs
	memory int64   // bytes
}

// mount is one mounted cgroup hierarchy.
type mount struct {
	root, point string
	v2          bool
	controllers []string // v1
}

// readCgroups reads the CPU quota and the memory limit of the process: version
// 1 hierarchies, the unified one of version 2, and both together. A limit of
// any group on the way up to the mount point holds, so the smallest counts.
// Without memory, only the CPU quota is read.
func readCgroups(root fs.FS, memory bool) limits {
	var l limits
	groups, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return l
	}
	mounts := readMounts(root)
	for line := range strings.Lines(string(groups)) {
		// hierarchy-ID:controllers:path; version 2 is "0::path".
		f := strings.SplitN(strings.TrimRight(line, "\n"), ":", 3)
		if len(f) != 3 {
			continue
		}
		controllers := strings.Split(f[1], ",")
		for _, mt := range mounts {
			switch {
			case mt.v2 && f[0] == "0" && f[1] == "":
				walk(mt, f[2], func(dir string) {
					l.addQuota(readMaxPair(root, dir+"/cpu.max"))
					if memory {
						l.addMemory(root, dir+"/memory.max")
					}
				})
			case !mt.v2 && slices.Contains(controllers, "cpu") && slices.Contains(mt.controllers, "cpu"):
				walk(mt, f[2], func(dir string) {
					quota, err1 := readInt(root, dir+"/cpu.cfs_quota_us")
					period, err2 := readInt(root, dir+"/cpu.cfs_period_us")
					if err1 == nil && err2 == nil {
						l.addQuota(quota, period)
					}
				})
			case memory && !mt.v2 && slices.Contains(controllers, "memory") && slices.Contains(mt.controllers, "memory"):
				walk(mt, f[2], func(dir string) { l.addMemory(root, dir+"/memory.limit_in_bytes") })
			}
		}
	}
	return l
}

func (l *limits) addQuota(quota, period int) {
	if quota > 0 && period > 0 {
		if q := float64(quota) / float64(period); l.quota == 0 || q < l.quota {
			l.quota = q
		}
	}
}

func (l *limits) addMemory(root fs.FS, name string) {
	v, err := strconv.ParseInt(readText(root, name), 10, 64)
	// Version 1 says "no limit" with the largest multiple of a page.
	if err == nil && v > 0 && v < 1<<62 && (l.memory == 0 || v < l.memory) {
		l.memory = v
	}
}

// readMaxPair reads cpu.max: "max 100000" or "150000 100000".
func readMaxPair(root fs.FS, name string) (quota, period int) {
	f := strings.Fields(readText(root, name))
	if len(f) != 2 {
		return 0, 0
	}
	quota, err1 := strconv.Atoi(f[0])
	period, err2 := strconv.Atoi(f[1])
	if err1 != nil || err2 != nil {
		return 0, 0
	}
	return quota, period
}

// readMounts returns the cgroup mounts of /proc/self/mountinfo.
func readMounts(root fs.FS) []mount {
	text, err := fs.ReadFile(root, "proc/self/mountinfo")
	if err != nil {
		return nil
	}
	var out []mount
	for line := range strings.Lines(string(text)) {
		// ID parent major:minor root mountpoint options [optional…] - type source superoptions
		before, after, ok := strings.Cut(line, " - ")
		f, g := strings.Fields(before), strings.Fields(after)
		if !ok || len(f) < 5 || len(g) < 3 {
			continue
		}
		mt := mount{root: unescape(f[3]), point: unescape(f[4])}
		switch g[0] {
		case "cgroup2":
			mt.v2 = true
		case "cgroup":
			mt.controllers = strings.Split(g[2], ",")
		default:
			continue
		}
		out = append(out, mt)
	}
	return out
}

// walk calls visit with the folder (without the leading slash) of the group
// and of each of its parents up to the mount point.
func walk(mt mount, group string, visit func(dir string)) {
	point := strings.TrimPrefix(path.Clean(mt.point), "/")
	// In a container the mount may show only a part of the hierarchy (root
	// "/docker/x"), or the group may lie outside of it ("/../y"): the mount
	// point is then all that can be seen.
	rel, ok := "", false
	if mt.root == "/" {
		rel, ok = group, true
	} else if rel, ok = strings.CutPrefix(group, mt.root); ok && rel != "" && rel[0] != '/' {
		ok = false
	}
	rel = strings.Trim(path.Clean("/"+rel), "/")
	if !ok || strings.HasPrefix(group, "/..") {
		rel = ""
	}
	for {
		dir := path.Join(point, rel)
		if dir == "" {
			dir = "."
		}
		visit(dir)
		if rel == "" {
			return
		}
		rel = strings.TrimPrefix(path.Dir(rel), ".")
	}
}

// unescape undoes the octal escapes of mountinfo (\040 is a space).
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if v, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(v))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// readMemoryKills returns how often the kernel has killed a process of this
// process's cgroups for want of memory, and the smallest memory limit of them.
func readMemoryKills(root fs.FS) (kills int, limit int64) {
	groups, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return 0, 0
	}
	count := func(name string) {
		for line := range strings.Lines(readText(root, name)) {
			if n, ok := strings.CutPrefix(strings.TrimSpace(line), "oom_kill "); ok {
				k, _ := strconv.Atoi(n)
				kills += k
			}
		}
	}
	for line := range strings.Lines(string(groups)) {
		f := strings.SplitN(strings.TrimRight(line, "\n"), ":", 3)
		if len(f) != 3 {
			continue
		}
		for _, mt := range readMounts(root) {
			switch {
			case mt.v2 && f[0] == "0" && f[1] == "":
				walk(mt, f[2], func(dir string) { count(dir + "/memory.events") })
			case !mt.v2 && slices.Contains(strings.Split(f[1], ","), "memory") && slices.Contains(mt.controllers, "memory"):
				walk(mt, f[2], func(dir string) { count(dir + "/memory.oom_control") })
			}
		}
	}
	return kills, readCgroups(root, true).memory
}
