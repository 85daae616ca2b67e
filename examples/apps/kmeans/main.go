// Kmeans divides points into k clusters so that every point is in the cluster
// whose centre, the mean of its points, is nearest (Lloyd's algorithm). It
// reads the points from a CSV file or makes some, and plots the clusters.
//
//	mpiexec -n 4 ./examples/apps/kmeans
//	mpiexec -n 4 ./examples/apps/kmeans --k 3 --in iris.csv --columns 3,4 --out iris.svg
//	mpiexec -n 4 ./examples/apps/kmeans --n 1000000 --k 8 --labels clusters.csv
//	RINGO_RANKS=4 go run ./examples/apps/kmeans
//
// Rank 0 has the points and deals them out; each rank finds the clusters of
// its own, and one Allreduce a step adds up what the new centres need. The sums
// are integers, so that the result does not depend on the order in which they
// are added, nor on the number of ranks.
package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/ringo-mpi/ringo/atomicfile"
	"github.com/ringo-mpi/ringo/mpi"
	_ "github.com/ringo-mpi/ringo/mpi/native" // under another MPI's launcher its library carries the ranks
	"github.com/ringo-mpi/ringo/params"
	"github.com/ringo-mpi/ringo/params/onroot"
)

type config struct {
	K       int     `param:"k" min:"1" max:"1000" help:"clusters"`
	In      string  `short:"i" value:"file" help:"read the points from this CSV file, one a line"`
	Columns []int   `min:"1" help:"columns of the file to use, from 1 (default all)"`
	N       int     `param:"n" min:"1" max:"50000000" help:"points to make if there is no file"`
	Dim     int     `min:"1" max:"100" help:"coordinates of a point that is made"`
	Spread  float64 `min:"0" max:"1e9" help:"standard deviation of the points that are made around their centre"`
	Seed    uint64  `help:"seed of the random numbers"`
	Steps   int     `min:"1" help:"steps at most"`
	Out     string  `short:"o" value:"file" help:"plot the clusters into this PNG or SVG file"`
	Labels  string  `value:"file" help:"write the points with their clusters to this CSV file"`
}

func main() {
	atomicfile.RemoveOnSignal() // Ctrl-C leaves no half written file
	mpi.Main(func(world *mpi.Comm) error { return run(world, os.Args[1:], os.Stdout) })
}

func run(world *mpi.Comm, args []string, out io.Writer) error {
	cfg := config{K: 4, N: 2000, Dim: 2, Spread: 1, Seed: 1, Steps: 300, Out: "kmeans.png"}
	set := params.New("kmeans", &cfg)
	set.About = "Divides points into clusters around their means, on all ranks."
	set.Output = out
	set.Check = func() error {
		switch strings.ToLower(filepath.Ext(cfg.Out)) {
		case ".png", ".svg":
		default:
			return set.Errorf("out", "%q ends neither in .png nor in .svg", cfg.Out)
		}
		if cfg.Labels != "" {
			if err := atomicfile.Writable(cfg.Labels); err != nil {
				return err
			}
		}
		return atomicfile.Writable(cfg.Out)
	}
	if run, err := onroot.Parse(world, set, args); !run {
		return err
	}

	var all points // on rank 0 only
	if world.Rank() == 0 {
		var err error
		if all, err = load(cfg); err != nil {
			return err
		}
		if all.len() < cfg.K {
			return set.Errorf("k", "%d clusters of %d points", cfg.K, all.len())
		}
	}
	found, err := cluster(world, all, cfg)
	if err != nil || world.Rank() != 0 {
		return err
	}
	if err := found.table(out, all); err != nil {
		return err
	}
	if cfg.Labels != "" {
		if err := found.writeLabels(cfg.Labels, all); err != nil {
			return err
		}
	}
	return found.plot(cfg.Out, all)
}

// clustering is what rank 0 gets to know.
type clustering struct {
	centres  points
	sizes    []int64
	labels   []int32 // the cluster of each point
	steps    int
	finished bool    // no point changed its cluster in the last step
	inertia  float64 // sum of the squared distances of the points to their centres
}

// cluster divides the points of rank 0 on all ranks and returns the clusters on
// rank 0. Collective.
func cluster(world *mpi.Comm, all points, cfg config) (*clustering, error) {
	// Every rank learns where the points lie, and where to begin.
	type start struct {
		Box     box
		Centres points
	}
	var s start
	if world.Rank() == 0 {
		s = start{bounds(all), firstCentres(all, cfg.K, cfg.Seed)}
	}
	s, err := mpi.BcastObject(world, s, 0)
	if err != nil {
		return nil, err
	}

	mine, err := deal(world, all, s.Box)
	if err != nil {
		return nil, err
	}
	c := &clustering{centres: s.Centres}
	labels := make([]int32, mine.len())
	for c.steps = 1; ; c.steps++ {
		// The sums of all ranks' points give the new centres.
		sums := assign(mine, c.centres, labels, s.Box, c.steps == 1)
		if err := mpi.AllreduceInPlace(world, sums, mpi.Sum); err != nil {
			return nil, err
		}
		c.finished = sums.moved() == 0
		c.sizes, c.inertia = sums.sizes(cfg.K), sums.inertia(s.Box)
		if c.finished || c.steps == cfg.Steps {
			break
		}
		sums.newCentres(c.centres, s.Box)
	}

	parts, err := mpi.GatherSlices(world, labels, 0)
	for _, p := range parts {
		c.labels = append(c.labels, p...)
	}
	return c, err
}

// deal gives each rank an equal part of the points, the first ranks the first.
func deal(world *mpi.Comm, all points, b box) (points, error) {
	dim := len(b.Low)
	var parts [][]float64
	if size := world.Size(); world.Rank() == 0 {
		for r := range size {
			from, to := r*all.len()/size, (r+1)*all.len()/size
			parts = append(parts, all.Values[from*dim:to*dim])
		}
	}
	mine, err := mpi.ScatterSlices(world, parts, 0)
	return points{Dim: dim, Values: mine}, err
}
