package simulate

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ringo-mpi/ringo/internal/ringocmd/cli"
	"github.com/ringo-mpi/ringo/internal/simulate"
)

// startCommand is ringo simulate start.
func startCommand() *cobra.Command {
	var (
		n           network
		l           = simulate.DefaultLaunch()
		ssh, spawn  string
		fanouts     []int
		format      string
		parallelism []int
	)
	cmd := &cobra.Command{
		Use:   "start",
		Short: "Play the start of a job: ssh to the hosts, processes, exchange of addresses",
		Long: `Plays the start of a job. The launcher makes an ssh connection to each host, so
many at once, and starts an agent there; with a fan-out, agents start further
agents, so that there is a tree. Each agent starts the ranks of its host one
after another. What each rank has to tell the others (--card bytes) goes up the
tree and, for all, down again.

A row for each fan-out (0: the launcher makes all connections) and number of
connections at once: when the last agent runs, when the last rank runs, and when
it knows all others.`,
		Example: `  ringo simulate start --ranks 100000
  ringo simulate start --ranks 1000000 --per-host 128 --fanout 0,16,64 --ssh 80ms`,
		Args: cli.Args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := cli.CheckFormat(format); err != nil {
				return err
			}
			var err error
			if l.Network, err = n.read(cmd); err != nil {
				return err
			}
			if l.Remote, err = simulate.ParseTime(ssh); err != nil {
				return cli.Usagef("--ssh: %w", err)
			}
			if l.Spawn, err = simulate.ParseTime(spawn); err != nil {
				return cli.Usagef("--spawn: %w", err)
			}
			t := &cli.Table{Columns: []string{"fan-out", "at once", "depth", "agents (ms)", "ranks (ms)", "exchanged (ms)"}}
			if format == "csv" || format == "json" {
				t.Columns = []string{"fanout", "parallel", "depth", "agents_ms", "ranks_ms", "exchanged_ms"}
			}
			for _, l.Fanout = range fanouts {
				for _, l.Parallel = range parallelism {
					s, err := l.Play()
					if err != nil {
						return cli.Usage(err)
					}
					t.Rows = append(t.Rows, []any{l.Fanout, l.Parallel, s.Deepest, ms(s.Agents), ms(s.Ranks), ms(s.Exchanged)})
				}
			}
			if format == "table" {
				hosts := (l.Ranks + l.Network.PerHost - 1) / l.Network.PerHost
				if _, err := fmt.Fprintf(cmd.OutOrStdout(), "# start of %s on %s\n", count(l.Ranks, "rank"), count(hosts, "host")); err != nil {
					return err
				}
			}
			return t.Write(cmd.OutOrStdout(), format)
		},
	}
	f := cmd.Flags()
	f.IntVarP(&l.Ranks, "ranks", "n", l.Ranks, "number of ranks")
	f.IntSliceVar(&fanouts, "fanout", []int{0, 8, 16, 32, 64}, "hosts that one agent starts (0: the launcher starts all)")
	f.IntSliceVar(&parallelism, "parallel", []int{l.Parallel}, "ssh connections that one agent makes at once")
	f.StringVar(&ssh, "ssh", l.Remote.String(), "time of an ssh connection, until the agent runs")
	f.StringVar(&spawn, "spawn", l.Spawn.String(), "time to start a process")
	f.IntVar(&l.Card, "card", l.Card, "bytes that each rank tells all others")
	cli.FormatFlag(cmd, &format)
	n.flags(cmd)
	return cmd
}

func ms(t simulate.Time) float64 { return float64(t/simulate.Microsecond) / 1000 }
