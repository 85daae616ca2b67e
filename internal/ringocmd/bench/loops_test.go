package bench

import (
	"bytes"
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/ringo-mpi/ringo/internal/ringocmd/cli"
	"github.com/ringo-mpi/ringo/mpi"
)

func TestParseSizes(t *testing.T) {
	for text, want := range map[string]sizes{
		"4:64": {4, 64}, "64": {-1, 64}, ":64": {-1, 64}, "4:": {4, -1}, "0:0": {0, 0},
		"1K:2m": {1 << 10, 2 << 20}, "1g": {-1, 1 << 30}, ":": {-1, -1}, "": {-1, -1},
	} {
		var got sizes
		if err := got.Set(text); err != nil || got != want {
			t.Errorf("-m %q: %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"5:4", "x", "-1", "1:x", "1T", "1:2:3", "99999999999999999999", "1025G", "K", "1.5K"} {
		var got sizes
		if err := got.Set(text); err == nil {
			t.Errorf("-m %q is taken as %v", text, got)
		}
	}
}

func FuzzParseSizes(f *testing.F) {
	f.Add("4:64K")
	f.Fuzz(func(t *testing.T, text string) {
		var s sizes
		if s.Set(text) != nil {
			return
		}
		if s.min < -1 || s.max < -1 || s.min > maxSize || s.max > maxSize || s.max >= 0 && s.min > s.max {
			t.Fatalf("%q gives %v", text, s)
		}
		var again sizes
		if err := again.Set(s.String()); err != nil || again != s {
			t.Fatalf("%q gives %v, which reads as %v, %v", text, s, again, err)
		}
	})
}

func TestSeries(t *testing.T) {
	for _, c := range []struct {
		given           sizes
		step            int
		least, greatest int
		want            []int
	}{
		{sizes{-1, -1}, 2, 0, 8, []int{0, 1, 2, 4, 8}},
		{sizes{4, 20}, 2, 0, 8, []int{4, 8, 16}},
		{sizes{-1, 3}, 2, 1, 8, []int{1, 2}},
		{sizes{0, 100}, 8, 4, 8, []int{0, 1, 8, 64}},
		{sizes{64, -1}, 2, 0, 8, []int{}},
	} {
		o := &options{sizes: c.given, step: c.step}
		if got := o.series(c.least, c.greatest); !slices.Equal(got, c.want) {
			t.Errorf("-m %v --step %d: %v, want %v", &c.given, c.step, got, c.want)
		}
	}
}

func TestCounts(t *testing.T) {
	o := &options{warmup: -1}
	if w, n := o.counts(latencyIterations, 8192); w != 100 || n != 10000 {
		t.Errorf("8192: %d, %d", w, n)
	}
	if w, n := o.counts(latencyIterations, 8193); w != 10 || n != 1000 {
		t.Errorf("8193: %d, %d", w, n)
	}
	o = &options{warmup: 0, iterations: 7}
	if w, n := o.counts(latencyIterations, 1<<20); w != 0 || n != 7 {
		t.Errorf("-x 0 -i 7: %d, %d", w, n)
	}
}

func TestQuantile(t *testing.T) {
	v := make([]float64, 100)
	for i := range v {
		v[i] = float64(i + 1)
	}
	for q, want := range map[float64]float64{0.5: 50, 0.9: 90, 0.99: 99, 1: 100, 0.001: 1} {
		if got := quantile(v, q); got != want {
			t.Errorf("quantile %g of 1…100 is %g, want %g", q, got, want)
		}
	}
	if got := quantile([]float64{3}, 0.5); got != 3 {
		t.Errorf("the median of one value is %g", got)
	}
	if !math.IsNaN(quantile(nil, 0.5)) {
		t.Error("no value has a median")
	}
}

func TestDirty(t *testing.T) {
	b := make([]byte, 1000)
	dirty(b, 5)
	f := make([]float32, 1000)
	dirty(f, 5)
	for i := range b {
		if (b[i] == 5) != (i%64 == 0) || (f[i] == 5) != (i%16 == 0) {
			t.Fatalf("element %d: %d, %g", i, b[i], f[i])
		}
	}
	dirty[byte](nil, 1)
}

// rowsOf runs a sub-command on n goroutine ranks and returns the rows of its CSV
// output without the header.
func rowsOf(t *testing.T, cmd func() (*cobra.Command, *benchmark, *options), n int, args ...string) [][]string {
	t.Helper()
	c, b, o := cmd()
	if err := c.ParseFlags(append([]string{"-f", "csv"}, args...)); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := mpi.Run(n, func(world *mpi.Comm) error {
		mine := *o
		return b.main(world, &mine, &out)
	}); err != nil {
		t.Fatalf("%s %q: %v", b.name, args, err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil || len(rows) == 0 {
		t.Fatalf("%s: %v", b.name, err)
	}
	return rows[1:]
}

// Under a time limit there are fewer iterations, the same number on all ranks,
// and never none.
func TestTimeLimit(t *testing.T) {
	for _, limit := range []time.Duration{1, time.Millisecond, time.Hour} {
		o := &options{sizes: sizes{-1, -1}, step: 2, warmup: 3, iterations: 50, limit: limit}
		counts := make([]int, 3)
		if err := mpi.Run(3, func(world *mpi.Comm) error {
			r := &run{world: world, o: o}
			n, _, _, err := r.measure(latencyIterations, 1, func(n int, _ []int64) (int64, error) {
				time.Sleep(time.Duration(n*(1+world.Rank())) * 20 * time.Microsecond)
				return 1, nil
			})
			counts[world.Rank()] = n
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if counts[0] < 1 || counts[0] > 50 || counts[1] != counts[0] || counts[2] != counts[0] {
			t.Errorf("limit %v: %v iterations", limit, counts)
		}
		if limit == time.Hour && counts[0] != 50 || limit == 1 && counts[0] != 1 {
			t.Errorf("limit %v: %d iterations", limit, counts[0])
		}
	}
}

func TestRows(t *testing.T) {
	var out bytes.Buffer
	r := &rows{out: &out, format: "table", title: "T", columns: []column{sizeColumn, latencyColumn}}
	if err := r.add(8, 1.23456); err != nil {
		t.Fatal(err)
	}
	if err := r.end(); err != nil {
		t.Fatal(err)
	}
	want := "# T\n# size (B)              latency (µs)\n8                              1.235\n"
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Error(d)
	}
	for format, want := range map[string]string{
		"csv":      "benchmark,size,latency_us\nx,8,1.23456\n",
		"json":     "[\n  {\"benchmark\": \"x\", \"size\": 8, \"latency_us\": 1.23456}\n]\n",
		"markdown": "| size (B) | latency (µs) |\n| ---:| --- |\n| 8 | 1.235 |\n",
	} {
		out.Reset()
		r := &rows{out: &out, format: format, columns: []column{sizeColumn, latencyColumn}, shared: []column{{"benchmark", "", 0}}, same: []any{"x"}}
		if err := r.add(8, 1.23456); err != nil {
			t.Fatal(err)
		}
		if err := r.end(); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, out.String()); d != "" {
			t.Errorf("%s: %s", format, d)
		}
	}
}

func TestPlotOfRows(t *testing.T) {
	dir := t.TempDir()
	r := &rows{title: "T", columns: []column{{"collective", "collective", 0}, sizeColumn, {"avg_us", "average (µs)", 3}, {"min_us", "least (µs)", 3}}}
	for _, name := range []string{"bcast", "reduce"} {
		for _, size := range []int{4, 8} {
			r.all = append(r.all, []any{name, size, float64(size), 1.0})
		}
	}
	path := filepath.Join(dir, "p.svg")
	if err := r.draw(path); err != nil {
		t.Fatal(err)
	}
	svg, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"bcast average", "reduce least", "size (B)"} {
		if !strings.Contains(string(svg), want) {
			t.Errorf("%q is not in the plot", want)
		}
	}
	if err := (&rows{columns: []column{{"a", "a", 0}}, all: [][]any{{"x"}}}).draw(path); err == nil {
		t.Error("a table without numbers was drawn")
	}
}

// A wrong number of ranks is the user's error, told once.
func TestRanksAreChecked(t *testing.T) {
	b := &benchmark{name: "bw", ranks: "2 ranks", fits: exactly(2)}
	told := make([]bool, 3)
	if err := mpi.Run(3, func(world *mpi.Comm) error {
		err := b.main(world, &options{}, nil)
		status, print := cli.Status(err)
		if status != cli.StatusUsage {
			t.Errorf("rank %d: %v", world.Rank(), err)
		}
		told[world.Rank()] = print
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(told, []bool{true, false, false}) {
		t.Errorf("told by %v", told)
	}
}

// The loops really move what they say they do, for every collective and any
// number of ranks: the results on known input are right.
func TestCollectivesCompute(t *testing.T) {
	const size = 64
	for _, ranks := range []int{1, 2, 3, 5} {
		for _, c := range calls {
			if c.least == 0 {
				continue
			}
			if err := mpi.Run(ranks, func(world *mpi.Comm) error {
				r := &run{world: world, o: &options{}}
				ready, err := c.prepare(r, size)
				if err != nil {
					return err
				}
				op := ready(size)
				if err := op.block(); err != nil {
					return err
				}
				_, err = op.start().Wait()
				return err
			}); err != nil {
				t.Errorf("%s on %d ranks: %v", c.name, ranks, err)
			}
		}
	}
}

func TestMemoryAndTime(t *testing.T) {
	for name, f := range map[string]func() (int64, error){"own": ownMemory, "resident": residentMemory} {
		n, err := f()
		if err != nil || n < 1<<16 || n > 1<<40 {
			t.Errorf("%s memory: %d, %v", name, n, err)
		}
	}
	before, err := cpuTime()
	if err != nil {
		t.Fatal(err)
	}
	compute(workFor(int64(20 * time.Millisecond)))
	after, err := cpuTime()
	if err != nil || after <= before {
		t.Errorf("processor time went from %v to %v, %v", before, after, err)
	}
}

func TestManyRanks(t *testing.T) {
	m, err := manyRanks(50)
	if err != nil || m.all <= 0 || m.barrier <= 0 || m.allreduce <= 0 || m.all < m.barrier {
		t.Errorf("%+v, %v", m, err)
	}
}

// Sizes of reductions are whole elements.
func TestCollectiveSeries(t *testing.T) {
	r := &run{o: &options{sizes: sizes{1, 10}, step: 2}}
	i := slices.IndexFunc(calls, func(c call) bool { return c.name == "allreduce" })
	if got := r.collectiveSeries(calls[i]); !slices.Equal(got, []int{4, 8}) {
		t.Errorf("sizes %v", got)
	}
	if got := r.collectiveSeries(calls[0]); !slices.Equal(got, []int{0}) {
		t.Errorf("sizes of %s: %v", calls[0].name, got)
	}
}

func TestLatencyOfSomethingSlow(t *testing.T) {
	// A benchmark that takes a known time: the row says half of a round trip.
	const slow = 2 * time.Millisecond
	b := &benchmark{
		name: "slow", title: "slow", fits: exactly(2),
		columns: func(*options) []column { return []column{sizeColumn, latencyColumn} },
		run: func(r *run) error {
			n, ns, _, err := r.measure(latencyIterations, 1, func(n int, _ []int64) (int64, error) {
				start := now()
				for range n {
					time.Sleep(slow)
				}
				return now() - start, nil
			})
			if err != nil || r.rows == nil {
				return err
			}
			return r.rows.add(1, float64(ns)/float64(n)/2e3)
		},
	}
	got := rowsOf(t, func() (*cobra.Command, *benchmark, *options) {
		o := &options{}
		c := b.command(o)
		o.flags(c)
		return c, b, o
	}, 2, "-i", "3", "-x", "1")
	if len(got) != 1 || got[0][0] != "slow" || got[0][1] != "2" {
		t.Fatalf("rows %q", got)
	}
	us, err := strconv.ParseFloat(got[0][3], 64)
	if err != nil || us < float64(slow.Microseconds())/2 {
		t.Errorf("half a round trip of %v took %s µs", slow, got[0][3])
	}
}
