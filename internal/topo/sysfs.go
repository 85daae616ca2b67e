package topo

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

const (
	cpuDir  = "sys/devices/system/cpu"
	nodeDir = "sys/devices/system/node"
)

// Read describes the Linux machine whose root directory is root, as the process
// that /proc/self names sees it. What the kernel does not tell (ARM
// boards without topology files, sandboxes without sysfs) is taken to be one
// socket, one NUMA node, one thread a core, and Machine.Source says so. The only
// error is that not even the number of CPUs is there to be read.
func Read(root fs.FS) (*Machine, error) {
	m := &Machine{}
	info := readCPUInfo(root)
	online, offline, err := readOnline(root, info)
	if err != nil {
		return nil, err
	}
	m.Offline = offline
	m.Source = m.readTree(root, online, info)
	m.readCaches(root, online)
	m.Allowed = readAllowed(root, online)
	g := readCgroups(root, true)
	m.Quota, m.MemoryLimit = g.quota, g.memory
	return m, nil
}

// UsableCores returns what Read(root) followed by Machine.UsableCores returns,
// but reads only the few files that this number needs: a launcher asks for it
// at each start.
func UsableCores(root fs.FS) (int, error) {
	online, _, err := readOnline(root, nil)
	if err != nil { // no sysfs: /proc/cpuinfo may still tell all
		m, err := Read(root)
		if err != nil {
			return 0, err
		}
		return m.UsableCores(), nil
	}
	return usableCores(root, readAllowed(root, online)), nil
}

// usableCores counts the cores of the allowed CPUs and applies the quota.
func usableCores(root fs.FS, allowed Set) int {
	cores := allowed.Count()
	if active, err := readInt(root, cpuDir+"/smt/active"); err != nil || active != 0 {
		cores = 0
		var seen Set
		for _, id := range allowed.IDs() {
			if seen.Has(id) {
				continue
			}
			cores++
			seen = seen.Or(readSiblings(root, id))
		}
	}
	return limit(cores, readCgroups(root, false).quota)
}

// readOnline returns the CPUs that are online and those that are present but not.
func readOnline(root fs.FS, info []cpuInfo) (online, offline Set, err error) {
	online, err = readList(root, cpuDir+"/online")
	if err != nil || online.Count() == 0 {
		// Kernels without CPU hotplug have no such file: look at the folders.
		online = nil
		entries, _ := fs.ReadDir(root, cpuDir)
		for _, e := range entries {
			if id, ok := numbered(e.Name(), "cpu"); ok {
				if v, err := readInt(root, cpuDir+"/"+e.Name()+"/online"); err == nil && v == 0 {
					offline.Add(id)
				} else {
					online.Add(id)
				}
			}
		}
	}
	if online.Count() == 0 {
		for _, c := range info {
			online.Add(c.id)
		}
	}
	if online.Count() == 0 {
		return nil, nil, errors.New("topo: no CPU found in /sys/devices/system/cpu and /proc/cpuinfo")
	}
	if present, err := readList(root, cpuDir+"/present"); err == nil {
		offline = offline.Or(present.AndNot(online))
	}
	return online, offline, nil
}

// place is where one CPU sits, before the objects are numbered.
type place struct {
	id, socketID  int
	socket, core  Set // the online CPUs of its socket and of its core
	numa          int
	numaFirst     int // lowest CPU of the NUMA node
	haveTopology  bool
	socketMissing bool
}

