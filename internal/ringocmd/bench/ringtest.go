package bench

import (
	"bytes"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ringo-mpi/ringo/internal/ringocmd/cli"
	"github.com/ringo-mpi/ringo/internal/sysinfo"
	"github.com/ringo-mpi/ringo/mpi"
)

type ringOptions struct {
	size, loop, skip int
	quiet            bool
}

func ringtest() *cobra.Command {
	o := ringOptions{}
	cmd := &cobra.Command{
		Use:   "ringtest",
		Short: "Time a message that goes round all ranks",
		Long: `Sends a message round all ranks, from each to the next and from the last to the
first, and prints how long that took. The options and the line printed are those
of mpi4py.bench ringtest, with nine decimals however short the time is:

  time for 1 loops = 0.000002300 seconds (4 processes, 1 bytes)`,
		Example: "  mpiexec -n 4 ringo bench ringtest -n 1048576 -s 10 -l 100",
		Args:    cli.Args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			out := &lines{w: cmd.OutOrStdout()}
			return job(cmd.Context(), func(world *mpi.Comm) error {
				elapsed, err := o.ring(world)
				if err != nil || o.quiet || world.Rank() != 0 {
					return err
				}
				_, err = fmt.Fprintf(out, "time for %d loops = %.9f seconds (%d processes, %d bytes)\n", o.loop, elapsed, world.Size(), o.size)
				return err
			})
		},
	}
	cmd.Flags().IntVarP(&o.size, "size", "n", 1, "message size in `bytes`")
	cmd.Flags().IntVarP(&o.skip, "skip", "s", 0, "`number` of warm-up rounds")
	cmd.Flags().IntVarP(&o.loop, "loop", "l", 1, "`number` of rounds that are timed")
	cmd.Flags().BoolVarP(&o.quiet, "quiet", "q", false, "print nothing")
	return cmd
}

func (o *ringOptions) check() error {
	switch {
	case o.size < 0:
		return cli.Usagef("--size %d is negative", o.size)
	case o.skip < 0:
		return cli.Usagef("--skip %d is negative", o.skip)
	case o.loop < 1:
		return cli.Usagef("--loop %d is below 1", o.loop)
	}
	if total := sysinfo.Memory(); total > 0 && uint64(o.size) > total/4 {
		return cli.Usagef("--size %d: two messages of that size for each rank need too much of the memory of %s", o.size, sysinfo.Bytes(total))
	}
	return nil
}

// ring sends the message round and returns the time in seconds that the timed
// rounds took on this rank.
func (o *ringOptions) ring(world *mpi.Comm) (float64, error) {
	rank, size := world.Rank(), world.Size()
	source, dest := (rank+size-1)%size, (rank+1)%size
	recv := make([]byte, o.size)
	send := recv // ranks but the first pass on what they received
	if rank == 0 {
		send = bytes.Repeat([]byte{'+'}, o.size)
	}
	round := func() error {
		switch {
		case size == 1:
			_, err := mpi.Sendrecv(world, send, dest, 0, recv, source, 0)
			return err
		case rank == 0:
			if err := mpi.Send(world, send, dest, 0); err != nil {
				return err
			}
			_, err := mpi.Recv(world, recv, source, 0)
			return err
		}
		if _, err := mpi.Recv(world, recv, source, 0); err != nil {
			return err
		}
		return mpi.Send(world, send, dest, 0)
	}
	if err := world.Barrier(); err != nil {
		return 0, err
	}
	begin := mpi.Wtime()
	for i := range o.skip + o.loop {
		if i == o.skip {
			begin = mpi.Wtime()
		}
		if err := round(); err != nil {
			return 0, err
		}
	}
	elapsed := mpi.Wtime() - begin
	if rank == 0 && !bytes.Equal(send, recv) {
		return 0, fmt.Errorf("the message came back changed")
	}
	return elapsed, world.Barrier()
}
