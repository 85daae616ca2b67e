package bench

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringo-mpi/ringo/internal/ringocmd/cli"
	"github.com/ringo-mpi/ringo/mpi"
)

// The columns of collectives.
func (o *options) collectiveColumns(named bool) []column {
	cs := []column{sizeColumn, {"avg_us", "average (µs)", 3}}
	if named {
		cs = append([]column{{"collective", "collective", 0}}, cs...)
	}
	if o.full {
		cs = append(cs, column{"min_us", "least (µs)", 3}, column{"max_us", "greatest (µs)", 3}, column{"iterations", "iterations", 0})
	}
	return append(cs, o.percentileColumns()...)
}

const collectiveAbout = `Each iteration is timed by itself on every rank, with a barrier between
iterations. Printed is the mean over the iterations, averaged over the ranks;
with --full also that of the fastest and of the slowest rank.`

// sizeText says in a help text what the sizes are.
func (c call) sizeText() string {
	if c.meant == "" {
		return ""
	}
	return "The size is that of " + c.meant + ".\n\n"
}

func collectiveCommand(c call) *cobra.Command {
	o := &options{}
	b := &benchmark{
		name: c.name, title: "time of " + c.what, about: c.sizeText() + collectiveAbout,
		ranks: "1 rank or more", fits: atLeast(1),
		columns: func(o *options) []column { return o.collectiveColumns(false) },
		run:     func(r *run) error { return r.collective(c, false) },
	}
	cmd := b.command(o)
	o.collectiveFlags(cmd)
	return cmd
}

func collectivesCommand() *cobra.Command {
	o := &options{}
	var names []string
	for _, c := range calls {
		names = append(names, c.name)
	}
	var chosen []call
	b := &benchmark{
		name: "collectives", title: "time of collectives",
		about: "Runs the benchmarks of several collectives, or of all, one after another:\n" +
			strings.Join(names[:9], " ") + "\n" + strings.Join(names[9:], " ") + ".\n" + collectiveAbout,
		ranks: "1 rank or more", fits: atLeast(1),
		columns: func(o *options) []column { return o.collectiveColumns(true) },
		run: func(r *run) error {
			for _, c := range chosen {
				if err := r.collective(c, true); err != nil {
					return err
				}
				if err := r.release(); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd := b.command(o)
	cmd.Use = "collectives [NAME...]"
	cmd.ValidArgs = names
	run := cmd.RunE
	cmd.Args = nil
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		for _, name := range args {
			i := slices.Index(names, name)
			if i < 0 {
				return cli.Usagef("there is no collective %q: there are %s", name, strings.Join(names, ", "))
			}
			chosen = append(chosen, calls[i])
		}
		if len(args) == 0 {
			chosen = calls
		}
		return run(cmd, nil)
	}
	o.collectiveFlags(cmd)
	return cmd
}

func (o *options) collectiveFlags(cmd *cobra.Command) {
	o.flags(cmd)
	o.sampleFlags(cmd)
	o.allocFlag(cmd)
	cmd.Flags().BoolVar(&o.full, "full", false, "also print the fastest and the slowest rank, and the iterations")
}

// series of a collective's sizes: reductions have whole elements.
func (r *run) collectiveSeries(c call) []int {
	if c.least == 0 {
		return []int{0}
	}
	series := r.o.series(c.least, 1<<20)
	for i := range series {
		series[i] = max(c.least, series[i]/c.least*c.least)
	}
	return slices.Compact(series)
}

// collective is osu_allreduce and its like.
func (r *run) collective(c call, named bool) error {
	series := r.collectiveSeries(c)
	if len(series) == 0 {
		return nil
	}
	ready, err := c.prepare(r, series[len(series)-1])
	if err != nil {
		return err
	}
	for _, size := range series {
		op := ready(size)
		n, ns, samples, err := r.measure(collectiveIterations, size, func(n int, samples []int64) (int64, error) {
			return r.collectiveSpan(op, c.least > 0, n, samples)
		})
		if err != nil {
			return err
		}
		mine := float64(ns) / float64(n) / 1e3
		s, err := r.spread(mine)
		if err != nil {
			return err
		}
		all, err := r.meanSamples(samples)
		if err != nil {
			return err
		}
		if r.rows == nil {
			continue
		}
		row := []any{size, s.mean}
		if named {
			row = []any{c.name, size, s.mean}
		}
		if r.o.full {
			row = append(row, s.least, s.greatest, n)
		}
		row = append(row, r.o.percentilesOf(all, 1e-3)...)
		if err := r.rows.add(row...); err != nil {
			return err
		}
	}
	return nil
}

// collectiveSpan times n collectives; apart says whether there is a barrier
// between one and the next. The buffer is written before that, so that all
// ranks enter the next collective together.
func (r *run) collectiveSpan(op operation, apart bool, n int, samples []int64) (total int64, err error) {
	cost := clockCost()
	for i := range n {
		start := now()
		if err := op.block(); err != nil {
			return 0, err
		}
		took := since(start, cost)
		total += took
		if samples != nil {
			samples[i] = took
		}
		if err := r.between(op, apart, i); err != nil {
			return 0, err
		}
	}
	return total, nil
}

// between is what comes between two collectives.
func (r *run) between(op operation, apart bool, i int) error {
	if !apart {
		return nil
	}
	if op.dirty != nil && !r.o.clean {
		op.dirty(int64(i))
	}
	return r.world.Barrier()
}

type spread struct{ mean, least, greatest float64 }

// spread returns mean, least and greatest of x over the ranks, on rank 0.
func (r *run) spread(x float64) (s spread, err error) {
	for _, v := range []struct {
		to *float64
		op mpi.Op
	}{{&s.mean, mpi.Sum}, {&s.least, mpi.Min}, {&s.greatest, mpi.Max}} {
		if *v.to, err = mpi.ReduceValue(r.world, x, v.op, 0); err != nil {
			return s, err
		}
	}
	s.mean /= float64(r.world.Size())
	return s, nil
}

// meanSamples averages each iteration's time over the ranks, on rank 0.
func (r *run) meanSamples(samples []int64) ([]float64, error) {
	if samples == nil {
		return nil, nil
	}
	all := floats(samples)
	if err := mpi.ReduceInPlace(r.world, all, mpi.Sum, 0); err != nil {
		return nil, err
	}
	for i := range all {
		all[i] /= float64(r.world.Size())
	}
	return all, nil
}
