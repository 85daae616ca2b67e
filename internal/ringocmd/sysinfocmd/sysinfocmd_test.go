package sysinfocmd

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ringo-mpi/ringo/internal/ringocmd/cli"
	"github.com/ringo-mpi/ringo/internal/sysinfo"
	"github.com/ringo-mpi/ringo/internal/topo"
	"github.com/ringo-mpi/ringo/mpi"
	"github.com/ringo-mpi/ringo/mpi/mpitest"
)

// node makes a computer with the same number of threads in every core, except
// that dropped threads are taken away from the last core.
func node(name string, sockets, cores, threads, dropped int) *sysinfo.Node {
	m := &topo.Machine{Source: "sysfs"}
	id := 0
	for s := range sockets {
		var socket topo.Set
		for c := range cores {
			var core topo.Set
			n := threads
			if s == sockets-1 && c == cores-1 {
				n -= dropped
			}
			for t := range n {
				m.CPUs = append(m.CPUs, topo.CPU{ID: id, Socket: s, Core: len(m.Cores), Thread: t})
				core.Add(id)
				socket.Add(id)
				id++
			}
			m.Cores = append(m.Cores, core)
		}
		m.Sockets = append(m.Sockets, topo.Socket{ID: s, CPUs: socket})
	}
	m.Allowed = m.Online()
	return &sysinfo.Node{Name: name, Machine: m, System: sysinfo.System{CPU: "Example", Uname: sysinfo.Uname{Node: name}}}
}

func TestVectors(t *testing.T) {
	cases := []struct {
		name  string
		nodes []*sysinfo.Node
		want  string
	}{
		{"one socket", []*sysinfo.Node{node("a", 1, 2, 1, 0)}, "S(1,1,2,1)\nS^T(1,1,2,2)\n"},
		{"two sockets", []*sysinfo.Node{node("a", 2, 4, 2, 0)}, "S(1,2,4,2)\nS^T(1,2,8,16)\n"},
		{"a thread offline", []*sysinfo.Node{node("a", 1, 4, 2, 1)}, "S(1,1,4,2) not uniform: 1 sockets, 4 cores, 7 threads\nS^T(1,1,4,7) not uniform\n"},
		{"three equal nodes", []*sysinfo.Node{node("a", 2, 4, 2, 0), node("b", 2, 4, 2, 0), node("c", 2, 4, 2, 0)}, "S(3,2,4,2)\nS^T(3,6,24,48)\n"},
		{"different nodes", []*sysinfo.Node{node("a", 2, 4, 2, 0), node("b", 1, 2, 1, 0), node("c", 2, 4, 2, 0)}, "S(2,2,4,2) a,c\nS(1,1,2,1) b\nS^T(3,5,18,34) not uniform\n"},
	}
	for _, c := range cases {
		var b bytes.Buffer
		o := options{vector: true, totals: true, format: "table"}
		if err := o.print(&b, c.nodes); err != nil || b.String() != c.want {
			t.Errorf("%s: %v\n%swant\n%s", c.name, err, b.String(), c.want)
		}
	}
}

func TestVectorFormats(t *testing.T) {
	nodes := []*sysinfo.Node{node("a", 2, 4, 2, 0), node("b", 1, 2, 1, 0)}
	for format, want := range map[string]string{
		"csv": "system,N,p,c,t,uniform,nodes\nS,1,2,4,2,true,a\nS,1,1,2,1,true,b\nS^T,2,3,10,18,false,a b\n",
		"json": `[
  {"system": "S", "N": 1, "p": 2, "c": 4, "t": 2, "uniform": true, "nodes": "a"},
  {"system": "S", "N": 1, "p": 1, "c": 2, "t": 1, "uniform": true, "nodes": "b"},
  {"system": "S^T", "N": 2, "p": 3, "c": 10, "t": 18, "uniform": false, "nodes": "a b"}
]
`,
	} {
		var b bytes.Buffer
		o := options{vector: true, totals: true, format: format}
		if err := o.print(&b, nodes); err != nil || b.String() != want {
			t.Errorf("%s: %v\n%swant\n%s", format, err, b.String(), want)
		}
	}
}

func TestAttributesOfSeveralNodes(t *testing.T) {
	nodes := []*sysinfo.Node{node("a", 2, 4, 2, 0), node("b", 1, 2, 1, 0), node("c", 2, 4, 2, 0)}
	table := attributeTable(nodes)
	got := map[string]string{}
	for _, row := range table.Rows {
		got[row[0].(string)] += row[1].(string) + ":" + row[2].(string) + ";"
	}
	for name, want := range map[string]string{
		"cpu": "Example:all;", "cpu_cores": "8:a,c;2:b;", "uname.node": "a:a;b:b;c:c;",
	} {
		if got[name] != want {
			t.Errorf("%s: %s, want %s", name, got[name], want)
		}
	}
	for i := range table.Rows[1:] {
		if table.Rows[i][0].(string) > table.Rows[i+1][0].(string) {
			t.Errorf("%v stands before %v", table.Rows[i], table.Rows[i+1])
		}
	}
}

func TestFormats(t *testing.T) {
	nodes := []*sysinfo.Node{node("a|b", 1, 1, 1, 0)}
	for format, want := range map[string]string{
		"table":    "| uname.node       | a|b     |",
		"csv":      "uname.node,a|b",
		"json":     `{"Attribute": "uname.node", "Value": "a|b"}`,
		"markdown": `| uname.node | a\|b |`,
	} {
		var b bytes.Buffer
		o := options{format: format}
		if err := o.print(&b, nodes); err != nil || !strings.Contains(b.String(), want) {
			t.Errorf("%s: %v\n%swant %s", format, err, b.String(), want)
		}
	}
	if cli.CheckFormat("xml") == nil {
		t.Error("format xml was accepted")
	}
}

// Ranks of one computer give one description of it, on rank 0.
func TestGather(t *testing.T) {
	mpitest.Run(t, 3, func(t *testing.T, world *mpi.Comm) {
		nodes, err := gather(world)
		if err != nil {
			t.Fatal(err)
		}
		want := 0
		if world.Rank() == 0 {
			want = 1
		}
		if len(nodes) != want {
			t.Fatalf("%d nodes on rank %d", len(nodes), world.Rank())
		}
		for _, n := range nodes {
			local, err := sysinfo.Local()
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(local.Machine, n.Machine, cmpopts.EquateEmpty()); d != "" || n.Name != local.Name {
				t.Errorf("%s: %s", n.Name, d)
			}
		}
	})
}

func TestJobNodesOutsideAJob(t *testing.T) {
	for env, want := range map[string]string{"": "", "RINGO_RANKS=4": "", "RINGO_ENGINE=warp": "RINGO_ENGINE=warp"} {
		nodes, err := jobNodes(func(name string) string {
			if k, v, _ := strings.Cut(env, "="); k == name {
				return v
			}
			return ""
		})
		if want != "" {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v", env, err)
			}
			continue
		}
		if err != nil || len(nodes) != 1 {
			t.Errorf("%s: %v, %v", env, nodes, err)
		}
	}
}
