package topo

import (
	"fmt"
	"os"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
)

// fake builds machines for tests. CPU numbers run as Linux numbers them on x86:
// first one thread of every core of every socket, then the second threads.
type fake struct{ fstest.MapFS }

func (f fake) file(name, format string, args ...any) {
	f.MapFS[name] = &fstest.MapFile{Data: fmt.Appendf(nil, format+"\n", args...)}
}

func (f fake) remove(prefix string) {
	for name := range f.MapFS {
		if strings.HasPrefix(name, prefix) {
			delete(f.MapFS, name)
		}
	}
}

// newFake makes a machine with one NUMA node and one L3 for each socket.
func newFake(sockets, cores, threads int) fake {
	f := fake{fstest.MapFS{}}
	n := sockets * cores * threads
	f.file("sys/devices/system/cpu/online", "0-%d", n-1)
	f.file("sys/devices/system/cpu/present", "0-%d", n-1)
	f.file("proc/self/status", "Name:\tx\nCpus_allowed:\tff\nCpus_allowed_list:\t0-%d\nMems_allowed_list:\t0", n-1)
	ofSocket := make([]Set, sockets)
	ofCore := make([]Set, sockets*cores)
	for id := range n {
		ofCore[id%(sockets*cores)].Add(id)
		ofSocket[id%(sockets*cores)/cores].Add(id)
	}
	for id := range n {
		core := id % (sockets * cores)
		dir := fmt.Sprintf("sys/devices/system/cpu/cpu%d/", id)
		f.file(dir+"topology/physical_package_id", "%d", core/cores)
		f.file(dir+"topology/core_id", "%d", core%cores*4) // x86 leaves gaps
		f.file(dir+"topology/thread_siblings_list", "%v", ofCore[core])
		for i, c := range []Cache{
			{1, "Data", 0, 64, ofCore[core]}, {1, "Instruction", 0, 64, ofCore[core]},
			{2, "Unified", 0, 64, ofCore[core]}, {3, "Unified", 0, 64, ofSocket[core/cores]},
		} {
			sub := fmt.Sprintf("%scache/index%d/", dir, i)
			f.file(sub+"level", "%d", c.Level)
			f.file(sub+"type", "%s", c.Type)
			f.file(sub+"size", "%s", []string{"48K", "32K", "2048K", "32M"}[i])
			f.file(sub+"coherency_line_size", "64")
			f.file(sub+"shared_cpu_list", "%v", c.CPUs)
		}
	}
	for i, s := range ofSocket {
		f.file(fmt.Sprintf("sys/devices/system/node/node%d/cpulist", i), "%v", s)
		f.file(fmt.Sprintf("sys/devices/system/node/node%d/meminfo", i), "Node %d MemTotal:       16384 kB\nNode %d MemFree: 1 kB", i, i)
	}
	return f
}

// offline takes CPUs offline the way the kernel does: their topology and cache
// folders vanish, and the lists of the others no longer name them.
func (f fake) offline(t *testing.T, ids ...int) {
	t.Helper()
	gone := SetOf(ids...)
	for name, file := range f.MapFS {
		if strings.HasSuffix(name, "_list") || strings.HasSuffix(name, "cpulist") || strings.HasSuffix(name, "cpu/online") {
			s, err := ParseList(string(file.Data))
			if err != nil {
				t.Fatal(err)
			}
			f.file(name, "%v", s.AndNot(gone))
		}
	}
	for _, id := range ids {
		f.remove(fmt.Sprintf("sys/devices/system/cpu/cpu%d/", id))
		f.file(fmt.Sprintf("sys/devices/system/cpu/cpu%d/online", id), "0")
	}
}

func mustRead(t *testing.T, f fake) *Machine {
	t.Helper()
	m, err := Read(f.MapFS)
	if err != nil {
		t.Fatal(err)
	}
	check(t, f, m)
	return m
}

