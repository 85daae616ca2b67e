// F is the program that the chapter on benchmarking measures: it computes
// f(x,y) = x·y the long way, as the integral of y·(cos²t + sin²t) over t from 0
// to x, with the steps spread over the ranks, and prints its timers.
//
//	mpiexec -n 4 ./examples/apps/f --x 10 --y 5
//	ringo sweep -p np=1:4 -p x=0:2 -p y=0:1 -- mpiexec -n {np} ./examples/apps/f --x {x} --y {y}
package main

import (
	"fmt"
	"io"
	"math"
	"os"

	"github.com/ringo-mpi/ringo/mpi"
	_ "github.com/ringo-mpi/ringo/mpi/native" // under another MPI's launcher its library carries the ranks
	"github.com/ringo-mpi/ringo/params"
	"github.com/ringo-mpi/ringo/params/onroot"
	"github.com/ringo-mpi/ringo/stopwatch"
	"github.com/ringo-mpi/ringo/stopwatch/crossrank"
)

type config struct {
	X              float64 `min:"-1000000" max:"1000000" help:"end of the integral"`
	Y              float64 `min:"-1000000" max:"1000000" help:"factor"`
	Steps          int     `min:"1" max:"1000000000000" help:"steps of the integral"`
	PrintBenchmark bool    `help:"print the timers and the machine"`
}

func main() {
	mpi.Main(func(world *mpi.Comm) error { return run(world, os.Args[1:], os.Stdout) })
}

func run(world *mpi.Comm, args []string, out io.Writer) error {
	cfg := config{X: 20, Y: 40, Steps: 10_000_000, PrintBenchmark: true}
	set := params.New("f", &cfg)
	set.About = "Computes x·y as an integral, on all ranks, and prints its timers."
	set.Output = out
	if run, err := onroot.Parse(world, set, args); !run {
		return err
	}

	// region timers
	w := stopwatch.New()
	w.Tag("x", fmt.Sprint(cfg.X))
	w.Tag("y", fmt.Sprint(cfg.Y))
	w.Tag("np", fmt.Sprint(world.Size()))

	whole := w.Start("f")
	part := integrate(cfg, world.Rank(), world.Size())
	span := w.Start("sum")
	result, err := mpi.AllreduceValue(world, part, mpi.Sum)
	if err != nil {
		return err
	}
	span.Stop()
	whole.Stop()
	// endregion

	// region crossrank
	ranks, err := crossrank.Compare(world, w, "sum")
	// endregion
	if err != nil || world.Rank() != 0 {
		return err
	}
	if _, err := fmt.Fprintf(out, "f(%g,%g) = %.6g\n", cfg.X, cfg.Y, result); err != nil || !cfg.PrintBenchmark {
		return err
	}
	// region benchmark
	if _, err := fmt.Fprintln(out, ranks); err != nil {
		return err
	}
	return w.Benchmark(out)
	// endregion
}

// integrate sums up every size-th step, beginning with step rank, by the
// midpoint rule.
func integrate(cfg config, rank, size int) float64 {
	h := cfg.X / float64(cfg.Steps)
	sum := 0.0
	for i := rank; i < cfg.Steps; i += size {
		s, c := math.Sincos((float64(i) + 0.5) * h)
		sum += cfg.Y * (c*c + s*s) * h
	}
	return sum
}