// readTree fills CPUs, Sockets, Cores and NUMA and returns the source.
func (m *Machine) readTree(root fs.FS, online Set, info []cpuInfo) string {
	byID := map[int]cpuInfo{}
	for _, c := range info {
		byID[c.id] = c
	}
	source := "count"
	places := make([]*place, 0, online.Count())
	for _, id := range online.IDs() {
		p := &place{id: id, socketID: -1, socketMissing: true}
		dir := fmt.Sprintf("%s/cpu%d/topology", cpuDir, id)
		if v, err := readInt(root, dir+"/physical_package_id"); err == nil {
			p.socketMissing = false
			p.socketID = v // -1: the firmware does not say (ARM)
			p.haveTopology = true
		}
		if s := readSiblings(root, id).And(online); s.Has(id) {
			p.core = s
		}
		if p.core.Count() > 1 {
			p.haveTopology = true
		}
		if p.haveTopology {
			source = "sysfs"
		} else if c, ok := byID[id]; ok && c.socket >= 0 {
			p.socketID = c.socket
			p.socketMissing = false
			if c.core >= 0 {
				p.core = nil
				for _, other := range info {
					if other.socket == c.socket && other.core == c.core && online.Has(other.id) {
						p.core.Add(other.id)
					}
				}
			}
			if source == "count" {
				source = "cpuinfo"
			}
		}
		if !p.core.Has(id) {
			p.core = SetOf(id)
		}
		places = append(places, p)
	}

	sockets := map[int]Set{}
	for _, p := range places {
		s := sockets[p.socketID]
		s.Add(p.id)
		sockets[p.socketID] = s
	}
	for _, p := range places {
		p.socket = sockets[p.socketID]
	}
	m.readNUMA(root, online, places)
	m.number(places)
	return source
}

// readSiblings returns the CPUs of the core of CPU id, itself included.
func readSiblings(root fs.FS, id int) Set {
	dir := fmt.Sprintf("%s/cpu%d/topology/", cpuDir, id)
	for _, name := range []string{"thread_siblings_list", "core_cpus_list"} {
		if s, err := readList(root, dir+name); err == nil && s.Has(id) {
			return s
		}
	}
	return SetOf(id)
}

// readNUMA fills m.NUMA and the NUMA node of each place.
func (m *Machine) readNUMA(root fs.FS, online Set, places []*place) {
	entries, _ := fs.ReadDir(root, nodeDir)
	for _, e := range entries {
		id, ok := numbered(e.Name(), "node")
		if !ok {
			continue
		}
		cpus, _ := readList(root, path.Join(nodeDir, e.Name(), "cpulist"))
		m.NUMA = append(m.NUMA, Node{ID: id, CPUs: cpus.And(online), Memory: readNodeMemory(root, e.Name())})
	}
	slices.SortFunc(m.NUMA, func(a, b Node) int { return cmp.Compare(a.ID, b.ID) })
	var covered Set
	for _, n := range m.NUMA {
		covered = covered.Or(n.CPUs)
	}
	if rest := online.AndNot(covered); len(m.NUMA) == 0 || rest.Count() > 0 {
		// A kernel without NUMA, or CPUs that no node claims: they are one node.
		if len(m.NUMA) == 0 {
			m.NUMA = []Node{{}}
		}
		m.NUMA[0].CPUs = m.NUMA[0].CPUs.Or(rest)
	}
	for _, p := range places {
		for i, n := range m.NUMA {
			if n.CPUs.Has(p.id) {
				p.numa, p.numaFirst = i, n.CPUs.First()
				break
			}
		}
	}
}

func readNodeMemory(root fs.FS, node string) int64 {
	text, err := fs.ReadFile(root, path.Join(nodeDir, node, "meminfo"))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if _, rest, ok := strings.Cut(line, "MemTotal:"); ok {
			f := strings.Fields(rest)
			if len(f) > 0 {
				kb, _ := strconv.ParseInt(f[0], 10, 64)
				return kb << 10
			}
		}
	}
	return 0
}

