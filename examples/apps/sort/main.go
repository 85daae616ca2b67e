// Sort sorts numbers that are spread over all ranks, and checks the result.
//
//	mpiexec -n 4 ./examples/apps/sort
//	mpiexec -n 4 ./examples/apps/sort --n 1000000 --distinct 10
//	RINGO_RANKS=4 go run ./examples/apps/sort --n 10000000
//
// Each rank makes its part of n random numbers. They are sorted by
// sampleSort (samplesort.go): every rank sorts its part, samples tell where
// to cut it, the pieces are exchanged, and each rank merges those it gets. What
// is checked: that the order is right on and between the ranks, and that no
// number was lost or changed. The fingerprint depends on every number and its
// place; it is the same for any number of ranks.
package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/ringo-mpi/ringo/mpi"
	_ "github.com/ringo-mpi/ringo/mpi/native" // under another MPI's launcher its library carries the ranks
	"github.com/ringo-mpi/ringo/params"
	"github.com/ringo-mpi/ringo/params/onroot"
)

type config struct {
	N        int    `param:"n" min:"1" max:"2000000000" help:"numbers on all ranks together"`
	Distinct uint64 `help:"draw the numbers from 0 to one less than this; 0 for all of 64 bits"`
	Seed     uint64 `help:"seed of the random numbers"`
}

func main() {
	mpi.Main(func(world *mpi.Comm) error { return run(world, os.Args[1:], os.Stdout) })
}

func run(world *mpi.Comm, args []string, out io.Writer) error {
	cfg := config{N: 100_000_000, Seed: 1}
	set := params.New("sort", &cfg)
	set.About = "Sorts numbers that are spread over all ranks, and checks the result."
	set.Output = out
	if run, err := onroot.Parse(world, set, args); !run {
		return err
	}

	rank, size := int64(world.Rank()), int64(world.Size())
	watch := new(laps)
	watch.begin("make")
	mine := makeNumbers(cfg, int64(cfg.N)*rank/size, int64(cfg.N)*(rank+1)/size)
	before := contents(mine)

	mine, err := sampleSort(world, mine, watch.begin)
	if err != nil {
		return err
	}
	watch.end()
	after, err := check(world, mine, before)
	if err != nil {
		return err
	}
	return report(world, out, cfg, after, watch)
}

// laps measures phases that follow each other.
type laps struct {
	names   []string
	seconds []float64
	since   time.Time
}

func (l *laps) begin(name string) {
	l.end()
	l.names = append(l.names, name)
}

func (l *laps) end() {
	now := time.Now()
	if len(l.names) > 0 {
		l.seconds = append(l.seconds, now.Sub(l.since).Seconds())
	}
	l.since = now
}

// report prints the result and, for each phase, the time of the fastest and
// the slowest rank. Collective.
func report(world *mpi.Comm, out io.Writer, cfg config, r result, watch *laps) error {
	fastest, slowest := make([]float64, len(watch.seconds)), make([]float64, len(watch.seconds))
	if err := mpi.Reduce(world, watch.seconds, fastest, mpi.Min, 0); err != nil {
		return err
	}
	if err := mpi.Reduce(world, watch.seconds, slowest, mpi.Max, 0); err != nil {
		return err
	}
	if world.Rank() != 0 {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d numbers in order, none lost, fingerprint %016x\n", cfg.N, r.fingerprint)
	fmt.Fprintf(&b, "%d ranks, the greatest part is %.4f of an equal one\n\n", world.Size(), float64(r.greatest)*float64(world.Size())/float64(cfg.N))
	fmt.Fprintf(&b, "%-10s %12s %12s\n", "phase", "fastest s", "slowest s")
	for i, name := range watch.names {
		fmt.Fprintf(&b, "%-10s %12.6f %12.6f\n", name, fastest[i], slowest[i])
	}
	_, err := io.WriteString(out, b.String())
	return err
}
