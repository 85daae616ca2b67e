package sysinfocmd

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringo-mpi/ringo/internal/ringocmd/cli"
	"github.com/ringo-mpi/ringo/internal/sysinfo"
	"github.com/ringo-mpi/ringo/internal/topo"
)

type options struct {
	vector, totals bool
	format         string
}

// Command returns ringo sysinfo.
func Command() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "sysinfo",
		Short: "Describe the machine: processor, cores, memory, system",
		Long: `Prints the attributes of the machine that a benchmark should report: processor,
sockets, cores, hardware threads, caches, memory, operating system, user.

With -v it prints the system vector S(N,p,c,t): N nodes (computers), p processors
(sockets) in each node, c cores in each processor, t hardware threads in each
core. With -t it prints the totals S^T(N,N*p,N*p*c,N*p*c*t). CPUs that are
offline do not count. If the processors or cores differ among themselves, the
vector has the largest number of each kind, the totals are counted, and both are
marked as not uniform. Limits set by a cgroup or an affinity mask do not change
the vector; the attributes cpu_allowed, cpu_quota, cpu_usable_cores and mem.limit
tell them.

Under mpiexec it covers every node of the job and prints once. An attribute
that differs between nodes has a line for every value, and nodes of different
build have a vector each.`,
		Example: `  ringo sysinfo
  ringo sysinfo -v
  ringo sysinfo --format json
  mpiexec -hostfile hosts ringo sysinfo -t`,
		Args: cli.Args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := cli.CheckFormat(o.format); err != nil {
				return err
			}
			nodes, err := jobNodes(os.Getenv)
			if err != nil || nodes == nil {
				return err
			}
			return o.print(cmd.OutOrStdout(), nodes)
		},
	}
	cmd.Flags().BoolVarP(&o.vector, "vector", "v", false, "print the system vector S(N,p,c,t)")
	cmd.Flags().BoolVarP(&o.totals, "totals", "t", false, "print the totals S^T(N,N*p,N*p*c,N*p*c*t)")
	cli.FormatFlag(cmd, &o.format)
	return cmd
}

func (o *options) print(out io.Writer, nodes []*sysinfo.Node) error {
	if o.vector || o.totals {
		return o.printVectors(out, nodes)
	}
	return attributeTable(nodes).Write(out, o.format)
}

// attributeTable is the table of all attributes. With several nodes, equal
// values stand in one line with the names of their nodes.
func attributeTable(nodes []*sysinfo.Node) *cli.Table {
	if len(nodes) == 1 {
		t := &cli.Table{Columns: []string{"Attribute", "Value"}}
		for _, a := range nodes[0].Attributes() {
			t.Rows = append(t.Rows, []any{a.Name, a.Value})
		}
		return t
	}
	var names []string
	holders := map[sysinfo.Attribute][]string{}
	values := map[string][]sysinfo.Attribute{} // by name, in the order of the nodes
	for _, n := range nodes {
		for _, a := range n.Attributes() {
			if values[a.Name] == nil {
				names = append(names, a.Name)
			}
			if holders[a] == nil {
				values[a.Name] = append(values[a.Name], a)
			}
			holders[a] = append(holders[a], n.Name)
		}
	}
	slices.Sort(names)
	t := &cli.Table{Columns: []string{"Attribute", "Value", "Nodes"}}
	for _, name := range names {
		for _, a := range values[name] {
			t.Rows = append(t.Rows, []any{name, a.Value, nodeNames(holders[a], len(nodes))})
		}
	}
	return t
}

func nodeNames(names []string, all int) string {
	if len(names) == all {
		return "all"
	}
	return strings.Join(names, ",")
}

// group is a set of nodes with the same vector.
type group struct {
	vector   topo.Vector // of a single node
	uniform  bool
	machines []*topo.Machine
	names    []string
}

func groups(nodes []*sysinfo.Node) []*group {
	var out []*group
	for _, n := range nodes {
		sum := topo.Sum(n.Machine)
		i := slices.IndexFunc(out, func(g *group) bool { return g.vector == sum.Vector && g.uniform == sum.Uniform })
		if i < 0 {
			i = len(out)
			out = append(out, &group{vector: sum.Vector, uniform: sum.Uniform})
		}
		out[i].machines = append(out[i].machines, n.Machine)
		out[i].names = append(out[i].names, n.Name)
	}
	return out
}

func (o *options) printVectors(out io.Writer, nodes []*sysinfo.Node) error {
	gs := groups(nodes)
	if o.format != "table" {
		return vectorTable(gs, o.vector, o.totals, nodes).Write(out, o.format)
	}
	var b strings.Builder
	if o.vector {
		for _, g := range gs {
			sum := topo.Sum(g.machines...)
			b.WriteString(sum.Vector.String())
			if !g.uniform {
				fmt.Fprintf(&b, " not uniform: %d sockets, %d cores, %d threads", sum.Sockets, sum.Cores, sum.Threads)
			}
			if len(gs) > 1 {
				b.WriteString(" " + strings.Join(g.names, ","))
			}
			b.WriteString("\n")
		}
	}
	if o.totals {
		sum := totals(nodes)
		fmt.Fprintf(&b, "S^T(%d,%d,%d,%d)", len(nodes), sum.Sockets, sum.Cores, sum.Threads)
		if !sum.Uniform {
			b.WriteString(" not uniform")
		}
		b.WriteString("\n")
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func totals(nodes []*sysinfo.Node) topo.Totals {
	machines := make([]*topo.Machine, len(nodes))
	for i, n := range nodes {
		machines[i] = n.Machine
	}
	return topo.Sum(machines...)
}

// vectorTable has the vectors and totals as columns: for programs.
func vectorTable(gs []*group, vector, total bool, nodes []*sysinfo.Node) *cli.Table {
	t := &cli.Table{Columns: []string{"system", "N", "p", "c", "t", "uniform", "nodes"}}
	row := func(system string, n, p, c, th int, uniform bool, names []string) {
		t.Rows = append(t.Rows, []any{system, n, p, c, th, uniform, strings.Join(names, " ")})
	}
	if vector {
		for _, g := range gs {
			v := topo.Sum(g.machines...).Vector
			row("S", v.Nodes, v.Sockets, v.Cores, v.Threads, g.uniform, g.names)
		}
	}
	if total {
		sum := totals(nodes)
		var names []string
		for _, n := range nodes {
			names = append(names, n.Name)
		}
		row("S^T", len(nodes), sum.Sockets, sum.Cores, sum.Threads, sum.Uniform, names)
	}
	return t
}
