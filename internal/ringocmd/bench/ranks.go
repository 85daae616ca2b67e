package bench

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/ringo-mpi/ringo/internal/ringocmd/cli"
	"github.com/ringo-mpi/ringo/internal/sysinfo"
	"github.com/ringo-mpi/ringo/mpi"
)

func ranksCommand() *cobra.Command {
	o := &options{}
	counts := []int{100, 1000, 10000}
	cmd := &cobra.Command{
		Use:   "ranks",
		Short: "Many goroutine ranks: time and memory",
		Long: `Starts so many goroutine ranks in this process and prints

  all      from the start of the job to its end
  barrier  the first Barrier, from when rank 0 enters it
  allreduce  the first Allreduce of one number
  memory   what the process grew by, divided by the number of ranks

It is started by itself, not under mpiexec.`,
		Example: `  ringo bench ranks -n 1000,10000`,
		Args:    cli.Args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			for _, n := range counts {
				if n < 1 || n > 1<<20 {
					return cli.Usagef("-n %d: 1 to %d ranks", n, 1<<20)
				}
			}
			r := &rows{
				out: &lines{w: cmd.OutOrStdout()}, format: o.format,
				title:   fmt.Sprintf("Goroutine ranks on %s, %d threads", sysinfo.LocalUname().Node, runtime.GOMAXPROCS(0)),
				columns: []column{{"ranks", "ranks", 0}, {"all_ms", "all (ms)", 2}, {"barrier_ms", "barrier (ms)", 2}, {"allreduce_ms", "allreduce (ms)", 2}, {"kib_per_rank", "memory (KiB/rank)", 2}},
				shared:  []column{{"benchmark", "", 0}}, same: []any{"ranks"},
			}
			for _, n := range counts {
				m, err := manyRanks(n)
				if err != nil {
					return err
				}
				if err := r.add(n, m.all, m.barrier, m.allreduce, m.memory); err != nil {
					return err
				}
			}
			return r.finish(o)
		},
	}
	cmd.Flags().IntSliceVarP(&counts, "ranks", "n", counts, "numbers of ranks")
	o.outputFlags(cmd)
	return cmd
}

type many struct{ all, barrier, allreduce, memory float64 }

// manyRanks runs a job of n goroutine ranks.
func manyRanks(n int) (m many, err error) {
	debug.FreeOSMemory()
	before, err := residentMemory()
	if err != nil {
		return m, err
	}
	start := now()
	err = mpi.Run(n, func(world *mpi.Comm) error {
		entered := now()
		if err := world.Barrier(); err != nil {
			return err
		}
		left := now()
		sum, err := mpi.AllreduceValue(world, int64(1), mpi.Sum)
		if err != nil {
			return err
		}
		if sum != int64(n) {
			return fmt.Errorf("the sum of %d ones is %d", n, sum)
		}
		if world.Rank() == 0 {
			m.barrier, m.allreduce = float64(left-entered)/1e6, float64(now()-left)/1e6
			after, err := residentMemory()
			if err != nil {
				return err
			}
			m.memory = float64(after-before) / 1024 / float64(n)
		}
		return world.Barrier() // nobody leaves while rank 0 still measures
	})
	m.all = float64(now()-start) / 1e6
	return m, err
}
