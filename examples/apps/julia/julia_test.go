package main

import (
	"bytes"
	"image"
	"image/png"
	"math/cmplx"
	"os"
	"path/filepath"
	"testing"

	"github.com/ringo-mpi/ringo/examples/apps/internal/apptest"
)

func TestMain(m *testing.M) { apptest.Main(m, "julia", main) }

func TestScripts(t *testing.T) { apptest.Scripts(t) }

// definition is the set as it is defined: complex numbers, and abs.
func definition(z, c complex128, n int) int {
	for cmplx.Abs(z) < 3 && n > 1 {
		x, y := real(z), imag(z)
		z = complex(float64(x*x)-float64(y*y)+real(c), 2*float64(x*y)+imag(c))
		n--
	}
	return n
}

// TestLeftEqualsDefinition looks at every pixel of the picture with multiplier
// 2, and at the neighbourhood of abs(z) = 3.
func TestLeftEqualsDefinition(t *testing.T) {
	for _, r := range []struct {
		xmin, xmax, ymin, ymax float64
		c                      complex128
		width, height          int
	}{
		{-2, 2, -1.5, 1.5, 0.65i, 1280, 960},
		{3 - 1e-13, 3 + 1e-13, -1e-7, 1e-7, 0.65i, 300, 100},
		{-2, 2, -1.5, 1.5, -0.8 + 0.156i, 320, 240},
	} {
		dx, dy := (r.xmax-r.xmin)/float64(r.width), (r.ymax-r.ymin)/float64(r.height)
		for k := range r.height {
			for j := range r.width {
				x, y := r.xmin+float64(j)*dx, r.ymax-float64(k)*dy
				got, want := left(x, y, real(r.c), imag(r.c), 255), definition(complex(x, y), r.c, 255)
				if got != want {
					t.Fatalf("z = %g%+gi: %d steps left, want %d", x, y, got, want)
				}
			}
		}
	}
}

// TestPicture wants the same file from any number of ranks and schedule, and
// the point symmetry that the set has.
func TestPicture(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.png")
	var first []byte
	for _, ranks := range apptest.RankCounts {
		for _, schedule := range []string{"block", "cyclic"} {
			apptest.Output(t, run, ranks, "--out", path, "--schedule", schedule)
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
	if got, want := picture.Bounds(), image.Rect(0, 0, 640, 480); got != want {
		t.Fatalf("size %v, want %v", got, want)
	}
	// z and -z take the same way after one step. Pixel 0 lies on the edge, so
	// that j and 640-j mirror each other. Rounding may tell apart a few.
	different := 0
	for k := 1; k < 480; k++ {
		for j := 1; j < 640; j++ {
			if picture.At(j, k) != picture.At(640-j, 480-k) {
				different++
			}
		}
	}
	if different > 640*480/1000 {
		t.Errorf("%d pixels differ from those opposite", different)
	}
}
