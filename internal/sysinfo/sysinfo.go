package sysinfo

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"os/user"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/host"
	"github.com/shirou/gopsutil/v4/mem"

	"github.com/ringo-mpi/ringo/internal/topo"
)

// Attribute is one line of the table.
type Attribute struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Node is what one computer says of itself. It holds plain values, so that one
// rank can send it to another.
type Node struct {
	Name    string // its host name
	Machine *topo.Machine
	System  System
}

// System is what the operating system tells besides the topology. A zero
// field means that it tells nothing.
type System struct {
	CPU                  string  // model name of the processor
	MHz, MinMHz, MaxMHz  float64 // frequency of CPU 0 now, and its bounds
	OS                   string  // name and version of the distribution
	Uname                Uname
	User                 string
	Go                   string // version of Go the program was built with
	Virtual              string // the hypervisor or container system, if any
	MemTotal, MemFree    uint64 // bytes, like all Mem fields
	MemAvailable         uint64
	MemUsed, MemActive   uint64
	MemInactive          uint64
	MemWired             uint64
	MemUsedPercent       float64
	GOOS, GOARCH         string
	GOMAXPROCS, ProcsSet int // ProcsSet is $GOMAXPROCS, 0 if not set
}

// Uname is what uname(1) prints.
type Uname struct {
	System, Node, Release, Version, Machine, Processor string
}

// Local describes this computer. It fails only if not even the number of CPUs
// can be found.
func Local() (*Node, error) {
	m, err := topo.Local()
	if err != nil {
		return nil, fmt.Errorf("cannot read the machine's topology: %w", err)
	}
	s := System{
		Uname:      LocalUname(),
		User:       UserName(),
		Go:         runtime.Version(),
		GOOS:       runtime.GOOS,
		GOARCH:     runtime.GOARCH,
		GOMAXPROCS: runtime.GOMAXPROCS(0),
	}
	s.ProcsSet, _ = strconv.Atoi(os.Getenv("GOMAXPROCS"))
	// Each of these may fail in a sandbox; the table then has fewer lines.
	if infos, err := cpu.Info(); err == nil && len(infos) > 0 {
		s.CPU = strings.Join(strings.Fields(infos[0].ModelName), " ")
		s.MHz = infos[0].Mhz
	}
	readFrequency(&s)
	if v, err := mem.VirtualMemory(); err == nil {
		s.MemTotal, s.MemFree, s.MemAvailable, s.MemUsed = v.Total, v.Free, v.Available, v.Used
		s.MemActive, s.MemInactive, s.MemWired, s.MemUsedPercent = v.Active, v.Inactive, v.Wired, v.UsedPercent
	}
	if platform, _, version, err := host.PlatformInformation(); err == nil {
		s.OS = strings.TrimSpace(platform + " " + version)
	}
	if system, role, err := host.Virtualization(); err == nil && role == "guest" {
		s.Virtual = system
	}
	return &Node{Name: s.Uname.Node, Machine: m, System: s}, nil
}

// LocalUname returns the system's names. Unlike Local it costs one system call.
func LocalUname() Uname {
	u := uname()
	u.Processor = cmp.Or(u.Processor, u.Machine)
	return u
}

// Memory returns the size of the computer's memory in bytes, 0 if it is not
// known.
func Memory() uint64 {
	v, err := mem.VirtualMemory()
	if err != nil {
		return 0
	}
	return v.Total
}

// UserName returns the name of the user the process runs as; its number where
// there is no name.
func UserName() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return cmp.Or(os.Getenv("USER"), strconv.Itoa(os.Getuid()))
}

