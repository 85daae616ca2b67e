package bench

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringo-mpi/ringo/internal/ringocmd/cli"
	"github.com/ringo-mpi/ringo/internal/sizeplot"
)

// largeMessage is where the numbers of iterations change, as in OSU.
const largeMessage = 8192

// options are what the command line says. Each benchmark has the flags that
// mean something to it.
type options struct {
	sizes       sizes
	step        int // ratio of one size to the next
	iterations  int // 0: the benchmark's own numbers
	warmup      int // -1: the benchmark's own numbers
	limit       time.Duration
	window      int
	goroutines  int
	clean       bool
	alloc       bool
	full        bool
	newRequests bool
	percentiles []float64
	format      string
	plot        string
}

// sizes is the value of -m: the first and last message size, -1 where the
// benchmark's own is meant.
type sizes struct{ min, max int }

// maxSize bounds a message: 1 TiB, and 1 GiB where an int has 32 bits.
const maxSize = 1 << (30 + 10*(^uint(0)>>63))

func (s *sizes) String() string {
	text := func(n int) string {
		if n < 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	if s.min < 0 && s.max < 0 {
		return ""
	}
	return text(s.min) + ":" + text(s.max)
}

func (s *sizes) Type() string { return "MIN:MAX" }

func (s *sizes) Set(text string) error {
	least, most, both := strings.Cut(text, ":")
	if !both {
		least, most = "", text
	}
	v := sizes{-1, -1}
	for _, part := range []struct {
		text string
		to   *int
	}{{least, &v.min}, {most, &v.max}} {
		if part.text == "" {
			continue
		}
		n, err := parseSize(part.text)
		if err != nil {
			return err
		}
		*part.to = n
	}
	if v.max >= 0 && v.min > v.max {
		return fmt.Errorf("the least size is greater than the greatest")
	}
	*s = v
	return nil
}

// parseSize reads a number of bytes: 4096, 4K, 1M, 1G.
func parseSize(text string) (int, error) {
	number, unit := text, 1
	for i, suffix := range []string{"K", "M", "G"} {
		if n, ok := strings.CutSuffix(strings.ToUpper(text), suffix); ok {
			number, unit = n, 1<<(10*(i+1))
		}
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 || n > maxSize/unit {
		return 0, fmt.Errorf("%q is no number of bytes (0 to %dG; K, M, G may follow)", text, maxSize>>30)
	}
	return n * unit, nil
}

// series returns the sizes to measure: least, then from 1 (or least) on by the
// factor step, up to and including the greatest.
func (o *options) series(least, greatest int) []int {
	if o.sizes.min >= 0 {
		least = o.sizes.min
	}
	if o.sizes.max >= 0 {
		greatest = o.sizes.max
	}
	out := []int{}
	for n := least; n <= greatest; n = max(1, n*o.step) {
		out = append(out, n)
	}
	return out
}

// counts returns the numbers of warm-up and measured iterations for a size.
func (o *options) counts(own iterations, size int) (warmup, iterations int) {
	warmup, iterations = own.warmup, own.count
	if size > largeMessage {
		warmup, iterations = own.warmupLarge, own.countLarge
	}
	if o.warmup >= 0 {
		warmup = o.warmup
	}
	return warmup, cmp.Or(o.iterations, iterations)
}

// iterations are the numbers of a benchmark, up to and above largeMessage.
type iterations struct{ count, warmup, countLarge, warmupLarge int }

// The numbers of OSU.
var (
	latencyIterations    = iterations{10000, 100, 1000, 10}
	bandwidthIterations  = iterations{100, 10, 20, 2}
	collectiveIterations = iterations{1000, 100, 100, 10}
)

// flags adds the flags that all benchmarks over message sizes have.
func (o *options) flags(cmd *cobra.Command) {
	o.sizes, o.step = sizes{-1, -1}, 2
	f := cmd.Flags()
	f.VarP(&o.sizes, "message-size", "m", "message sizes in bytes, as MIN:MAX, MIN: or MAX; K, M, G may follow")
	f.IntVar(&o.step, "step", o.step, "ratio of one message size to the next")
	f.IntVarP(&o.iterations, "iterations", "i", 0, "iterations for each size (default: as OSU, fewer above 8 KiB)")
	f.IntVarP(&o.warmup, "warmup", "x", -1, "iterations before those that count (default: as OSU)")
	f.DurationVarP(&o.limit, "time-limit", "T", 0, "fewer iterations of a size if all would take longer than this")
	f.BoolVar(&o.clean, "clean", false, "do not write into the buffer before each message")
	o.outputFlags(cmd)
}

// sampleFlags adds --percentiles.
func (o *options) sampleFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.Float64SliceVar(&o.percentiles, "percentiles", nil, "also print percentiles of the iterations (--percentiles=50,99 chooses them); each is then timed by itself")
	f.Lookup("percentiles").NoOptDefVal = "50,90,99"
}

func (o *options) allocFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&o.alloc, "alloc", false, "take the buffers from mpi.Alloc")
}

// outputFlags adds the flags that every benchmark with rows has.
func (o *options) outputFlags(cmd *cobra.Command) {
	cli.FormatFlag(cmd, &o.format)
	cmd.Flags().StringVar(&o.plot, "plot", "", "also draw the rows to this file (.png, .svg or .pdf)")
}

// check refuses values that make no sense before any rank is started.
func (o *options) check() error {
	if err := cli.CheckFormat(o.format); err != nil {
		return err
	}
	switch {
	case o.step < 2 && o.step != 0:
		return cli.Usagef("--step %d: the next size is at least twice as great", o.step)
	case o.iterations < 0:
		return cli.Usagef("-i %d: at least one iteration", o.iterations)
	case o.warmup < -1:
		return cli.Usagef("-x %d: the warm-up cannot be negative", o.warmup)
	case o.limit < 0:
		return cli.Usagef("-T %v: the time cannot be negative", o.limit)
	case o.window < 0 || o.window > 1<<16:
		return cli.Usagef("-w %d: a window has 1 to 65536 messages", o.window)
	case o.goroutines < 0 || o.goroutines > 1<<12:
		return cli.Usagef("-t %d: 1 to 4096 goroutines", o.goroutines)
	}
	for _, p := range o.percentiles {
		if !(p > 0 && p <= 100) {
			return cli.Usagef("--percentiles %g: above 0, up to 100", p)
		}
	}
	if o.plot != "" && !slices.Contains(sizeplot.Extensions, strings.ToLower(filepath.Ext(o.plot))) {
		return cli.Usagef("--plot %q: the name ends in %s", o.plot, strings.Join(sizeplot.Extensions, ", "))
	}
	return nil
}
