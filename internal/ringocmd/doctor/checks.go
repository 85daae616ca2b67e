package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/shirou/gopsutil/v4/mem"

	"github.com/ringo-mpi/ringo/internal/sysinfo"
	"github.com/ringo-mpi/ringo/internal/topo"
)

func localMemory() (total, available uint64, err error) {
	v, err := mem.VirtualMemory()
	if err != nil {
		return 0, 0, err
	}
	return v.Total, v.Available, nil
}

func checkCores(_ context.Context, m *machine) []Finding {
	t, err := m.topology()
	if err != nil {
		return []Finding{mend("mount /proc and /sys; without them the number of cores is unknown", "%v", err)}
	}
	sum := topo.Sum(t)
	out := []Finding{ok("%d sockets, %d cores, %d threads, usable cores: %d", sum.Sockets, sum.Cores, sum.Threads, t.UsableCores())}
	if n := t.Offline.Count(); n > 0 {
		out = append(out, note("switch them on as root: echo 1 > /sys/devices/system/cpu/cpuN/online", "%d CPUs are offline: %s", n, t.Offline))
	}
	if !t.Allowed.Equal(t.Online()) {
		out = append(out, note("an affinity mask or cpuset keeps the others away (taskset, cpuset.cpus, docker --cpuset-cpus)", "the process may run on CPUs %s only", t.Allowed))
	}
	switch {
	case t.Quota > 0 && t.Quota < 1:
		out = append(out, mend("raise the quota of the cgroup (cpu.max, docker --cpus, the CPU limit of the pod)", "the cgroup grants %g of one CPU: every rank is stopped again and again", t.Quota))
	case t.Quota > 0:
		out = append(out, note("ranks that spin while they wait use it up too; start at most that many ranks, or raise the quota (cpu.max, docker --cpus)", "the cgroup grants the time of %g CPUs", t.Quota))
	}
	if g := m.read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"); g == "powersave" {
		if d := m.read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_driver"); d != "intel_pstate" && d != "amd-pstate-epp" {
			out = append(out, note("for benchmarks, as root: cpupower frequency-set -g performance", "the CPU frequency governor is powersave"))
		}
	}
	return out
}

// lowMemory is what a few ranks need at least.
const lowMemory = 256 << 20

func checkMemory(_ context.Context, m *machine) []Finding {
	total, available, err := m.memory()
	if err != nil {
		return []Finding{note("", "the size of the memory is unknown: %v", err)}
	}
	if t, err := m.topology(); err == nil && t.MemoryLimit > 0 && uint64(t.MemoryLimit) < total {
		limit := uint64(t.MemoryLimit)
		if limit < lowMemory {
			return []Finding{mend("raise the limit of the cgroup (memory.max, docker --memory)", "the cgroup grants %s of %s; ranks are killed when they need more", sysinfo.Bytes(limit), sysinfo.Bytes(total))}
		}
		return []Finding{note("the shared memory of a job counts towards it", "the cgroup grants %s of %s", sysinfo.Bytes(limit), sysinfo.Bytes(total))}
	}
	if available < lowMemory {
		return []Finding{mend("end what uses the memory", "only %s of %s are available", sysinfo.Bytes(available), sysinfo.Bytes(total))}
	}
	out := []Finding{ok("%s, of which %s are available", sysinfo.Bytes(total), sysinfo.Bytes(available))}
	if m.read("/proc/sys/vm/overcommit_memory") == "2" {
		out = append(out, note("sysctl vm.overcommit_memory=0, or =1", "the system reserves memory that is not used yet (vm.overcommit_memory=2), also all of a job's shared memory"))
	}
	return out
}

// smallShm is the size of /dev/shm that Docker gives a container unless asked.
const smallShm = 64 << 20

func checkSharedMemory(_ context.Context, m *machine) []Finding {
	if m.goos != "linux" {
		return []Finding{ok("jobs use files that are mapped and unlinked in %s", m.tempDir)}
	}
	// Ringo's own engine needs no /dev/shm, installed MPI libraries do.
	needed := len(m.findLibraries()) > 0
	judge := func(remedy, format string, args ...any) []Finding {
		if needed {
			return []Finding{mend(remedy, format+": MPI libraries need it", args...)}
		}
		return []Finding{note(remedy, format+"; only MPI libraries would need it", args...)}
	}
	free, total, err := m.disk("/dev/shm")
	switch {
	case errors.Is(err, os.ErrNotExist):
		return judge("as root: mkdir /dev/shm && mount -t tmpfs -o mode=1777 tmpfs /dev/shm", "there is no /dev/shm")
	case err != nil:
		return []Finding{note("", "the size of /dev/shm is unknown: %v", err)}
	case total <= smallShm:
		return judge("docker run --shm-size=1g, or as root: mount -o remount,size=1g /dev/shm", "/dev/shm has %s", sysinfo.Bytes(total))
	case free < total/10:
		return judge("remove what jobs that died have left in /dev/shm", "/dev/shm is nearly full: %s of %s are free", sysinfo.Bytes(free), sysinfo.Bytes(total))
	}
	return []Finding{ok("/dev/shm has %s, of which %s are free", sysinfo.Bytes(total), sysinfo.Bytes(free))}
}