// Attributes returns the table of the node, sorted by name.
func (n *Node) Attributes() []Attribute {
	var out []Attribute
	add := func(name, format string, args ...any) {
		if v := strings.TrimSpace(fmt.Sprintf(format, args...)); v != "" {
			out = append(out, Attribute{name, v})
		}
	}
	addBytes := func(name string, n uint64) {
		if n > 0 {
			add(name, "%s", Bytes(n))
		}
	}
	m, s := n.Machine, n.System

	add("cpu", "%s", s.CPU)
	add("cpu_sockets", "%d", len(m.Sockets))
	add("cpu_cores", "%d", len(m.Cores))
	add("cpu_count", "%d", len(m.CPUs))
	add("cpu_threads", "%d", len(m.CPUs))
	add("cpu_offline", "%s", m.Offline)
	if !m.Allowed.Equal(m.Online()) {
		add("cpu_allowed", "%s", m.Allowed)
	}
	if m.Quota > 0 {
		add("cpu_quota", "%g", m.Quota)
	}
	add("cpu_usable_cores", "%d", m.UsableCores())
	if len(m.NUMA) > 0 {
		add("numa_nodes", "%d", len(m.NUMA))
	}
	if m.Source != "sysfs" {
		add("topology.source", "%s", m.Source)
	}
	for _, c := range n.caches() {
		add(c.Name, "%s", c.Value)
	}
	add("frequency", "%s", frequency(s))

	addBytes("mem.total", s.MemTotal)
	addBytes("mem.available", s.MemAvailable)
	addBytes("mem.used", s.MemUsed)
	addBytes("mem.free", s.MemFree)
	addBytes("mem.active", s.MemActive)
	addBytes("mem.inactive", s.MemInactive)
	addBytes("mem.wired", s.MemWired)
	if s.MemTotal > 0 {
		add("mem.percent", "%.1f %%", s.MemUsedPercent)
	}
	if m.MemoryLimit > 0 {
		addBytes("mem.limit", uint64(m.MemoryLimit))
	}

	add("go.version", "%s", strings.TrimPrefix(s.Go, "go"))
	add("go.maxprocs", "%d", s.GOMAXPROCS)
	add("sys.platform", "%s", s.GOOS)
	add("platform", "%s", s.OS)
	add("platform.version", "%s", cmp.Or(s.Uname.Version, s.OS))
	add("virtualization", "%s", s.Virtual)
	add("uname.machine", "%s", s.Uname.Machine)
	add("uname.node", "%s", s.Uname.Node)
	add("uname.processor", "%s", s.Uname.Processor)
	add("uname.release", "%s", s.Uname.Release)
	add("uname.system", "%s", s.Uname.System)
	add("uname.version", "%s", s.Uname.Version)
	add("user", "%s", s.User)

	slices.SortStableFunc(out, func(a, b Attribute) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// caches sums up each kind of cache: "2 × 48.0 KiB".
func (n *Node) caches() []Attribute {
	type kind struct {
		level int
		name  string
	}
	var order []kind
	count := map[kind]map[int64]int{}
	for _, c := range n.Machine.Caches {
		k := kind{c.Level, fmt.Sprintf("cache.l%d", c.Level)}
		switch c.Type {
		case "Data":
			k.name += "d"
		case "Instruction":
			k.name += "i"
		}
		if c.Size <= 0 {
			continue
		}
		if count[k] == nil {
			order = append(order, k)
			count[k] = map[int64]int{}
		}
		count[k][c.Size]++
	}
	var out []Attribute
	for _, k := range order {
		var parts []string
		for _, size := range slices.Sorted(maps.Keys(count[k])) {
			parts = append(parts, fmt.Sprintf("%d × %s", count[k][size], Bytes(uint64(size))))
		}
		out = append(out, Attribute{k.name, strings.Join(parts, ", ")})
	}
	return out
}

func frequency(s System) string {
	var parts []string
	for _, f := range []struct {
		name string
		mhz  float64
	}{{"current", s.MHz}, {"min", s.MinMHz}, {"max", s.MaxMHz}} {
		if f.mhz > 0 {
			parts = append(parts, fmt.Sprintf("%s=%.0f", f.name, f.mhz))
		}
	}
	if parts == nil {
		return ""
	}
	return strings.Join(parts, ", ") + " MHz"
}

// Bytes writes a number of bytes with the largest unit that leaves a number of
// at least 1: "5.7 GiB".
func Bytes(n uint64) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	f, unit := float64(n), 0
	for f >= 1024 && unit < 6 {
		f /= 1024
		unit++
	}
	return fmt.Sprintf("%.1f %ciB", f, "BKMGTPE"[unit])
}
