package simulate

import (
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/ringocmd/cli"
	"github.com/ringo-mpi/ringo/internal/simulate"
	"github.com/ringo-mpi/ringo/internal/sizeplot"
)

type options struct {
	network    network
	ranks      int
	bytes      []string
	algorithms []string
	steps      int
	workers    int
	measured   string
	format     string
	plot       string
}

// Command returns ringo simulate with its sub-commands.
func Command() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "simulate [COLLECTIVE...]",
		Short: "Play collectives on up to a million ranks that are not there",
		Long: `Plays the schedules of collectives (barrier, bcast, allgather, alltoall,
allreduce; all of them if none is named), message by message, on a machine of
which only the parameters are given, and prints the time of each algorithm for
each size: until the last rank is done, when all begin at once.

What a message costs is given in the model LogGP, inside a host and between
hosts: latency L, overhead o of the cores, gap g between messages, and bandwidth
1/G. The ranks of a host share its interface and its memory. ringo bench loggp
measures the parameters and writes them into a file for --params.

The size is that of the vector of bcast and allreduce, and of one rank's block of
allgather and alltoall. Names of algorithms: "tree" goes among all ranks; "hosts
tree" inside each host first, then between one rank of each host, then inside
again; "shared doubling" does a part of the vector on each rank of a host.

How a time was found (column found of csv and json): every message of every rank
was played; or those of one host that stands for all, or stage by stage, which is
as exact. Times marked ≈ are not: hosts that do nearly the same, or a straight
line through smaller numbers of hosts. With more than --steps to play and no such
line there is no time.`,
		Example: `  ringo simulate allreduce --ranks 1000000 --per-host 64 --bytes 8,64K,1M
  ringo simulate bcast --ranks 4096 --latency 1.5us --bandwidth 12GB/s --plot bcast.svg
  ringo simulate allgather --ranks 512 --params cluster.toml --algorithms ring,bruck -f csv
  ringo simulate allreduce --params four.toml --measured allreduce.csv
  ringo simulate start --ranks 100000`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, args) },
	}
	for _, k := range simulate.Collectives {
		cmd.ValidArgs = append(cmd.ValidArgs, strings.ToLower(k.String()))
	}
	f := cmd.Flags()
	f.IntVarP(&o.ranks, "ranks", "n", 1024, "number of ranks")
	f.StringSliceVarP(&o.bytes, "bytes", "m", []string{"8", "64K", "1M"}, "message sizes in bytes; K, M, G may follow")
	f.StringSliceVarP(&o.algorithms, "algorithms", "a", nil, "only these algorithms (default: all of the collective)")
	f.IntVar(&o.steps, "steps", simulate.DefaultSteps, "steps to play for one time at most; each needs about 30 bytes of memory")
	f.IntVar(&o.workers, "workers", min(runtime.NumCPU(), 2), "times to find at once")
	f.StringVar(&o.measured, "measured", "", "print the times of this file beside the simulated ones (csv of ringo bench)")
	f.StringVar(&o.plot, "plot", "", "also draw the times to this file (.png, .svg or .pdf)")
	cli.FormatFlag(cmd, &o.format)
	o.network.flags(cmd)
	cmd.AddCommand(startCommand(), paramsCommand())
	return cmd
}

func (o *options) run(cmd *cobra.Command, args []string) error {
	net, err := o.network.read(cmd)
	if err != nil {
		return err
	}
	kinds := simulate.Collectives
	if len(args) > 0 {
		kinds = nil
	}
	for _, name := range args {
		k, err := simulate.ParseCollective(name)
		if err != nil {
			return cli.Usage(err)
		}
		if !slices.Contains(kinds, k) {
			kinds = append(kinds, k)
		}
	}
	var m measured
	if o.measured != "" {
		if m, err = readMeasured(o.measured); err != nil {
			return err
		}
		if !cmd.Flags().Changed("ranks") {
			o.ranks = m.ranks
		}
		if o.ranks != m.ranks {
			return cli.Usagef("--ranks %d: %s was measured on %d", o.ranks, o.measured, m.ranks)
		}
	}
	if err := o.check(); err != nil {
		return err
	}
	sizes, err := parseSizes(o.bytes)
	if err != nil {
		return err
	}
	var todo []*result
	for _, k := range kinds {
		of := sizes
		if o.measured != "" && !cmd.Flags().Changed("bytes") {
			of = m.sizes(k)
		}
		if k == engine.Barrier {
			of = []int{0}
		}
		algorithms := simulate.Algorithms(k)
		if len(o.algorithms) > 0 {
			algorithms = algorithms[:0]
			for _, name := range o.algorithms {
				a, err := simulate.ParseAlgorithm(k, name)
				if err != nil {
					return cli.Usagef("--algorithms: %w", err)
				}
				algorithms = append(algorithms, a)
			}
		}
		for _, a := range algorithms {
			for _, size := range of {
				r := &result{q: simulate.Question{Kind: k, Algorithm: a, Ranks: o.ranks, Bytes: size, Network: net}}
				r.measured, r.isMeasured = m.times[key{k, size}]
				todo = append(todo, r)
			}
		}
	}
	if len(todo) == 0 {
		return cli.Usagef("--measured %s: it has no time of a collective that is played", o.measured)
	}
	if err := evaluate(cmd.Context(), cmd.ErrOrStderr(), todo, o.steps, o.workers); err != nil {
		return err
	}
	if err := write(cmd.OutOrStdout(), todo, o.format); err != nil || o.plot == "" {
		return err
	}
	return draw(o.plot, todo)
}

// check refuses values that make no sense.
func (o *options) check() error {
	if err := cli.CheckFormat(o.format); err != nil {
		return err
	}
	switch {
	case o.ranks < 1 || o.ranks > simulate.MaxRanks:
		return cli.Usagef("--ranks %d: 1 to %d can be played", o.ranks, simulate.MaxRanks)
	case o.steps < 1 || o.steps > 1<<30:
		return cli.Usagef("--steps %d: 1 to %d", o.steps, 1<<30)
	case o.workers < 1 || o.workers > 1024:
		return cli.Usagef("--workers %d: 1 to 1024", o.workers)
	case len(o.bytes) == 0:
		return cli.Usagef("--bytes: no size is given")
	case o.plot != "" && !slices.Contains(sizeplot.Extensions, strings.ToLower(filepath.Ext(o.plot))):
		return cli.Usagef("--plot %q: the name ends in %s", o.plot, strings.Join(sizeplot.Extensions, ", "))
	}
	return nil
}
