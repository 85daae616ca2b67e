package sysinfo

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ringo-mpi/ringo/internal/topo"
)

func find(attributes []Attribute, name string) string {
	for _, a := range attributes {
		if a.Name == name {
			return a.Value
		}
	}
	return ""
}

func TestLocal(t *testing.T) {
	n, err := Local()
	if err != nil {
		t.Fatal(err)
	}
	a := n.Attributes()
	name, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if n.Name != name || find(a, "uname.node") != name {
		t.Errorf("node %q and %q, want %q", n.Name, find(a, "uname.node"), name)
	}
	for _, must := range []string{"cpu_cores", "cpu_count", "cpu_sockets", "go.version", "mem.total", "platform.version", "sys.platform", "uname.machine", "uname.system", "user"} {
		if find(a, must) == "" {
			t.Errorf("no %s in %v", must, a)
		}
	}
	if count, err := strconv.Atoi(find(a, "cpu_count")); err != nil || count < runtime.NumCPU() {
		t.Errorf("cpu_count %d, %v; this process alone may use %d", count, err, runtime.NumCPU())
	}
}

func TestAttributesOfALimitedServer(t *testing.T) {
	n := &Node{
		Name: "red0",
		Machine: &topo.Machine{
			CPUs: []topo.CPU{
				{ID: 0}, {ID: 1, Core: 1}, {ID: 2, Socket: 1, Core: 2}, {ID: 4, Core: 0, Thread: 1},
			},
			Sockets: []topo.Socket{{ID: 0, CPUs: topo.SetOf(0, 1, 4)}, {ID: 1, CPUs: topo.SetOf(2)}},
			Cores:   []topo.Set{topo.SetOf(0, 4), topo.SetOf(1), topo.SetOf(2)},
			NUMA:    []topo.Node{{}, {ID: 1}},
			Caches: []topo.Cache{
				{Level: 1, Type: "Data", Size: 32 << 10}, {Level: 1, Type: "Data", Size: 48 << 10}, {Level: 1, Type: "Data", Size: 32 << 10},
				{Level: 3, Type: "Unified", Size: 8 << 20}, {Level: 4, Type: "Unified"},
			},
			Offline: topo.SetOf(3, 5, 6, 7), Allowed: topo.SetOf(0, 1, 4), Quota: 1.5, MemoryLimit: 1 << 30, Source: "sysfs",
		},
		System: System{
			CPU: "Example CPU", MHz: 3100.4, MinMHz: 800, MaxMHz: 4000, MemTotal: 16 << 30, MemUsedPercent: 63.72,
			MemFree: 96<<20 + 700<<10, Go: "go1.26.1", Uname: Uname{Node: "red0", Version: "#1 SMP"}, User: "ada", GOOS: "linux",
		},
	}
	got := n.Attributes()
	for name, want := range map[string]string{
		"cpu": "Example CPU", "cpu_sockets": "2", "cpu_cores": "3", "cpu_count": "4", "cpu_threads": "4",
		"cpu_offline": "3,5-7", "cpu_allowed": "0-1,4", "cpu_quota": "1.5", "cpu_usable_cores": "1", "numa_nodes": "2",
		"cache.l1d": "2 × 32.0 KiB, 1 × 48.0 KiB", "cache.l3": "1 × 8.0 MiB", "cache.l4": "",
		"frequency": "current=3100, min=800, max=4000 MHz",
		"mem.total": "16.0 GiB", "mem.free": "96.7 MiB", "mem.percent": "63.7 %", "mem.limit": "1.0 GiB", "mem.wired": "",
		"go.version": "1.26.1", "uname.node": "red0", "platform.version": "#1 SMP", "user": "ada", "topology.source": "",
	} {
		if v := find(got, name); v != want {
			t.Errorf("%s = %q, want %q", name, v, want)
		}
	}
	for i := range got[1:] {
		if got[i].Name >= got[i+1].Name {
			t.Errorf("%s stands before %s", got[i].Name, got[i+1].Name)
		}
	}
}

func TestBytes(t *testing.T) {
	got := ""
	for _, n := range []uint64{0, 1023, 1024, 1536, 1 << 20, 5<<30 + 7<<30/10, 1<<64 - 1} {
		got += Bytes(n) + "|"
	}
	if want := "0 B|1023 B|1.0 KiB|1.5 KiB|1.0 MiB|5.7 GiB|16.0 EiB|"; got != want {
		t.Error(cmp.Diff(want, got))
	}
}

func TestFrequencyText(t *testing.T) {
	if got := frequency(System{}); got != "" {
		t.Errorf("%q", got)
	}
	if got := frequency(System{MHz: 2000}); got != "current=2000 MHz" || strings.Contains(got, "min") {
		t.Errorf("%q", got)
	}
}
