package bench

import (
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/ringo-mpi/ringo/internal/ringocmd/cli"
	"github.com/ringo-mpi/ringo/mpi"
)

func helloworld() *cobra.Command {
	quiet := false
	cmd := &cobra.Command{
		Use:   "helloworld",
		Short: "Every rank says hello, in the order of the ranks",
		Long: `A line of every rank with its rank, the number of ranks and the name of its
computer, in the order of the ranks; rank 0 prints them. The line is that of mpi4py.bench helloworld:

  Hello, World! I am process 0 of 4 on myhost.`,
		Example: "  mpiexec -n 4 ringo bench helloworld",
		Args:    cli.Args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var out io.Writer = &lines{w: cmd.OutOrStdout()}
			if quiet {
				out = io.Discard
			}
			return job(cmd.Context(), func(world *mpi.Comm) error {
				return sayHello(world, out)
			})
		},
	}
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "print nothing")
	return cmd
}

// sayHello has rank 0 print the lines of all: what several ranks print may be
// mixed on its way through a launcher.
func sayHello(world *mpi.Comm, out io.Writer) error {
	size := world.Size()
	line := fmt.Sprintf("Hello, World! I am process %*d of %d on %s.\n", len(strconv.Itoa(size-1)), world.Rank(), size, world.Host())
	all, err := mpi.GatherObject(world, line, 0)
	if err != nil {
		return err
	}
	for _, line := range all {
		if _, err := io.WriteString(out, line); err != nil {
			return err
		}
	}
	return nil
}