// check verifies what holds for every machine.
func check(t *testing.T, f fake, m *Machine) {
	t.Helper()
	seen := Set{}
	for _, c := range m.CPUs {
		if c.Socket >= len(m.Sockets) || !m.Sockets[c.Socket].CPUs.Has(c.ID) {
			t.Errorf("CPU %d is not in its socket %d", c.ID, c.Socket)
		}
		if c.Core >= len(m.Cores) || !m.Cores[c.Core].Has(c.ID) || m.Cores[c.Core].IDs()[c.Thread] != c.ID {
			t.Errorf("CPU %d is not thread %d of its core %d", c.ID, c.Thread, c.Core)
		}
		if c.NUMA >= len(m.NUMA) || !m.NUMA[c.NUMA].CPUs.Has(c.ID) {
			t.Errorf("CPU %d is not in its NUMA node %d", c.ID, c.NUMA)
		}
		seen.Add(c.ID)
	}
	if n := len(m.Objects(LevelThread)); n != m.Allowed.Count() {
		t.Errorf("%d hardware threads for %d allowed CPUs", n, m.Allowed.Count())
	}
	if !m.Allowed.AndNot(seen).Equal(nil) || m.Allowed.Count() == 0 {
		t.Errorf("allowed CPUs %v are not all online, or none", m.Allowed)
	}
	if n, err := UsableCores(f.MapFS); err != nil || n != m.UsableCores() {
		t.Errorf("UsableCores reads %d, %v; the machine has %d", n, err, m.UsableCores())
	}
}

func TestSystemVector(t *testing.T) {
	for _, want := range []Vector{{1, 1, 1, 1}, {1, 1, 4, 1}, {1, 2, 4, 2}, {1, 4, 18, 2}, {1, 2, 64, 4}} {
		m := mustRead(t, newFake(want.Sockets, want.Cores, want.Threads))
		got := Sum(m)
		if got.Vector != want || !got.Uniform {
			t.Errorf("vector %v, uniform %v; want %v", got.Vector, got.Uniform, want)
		}
		if got.Sockets != want.Sockets || got.Cores != want.Sockets*want.Cores || got.Threads != got.Cores*want.Threads {
			t.Errorf("%v: totals %d %d %d", want, got.Sockets, got.Cores, got.Threads)
		}
		if m.Source != "sysfs" {
			t.Errorf("source %q", m.Source)
		}
		if n := m.UsableCores(); n != want.Sockets*want.Cores {
			t.Errorf("%v: %d usable cores", want, n)
		}
		if n := m.UsableThreads(); n != want.Sockets*want.Cores*want.Threads {
			t.Errorf("%v: %d usable threads", want, n)
		}
	}
	small, large := mustRead(t, newFake(1, 4, 2)), mustRead(t, newFake(2, 8, 2))
	if got := Sum(large, large, large); got.Vector.String() != "S(3,2,8,2)" || !got.Uniform || got.Threads != 96 {
		t.Errorf("three equal nodes: %+v", got)
	}
	if got := Sum(large, small); got.Uniform || got.Cores != 20 || got.Threads != 40 || got.Sockets != 3 || got.Vector.String() != "S(2,2,8,2)" {
		t.Errorf("two different nodes: %+v", got)
	}
}

func TestObjects(t *testing.T) {
	m := mustRead(t, newFake(2, 2, 2)) // cores {0,4} {1,5} {2,6} {3,7}
	want := map[Level]string{
		LevelThread: "[0 4 1 5 2 6 3 7]", LevelCore: "[0,4 1,5 2,6 3,7]", LevelL1: "[0,4 1,5 2,6 3,7]",
		LevelL2: "[0,4 1,5 2,6 3,7]", LevelL3: "[0-1,4-5 2-3,6-7]", LevelNUMA: "[0-1,4-5 2-3,6-7]",
		LevelSocket: "[0-1,4-5 2-3,6-7]", LevelMachine: "[0-7]",
	}
	for l, w := range want {
		if got := fmt.Sprint(m.Objects(l)); got != w {
			t.Errorf("%v: %s, want %s", l, got, w)
		}
	}
	if c, ok := m.CPU(6); !ok || c != (CPU{ID: 6, Socket: 1, NUMA: 1, Core: 2, Thread: 1}) {
		t.Errorf("CPU 6: %+v", c)
	}
	if len(m.Caches) != 4+4+4+2 || m.Caches[0].Size != 48<<10 || m.Caches[13].Size != 32<<20 || m.Caches[13].Line != 64 {
		t.Errorf("caches %+v", m.Caches)
	}
	if m.NUMA[1].Memory != 16<<20 {
		t.Errorf("memory %d", m.NUMA[1].Memory)
	}
}

