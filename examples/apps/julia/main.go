// Julia draws the Julia set of z² + c: the points z of the plane that the
// steps z → z² + c leave near 0. The colour of a point is the number of steps
// that are left of 255 when abs(z) has become 3 or more.
//
//	mpiexec -n 4 ./examples/apps/julia
//	mpiexec -n 4 ./examples/apps/julia --multiplier 3 --out large.png
//	mpiexec -n 4 ./examples/apps/julia --re -0.8 --im 0.156
//	RINGO_RANKS=4 go run ./examples/apps/julia
//
// The picture, julia.png, has 640×480 pixels times the multiplier, and is the
// same for every number of ranks. How the ranks share the work is in
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
	Re float64 `help:"real part of c"`
	Im float64 `help:"imaginary part of c"`
	Options
}

func main() {
	atomicfile.RemoveOnSignal() // Ctrl-C leaves no half written file
	mpi.Main(func(world *mpi.Comm) error { return run(world, os.Args[1:], os.Stdout) })
}

func run(world *mpi.Comm, args []string, out io.Writer) error {
	cfg := config{Re: 0, Im: 0.65, Options: Options{
		Multiplier: 1,
		Xmin:       -2, Xmax: 2, Ymin: -1.5, Ymax: 1.5,
		Steps:    255,
		Schedule: Cyclic,
		Colours:  Viridis,
		Out:      "julia.png",
	}}
	set := params.New("julia", &cfg)
	set.About = "Draws the Julia set of z² + c, the rows of the picture shared by all ranks."
	set.Output = out
	set.Check = func() error { return cfg.check(set) }
	if run, err := onroot.Parse(world, set, args); !run {
		return err
	}

	grid := Grid{Width: 640 * cfg.Multiplier, Height: 480 * cfg.Multiplier}
	dx := (cfg.Xmax - cfg.Xmin) / float64(grid.Width)
	dy := (cfg.Ymax - cfg.Ymin) / float64(grid.Height)
	return cfg.draw(world, grid, func(k int, row []uint8) {
		y := cfg.Ymax - float64(float64(k)*dy)
		for j := range row {
			x := cfg.Xmin + float64(float64(j)*dx)
			row[j] = uint8(left(x, y, cfg.Re, cfg.Im, cfg.Steps))
		}
	})
}
