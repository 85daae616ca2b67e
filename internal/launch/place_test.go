package launch

import (
	"strings"
	"testing"

	"github.com/ringo-mpi/ringo/internal/topo"
)

// machine makes a machine numbered as Linux numbers x86: the second hardware
// threads after all the first ones. Each socket has an L3 cache; numa nodes
// divide the sockets.
func machine(sockets, cores, threads, numaPerSocket int) *topo.Machine {
	m := &topo.Machine{}
	all := sockets * cores
	m.Sockets = make([]topo.Socket, sockets)
	m.Cores = make([]topo.Set, all)
	m.NUMA = make([]topo.Node, sockets*numaPerSocket)
	for id := range all * threads {
		core := id % all
		c := topo.CPU{ID: id, Core: core, Socket: core / cores, NUMA: core * numaPerSocket / cores, Thread: id / all}
		m.CPUs = append(m.CPUs, c)
		m.Sockets[c.Socket].CPUs.Add(id)
		m.Cores[core].Add(id)
		m.NUMA[c.NUMA].CPUs.Add(id)
		m.Allowed.Add(id)
	}
	for _, s := range m.Sockets {
		m.Caches = append(m.Caches, topo.Cache{Level: 3, Type: "Unified", CPUs: s.CPUs})
	}
	return m
}

func TestPlacement(t *testing.T) {
	two := machine(2, 4, 2, 1) // cores {0,8} {1,9} … {7,15}; sockets 0-3,8-11 and 4-7,12-15
	four := machine(2, 4, 1, 2)
	part := machine(2, 4, 2, 1)
	part.Allowed = topo.SetOf(2, 3, 10, 12, 13)
	for _, tt := range []struct {
		m         *topo.Machine
		bind, mbs string
		ranks     int
		want      string
	}{
		{two, "", "", 2, ""},
		{two, "none", "socket", 2, ""},
		{two, "core", "", 3, "0,8 1,9 2,10"},
		{two, "core:2", "", 3, "0-1,8-9 1-2,9-10 2-3,10-11"},
		{two, "hwthread", "", 4, "0 8 1 9"},
		{two, "rr", "", 4, "0 1 2 3"},
		{two, "hwthread", "core", 3, "0 1 2"},
		{two, "hwthread", "core", 10, "0 1 2 3 4 5 6 7 8 9"},
		{two, "socket", "", 3, "0-3,8-11 4-7,12-15 0-3,8-11"},
		{two, "core", "socket", 5, "0,8 4,12 1,9 5,13 2,10"},
		{two, "hwthread", "socket", 4, "0 4 8 12"},
		{two, "socket", "core", 5, "0-3,8-11 0-3,8-11 0-3,8-11 0-3,8-11 4-7,12-15"},
		{two, "socket", "slot", 5, "0-3,8-11 0-3,8-11 0-3,8-11 0-3,8-11 4-7,12-15"},
		{two, "l3cache", "", 2, "0-3,8-11 4-7,12-15"},
		{two, "core", "node", 2, "0,8 1,9"},
		{two, "board", "", 2, "0-15 0-15"},
		{two, "core", "ppr:2:socket", 4, "0,8 1,9 4,12 5,13"},
		{two, "", "ppr:1:socket:pe=2", 2, "0-1,8-9 4-5,12-13"},
		{two, "", "socket:pe=3", 3, "0-2,8-10 4-6,12-14 0-1,3,8-9,11"},
		{two, "hwthread", "socket:pe=2", 2, "0,8 4,12"},
		{two, "user:0+2,1,4-5", "", 5, "0,2 1 4-5 0,2 1"},
		{two, "core", "", 9, "0,8 1,9 2,10 3,11 4,12 5,13 6,14 7,15 0,8"},
		{two, "core:overload-allowed", "socket:oversubscribe", 2, "0,8 4,12"},
		{four, "numa", "", 5, "0-1 2-3 4-5 6-7 0-1"},
		{four, "core", "numa", 5, "0 2 4 6 1"},
		{four, "numa", "socket", 3, "0-1 4-5 2-3"},
		{part, "core", "", 5, "2,10 3 12 13 2,10"},
		{part, "hwthread", "", 5, "2 10 3 12 13"},
		{part, "socket", "", 2, "2-3,10 12-13"},
		{part, "core", "socket", 4, "2,10 12 3 13"},
	} {
		p, err := ParsePlacement(tt.bind, tt.mbs)
		if err != nil {
			t.Errorf("-bind-to %s -map-by %s: %v", tt.bind, tt.mbs, err)
			continue
		}
		sets, err := p.CPUs(tt.m, tt.ranks)
		if err != nil {
			t.Errorf("-bind-to %s -map-by %s: %v", tt.bind, tt.mbs, err)
			continue
		}
		var got []string
		for _, s := range sets {
			got = append(got, s.String())
		}
		if g := strings.Join(got, " "); g != tt.want {
			t.Errorf("-bind-to %s -map-by %s, %d ranks:\n got %s\nwant %s", tt.bind, tt.mbs, tt.ranks, g, tt.want)
		}
	}
	for _, tt := range []struct {
		mapBy string
		want  int
	}{{"ppr:3:socket", 6}, {"ppr:1:core", 8}, {"socket", 0}, {"", 0}, {"ppr:2:node", 2}} {
		p, err := ParsePlacement("", tt.mapBy)
		if got := p.Ranks(two); err != nil || got != tt.want {
			t.Errorf("-map-by %s: %d ranks, want %d (%v)", tt.mapBy, got, tt.want, err)
		}
	}
}