func TestOfflineCPUs(t *testing.T) {
	f := newFake(2, 2, 2)
	f.offline(t, 4, 3, 7) // one thread of core 0, all of the last core
	m := mustRead(t, f)
	got := Sum(m)
	if got.Vector != (Vector{1, 2, 2, 2}) || got.Uniform || got.Cores != 3 || got.Threads != 5 {
		t.Errorf("%+v", got)
	}
	if m.Offline.String() != "3-4,7" {
		t.Errorf("offline %v", m.Offline)
	}
	f = newFake(2, 2, 2)
	f.offline(t, 4, 5, 6, 7) // hyper-threading switched off by hand
	if got := Sum(mustRead(t, f)); got.Vector != (Vector{1, 2, 2, 1}) || !got.Uniform {
		t.Errorf("%+v", got)
	}
	f = newFake(2, 2, 1)
	f.offline(t, 2, 3) // a whole socket
	if got := Sum(mustRead(t, f)); got.Vector != (Vector{1, 1, 2, 1}) || !got.Uniform {
		t.Errorf("%+v", got)
	}
	// Without the list files: folders only, with cpuN/online.
	f = newFake(1, 4, 1)
	f.offline(t, 2)
	f.remove("sys/devices/system/cpu/online")
	f.remove("sys/devices/system/cpu/present")
	m = mustRead(t, f)
	if len(m.CPUs) != 3 || m.Offline.String() != "2" {
		t.Errorf("CPUs %v, offline %v", m.CPUs, m.Offline)
	}
}

func TestAffinity(t *testing.T) {
	f := newFake(2, 4, 2)
	f.file("proc/self/status", "Cpus_allowed_list:\t1,9,4-5,200")
	m := mustRead(t, f)
	if m.Allowed.String() != "1,4-5,9" {
		t.Errorf("allowed %v", m.Allowed)
	}
	if m.UsableCores() != 3 || m.UsableThreads() != 4 {
		t.Errorf("%d cores, %d threads", m.UsableCores(), m.UsableThreads())
	}
	if got := fmt.Sprint(m.Objects(LevelCore)); got != "[1,9 4,12 5,13]" {
		t.Errorf("cores %s", got)
	}
	if got := fmt.Sprint(m.Objects(LevelThread)); got != "[1 9 4 5]" {
		t.Errorf("threads %s", got)
	}
	if Sum(m).Threads != 16 {
		t.Error("the affinity mask changed the machine itself")
	}
	f.file("sys/devices/system/cpu/smt/active", "1")
	check(t, f, m)
	f = newFake(1, 8, 1)
	f.file("sys/devices/system/cpu/smt/active", "0")
	f.file("proc/self/status", "Cpus_allowed_list:\t3-5")
	if m := mustRead(t, f); m.UsableCores() != 3 {
		t.Errorf("%d cores", m.UsableCores())
	}
}

