// Count counts how often one number is among random numbers: every rank draws
// n numbers from 1 to max and counts those that equal find; rank 0 gathers the
// counts and adds them up.
//
//	mpiexec -n 4 ./examples/apps/count
//	mpiexec -n 4 ./examples/apps/count --n 1000000 --max 100 --find 7 --quiet
//	N=10 MAX=6 FIND=6 mpiexec -n 4 ./examples/apps/count
//	mpiexec -n 4 ./examples/apps/count --config count.toml
//	RINGO_RANKS=4 go run ./examples/apps/count
//
// The three parameters are read on rank 0 only and broadcast. Each rank prints
// its rank, its count and its numbers, in the order in which the ranks get
// there:
//
//	1 2 [1, 9, 8, 6, …]
//	0 3 [9, 8, 4, 2, …]
//	0 [3, 2]
//	Total number of 8's: 5
package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/ringo-mpi/ringo/mpi"
	_ "github.com/ringo-mpi/ringo/mpi/native" // under another MPI's launcher its library carries the ranks
	"github.com/ringo-mpi/ringo/params"
	"github.com/ringo-mpi/ringo/params/onroot"
)

type config struct {
	N     int    `param:"n" env:"N" min:"1" max:"100000000" help:"numbers on each rank"`
	Max   int    `env:"MAX" min:"1" help:"largest number"`
	Find  int    `env:"FIND" help:"the number to count"`
	Seed  uint64 `help:"seed of the random numbers"`
	Quiet bool   `short:"q" help:"print the counts without the numbers"`
}

func main() {
	mpi.Main(func(world *mpi.Comm) error { return run(world, os.Args[1:], os.Stdout) })
}

func run(world *mpi.Comm, args []string, out io.Writer) error {
	cfg := config{N: 20, Max: 10, Find: 8, Seed: 1}
	set := params.New("count", &cfg)
	set.About = "Counts how often one number is among random numbers on all ranks."
	set.Output = out
	if run, err := onroot.Parse(world, set, args); !run {
		return err
	}

	// region count
	data := draw(cfg.N, cfg.Max, cfg.Seed, world.Rank())
	count := occurrences(data, cfg.Find)
	if _, err := io.WriteString(out, line(world.Rank(), count, data, cfg.Quiet)); err != nil {
		return err
	}
	counts, err := mpi.GatherValue(world, count, 0)
	if err != nil || world.Rank() != 0 {
		return err
	}
	total := 0
	for _, n := range counts {
		total += n
	}
	_, err = fmt.Fprintf(out, "0 %s\nTotal number of %d's: %d\n", list(counts), cfg.Find, total)
	return err
	// endregion
}

// line is what one rank prints, in one piece: the lines of several ranks do
// not mix.
func line(rank, count int, data []int, quiet bool) string {
	if quiet {
		return fmt.Sprintf("%d %d\n", rank, count)
	}
	return fmt.Sprintf("%d %d %s\n", rank, count, list(data))
}

// list formats numbers as [1, 2, 3].
func list(numbers []int) string {
	var b strings.Builder
	b.WriteByte('[')
	for i, n := range numbers {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprint(&b, n)
	}
	b.WriteByte(']')
	return b.String()
}
