// Mandelbrot draws the Mandelbrot set: the points c of the plane for which the
// steps z → z² + c, begun at 0, stay near 0. The colour of a point is the
// number of steps it takes to leave the circle of radius 2.
//
//	mpiexec -n 4 ./examples/apps/mandelbrot
//	mpiexec -n 4 ./examples/apps/mandelbrot --multiplier 4 --out large.png
//	mpiexec -n 4 ./examples/apps/mandelbrot --xmin -0.8 --xmax -0.65 --ymin 0 --ymax 0.1 --steps 255
//	RINGO_RANKS=4 go run ./examples/apps/mandelbrot
//
// The picture, mandelbrot.png, has 1200×800 pixels times the multiplier, and
// is the same for every number of ranks. How the ranks share the work is in
// parallel.go.
package main

import (
	"io"
	"os"

	"github.com/ringo-mpi/ringo/atomicfile"
	"github.com/ringo-mpi/ringo/mpi"
	_ "github.com/ringo-mpi/ringo/mpi/native" // under another MPI's launcher its library carries the ranks
	"github.com/ringo-mpi/ringo/params"
	"github.com/ringo-mpi/ringo/params/onroot"
)

type config struct {
	Options
}

func main() {
	atomicfile.RemoveOnSignal() // Ctrl-C leaves no half written file
	mpi.Main(func(world *mpi.Comm) error { return run(world, os.Args[1:], os.Stdout) })
}

func run(world *mpi.Comm, args []string, out io.Writer) error {
	cfg := config{Options{
		Multiplier: 1,
		Xmin:       -2, Xmax: 1, Ymin: -1, Ymax: 1,
		Steps:    127,
		Schedule: Cyclic,
		Colours:  Viridis,
		Out:      "mandelbrot.png",
	}}
	set := params.New("mandelbrot", &cfg)
	set.About = "Draws the Mandelbrot set, the rows of the picture shared by all ranks."
	set.Output = out
	set.Check = func() error { return cfg.check(set) }
	if run, err := onroot.Parse(world, set, args); !run {
		return err
	}

	grid := Grid{Width: 1200 * cfg.Multiplier, Height: 800 * cfg.Multiplier}
	dx := (cfg.Xmax - cfg.Xmin) / float64(grid.Width)
	dy := (cfg.Ymax - cfg.Ymin) / float64(grid.Height)
	return cfg.draw(world, grid, func(k int, row []uint8) {
		y := cfg.Ymin + float64(float64(k)*dy)
		for j := range row {
			x := cfg.Xmin + float64(float64(j)*dx)
			row[j] = uint8(steps(x, y, cfg.Steps))
		}
	})
}
