package main

import (
	"math"
	"path/filepath"
	"strings"

	"github.com/ringo-mpi/ringo/atomicfile"
	"github.com/ringo-mpi/ringo/mpi"
	"github.com/ringo-mpi/ringo/params"
)

// Options are the parameters that the programs mandelbrot and julia have.
type Options struct {
	Multiplier int      `short:"m" min:"1" max:"32" help:"enlarge the picture so many times"`
	Xmin       float64  `help:"real part at the left edge"`
	Xmax       float64  `help:"real part at the right edge"`
	Ymin       float64  `help:"lowest imaginary part"`
	Ymax       float64  `help:"greatest imaginary part"`
	Steps      int      `min:"1" max:"255" help:"steps until a point counts as one that stays"`
	Schedule   Schedule `choices:"cyclic,block" help:"rows of a rank"`
	Colours    Colours  `choices:"viridis,grey" help:"colour map"`
	Out        string   `short:"o" value:"file" help:"write the picture to this PNG file"`
}

// check returns an error for what the tags cannot tell.
func (o *Options) check(set *params.Set) error {
	for _, v := range []struct {
		name  string
		value float64
	}{{"xmin", o.Xmin}, {"xmax", o.Xmax}, {"ymin", o.Ymin}, {"ymax", o.Ymax}} {
		if math.IsNaN(v.value) || math.IsInf(v.value, 0) {
			return set.Errorf(v.name, "%g is not a place in the plane", v.value)
		}
	}
	if o.Xmin >= o.Xmax {
		return set.Errorf("xmax", "%g is not greater than xmin, %g", o.Xmax, o.Xmin)
	}
	if o.Ymin >= o.Ymax {
		return set.Errorf("ymax", "%g is not greater than ymin, %g", o.Ymax, o.Ymin)
	}
	if math.IsInf(o.Xmax-o.Xmin, 0) {
		return set.Errorf("xmax", "%g is too far from xmin, %g", o.Xmax, o.Xmin)
	}
	if math.IsInf(o.Ymax-o.Ymin, 0) {
		return set.Errorf("ymax", "%g is too far from ymin, %g", o.Ymax, o.Ymin)
	}
	// A name without an ending may be that of a device or a pipe.
	if ending := filepath.Ext(o.Out); ending != "" && !strings.EqualFold(ending, ".png") {
		return set.Errorf("out", "%q does not end in .png", o.Out)
	}
	return atomicfile.Writable(o.Out)
}

// draw computes the picture on all ranks and writes it on rank 0.
func (o *Options) draw(world *mpi.Comm, grid Grid, compute func(k int, row []uint8)) error {
	pixels, err := computePicture(world, grid, o.Schedule, compute)
	if err != nil || world.Rank() != 0 {
		return err
	}
	return writePicture(o.Out, grid, pixels, o.Colours)
}
