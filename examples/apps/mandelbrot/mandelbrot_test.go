package main

import (
	"bytes"
	"image"
	"image/png"
	"math/cmplx"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringo-mpi/ringo/examples/apps/internal/apptest"
)

func TestMain(m *testing.M) { apptest.Main(m, "mandelbrot", main) }

func TestScripts(t *testing.T) { apptest.Scripts(t) }

// definition is the set as it is defined: complex numbers, and abs.
func definition(c complex128, limit int) int {
	var z complex128
	n := 0
	for cmplx.Abs(z) < 2 && n < limit {
		x, y := real(z), imag(z)
		z = complex(float64(x*x)-float64(y*y)+real(c), 2*float64(x*y)+imag(c))
		n++
	}
	return n
}

// TestStepsEqualDefinition looks at every pixel of the picture and of an
// enlarged part at the edge of the heart.
func TestStepsEqualDefinition(t *testing.T) {
	for _, r := range []struct {
		xmin, xmax, ymin, ymax float64
		width, height, limit   int
	}{
		{-2, 1, -1, 1, 1200, 800, 127},
		{-0.75 - 1e-9, -0.75 + 1e-9, -1e-9, 1e-9, 100, 100, 255},
		{0.25 - 1e-12, 0.25 + 1e-12, -1e-12, 1e-12, 100, 100, 255},
		{-2 - 1e-12, -2 + 1e-12, -1e-12, 1e-12, 100, 100, 255},
	} {
		dx, dy := (r.xmax-r.xmin)/float64(r.width), (r.ymax-r.ymin)/float64(r.height)
		for k := range r.height {
			for j := range r.width {
				x, y := r.xmin+float64(j)*dx, r.ymin+float64(k)*dy
				if got, want := steps(x, y, r.limit), definition(complex(x, y), r.limit); got != want {
					t.Fatalf("%g%+gi: %d steps, want %d", x, y, got, want)
				}
			}
		}
	}
}

// TestPicture wants the same file from any number of ranks and schedule, and
// known colours in it.
func TestPicture(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.png")
	var first []byte
	for _, ranks := range apptest.RankCounts {
		for _, schedule := range []string{"block", "cyclic"} {
			if out := apptest.Output(t, run, ranks, "--out", path, "--schedule", schedule); out != "" {
				t.Errorf("output %q", out)
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = data
			}
			if !bytes.Equal(data, first) {
				t.Errorf("%d ranks, %s: another picture", ranks, schedule)
			}
		}
	}
	picture, err := png.Decode(bytes.NewReader(first))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := picture.Bounds(), image.Rect(0, 0, 1200, 800); got != want {
		t.Fatalf("size %v, want %v", got, want)
	}
	// The heart is yellow, the space outside dark blue.
	for _, c := range []struct{ x, y, r, g, b int }{{750, 400, 253, 231, 36}, {400, 400, 253, 231, 36}, {0, 0, 68, 1, 84}} {
		r, g, b, _ := picture.At(c.x, c.y).RGBA()
		if int(r>>8) != c.r || int(g>>8) != c.g || int(b>>8) != c.b {
			t.Errorf("pixel %d,%d is %d %d %d, want %d %d %d", c.x, c.y, r>>8, g>>8, b>>8, c.r, c.g, c.b)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--multiplier", "0"}, "option --multiplier: 0 is below the smallest value allowed, 1"},
		{[]string{"--multiplier", "1e6"}, "option --multiplier: 1000000 is above the largest value allowed, 32"},
		{[]string{"--steps", "0"}, "option --steps: 0 is below the smallest value allowed, 1"},
		{[]string{"--xmin", "2"}, "default of --xmax: 1 is not greater than xmin, 2"},
		{[]string{"--ymax", "-3"}, "option --ymax: -3 is not greater than ymin, -1"},
		{[]string{"--ymax", "Inf"}, "option --ymax: +Inf is not a place in the plane"},
		{[]string{"--colours", "pink"}, `option --colours: "pink" is none of viridis, grey`},
	} {
		out, err := apptest.Try(run, 3, c.args...)
		if err == nil || !strings.HasSuffix(err.Error(), ": "+c.want) || strings.Contains(err.Error(), "\n") || out != "" {
			t.Errorf("%q: error %v, want %s", c.args, err, c.want)
		}
	}
}
