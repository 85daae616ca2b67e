package topo

import "fmt"

// Machine is one computer as this process sees it. It holds plain values only,
// so it can be sent to another rank as an object.
type Machine struct {
	// CPUs are the online logical processors, in ascending order of ID.
	CPUs []CPU

	// Sockets, Cores and NUMA list the CPUs of each object, in machine order
	// (by the lowest CPU number, sockets before what they contain). The index
	// of an object in these slices is its logical number: CPU.Socket, CPU.Core
	// and CPU.NUMA point into them. Only online CPUs are counted.
	Sockets []Socket
	Cores   []Set
	NUMA    []Node

	// Caches lists each cache once, by level, then by the lowest CPU.
	Caches []Cache

	// Offline are CPUs that are present but switched off.
	Offline Set

	// Allowed are the online CPUs that this process may run on: its affinity
	// mask, which on Linux already lies within the cpuset of its cgroup.
	Allowed Set

	// Quota is how many CPUs' worth of time the cgroups grant, in CPUs (1.5
	// means 150 ms in each 100 ms). 0: no limit.
	Quota float64

	// MemoryLimit is the smallest memory limit of the cgroups in bytes. 0: no
	// limit.
	MemoryLimit int64

	// Source says where the description comes from: "sysfs", "cpuinfo" (no
	// topology files, /proc/cpuinfo used), "sysctl", or "count" (only the number of
	// CPUs is known: one socket, one thread a core is then an assumption).
	Source string
}

// CPU is one logical processor: a hardware thread.
type CPU struct {
	ID     int // the system's number
	Socket int // index into Machine.Sockets
	NUMA   int // index into Machine.NUMA
	Core   int // index into Machine.Cores
	Thread int // 0 for the core's first hardware thread, 1 for its second …
}

// Socket is a processor package.
type Socket struct {
	ID   int // the system's number (physical_package_id); -1 if it tells none
	CPUs Set
}

// Node is a NUMA node.
type Node struct {
	ID     int // the system's number
	CPUs   Set // empty for a node that is memory only
	Memory int64
}

// Cache is one cache and the CPUs that share it.
type Cache struct {
	Level int
	Type  string // "Data", "Instruction" or "Unified"
	Size  int64  // bytes; 0 if unknown
	Line  int    // bytes in a line; 0 if unknown
	CPUs  Set
}

// Level is a level of the machine's tree, for Objects.
type Level int

// The levels, from the smallest object to the whole machine.
const (
	LevelThread Level = iota
	LevelCore
	LevelL1
	LevelL2
	LevelL3
	LevelNUMA
	LevelSocket
	LevelMachine
)

var levelNames = [...]string{"hwthread", "core", "l1cache", "l2cache", "l3cache", "numa", "socket", "node"}

// String returns the level's name as the launcher's options spell it.
func (l Level) String() string {
	if l < 0 || int(l) >= len(levelNames) {
		return fmt.Sprintf("Level(%d)", int(l))
	}
	return levelNames[l]
}

// Online returns the online CPUs.
func (m *Machine) Online() Set {
	var s Set
	for _, c := range m.CPUs {
		s.Add(c.ID)
	}
	return s
}

// CPU returns the logical processor with the system's number id.
func (m *Machine) CPU(id int) (CPU, bool) {
	for _, c := range m.CPUs {
		if c.ID == id {
			return c, true
		}
	}
	return CPU{}, false
}

// Objects returns the objects of a level in machine order, each with all its
// online CPUs. An object without any allowed CPU is left out; a cache level that
// the machine does not tell has no objects.
func (m *Machine) Objects(l Level) []Set {
	var all []Set
	switch l {
	case LevelThread:
		// In the order of the tree: all threads of a core before the next core.
		for _, core := range m.Cores {
			for _, id := range core.IDs() {
				all = append(all, SetOf(id))
			}
		}
	case LevelCore:
		all = m.Cores
	case LevelL1, LevelL2, LevelL3:
		for _, c := range m.Caches {
			if c.Level == int(l-LevelL1)+1 && c.Type != "Instruction" {
				all = append(all, c.CPUs)
			}
		}
	case LevelNUMA:
		for _, n := range m.NUMA {
			all = append(all, n.CPUs)
		}
	case LevelSocket:
		for _, s := range m.Sockets {
			all = append(all, s.CPUs)
		}
	case LevelMachine:
		all = []Set{m.Online()}
	}
	var out []Set
	for _, s := range all {
		if s.And(m.Allowed).Count() > 0 {
			out = append(out, s)
		}
	}
	return out
}

// UsableThreads returns how many logical processors the process can keep busy:
// the allowed CPUs, or the whole CPUs of the quota if those are fewer. At
// least 1.
func (m *Machine) UsableThreads() int { return limit(m.Allowed.Count(), m.Quota) }

// UsableCores returns how many cores the process can keep busy: the cores with
// at least one allowed CPU, or the whole CPUs of the quota if those are fewer.
// At least 1.
func (m *Machine) UsableCores() int { return limit(len(m.Objects(LevelCore)), m.Quota) }

// limit applies a quota to a number of CPUs. A fraction is cut off: a rank that
// spins on the fraction is throttled together with all the others.
func limit(cpus int, quota float64) int {
	if quota > 0 && quota < float64(cpus) {
		cpus = int(quota)
	}
	return max(cpus, 1)
}

// Vector is the system vector S(N,p,c,t): N nodes, p sockets on each node, c
// cores on each socket, t hardware threads on each core.
type Vector struct {
	Nodes, Sockets, Cores, Threads int
}

// String writes the vector as S(N,p,c,t).
func (v Vector) String() string {
	return fmt.Sprintf("S(%d,%d,%d,%d)", v.Nodes, v.Sockets, v.Cores, v.Threads)
}

// Totals are the numbers of a system of one or more machines.
type Totals struct {
	// Vector has the largest number found at each level. When Uniform is
	// false, some machine, socket or core has fewer (CPUs offline, different
	// machines), and the product of the vector is more than there is: the
	// numbers below are counted, not multiplied.
	Vector  Vector
	Uniform bool

	Sockets, Cores, Threads int // counted over all machines
}

// Sum counts the sockets, cores and hardware threads that are online on the
// machines (one for each node) and forms their system vector.
func Sum(machines ...*Machine) Totals {
	t := Totals{Uniform: true}
	t.Vector.Nodes = len(machines)
	for i, m := range machines {
		t.Sockets += len(m.Sockets)
		t.Cores += len(m.Cores)
		t.Threads += len(m.CPUs)
		if i > 0 && len(m.Sockets) != len(machines[0].Sockets) {
			t.Uniform = false
		}
		t.Vector.Sockets = max(t.Vector.Sockets, len(m.Sockets))
		coresOf := make([]int, len(m.Sockets))
		for _, core := range m.Cores {
			if cpu, ok := m.CPU(core.First()); ok {
				coresOf[cpu.Socket]++
			}
			n := core.Count()
			t.Uniform = t.Uniform && (t.Vector.Threads == 0 || n == t.Vector.Threads)
			t.Vector.Threads = max(t.Vector.Threads, n)
		}
		for _, n := range coresOf {
			t.Uniform = t.Uniform && (t.Vector.Cores == 0 || n == t.Vector.Cores)
			t.Vector.Cores = max(t.Vector.Cores, n)
		}
	}
	return t
}