func TestCgroups(t *testing.T) {
	const (
		v2root = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate"
		v1cpu  = "31 23 0:27 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n" +
			"32 23 0:28 / /sys/fs/cgroup/cpuset rw shared:10 - cgroup cgroup rw,cpuset\n" +
			"33 23 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory"
	)
	tests := []struct {
		name, cgroup, mounts string
		files                map[string]string
		quota                float64
		memory               int64
		cores                int
	}{
		{name: "none", cores: 8},
		{name: "v2 unlimited", cgroup: "0::/a", mounts: v2root,
			files: map[string]string{"sys/fs/cgroup/a/cpu.max": "max 100000", "sys/fs/cgroup/a/memory.max": "max"}, cores: 8},
		{name: "v2", cgroup: "0::/a", mounts: v2root,
			files: map[string]string{"sys/fs/cgroup/a/cpu.max": "350000 100000", "sys/fs/cgroup/a/memory.max": "1048576"},
			quota: 3.5, memory: 1 << 20, cores: 3},
		{name: "v2 less than one CPU", cgroup: "0::/a", mounts: v2root,
			files: map[string]string{"sys/fs/cgroup/a/cpu.max": "5000 10000"}, quota: 0.5, cores: 1},
		{name: "v2 quota of a parent", cgroup: "0::/user.slice/b c/d", mounts: v2root,
			files: map[string]string{
				"sys/fs/cgroup/user.slice/cpu.max": "200000 100000", "sys/fs/cgroup/user.slice/b c/cpu.max": "400000 100000",
				"sys/fs/cgroup/user.slice/b c/d/cpu.max": "max 100000", "sys/fs/cgroup/user.slice/memory.max": "4096",
				"sys/fs/cgroup/user.slice/b c/d/memory.max": "8192"},
			quota: 2, memory: 4096, cores: 2},
		{name: "v2 in a container that sees its part only", cgroup: "0::/docker/x/sub", mounts: strings.Replace(v2root, " / /sys", " /docker/x /sys", 1),
			files: map[string]string{"sys/fs/cgroup/cpu.max": "300000 100000", "sys/fs/cgroup/sub/cpu.max": "500000 100000"}, quota: 3, cores: 3},
		{name: "v2 group outside of the mount", cgroup: "0::/../y", mounts: v2root,
			files: map[string]string{"sys/fs/cgroup/cpu.max": "300000 100000", "sys/fs/cgroup/y/cpu.max": "1 1"}, quota: 3, cores: 3},
		{name: "v2 other container", cgroup: "0::/docker/xy", mounts: strings.Replace(v2root, " / /sys", " /docker/x /sys", 1),
			files: map[string]string{"sys/fs/cgroup/y/cpu.max": "1 1", "sys/fs/cgroup/cpu.max": "600000 100000"}, quota: 6, cores: 6},
		{name: "v1", cgroup: "5:memory:/m\n4:cpu,cpuacct:/g/h\n3:cpuset:/", mounts: v1cpu,
			files: map[string]string{
				"sys/fs/cgroup/cpu,cpuacct/g/h/cpu.cfs_quota_us": "-1", "sys/fs/cgroup/cpu,cpuacct/g/h/cpu.cfs_period_us": "100000",
				"sys/fs/cgroup/cpu,cpuacct/g/cpu.cfs_quota_us": "250000", "sys/fs/cgroup/cpu,cpuacct/g/cpu.cfs_period_us": "100000",
				"sys/fs/cgroup/memory/m/memory.limit_in_bytes": "9223372036854771712", "sys/fs/cgroup/memory/memory.limit_in_bytes": "65536"},
			quota: 2.5, memory: 65536, cores: 2},
		{name: "v1 and v2 together", cgroup: "4:cpu,cpuacct:/g\n0::/z", mounts: v1cpu + "\n" + strings.Replace(v2root, "/sys/fs/cgroup ", "/sys/fs/cgroup/uni\\040fied ", 1),
			files: map[string]string{
				"sys/fs/cgroup/cpu,cpuacct/g/cpu.cfs_quota_us": "250000", "sys/fs/cgroup/cpu,cpuacct/g/cpu.cfs_period_us": "50000",
				"sys/fs/cgroup/uni fied/z/cpu.max": "max 100000"},
			quota: 5, cores: 5},
		{name: "damaged", cgroup: "x\n0::\n:::\n0::/a", mounts: "1\n - cgroup2\n" + v2root + "\n1 2 3 4 - cgroup2 a b",
			files: map[string]string{"sys/fs/cgroup/a/cpu.max": "many 100000", "sys/fs/cgroup/cpu.max": "0 0", "sys/fs/cgroup/a/memory.max": "-3"}, cores: 8},
		{name: "quota above the machine", cgroup: "0::/", mounts: v2root,
			files: map[string]string{"sys/fs/cgroup/cpu.max": "9900000 100000"}, quota: 99, cores: 8},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(2, 4, 1)
			if tt.cgroup != "" {
				f.file("proc/self/cgroup", "%s", tt.cgroup)
				f.file("proc/self/mountinfo", "%s", tt.mounts)
			}
			for name, text := range tt.files {
				f.file(name, "%s", text)
			}
			m := mustRead(t, f)
			if m.Quota != tt.quota || m.MemoryLimit != tt.memory || m.UsableCores() != tt.cores {
				t.Errorf("quota %g, memory %d, cores %d; want %g, %d, %d", m.Quota, m.MemoryLimit, m.UsableCores(), tt.quota, tt.memory, tt.cores)
			}
		})
	}
}

