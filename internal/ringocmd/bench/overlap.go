package bench

import (
	"github.com/spf13/cobra"
	"runtime"

	"github.com/ringo-mpi/ringo/mpi"
)

func overlapCommand(c call) *cobra.Command {
	o := &options{}
	b := &benchmark{
		name: "i" + c.name, title: "overlap of nonblocking " + c.what,
		about: c.sizeText() + `First the collective is started and waited for: its own time. Then a computation
that takes as long is put between start and wait. The overlap is the part of the
collective's own time that the computation hid:
100 % - (overall - computation) / own.`,
		ranks: "1 rank or more", fits: atLeast(1),
		columns: func(*options) []column {
			return []column{sizeColumn, {"overall_us", "overall (µs)", 3}, {"compute_us", "compute (µs)", 3}, {"own_us", "own (µs)", 3}, {"overlap_percent", "overlap (%)", 2}}
		},
		run: func(r *run) error { return r.overlap(c) },
	}
	cmd := b.command(o)
	o.flags(cmd)
	o.allocFlag(cmd)
	return cmd
}

// overlap is osu_iallreduce and its like.
func (r *run) overlap(c call) error {
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
		var computed int64
		span := func(work int) func(int, []int64) (int64, error) {
			return func(n int, _ []int64) (total int64, err error) {
				computed = 0
				cost := clockCost()
				for i := range n {
					start := now()
					req := op.start()
					if work > 0 {
						before := now()
						compute(work)
						computed += since(before, cost)
					}
					if _, err := req.Wait(); err != nil {
						return 0, err
					}
					total += since(start, cost)
					if err := r.between(op, true, i); err != nil {
						return 0, err
					}
				}
				return total, nil
			}
		}
		n, ns, _, err := r.measure(collectiveIterations, size, span(0))
		if err != nil {
			return err
		}
		own, err := r.spread(float64(ns) / float64(n))
		if err != nil {
			return err
		}
		// All ranks compute as long as the collective takes on average.
		mean, err := mpi.BcastValue(r.world, own.mean, 0)
		if err != nil {
			return err
		}
		n, ns, _, err = r.measure(collectiveIterations, size, span(workFor(int64(mean))))
		if err != nil {
			return err
		}
		overall, err := r.spread(float64(ns) / float64(n))
		if err != nil {
			return err
		}
		work, err := r.spread(float64(computed) / float64(n))
		if err != nil {
			return err
		}
		if r.rows == nil {
			continue
		}
		hidden := 100 - 100*(overall.mean-work.mean)/own.mean
		if err := r.rows.add(size, overall.mean/1e3, work.mean/1e3, own.mean/1e3, min(100, max(0, hidden))); err != nil {
			return err
		}
	}
	return nil
}

// compute does so many steps of arithmetic that touches no memory.
func compute(steps int) {
	x := 1.0
	for range steps {
		x = x*0.999999 + 0.5
	}
	runtime.KeepAlive(x) // the work is not left out
}

// workFor returns the number of steps that take ns nanoseconds. It looks
// several times and believes the fastest: in a slow one somebody else ran.
func workFor(ns int64) int {
	const steps = 20000
	fastest := int64(1 << 62)
	for range 5 {
		start := now()
		compute(steps)
		fastest = min(fastest, max(1, now()-start))
	}
	return max(1, int(ns*steps/fastest))
}
