package bench

import (
	"context"
	"fmt"
	"os"
	"sync"

	"github.com/spf13/cobra"

	"github.com/ringo-mpi/ringo/internal/ringocmd/cli"
	"github.com/ringo-mpi/ringo/mpi"
)

// The groups of sub-commands in the help text.
const (
	groupP2P        = "p2p"
	groupCollective = "collective"
	groupOverlap    = "overlap"
	groupOther      = "other"
)

// Command returns ringo bench with its sub-commands.
func Command() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure latency, bandwidth, collectives and more",
		Long: `Benchmarks in the manner of the OSU micro-benchmarks: the same loops, windows,
warm-up and units. A benchmark runs on the ranks it is started with, processes
or goroutines, and rank 0 prints one row for each message size:

  mpiexec -n 2 ringo bench latency
  RINGO_RANKS=2 ringo bench latency

Before each message the sender writes into every cache line of its buffer, as a
program does that has something new to send; --clean leaves that out.

  -m 4:64K        message sizes, in doublings
  -i, -x          iterations, and those before them that do not count
  -T 50ms         fewer iterations of a size if all would take longer
  --percentiles   also print percentiles (50, 90, 99, or those given)
  -f csv          print as json, csv or markdown
  --plot FILE     also draw a plot (.png, .svg)`,
		Example: `  mpiexec -n 2 ringo bench latency -m 0:4M --percentiles
  mpiexec -n 4 ringo bench allreduce -m 4:1M --plot allreduce.svg
  RINGO_RANKS=8 ringo bench collectives -f csv
  mpiexec -n 4 ringo bench helloworld
  ringo bench startup -n 2,16`,
		Args: cli.Args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddGroup(
		&cobra.Group{ID: groupP2P, Title: "Point to point:"},
		&cobra.Group{ID: groupCollective, Title: "Collectives:"},
		&cobra.Group{ID: groupOverlap, Title: "Nonblocking collectives, with overlap:"},
		&cobra.Group{ID: groupOther, Title: "Other:"},
	)
	add := func(group string, cs ...*cobra.Command) {
		for _, c := range cs {
			c.GroupID = group
			cmd.AddCommand(c)
		}
	}
	add(groupP2P, latencyCommand(), allocLatencyCommand(), objectLatencyCommand(), multiLatencyCommand(),
		bandwidthCommand(), bibwCommand(), messageRateCommand())
	add(groupCollective, collectivesCommand())
	for _, c := range calls {
		add(groupCollective, collectiveCommand(c))
		add(groupOverlap, overlapCommand(c))
	}
	add(groupOther, helloworld(), ringtest(), loggpCommand(), startupCommand(), ranksCommand(), idleCommand(), memoryCommand(),
		allocsCommand(), limitsCommand(), emptyCommand())
	return cmd
}

// command makes the sub-command of a benchmark.
func (b *benchmark) command(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   b.name,
		Short: capital(b.title),
		Long:  capital(b.title) + ".\n" + b.about + "\n\nIt needs " + b.ranks + ".",
		Args:  cli.Args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			out := &lines{w: cmd.OutOrStdout()}
			return job(cmd.Context(), func(world *mpi.Comm) error { return b.main(world, o, out) })
		},
	}
}

func capital(s string) string { return string(s[0]-'a'+'A') + s[1:] }

// job runs fn on the ranks of the job. An error that is the user's, which all
// ranks find, is returned; any other ends the process as mpi.Main does.
func job(ctx context.Context, fn func(world *mpi.Comm) error) error {
	var (
		mu    sync.Mutex
		wrong error
		first bool // rank 0 is in this process
	)
	stop := context.AfterFunc(ctx, func() {
		mu.Lock()
		defer mu.Unlock()
		if first {
			fmt.Fprintln(os.Stderr, "ringo: interrupted")
		}
		os.Exit(cli.StatusFailed)
	})
	defer stop()
	mpi.Main(func(world *mpi.Comm) error {
		if world.Rank() == 0 {
			mu.Lock()
			first = true
			mu.Unlock()
		}
		err := fn(world)
		if status, print := cli.Status(err); status == cli.StatusUsage {
			mu.Lock()
			defer mu.Unlock()
			if wrong == nil || print {
				wrong = err
			}
			return nil
		}
		return err
	})
	return wrong
}