func TestMachinesThatTellLittle(t *testing.T) {
	t.Run("ARM board without topology files", func(t *testing.T) {
		f := newFake(1, 4, 1)
		for id := range 4 {
			f.remove(fmt.Sprintf("sys/devices/system/cpu/cpu%d/", id))
			f.file(fmt.Sprintf("sys/devices/system/cpu/cpu%d/uevent", id), "")
		}
		f.remove("sys/devices/system/node")
		f.file("proc/cpuinfo", "processor\t: 0\nBogoMIPS\t: 108.00\n\nprocessor\t: 1\n\nprocessor\t: 2\n\nprocessor\t: 3\n\nHardware\t: BCM2835\nModel\t\t: Raspberry Pi 4")
		m := mustRead(t, f)
		if got := Sum(m); got.Vector != (Vector{1, 1, 4, 1}) || !got.Uniform || m.Source != "count" {
			t.Errorf("%+v from %s", got, m.Source)
		}
		if len(m.NUMA) != 1 || m.NUMA[0].CPUs.Count() != 4 {
			t.Errorf("NUMA %+v", m.NUMA)
		}
	})
	t.Run("ARM server whose firmware names no package", func(t *testing.T) {
		f := newFake(1, 8, 1)
		for id := range 8 {
			f.file(fmt.Sprintf("sys/devices/system/cpu/cpu%d/topology/physical_package_id", id), "-1")
			f.file(fmt.Sprintf("sys/devices/system/cpu/cpu%d/topology/core_id", id), "-1")
		}
		m := mustRead(t, f)
		if got := Sum(m); got.Vector != (Vector{1, 1, 8, 1}) || m.Sockets[0].ID != -1 {
			t.Errorf("%+v, sockets %v", got, m.Sockets)
		}
	})
	t.Run("sandbox with cpuinfo only", func(t *testing.T) {
		f := fake{fstest.MapFS{}}
		var b strings.Builder
		for id := range 8 { // two sockets of two cores of two threads
			fmt.Fprintf(&b, "processor\t: %d\nphysical id\t: %d\ncore id\t\t: %d\ncpu cores\t: 2\n\n", id, id/4, id%4/2)
		}
		f.file("proc/cpuinfo", "%s", b.String())
		m := mustRead(t, f)
		if got := Sum(m); got.Vector != (Vector{1, 2, 2, 2}) || m.Source != "cpuinfo" {
			t.Errorf("%+v from %s", got, m.Source)
		}
	})
	t.Run("nothing at all", func(t *testing.T) {
		if _, err := Read(fstest.MapFS{}); err == nil {
			t.Error("no error")
		}
		if _, err := UsableCores(fstest.MapFS{}); err == nil {
			t.Error("no error")
		}
	})
	t.Run("NUMA nodes that are memory only, and CPUs of no node", func(t *testing.T) {
		f := newFake(2, 2, 1)
		f.file("sys/devices/system/node/node10/cpulist", "")
		f.file("sys/devices/system/node/node1/cpulist", "2")
		m := mustRead(t, f)
		if len(m.NUMA) != 3 || m.NUMA[2].ID != 10 || m.NUMA[2].CPUs.Count() != 0 || m.NUMA[0].CPUs.String() != "0-1,3" {
			t.Errorf("%+v", m.NUMA)
		}
		if n := len(m.Objects(LevelNUMA)); n != 2 {
			t.Errorf("%d NUMA objects", n)
		}
	})
	t.Run("a socket of several NUMA nodes", func(t *testing.T) {
		f := newFake(1, 4, 1)
		f.file("sys/devices/system/node/node0/cpulist", "0,2")
		f.file("sys/devices/system/node/node1/cpulist", "1,3")
		m := mustRead(t, f)
		if got := fmt.Sprint(m.Cores); got != "[0 2 1 3]" {
			t.Errorf("cores %s are not in the order of the tree", got)
		}
	})
	t.Run("damaged files", func(t *testing.T) {
		f := newFake(2, 2, 2)
		f.file("sys/devices/system/cpu/cpu1/topology/thread_siblings_list", "7-1")
		f.file("sys/devices/system/cpu/cpu2/topology/physical_package_id", "two")
		f.file("sys/devices/system/cpu/cpu0/cache/index0/size", "999999999999999G")
		f.file("sys/devices/system/cpu/cpu0/cache/index1/level", "x")
		f.file("proc/self/status", "Cpus_allowed_list:\t99999999")
		m, err := Read(f.MapFS)
		if err != nil || len(m.CPUs) != 8 || m.Allowed.Count() != 8 {
			t.Errorf("%+v, %v", m, err)
		}
	})
}

