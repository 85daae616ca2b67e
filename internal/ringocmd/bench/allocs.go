package bench

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/ringo-mpi/ringo/internal/ringocmd/cli"
	"github.com/ringo-mpi/ringo/mpi"
)

func allocsCommand() *cobra.Command {
	o := &options{}
	times := 1000
	b := &benchmark{
		name: "allocs", title: "allocations of memory per call",
		about: `Counts what the Go heap is asked for in so many calls, after a warm-up. Printed is
the rank with the most; of goroutine ranks, which share a heap, the mean. A call
of send and recv is one of each.`,
		ranks: "2 ranks or more", fits: atLeast(2),
		columns: func(*options) []column {
			return []column{{"call", "call", 0}, {"size", "size (B)", 0}, {"allocs", "allocations", 3}, {"bytes", "bytes", 1}}
		},
		run: func(r *run) error { return r.allocs(times) },
	}
	cmd := b.command(o)
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if times < 1 {
			return cli.Usagef("-i %d: at least one call", times)
		}
		return run(cmd, args)
	}
	cmd.Flags().IntVarP(&times, "iterations", "i", times, "calls that are counted")
	o.outputFlags(cmd)
	return cmd
}

func (r *run) allocs(times int) error {
	for _, size := range []int{8, 4 << 10, 64 << 10, 1 << 20} {
		if err := r.allocsOfPair(size, times); err != nil {
			return err
		}
	}
	for _, c := range calls {
		for _, size := range []int{64, 64 << 10} { // 64: every rank has a part
			if c.least == 0 {
				size = 0
			}
			ready, err := c.prepare(r, size)
			if err != nil {
				return err
			}
			op := ready(size)
			if err := r.countAllocs(c.name, size, times, op.block); err != nil {
				return err
			}
			if err := r.countAllocs("i"+c.name, size, times, func() error {
				_, err := op.start().Wait()
				return err
			}); err != nil {
				return err
			}
			if c.least == 0 {
				break
			}
		}
	}
	return nil
}

// allocsOfPair counts the calls between two neighbouring ranks; a rank without
// a partner stands by.
func (r *run) allocsOfPair(size, times int) error {
	peer, first := r.world.Rank()^1, r.world.Rank()%2 == 0
	if peer >= r.world.Size() {
		peer = mpi.ProcNull
	}
	out, err := buffer[byte](r, size)
	if err != nil {
		return err
	}
	in, err := buffer[byte](r, size)
	if err != nil {
		return err
	}
	if err := r.countAllocs("send and recv", size, times, func() error {
		if first {
			if err := mpi.Send(r.world, out, peer, tag); err != nil {
				return err
			}
		}
		if _, err := mpi.Recv(r.world, in, peer, tag); err != nil {
			return err
		}
		if !first {
			return mpi.Send(r.world, out, peer, tag)
		}
		return nil
	}); err != nil {
		return err
	}
	reqs := make([]*mpi.Request, 2)
	if err := r.countAllocs("isend and irecv", size, times, func() error {
		reqs[0] = mpi.Irecv(r.world, in, peer, tag)
		reqs[1] = mpi.Isend(r.world, out, peer, tag)
		return mpi.WaitAll(reqs...)
	}); err != nil {
		return err
	}
	var used [2]mpi.Request
	reqs[0], reqs[1] = &used[0], &used[1]
	if err := r.countAllocs("startsend and startrecv", size, times, func() error {
		if err := mpi.StartRecv(r.world, reqs[0], in, peer, tag); err != nil {
			return err
		}
		if err := mpi.StartSend(r.world, reqs[1], out, peer, tag); err != nil {
			return err
		}
		return mpi.WaitAll(reqs...)
	}); err != nil {
		return err
	}
	return r.countAllocs("send and recv of an object", size, times, func() error {
		if first {
			if err := mpi.SendObject(r.world, out, peer, tag); err != nil {
				return err
			}
		}
		if _, _, err := mpi.RecvObject[[]byte](r.world, peer, tag); err != nil {
			return err
		}
		if !first {
			return mpi.SendObject(r.world, out, peer, tag)
		}
		return nil
	})
}

// countAllocs prints the allocations of call, which all ranks make together.
func (r *run) countAllocs(name string, size, times int, call func() error) error {
	for range min(times, 200) {
		if err := call(); err != nil {
			return err
		}
	}
	var before, after runtime.MemStats
	if err := r.world.Barrier(); err != nil {
		return err
	}
	runtime.ReadMemStats(&before)
	if err := r.world.Barrier(); err != nil {
		return err
	}
	for range times {
		if err := call(); err != nil {
			return err
		}
	}
	if err := r.world.Barrier(); err != nil {
		return err
	}
	runtime.ReadMemStats(&after)
	sharing := 1 // ranks that share this heap
	if r.world.Engine().InProcess {
		sharing = r.world.LocalSize()
	}
	calls := float64(times * sharing)
	mine := [2]float64{float64(after.Mallocs-before.Mallocs) / calls, float64(after.TotalAlloc-before.TotalAlloc) / calls}
	all, err := mpi.GatherValue(r.world, mine, 0)
	if err != nil || r.rows == nil {
		return err
	}
	most := all[0]
	for _, a := range all {
		most[0], most[1] = max(most[0], a[0]), max(most[1], a[1])
	}
	return wrap(r.rows.add(name, size, most[0], most[1]), name)
}

func wrap(err error, what string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
