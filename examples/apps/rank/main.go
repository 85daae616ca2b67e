// Rank lets every process learn the rank of its number among the numbers of
// all: 0 for the least.
//
//	mpiexec -n 4 ./examples/apps/rank
//	mpiexec -n 4 ./examples/apps/rank --numbers 5.9,2.1,7.3,2.1
//	RINGO_RANKS=4 go run ./examples/apps/rank
//
// Without --numbers each process draws one. The work is done by
// parallelRank (parallelrank.go), for numbers of any type.
package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"

	"github.com/ringo-mpi/ringo/mpi"
	_ "github.com/ringo-mpi/ringo/mpi/native" // under another MPI's launcher its library carries the ranks
	"github.com/ringo-mpi/ringo/params"
	"github.com/ringo-mpi/ringo/params/onroot"
)

type config struct {
	Numbers []float64 `help:"the number of each process (default random ones)"`
	Seed    uint64    `help:"seed of the random numbers"`
}

func main() {
	mpi.Main(func(world *mpi.Comm) error { return run(world, os.Args[1:], os.Stdout) })
}

func run(world *mpi.Comm, args []string, out io.Writer) error {
	cfg := config{Seed: 1}
	set := params.New("rank", &cfg)
	set.About = "Lets every process learn the rank of its number among the numbers of all."
	set.Output = out
	set.Check = func() error {
		if n := len(cfg.Numbers); n != 0 && n != world.Size() {
			return set.Errorf("numbers", "%d numbers for %d processes", n, world.Size())
		}
		return nil
	}
	if run, err := onroot.Parse(world, set, args); !run {
		return err
	}

	number := rand.New(rand.NewPCG(cfg.Seed, uint64(world.Rank()))).Float64()
	if len(cfg.Numbers) > 0 {
		number = cfg.Numbers[world.Rank()]
	}
	rank, err := parallelRank(world, number)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "Rank for %g on process %d - %d\n", number, world.Rank(), rank)
	return err
}
