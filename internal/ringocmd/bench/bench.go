package bench

import (
	"fmt"
	"io"
	"sync"

	"github.com/spf13/cobra"

	"github.com/ringo-mpi/ringo/internal/ringocmd/cli"
	"github.com/ringo-mpi/ringo/mpi"
)

// Command returns ringo bench with all benchmarks.
func Command() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Small MPI programs that show that a job works and how fast it is",
		Long: `Small MPI programs that show that a job works and how fast it is. They are started
by mpiexec; alone they run as a job of one rank.`,
		Example: `  mpiexec -n 4 ringo bench helloworld
  mpiexec -n 4 ringo bench ringtest -n 1024 -l 1000`,
		Args: cli.Args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		helloworld(),
		ringtest(),
	)
	return cmd
}

// run runs fn on the ranks of the job that this process belongs to. What fn
// writes to out in one call reaches standard output before the call returns, so
// that ranks can take turns. An error of fn ends the job.
func run(cmd *cobra.Command, fn func(world *mpi.Comm, out io.Writer) error) error {
	out := &lines{w: cmd.OutOrStdout()}
	mpi.Main(func(world *mpi.Comm) error { return fn(world, out) })
	return nil
}

// lines hands on each Write at once. Goroutine ranks share it.
type lines struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, err := l.w.Write(p)
	if err == nil {
		err = cli.Flush(l.w)
	}
	if err != nil {
		err = fmt.Errorf("cannot write the output: %w", cli.Bare(err))
	}
	return n, err
}