func TestShares(t *testing.T) {
	two := machine(2, 4, 2, 1)
	part := machine(2, 4, 2, 1)
	part.Allowed = topo.SetOf(2, 3, 10, 12, 13)
	for _, tt := range []struct {
		m     *topo.Machine
		ranks int
		want  string
	}{
		{two, 1, ""}, {two, 9, ""},
		{two, 2, "0-3,8-11 4-7,12-15"},
		{two, 3, "0-1,8-9 2-4,10-12 5-7,13-15"},
		{two, 8, "0,8 1,9 2,10 3,11 4,12 5,13 6,14 7,15"},
		{part, 2, "2-3,10 12-13"},
		{part, 5, ""},
	} {
		var got []string
		for _, s := range Shares(tt.m, tt.ranks) {
			got = append(got, s.String())
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%d ranks on %v: %s, want %s", tt.ranks, tt.m.Allowed, s, tt.want)
		}
	}
}

func TestBadPlacements(t *testing.T) {
	for _, tt := range []struct{ bind, mbs, want string }{
		{"chair", "", `"chair" is not one of`},
		{"slot", "", `"slot" is not one of`},
		{"core:0", "", "0 objects"},
		{"core:fast", "", `"fast" is not a known qualifier`},
		{"user:", "", "write user:LIST"},
		{"user:0,,1", "", "write user:LIST"},
		{"user:x", "", `"x" is not a CPU number`},
		{"", "chair", `"chair" is not one of`},
		{"", "ppr:2", "write ppr:N:OBJECT"},
		{"", "ppr:0:core", "not a number of at least 1"},
		{"", "core:pe=none", "not a number of at least 1"},
		{"socket", "core:pe=2", "needs -bind-to core or hwthread"},
	} {
		if _, err := ParsePlacement(tt.bind, tt.mbs); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("-bind-to %s -map-by %s: %v, want %q", tt.bind, tt.mbs, err, tt.want)
		}
	}
	m := machine(1, 2, 1, 1)
	for _, tt := range []struct{ bind, mbs, want string }{
		{"user:0,2", "", "CPU 2 (item 2) is not one of the CPUs that can be used here: 0-1"},
		{"l2cache", "", "-bind-to l2cache: this machine does not tell of any"},
		{"core", "l1cache", "-map-by l1cache: this machine does not tell of any"},
	} {
		p, err := ParsePlacement(tt.bind, tt.mbs)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.CPUs(m, 2); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("-bind-to %s -map-by %s: %v, want %q", tt.bind, tt.mbs, err, tt.want)
		}
	}
}

func TestDescribeBinding(t *testing.T) {
	m := machine(2, 2, 2, 1)
	for _, tt := range []struct {
		cpus topo.Set
		want string
	}{
		{nil, "is not bound (or bound to all available processors)"},
		{m.Online(), "is not bound (or bound to all available processors)"},
		{topo.SetOf(0, 4), "bound to socket 0[core 0[hwt 0-1]]: [BB/..][../..]"},
		{topo.SetOf(7), "bound to socket 1[core 3[hwt 1]]: [../..][../.B]"},
		{topo.SetOf(1, 2, 6), "bound to socket 0[core 1[hwt 0]], socket 1[core 2[hwt 0-1]]: [../B.][BB/..]"},
	} {
		if got := DescribeBinding(m, tt.cpus); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.cpus, got, tt.want)
		}
	}
	if got := DescribeBinding(machine(1, 2, 1, 1), topo.SetOf(1)); got != "bound to socket 0[core 1[hwt 0]]: [./B]" {
		t.Error(got)
	}
}

func FuzzParsePlacement(f *testing.F) {
	for _, s := range []string{"core", "core:2", "user:0+2,1", "rr", "none", "ppr:2:socket:pe=2", "socket:pe=1", ":"} {
		f.Add(s, s)
	}
	m := machine(2, 2, 2, 1)
	f.Fuzz(func(t *testing.T, bind, mapBy string) {
		p, err := ParsePlacement(bind, mapBy)
		if err != nil {
			return
		}
		sets, err := p.CPUs(m, 5)
		if err != nil {
			return
		}
		for r, s := range sets {
			if s.Count() == 0 || s.AndNot(m.Allowed).Count() > 0 {
				t.Fatalf("-bind-to %q -map-by %q: rank %d on %v", bind, mapBy, r, s)
			}
		}
	})
}