func TestLocal(t *testing.T) {
	m, err := Local()
	if err != nil {
		t.Fatal(err)
	}
	if n := m.Allowed.Count(); n != runtime.NumCPU() {
		t.Errorf("%d CPUs allowed, the runtime counts %d", n, runtime.NumCPU())
	}
	if n := LocalUsableCores(); n != m.UsableCores() {
		t.Errorf("LocalUsableCores %d, Local().UsableCores %d", n, m.UsableCores())
	}
}

// TestRootFS: the machine's own files read as package os reads them.
func TestRootFS(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("LEFT OUT: there is no /proc here")
	}
	m, err := Local()
	if err != nil {
		t.Fatal(err)
	}
	n, err := Read(os.DirFS("/"))
	if err != nil || !reflect.DeepEqual(m, n) {
		t.Errorf("%+v\n%+v, %v", m, n, err)
	}
}

func TestRegular(t *testing.T) {
	m := regular(2, 8, 16)
	if got := Sum(m); got.Vector != (Vector{1, 2, 4, 2}) || !got.Uniform {
		t.Errorf("%+v", got)
	}
	check(t, newFake(2, 4, 2), m)
	if regular(2, 7, 14) != nil || regular(0, 4, 4) != nil || regular(1, 4, 6) != nil {
		t.Error("numbers that do not divide were accepted")
	}
}

func TestSet(t *testing.T) {
	s, err := ParseList(" 0-3,8, 64-66 \n")
	if err != nil || s.String() != "0-3,8,64-66" || s.Count() != 8 || s.First() != 0 || !s.Has(65) || s.Has(67) || s.Has(-1) || s.Has(1<<20) {
		t.Errorf("%v %v", s, err)
	}
	u := SetOf(3, 65, 200)
	for _, tt := range []struct{ got, want string }{
		{s.And(u).String(), "3,65"}, {u.And(s).String(), "3,65"}, {s.Or(u).String(), "0-3,8,64-66,200"}, {u.Or(s).String(), "0-3,8,64-66,200"},
		{s.AndNot(u).String(), "0-2,8,64,66"}, {u.AndNot(s).String(), "200"}, {Set(nil).String(), ""},
	} {
		if tt.got != tt.want {
			t.Errorf("%s, want %s", tt.got, tt.want)
		}
	}
	if !SetOf(1).Equal(SetOf(1, 500).AndNot(SetOf(500))) || SetOf(1).Equal(SetOf(1, 500)) || SetOf(1, 500).Equal(SetOf(1)) || SetOf(1).Equal(SetOf(2)) {
		t.Error("Equal")
	}
	if Set(nil).First() != -1 || !reflect.DeepEqual(u.IDs(), []int{3, 65, 200}) {
		t.Error("First or IDs")
	}
	var back Set
	text, _ := s.MarshalText()
	if err := back.UnmarshalText(text); err != nil || !back.Equal(s) {
		t.Errorf("%v %v", back, err)
	}
	for _, bad := range []string{"x", "1-", "-1", "3-1", "1,,2", "65536", "0-99999999999", "1-2-3", "+1"} {
		if s, err := ParseList(bad); err == nil {
			t.Errorf("%q gave %v", bad, s)
		}
	}
}

func FuzzParseList(f *testing.F) {
	for _, s := range []string{"", "0", "0-3,8", "1,1,1", "0-65535", "5-2", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, list string) {
		s, err := ParseList(list)
		if err != nil {
			return
		}
		back, err := ParseList(s.String())
		if err != nil || !back.Equal(s) {
			t.Fatalf("%q: %v does not read back: %v, %v", list, s, back, err)
		}
	})
}
