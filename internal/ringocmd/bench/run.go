package bench

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/ringocmd/cli"
	"github.com/ringo-mpi/ringo/mpi"
)

// benchmark is one of them.
type benchmark struct {
	name  string
	title string // of its rows and in the list of commands
	about string // the rest of its help text
	ranks string // how many it needs, in words
	fits  func(ranks int) bool

	columns func(o *options) []column
	run     func(r *run) error
}

// run is one rank's part in one benchmark.
type run struct {
	world *mpi.Comm
	o     *options
	rows  *rows // nil but on rank 0
	free  []func() error

	settled bool // the first size has had its long warm-up
}

// tag is that of all messages of the benchmarks.
const tag = 100

// main runs the benchmark on one rank.
func (b *benchmark) main(world *mpi.Comm, o *options, out io.Writer) error {
	if !b.fits(world.Size()) {
		if world.Rank() != 0 {
			return cli.Reported(cli.StatusUsage)
		}
		n := 2
		for !b.fits(n) {
			n++
		}
		return cli.Usagef("%s needs %s, not %d: mpiexec -n %d ringo bench %s, or RINGO_RANKS=%d for goroutine ranks", b.name, b.ranks, world.Size(), n, b.name, n)
	}
	r := &run{world: world, o: o}
	if world.Rank() == 0 {
		r.rows = newRows(b.title, world, o, out, b.columns(o), b.name)
	}
	if err := errors.Join(b.run(r), r.release()); err != nil {
		return err
	}
	if r.rows == nil {
		return nil
	}
	return r.rows.finish(o)
}

// newRows starts the results of a job.
func newRows(title string, world *mpi.Comm, o *options, out io.Writer, columns []column, name string) *rows {
	e := world.Engine()
	carrier := e.Name + " engine"
	if e.Transport != "" {
		carrier += " over " + e.Transport
	}
	ranks := "1 rank"
	if n := world.Size(); n > 1 {
		ranks = fmt.Sprintf("%d ranks", n)
	}
	return &rows{
		out: out, format: o.format, columns: columns,
		title:  fmt.Sprintf("Ringo %s: %s on %s, %s", title, ranks, world.Host(), carrier),
		shared: []column{{"benchmark", "", 0}, {"ranks", "", 0}},
		same:   []any{name, world.Size()},
	}
}

// finish prints the rest and draws.
func (r *rows) finish(o *options) error {
	if err := r.end(); err != nil || o.plot == "" {
		return err
	}
	return r.draw(o.plot)
}

// measure runs span, first for the warm-up and then for the iterations that
// count, on all ranks together. span runs n iterations and returns the
// nanoseconds that this rank measured; where samples is not nil it has length
// n and takes the nanoseconds of each. measure returns the number of
// iterations and what the last span returned.
func (r *run) measure(own iterations, size int, span func(n int, samples []int64) (int64, error)) (n int, ns int64, samples []int64, err error) {
	warmup, n := r.o.counts(own, size)
	if r.o.limit > 0 {
		least := r.o.limit / 4
		if !r.settled && r.o.warmup < 0 {
			r.settled = true
			warmup, least = math.MaxInt, settling
		}
		n, err = r.warm(warmup, n, int64(least), span)
	} else if warmup > 0 {
		_, err = span(warmup, nil)
	}
	if err != nil {
		return 0, 0, nil, err
	}
	if len(r.o.percentiles) > 0 {
		samples = make([]int64, n)
	}
	if err := r.world.Barrier(); err != nil {
		return 0, 0, nil, err
	}
	ns, err = span(n, samples)
	return n, ns, samples, err
}

// settling is how long the first warm-up of a run is, under a time limit:
// processes that have just started are slower (page faults, cores that were
// idle), and the first size is not to pay for that.
const settling = 25 * time.Millisecond

// warm is the warm-up under a time limit: it grows until it is done or has
// taken so many nanoseconds, and tells how many iterations fit into the
// limit, at most n. It believes its fastest part: in a slow one somebody else
// had the core.
func (r *run) warm(warmup, n int, limit int64, span func(int, []int64) (int64, error)) (int, error) {
	var total int64
	each := int64(math.MaxInt64)
	for done, chunk := 0, 1; chunk > 0; {
		if err := r.world.Barrier(); err != nil {
			return 0, err
		}
		start := now()
		if _, err := span(chunk, nil); err != nil {
			return 0, err
		}
		took := now() - start
		done += chunk
		total += took
		each = min(each, max(1, took/int64(chunk)))
		if done >= warmup || total >= limit {
			chunk = 0
		} else {
			chunk = min(2*chunk, warmup-done)
		}
		next, err := mpi.BcastValue(r.world, int64(chunk), 0)
		if err != nil {
			return 0, err
		}
		chunk = int(next)
	}
	fit, err := mpi.BcastValue(r.world, min(int64(n), max(1, int64(r.o.limit)/each)), 0)
	return int(fit), err
}

// percentiles returns the asked-for percentiles of samples, each multiplied by
// factor.
func (o *options) percentilesOf(samples []float64, factor float64) []any {
	if len(o.percentiles) == 0 {
		return nil
	}
	slices.Sort(samples)
	out := make([]any, len(o.percentiles))
	for i, p := range o.percentiles {
		out[i] = quantile(samples, p/100) * factor
	}
	return out
}

// quantile returns the q-quantile of sorted values: the least one that a part
// of at least q does not exceed.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	i := int(math.Ceil(q*float64(len(sorted)))) - 1
	return sorted[min(max(i, 0), len(sorted)-1)]
}

func floats(samples []int64) []float64 {
	out := make([]float64, len(samples))
	for i, s := range samples {
		out[i] = float64(s)
	}
	return out
}

func (o *options) percentileColumns() []column {
	out := make([]column, len(o.percentiles))
	for i, p := range o.percentiles {
		out[i] = percentileColumn(p)
	}
	return out
}

// buffer returns n elements, every page of them touched.
func buffer[T byte | float32](r *run, n int) ([]T, error) {
	var b []T
	if r.o.alloc && n > 0 {
		var err error
		if b, err = mpi.Alloc[T](r.world, n); err != nil {
			return nil, err
		}
		r.free = append(r.free, func() error { return mpi.Dealloc(r.world, b) })
	} else {
		b = onPages[T](n)
	}
	for i := range b {
		b[i] = 1
	}
	return b, nil
}

// onPages allocates n elements at the start of a page, as the benchmarks in C
// do: the buffers of two goroutine ranks do not share a cache line.
func onPages[T byte | float32](n int) []T {
	const page = 4096
	size := int(unsafe.Sizeof(T(0)))
	b := make([]T, n+page/size)
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(b)))&(page-1)) / size
	return b[skip : skip+n : skip+n]
}

// release gives back the buffers.
func (r *run) release() error {
	var errs []error
	for _, f := range r.free {
		errs = append(errs, f())
	}
	r.free = nil
	return errors.Join(errs...)
}

// cacheLine is the distance of the elements that dirty writes.
const cacheLine = 64

// dirty writes one element of every cache line of b, as a program does that has
// something new to send.
func dirty[T byte | float32](b []T, value int64) {
	step := cacheLine
	if _, ok := any(b).([]float32); ok {
		step = cacheLine / 4
	}
	v := T(value & 7)
	for i := 0; i < len(b); i += step {
		b[i] = v
	}
}

// Numbers of ranks.
func exactly(n int) func(int) bool { return func(ranks int) bool { return ranks == n } }
func atLeast(n int) func(int) bool { return func(ranks int) bool { return ranks >= n } }
func even(ranks int) bool          { return ranks >= 2 && ranks%2 == 0 }
