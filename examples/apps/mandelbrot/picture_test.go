package main

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/ringo-mpi/ringo/mpi"
)

// TestComputeOrdersRows gives every pixel a value of its own and wants it back
// in its place, also with more ranks than rows and rows that do not divide.
func TestComputeOrdersRows(t *testing.T) {
	for _, grid := range []Grid{{7, 10}, {1, 1}, {3, 2}, {16, 8}} {
		for _, schedule := range []Schedule{Block, Cyclic} {
			for ranks := 1; ranks <= 5; ranks++ {
				err := mpi.Run(ranks, func(world *mpi.Comm) error {
					pixels, err := computePicture(world, grid, schedule, func(k int, row []uint8) {
						if len(row) != grid.Width {
							t.Errorf("row of %d pixels, want %d", len(row), grid.Width)
						}
						for j := range row {
							row[j] = uint8(k*grid.Width + j)
						}
					})
					if err != nil {
						return err
					}
					if world.Rank() != 0 {
						if pixels != nil {
							t.Errorf("rank %d has pixels", world.Rank())
						}
						return nil
					}
					for i, p := range pixels {
						if int(p) != i {
							t.Errorf("%v %s, %d ranks: pixel %d is %d", grid, schedule, ranks, i, p)
							break
						}
					}
					if len(pixels) != grid.Width*grid.Height {
						t.Errorf("%v %s, %d ranks: %d pixels", grid, schedule, ranks, len(pixels))
					}
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// TestColours compares with what matplotlib makes of numbers from 20 to 220:
// cm.ScalarMappable(cmap="viridis").to_rgba(numpy.arange(20, 221), bytes=True).
func TestColours(t *testing.T) {
	var pixels []uint8
	for n := 20; n <= 220; n++ {
		pixels = append(pixels, uint8(n))
	}
	for _, c := range []struct {
		n    int
		want color.NRGBA
	}{
		{20, color.NRGBA{68, 1, 84, 255}},
		{21, color.NRGBA{68, 2, 85, 255}},
		{64, color.NRGBA{62, 73, 137, 255}},
		{120, color.NRGBA{32, 144, 140, 255}},
		{200, color.NRGBA{189, 222, 38, 255}},
		{219, color.NRGBA{250, 230, 34, 255}},
		{220, color.NRGBA{253, 231, 36, 255}},
	} {
		if got := Viridis.palette(pixels)[c.n]; got != c.want {
			t.Errorf("%d is %v, want %v", c.n, got, c.want)
		}
	}
	if got, want := Grey.palette(pixels)[220], (color.NRGBA{255, 255, 255, 255}); got != want {
		t.Errorf("the greatest is %v, want white", got)
	}
}

func TestColourOfEqualPixels(t *testing.T) {
	if got, want := Viridis.palette([]uint8{9, 9})[9], (color.NRGBA{68, 1, 84, 255}); got != want {
		t.Errorf("%v, want the first colour, %v", got, want)
	}
}

func TestWritePicture(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.png")
	pixels := []uint8{1, 2, 3, 3, 2, 1}
	if err := writePicture(path, Grid{3, 2}, pixels, Grey); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := picture.Bounds(), image.Rect(0, 0, 3, 2); got != want {
		t.Fatalf("size %v, want %v", got, want)
	}
	for i, n := range pixels {
		want := color.NRGBA{[4]uint8{0, 0, 128, 255}[n], [4]uint8{0, 0, 128, 255}[n], [4]uint8{0, 0, 128, 255}[n], 255}
		if got := color.NRGBAModel.Convert(picture.At(i%3, i/3)); got != want {
			t.Errorf("pixel %d is %v, want %v", i, got, want)
		}
	}
}
