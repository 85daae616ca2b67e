package sizeplot

import (
	"bytes"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func figure() *Figure {
	return &Figure{
		Title: "latency", X: "bytes", Y: "µs", Bytes: true, LogY: true,
		Curves: []Curve{
			{Name: "Ringo", Points: []Point{{X: 1 << 20, Y: 60}, {X: 0, Y: 0.1}, {X: 1, Y: 0.1, Low: 0.09, High: 0.12}, {X: 1024, Y: 0.2}, {X: 4, Y: math.NaN()}}},
			{Name: "other", Points: []Point{{X: 0, Y: 0.2}, {X: 1024, Y: 0.4}}},
			{Name: "nothing", Points: []Point{{X: 3, Y: 0}}},
		},
		Levels: []Level{{Name: "bar", Y: 0.3, From: 1, To: 1 << 30}},
	}
}

func TestDraw(t *testing.T) {
	dir := t.TempDir()
	for _, ext := range Extensions {
		path := filepath.Join(dir, "f"+ext)
		if err := figure().Draw(path); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		switch ext {
		case ".png":
			if _, err := png.Decode(bytes.NewReader(b)); err != nil {
				t.Error(err)
			}
		case ".svg":
			for _, want := range []string{"Ringo", "1 Mi", "bar"} {
				if !strings.Contains(string(b), want) {
					t.Errorf("no %q in the SVG", want)
				}
			}
			if strings.Contains(string(b), "nothing") {
				t.Error("a curve without points is in the legend")
			}
		}
	}
}

func TestCurvesAreInOrder(t *testing.T) {
	curves, xs := figure().usable()
	if len(curves) != 2 || len(curves[0].Points) != 4 {
		t.Fatalf("curves %+v", curves)
	}
	for _, c := range curves {
		for i := 1; i < len(c.Points); i++ {
			if c.Points[i-1].X >= c.Points[i].X {
				t.Errorf("%s: %+v", c.Name, c.Points)
			}
		}
	}
	place := placer(xs)
	if place(0) != -1 || place(1) != 0 || place(1024) != 10 {
		t.Errorf("0, 1, 1024 are at %g, %g, %g", place(0), place(1), place(1024))
	}
}

func TestNothingToDraw(t *testing.T) {
	f := &Figure{LogY: true, Curves: []Curve{{Points: []Point{{X: 1, Y: 0}}}}}
	path := filepath.Join(t.TempDir(), "f.png")
	if err := f.Draw(path); err == nil {
		t.Error("no error")
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("there is a file")
	}
}

func TestSize(t *testing.T) {
	for n, want := range map[int]string{0: "0", 1023: "1023", 1024: "1 Ki", 1 << 16: "64 Ki", 3 << 20: "3 Mi", 1 << 30: "1 Gi"} {
		if got := Size(n); got != want {
			t.Errorf("Size(%d) = %q, want %q", n, got, want)
		}
	}
}