func checkLimits(_ context.Context, m *machine) []Finding {
	var out, good []Finding
	for _, l := range []struct {
		name, what string
		least      uint64
		remedy     string
	}{
		{"nofile", "open files", 1024, "ulimit -Hn 65536 as root, or nofile in /etc/security/limits.conf, docker --ulimit nofile=65536"},
		{"nproc", "processes and threads of the user", 1024, "ulimit -u, or nproc in /etc/security/limits.conf"},
	} {
		v, known := m.limit(l.name)
		switch {
		case !known:
		case v < l.least:
			out = append(out, mend(l.remedy, "%s: at most %d; a job of many ranks needs more", l.what, v))
		default:
			good = append(good, ok("%s: %s", l.what, number(v)))
		}
	}
	if v, known := m.limit("as"); known && v != unlimited {
		out = append(out, note("ulimit -v unlimited", "the address space is limited to %s; the shared memory of a job is mapped as a whole", sysinfo.Bytes(v)))
	}
	if devices := m.infiniband(); devices > 0 {
		if v, known := m.limit("memlock"); known && v < 64<<20 {
			out = append(out, mend("memlock unlimited in /etc/security/limits.conf", "locked memory: at most %s, but there are %d network devices that need it (RDMA)", sysinfo.Bytes(v), devices))
		}
	}
	if n, known := m.pidsMax(); known {
		if n < 256 {
			out = append(out, mend("raise pids.max of the cgroup (docker --pids-limit)", "the cgroup allows %d processes and threads", n))
		} else {
			good = append(good, ok("processes and threads of the cgroup: %d", n))
		}
	}
	if len(out)+len(good) == 0 {
		return []Finding{ok("none that matter")}
	}
	return append(good, out...)
}

func number(v uint64) string {
	if v == unlimited {
		return "unlimited"
	}
	return strconv.FormatUint(v, 10)
}

func (m *machine) infiniband() int {
	f, err := m.root.Open("sys/class/infiniband")
	if err != nil {
		return 0
	}
	defer func() { _ = f.Close() }()
	d, ok := f.(interface {
		ReadDir(int) ([]os.DirEntry, error)
	})
	if !ok {
		return 0
	}
	entries, _ := d.ReadDir(-1)
	return len(entries)
}

// pidsMax is the smallest limit of processes on the way from the process's
// cgroup up to the root.
func (m *machine) pidsMax() (uint64, bool) {
	var group string
	v1 := false
	for line := range strings.Lines(m.read("/proc/self/cgroup")) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(f) == 3 && (f[1] == "pids" || f[1] == "" && group == "") {
			group, v1 = f[2], f[1] == "pids"
		}
	}
	base := "/sys/fs/cgroup"
	if v1 {
		base += "/pids"
	}
	least, known := uint64(0), false
	for dir := filepath.ToSlash(filepath.Clean("/" + group)); ; dir = filepath.ToSlash(filepath.Dir(dir)) {
		if n, err := strconv.ParseUint(m.read(base+dir+"/pids.max"), 10, 64); err == nil && (!known || n < least) {
			least, known = n, true
		}
		if dir == "/" {
			return least, known
		}
	}
}

func checkTemp(_ context.Context, m *machine) []Finding {
	f, err := os.CreateTemp(m.tempDir, "ringo-doctor-")
	if err != nil {
		return []Finding{mend("make it, or name another one in TMPDIR", "no file can be made in %s: %v", m.tempDir, cause(err))}
	}
	defer os.Remove(f.Name())
	defer f.Close()
	free, total, err := m.disk(m.tempDir)
	if err == nil && free < 64<<20 {
		return []Finding{mend("make room, or name another folder in TMPDIR", "%s is nearly full: %s of %s are free", m.tempDir, sysinfo.Bytes(free), sysinfo.Bytes(total))}
	}
	text := m.tempDir
	if err == nil {
		text += fmt.Sprintf(", %s free", sysinfo.Bytes(free))
	}
	return []Finding{ok("%s", text)}
}

func cause(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
