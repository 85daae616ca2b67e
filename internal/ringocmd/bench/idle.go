package bench

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/ringo-mpi/ringo/internal/ringocmd/cli"
	"github.com/ringo-mpi/ringo/mpi"
)

func idleCommand() *cobra.Command {
	o := &options{}
	wait := 10 * time.Second
	b := &benchmark{
		name: "idle", title: "processor time of blocked ranks",
		about: `All ranks but rank 0 wait in Recv for a message that comes after -t. Printed is how
much of a core each of their processes used in that time. Goroutine ranks share a
process, so each row then is for all of them.`,
		ranks: "2 ranks or more", fits: atLeast(2),
		columns: func(*options) []column {
			return []column{{"rank", "rank", 0}, {"percent_of_core", "of a core (%)", 3}}
		},
		run: func(r *run) error { return r.idle(wait) },
	}
	cmd := b.command(o)
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if wait <= 0 {
			return cli.Usagef("-t %v: the time is to be above 0", wait)
		}
		return run(cmd, args)
	}
	cmd.Flags().DurationVarP(&wait, "time", "t", wait, "how long they wait")
	o.outputFlags(cmd)
	return cmd
}

func (r *run) idle(wait time.Duration) error {
	if err := r.world.Barrier(); err != nil {
		return err
	}
	percent := 0.0
	if r.world.Rank() == 0 {
		time.Sleep(wait)
		for peer := 1; peer < r.world.Size(); peer++ {
			if err := mpi.Send(r.world, []byte{1}, peer, tag); err != nil {
				return err
			}
		}
	} else {
		before, err := cpuTime()
		if err != nil {
			return err
		}
		start := now()
		if _, err := mpi.Recv(r.world, make([]byte, 1), 0, tag); err != nil {
			return err
		}
		took := now() - start
		after, err := cpuTime()
		if err != nil {
			return err
		}
		percent = 100 * float64(after-before) / float64(took)
	}
	all, err := mpi.GatherValue(r.world, percent, 0)
	if err != nil || r.rows == nil {
		return err
	}
	for rank := 1; rank < len(all); rank++ {
		if err := r.rows.add(rank, all[rank]); err != nil {
			return err
		}
	}
	return nil
}

func memoryCommand() *cobra.Command {
	o := &options{}
	b := &benchmark{
		name: "memory", title: "memory of a rank's process",
		about: `After a message to every other rank, a Barrier and an Allreduce, each rank looks
how much memory its process alone has written, and how much it has in all.
Goroutine ranks share a process, so each row then is for all of them.`,
		ranks: "1 rank or more", fits: atLeast(1),
		columns: func(*options) []column {
			return []column{{"rank", "rank", 0}, {"own_kib", "own (KiB)", 0}, {"resident_kib", "resident (KiB)", 0}}
		},
		run: (*run).memory,
	}
	cmd := b.command(o)
	o.outputFlags(cmd)
	return cmd
}

func (r *run) memory() error {
	n, rank := r.world.Size(), r.world.Rank()
	out, in := []byte{1}, []byte{0}
	for i := range n {
		to, from := (rank+i)%n, (rank+n-i)%n
		if _, err := mpi.Sendrecv(r.world, out, to, tag, in, from, tag); err != nil {
			return err
		}
	}
	if _, err := mpi.AllreduceValue(r.world, 1, mpi.Sum); err != nil {
		return err
	}
	if err := r.world.Barrier(); err != nil {
		return err
	}
	own, err := ownMemory()
	if err != nil {
		return err
	}
	resident, err := residentMemory()
	if err != nil {
		return err
	}
	all, err := mpi.GatherValue(r.world, [2]int64{own, resident}, 0)
	if err != nil || r.rows == nil {
		return err
	}
	for rank, m := range all {
		if err := r.rows.add(rank, int(m[0]>>10), int(m[1]>>10)); err != nil {
			return err
		}
	}
	return nil
}
