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
		Long: `Every rank prints a line with its rank, the number of ranks and the name of its
computer, one after another. The line is that of mpi4py.bench helloworld:

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

// sayHello passes the turn from rank to rank.
func sayHello(world *mpi.Comm, out io.Writer) error {
	rank, size := world.Rank(), world.Size()
	if err := world.Barrier(); err != nil {
		return err
	}
	turn := []byte{}
	if rank > 0 {
		if _, err := mpi.Recv(world, turn, rank-1, 0); err != nil {
			return err
		}
	}
	width := len(strconv.Itoa(size - 1))
	if _, err := fmt.Fprintf(out, "Hello, World! I am process %*d of %d on %s.\n", width, rank, size, world.Host()); err != nil {
		return err
	}
	if rank < size-1 {
		if err := mpi.Send(world, turn, rank+1, 0); err != nil {
			return err
		}
	}
	return world.Barrier()
}
