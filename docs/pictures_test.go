package docs_test

import (
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestPictures draws the pictures of the chapters again and compares them with
// the files. Fractals have to be equal; in plots another processor may round
// the edges of a line differently.
func TestPictures(t *testing.T) {
	tools, err := tools()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	checked := map[string]bool{}
	for _, c := range []struct {
		program   string
		args      []string
		pictures  []string
		different float64 // part of the pixels that may differ
	}{
		{"mandelbrot", nil, []string{"mandelbrot.png"}, 0},
		{"julia", nil, []string{"julia.png"}, 0},
		{"kmeans", nil, []string{"kmeans.png"}, 0.01},
		{"pi", []string{"--max-power", "10"}, []string{"pi_vs_log2_N.png", "log2_std_vs_log2_N.png"}, 0.01},
	} {
		cmd := exec.Command(filepath.Join(tools, "bin", c.program), c.args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "RINGO_RANKS=2")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
		}
		for _, name := range c.pictures {
			checked[name] = true
			if d := difference(t, filepath.Join("pictures", name), filepath.Join(dir, name)); d > c.different {
				t.Errorf("pictures/%s: %g of the pixels are not what %s draws", name, d, c.program)
			}
		}
	}
	files, err := filepath.Glob("pictures/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !checked[filepath.Base(f)] {
			t.Errorf("%s is drawn by nothing", f)
		}
	}
}

// difference returns the part of the pixels that differ.
func difference(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := decode(t, a), decode(t, b)
	if x.Bounds() != y.Bounds() {
		t.Errorf("%s: %v and %v", a, x.Bounds(), y.Bounds())
		return 1
	}
	size, count := x.Bounds(), 0
	for j := size.Min.Y; j < size.Max.Y; j++ {
		for i := size.Min.X; i < size.Max.X; i++ {
			r1, g1, b1, a1 := x.At(i, j).RGBA()
			r2, g2, b2, a2 := y.At(i, j).RGBA()
			if r1 != r2 || g1 != g2 || b1 != b2 || a1 != a2 {
				count++
			}
		}
	}
	return float64(count) / float64(size.Dx()*size.Dy())
}

func decode(t *testing.T, path string) image.Image {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	picture, err := png.Decode(f)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return picture
}