// number orders the objects as the tree has them and gives them their logical
// numbers: sockets by their lowest CPU, within a socket NUMA nodes by theirs,
// within those the cores by theirs.
func (m *Machine) number(places []*place) {
	order := slices.Clone(places)
	slices.SortStableFunc(order, func(a, b *place) int {
		return cmp.Or(
			cmp.Compare(a.socket.First(), b.socket.First()),
			cmp.Compare(a.numaFirst, b.numaFirst),
			cmp.Compare(a.core.First(), b.core.First()),
			cmp.Compare(a.id, b.id))
	})
	for _, p := range order {
		c := CPU{ID: p.id, NUMA: p.numa}
		if n := len(m.Sockets); n == 0 || !m.Sockets[n-1].CPUs.Has(p.id) {
			m.Sockets = append(m.Sockets, Socket{ID: p.socketID, CPUs: p.socket})
		}
		if n := len(m.Cores); n == 0 || !m.Cores[n-1].Has(p.id) {
			m.Cores = append(m.Cores, p.core)
		}
		c.Socket, c.Core = len(m.Sockets)-1, len(m.Cores)-1
		c.Thread = slices.Index(p.core.IDs(), p.id)
		m.CPUs = append(m.CPUs, c)
	}
	slices.SortFunc(m.CPUs, func(a, b CPU) int { return cmp.Compare(a.ID, b.ID) })
}

// readCaches fills m.Caches.
func (m *Machine) readCaches(root fs.FS, online Set) {
	type key struct {
		level, first int
		kind         string
	}
	seen := map[key]bool{}
	for _, id := range online.IDs() {
		dir := fmt.Sprintf("%s/cpu%d/cache", cpuDir, id)
		entries, _ := fs.ReadDir(root, dir)
		for _, e := range entries {
			if _, ok := numbered(e.Name(), "index"); !ok {
				continue
			}
			sub := dir + "/" + e.Name()
			c := Cache{Type: readText(root, sub+"/type"), Size: readSize(root, sub+"/size")}
			c.Level, _ = readInt(root, sub+"/level")
			c.Line, _ = readInt(root, sub+"/coherency_line_size")
			cpus, err := readList(root, sub+"/shared_cpu_list")
			if err != nil || !cpus.Has(id) {
				cpus = SetOf(id)
			}
			c.CPUs = cpus.And(online)
			k := key{c.Level, c.CPUs.First(), c.Type}
			if c.Level > 0 && !seen[k] {
				seen[k] = true
				m.Caches = append(m.Caches, c)
			}
		}
	}
	slices.SortStableFunc(m.Caches, func(a, b Cache) int {
		return cmp.Or(cmp.Compare(a.Level, b.Level), cmp.Compare(a.Type, b.Type), cmp.Compare(a.CPUs.First(), b.CPUs.First()))
	})
}

// readAllowed returns the online CPUs in the affinity mask of this process.
func readAllowed(root fs.FS, online Set) Set {
	text, err := fs.ReadFile(root, "proc/self/status")
	if err != nil {
		return online
	}
	for line := range strings.Lines(string(text)) {
		if list, ok := strings.CutPrefix(line, "Cpus_allowed_list:"); ok {
			if s, err := ParseList(list); err == nil && s.And(online).Count() > 0 {
				return s.And(online)
			}
		}
	}
	return online
}

// numbered reports the number in a name like cpu12, for the prefix "cpu".
func numbered(name, prefix string) (int, bool) {
	digits, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return 0, false
	}
	id, err := parseID(digits)
	return id, err == nil
}

func readText(root fs.FS, name string) string {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

func readInt(root fs.FS, name string) (int, error) {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(text)))
}

func readList(root fs.FS, name string) (Set, error) {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return nil, err
	}
	return ParseList(string(text))
}

// readSize reads a cache size: "48K", "2M", "512".
func readSize(root fs.FS, name string) int64 {
	text := readText(root, name)
	shift := 0
	if n := len(text); n > 0 {
		switch text[n-1] {
		case 'K':
			shift = 10
		case 'M':
			shift = 20
		case 'G':
			shift = 30
		}
		if shift > 0 {
			text = text[:n-1]
		}
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil || v < 0 || v > 1<<62>>shift {
		return 0
	}
	return v << shift
}
