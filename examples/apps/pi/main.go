// Pi estimates π by throwing darts: of n random points in a square, the part
// that lies in the quarter circle is π/4. For n = 4⁵, 4⁶, … 4¹⁴ it makes 64
// independent runs, shared by the ranks, and prints the mean and the standard
// deviation of the estimates, which falls as 1/√n.
//
//	mpiexec -n 4 ./examples/apps/pi
//	mpiexec -n 3 ./examples/apps/pi --max-power 12 --runs 100 --seed 7
//	mkdir plots; mpiexec -n 4 ./examples/apps/pi --out plots
//	go run ./examples/apps/pi --serial --trials 1000000
//	RINGO_RANKS=4 go run ./examples/apps/pi --max-power 11
//
// Two plots are drawn, each as PNG and as SVG: the estimates with their
// deviation (pi_vs_log2_N) and the deviation (log2_std_vs_log2_N), both against
// log2 n. Every run has random numbers of its own, whichever rank makes it, so
// the results are the same for any number of ranks.
package main

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/ringo-mpi/ringo/atomicfile"
	"github.com/ringo-mpi/ringo/mpi"
	_ "github.com/ringo-mpi/ringo/mpi/native" // under another MPI's launcher its library carries the ranks
	"github.com/ringo-mpi/ringo/params"
	"github.com/ringo-mpi/ringo/params/onroot"
)

type config struct {
	MinPower int    `min:"1" max:"20" help:"the least number of darts is 4 to this power"`
	MaxPower int    `min:"1" max:"20" help:"the greatest number of darts is 4 to this power"`
	Runs     int    `min:"2" max:"1000000" help:"runs for each number of darts"`
	Seed     uint64 `help:"seed of the random numbers"`
	Out      string `short:"o" value:"folder" help:"folder for the plots"`
	Plots    bool   `help:"draw the plots; --plots=false does not"`
	Serial   bool   `help:"make one estimate on rank 0 alone instead"`
	Trials   int64  `min:"1" help:"darts of the one estimate"`
}

func main() {
	atomicfile.RemoveOnSignal() // Ctrl-C leaves no half written file
	mpi.Main(func(world *mpi.Comm) error { return run(world, os.Args[1:], os.Stdout) })
}

func run(world *mpi.Comm, args []string, out io.Writer) error {
	cfg := config{MinPower: 5, MaxPower: 14, Runs: 64, Seed: 1, Out: ".", Plots: true, Trials: 100_000}
	set := params.New("pi", &cfg)
	set.About = "Estimates pi from random points, in runs shared by all ranks."
	set.Output = out
	set.Check = func() error {
		if cfg.MinPower > cfg.MaxPower {
			return set.Errorf("max-power", "%d is less than min-power, %d", cfg.MaxPower, cfg.MinPower)
		}
		if cfg.Plots && !cfg.Serial {
			return atomicfile.Writable(filepath.Join(cfg.Out, estimatePlot+".png"))
		}
		return nil
	}
	if run, err := onroot.Parse(world, set, args); !run {
		return err
	}
	if cfg.Serial {
		if world.Rank() != 0 {
			return nil
		}
		return serial(cfg, out)
	}

	results, err := parallel(world, cfg)
	if err != nil || world.Rank() != 0 {
		return err
	}
	if err := table(out, results); err != nil || !cfg.Plots {
		return err
	}
	return drawPlots(cfg.Out, results)
}

// parallel makes the runs for every number of darts and returns the results on
// rank 0. Collective.
func parallel(world *mpi.Comm, cfg config) ([]result, error) {
	rank, size := world.Rank(), world.Size()
	var bar *progress
	if rank == 0 {
		bar = startProgress(total(cfg, rank, size))
		defer bar.stop()
	}

	var results []result
	for power := cfg.MinPower; power <= cfg.MaxPower; power++ {
		darts := int64(1) << (2 * power)
		seeds := rand.NewPCG(cfg.Seed, uint64(power)) // the same on all ranks
		hits := make([]int64, cfg.Runs)
		for r := range hits {
			random := rand.NewPCG(seeds.Uint64(), seeds.Uint64())
			if r%size != rank {
				continue // another rank makes run r
			}
			hits[r] = throw(darts, random)
			if bar != nil {
				bar.add(weight(power))
			}
		}
		// Each run is counted on one rank and is 0 on the others.
		if err := mpi.ReduceInPlace(world, hits, mpi.Sum, 0); err != nil {
			return nil, err
		}
		if rank == 0 {
			results = append(results, statistics(darts, hits))
		}
	}
	return results, nil
}

// total and weight measure the progress in units of the fewest darts.
func total(cfg config, rank, size int) int {
	runs := (cfg.Runs - rank + size - 1) / size
	sum := 0
	for power := cfg.MinPower; power <= cfg.MaxPower; power++ {
		sum += runs * weight(power)
	}
	return sum
}

func weight(power int) int { return 1 << (2 * max(power-8, 0)) }

func serial(cfg config, out io.Writer) error {
	start := time.Now()
	hits := throw(cfg.Trials, rand.NewPCG(cfg.Seed, 0))
	_, err := fmt.Fprintf(out, "pi is about %.8f: %d darts in %.6f s\n",
		estimate(hits, cfg.Trials), cfg.Trials, time.Since(start).Seconds())
	return err
}

// table prints the results, a line for each number of darts.
func table(out io.Writer, results []result) error {
	text := fmt.Sprintf("%12s %12s %12s\n", "darts", "mean", "deviation")
	for _, r := range results {
		text += fmt.Sprintf("%12d %12.8f %12.3e\n", r.darts, r.mean, r.deviation)
	}
	if power := slope(results); !math.IsNaN(power) {
		text += fmt.Sprintf("The deviation goes with darts^%.3f.\n", power)
	}
	_, err := io.WriteString(out, text)
	return err
}
