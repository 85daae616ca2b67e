package bench

import (
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"

	"github.com/spf13/cobra"

	"github.com/ringo-mpi/ringo/internal/ringocmd/cli"
	"github.com/ringo-mpi/ringo/internal/sysinfo"
)

func limitsCommand() *cobra.Command {
	o := &options{}
	cmd := &cobra.Command{
		Use:   "limits",
		Short: "What the machine itself allows: a cache line's way, a copy of memory",
		Long: `Prints what no message can undercut on this machine, measured between two threads
of this process without MPI:

  size 0    a cache line that goes from one core to the other and back, halved
  size N    one copy of N bytes that the other core has just written

The median of all iterations is printed. It is started by itself, not under
mpiexec.`,
		Args: cli.Args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			if runtime.GOMAXPROCS(0) < 2 {
				return cli.Usagef("limits needs two cores: GOMAXPROCS is %d", runtime.GOMAXPROCS(0))
			}
			series := o.series(0, 4<<20)
			r := &rows{
				out: &lines{w: cmd.OutOrStdout()}, format: o.format,
				title:   "Limits of " + sysinfo.LocalUname().Node,
				columns: []column{sizeColumn, {"time_us", "time (µs)", 3}, rateColumn},
				shared:  []column{{"benchmark", "", 0}}, same: []any{"limits"},
			}
			for _, size := range series {
				warmup, n := o.counts(latencyIterations, size)
				var us float64
				if size == 0 {
					us = cacheLinePing(warmup+n, n)
				} else {
					us = freshCopy(size, warmup, n)
				}
				if err := r.add(size, us, float64(size)/us); err != nil {
					return err
				}
			}
			return r.finish(o)
		},
	}
	o.sizes, o.step = sizes{-1, -1}, 2
	f := cmd.Flags()
	f.VarP(&o.sizes, "message-size", "m", "sizes in bytes, as MIN:MAX, MIN: or MAX; K, M, G may follow")
	f.IntVar(&o.step, "step", o.step, "ratio of one size to the next")
	f.IntVarP(&o.iterations, "iterations", "i", 0, "iterations for each size (default: as latency)")
	f.IntVarP(&o.warmup, "warmup", "x", -1, "iterations before those that count")
	o.outputFlags(cmd)
	return cmd
}

// word is a counter on cache lines of its own.
type word struct {
	_ [128]byte
	v atomic.Int64
	_ [128]byte
}

// await polls until the word has reached v. It yields when that takes long: the
// other thread may have no core.
func (w *word) await(v int64) {
	for polls := 1; w.v.Load() < v; polls++ {
		if polls%(1<<16) == 0 {
			runtime.Gosched()
		}
	}
}

// beside runs f on a second thread while g runs on the caller's.
func beside(f, g func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	g()
	<-done
}

// cacheLinePing returns the microseconds of half a round trip of a cache line:
// the median of ten batches.
func cacheLinePing(n, _ int) float64 {
	const batches = 10
	n = max(1, n/batches)
	var there, back word
	var took []float64
	beside(func() {
		for i := range int64(n * batches) {
			there.await(i + 1)
			back.v.Store(i + 1)
		}
	}, func() {
		for b := range batches {
			start := now()
			for i := range int64(n) {
				v := int64(b*n) + i + 1
				there.v.Store(v)
				back.await(v)
			}
			took = append(took, float64(now()-start)/float64(n)/2e3)
		}
	})
	slices.Sort(took)
	return middle(took)
}

// freshCopy returns the median of the microseconds that a copy of size bytes
// takes which the other core has written.
func freshCopy(size, warmup, n int) float64 {
	from, to := make([]byte, size), make([]byte, size)
	var written, copied word
	took := make([]float64, 0, n)
	cost := clockCost()
	beside(func() {
		for i := range int64(warmup + n) {
			dirty(from, i)
			written.v.Store(i + 1)
			copied.await(i + 1)
		}
	}, func() {
		for i := range int64(warmup + n) {
			written.await(i + 1)
			start := now()
			copy(to, from)
			if i >= int64(warmup) {
				took = append(took, float64(since(start, cost))/1e3)
			}
			copied.v.Store(i + 1)
		}
	})
	slices.Sort(took)
	if len(took) == 0 {
		panic(fmt.Sprintf("no iterations of %d", n))
	}
	return middle(took)
}
