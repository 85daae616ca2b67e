package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ringo-mpi/ringo/examples/apps/internal/apptest"
	"github.com/ringo-mpi/ringo/mpi"
)

func TestMain(m *testing.M) { apptest.Main(m, "pi", main) }

func TestScripts(t *testing.T) { apptest.Scripts(t) }

// inParallel makes the runs on so many goroutine ranks.
func inParallel(t *testing.T, ranks int, cfg config) []result {
	t.Helper()
	var results []result
	err := mpi.Run(ranks, func(world *mpi.Comm) error {
		r, err := parallel(world, cfg)
		if world.Rank() == 0 {
			results = r
		} else if r != nil {
			return errors.New("a rank other than 0 has results")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return results
}

// TestSameForAnyNumberOfRanks has runs that most numbers of ranks do not divide.
func TestSameForAnyNumberOfRanks(t *testing.T) {
	cfg := config{MinPower: 2, MaxPower: 6, Runs: 13, Seed: 3}
	want := inParallel(t, 1, cfg)
	if len(want) != 5 || want[0].darts != 16 || want[4].darts != 4096 {
		t.Fatalf("results %+v", want)
	}
	for _, ranks := range []int{2, 3, 4, 7, 16} {
		if got := inParallel(t, ranks, cfg); !slices.Equal(got, want) {
			t.Errorf("%d ranks: %+v, want %+v", ranks, got, want)
		}
	}
	cfg.Seed++
	if got := inParallel(t, 2, cfg); slices.Equal(got, want) {
		t.Error("the seed makes no difference")
	}
}

// TestDeviation compares with the binomial distribution: the deviation is
// 4·sqrt(p(1-p)/n) with p = π/4, and that of 400 runs is right to 3.5 %. It is
// what runs that share random numbers would get wrong.
func TestDeviation(t *testing.T) {
	results := inParallel(t, 3, config{MinPower: 3, MaxPower: 8, Runs: 400, Seed: 1})
	for _, r := range results {
		want := math.Sqrt(math.Pi * (4 - math.Pi) / float64(r.darts))
		if math.Abs(r.deviation/want-1) > 0.14 {
			t.Errorf("%d darts: deviation %g, want about %g", r.darts, r.deviation, want)
		}
		if d := math.Abs(r.mean - math.Pi); d > 4*want/20 {
			t.Errorf("%d darts: mean %g is %g deviations away", r.darts, r.mean, d/(want/20))
		}
	}
	if got := slope(results); math.Abs(got+0.5) > 0.03 {
		t.Errorf("the deviation goes with darts^%g, want -0.5", got)
	}
}

// TestThrow compares with darts whose coordinates are fractions.
func TestThrow(t *testing.T) {
	random := rand.NewPCG(5, 6)
	want := int64(0)
	for range 100_000 {
		word := random.Uint64()
		x, y := math.Ldexp(float64(word>>32), -32), math.Ldexp(float64(uint32(word)), -32)
		if math.FMA(x, x, float64(y*y)) < 1 {
			want++
		}
	}
	if got := throw(100_000, rand.NewPCG(5, 6)); got != want {
		t.Errorf("%d hits, want %d", got, want)
	}
}

func TestStatistics(t *testing.T) {
	// Estimates 2, 3, 4, 3: mean 3, deviation sqrt(2/4).
	got := statistics(4, []int64{2, 3, 4, 3})
	if want := (result{4, 3, math.Sqrt(0.5)}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	results := []result{{darts: 4, deviation: 1}, {darts: 16, deviation: 0}, {darts: 64, deviation: 0.25}}
	if got := slope(results); math.Abs(got+0.5) > 1e-12 {
		t.Errorf("slope %g, want -0.5", got)
	}
}

// TestPlots reads the files back: pictures, no wider than they should be, and
// the same from any number of ranks.
func TestPlots(t *testing.T) {
	files := []string{estimatePlot + ".png", estimatePlot + ".svg", deviationPlot + ".png", deviationPlot + ".svg"}
	first := map[string][]byte{}
	for _, ranks := range []int{1, 3} {
		dir := t.TempDir()
		apptest.Output(t, run, ranks, "--min-power", "1", "--max-power", "6", "--out", dir)
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != len(files) {
			t.Fatalf("%d files, %v; want %d", len(entries), err, len(files))
		}
		for _, name := range files {
			data, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if first[name] == nil {
				first[name] = data
				wellFormed(t, name, data)
			} else if !bytes.Equal(first[name], data) {
				t.Errorf("%d ranks: another %s", ranks, name)
			}
		}
	}
	if !strings.Contains(string(first[deviationPlot+".svg"]), "log2(standard deviation)") {
		t.Error("the axis of the deviation has no label")
	}
}

func wellFormed(t *testing.T, name string, data []byte) {
	t.Helper()
	if strings.HasSuffix(name, ".png") {
		picture, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if b := picture.Bounds(); b.Dx() < 500 || b.Dy() < 400 {
			t.Errorf("%s: %v", name, b)
		}
		return
	}
	for d := xml.NewDecoder(bytes.NewReader(data)); ; {
		switch _, err := d.Token(); {
		case err == io.EOF:
			return
		case err != nil:
			t.Errorf("%s: %v", name, err)
			return
		}
	}
}

// TestPlotsWithoutSpread has runs that are all equal.
func TestPlotsWithoutSpread(t *testing.T) {
	dir := t.TempDir()
	if err := drawPlots(dir, []result{{darts: 4, mean: 3}, {darts: 16, mean: 3}}); err != nil {
		t.Fatal(err)
	}
}
