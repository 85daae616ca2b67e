// Ring sends a number round all ranks, a given number of times. Each rank adds 1
// and passes it on to the next, the last one to rank 0, which checks in the end
// that the number has grown by 1 for each rank and round.
//
//	mpiexec -n 4 ./examples/usage/ring --start 10 --count 3
//	echo 10 | mpiexec -n 4 ./examples/usage/ring
//	RINGO_RANKS=4 go run ./examples/usage/ring --start 10
//
// Without --start, rank 0 reads the number from standard input.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/ringo-mpi/ringo/mpi"
	_ "github.com/ringo-mpi/ringo/mpi/native" // under another MPI's launcher its library carries the ranks
)

var (
	count = flag.Uint("count", 1, "how many `times` the number goes round")
	start = flag.Int64("start", 0, "the `number` to begin with (default: read from standard input)")
)

func main() {
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "ring: unexpected argument %q; see ring --help\n", flag.Arg(0))
		os.Exit(2)
	}
	mpi.Main(run)
}

func run(world *mpi.Comm) error {
	const tag = 0
	rank, size := world.Rank(), world.Size()
	next, previous := (rank+1)%size, (rank+size-1)%size

	var first int64
	if rank == 0 {
		var err error
		if first, err = startValue(); err != nil {
			return err
		}
		fmt.Printf("Communicator group with %d processes\n", size)
	}

	value := []int64{first}
	for range *count {
		if rank != 0 {
			if _, err := mpi.Recv(world, value, previous, tag); err != nil {
				return err
			}
		}
		value[0]++
		fmt.Printf("Process %d transmitted value %d to process %d\n", rank, value[0], next)
		if rank != 0 {
			if err := mpi.Send(world, value, next, tag); err != nil {
				return err
			}
		} else if _, err := mpi.SendrecvReplace(world, value, next, tag, previous, tag); err != nil {
			return err
		}
	}

	if rank == 0 {
		fmt.Printf("Final data received in process 0 after ring is completed: %d\n", value[0])
		if want := first + int64(*count)*int64(size); value[0] != want {
			return fmt.Errorf("the number should be %d", want)
		}
	}
	return nil
}

// startValue is what --start says or, without it, what standard input does.
func startValue() (int64, error) {
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "start" })
	if given {
		return *start, nil
	}
	if info, err := os.Stdin.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		fmt.Fprint(os.Stderr, "Enter an integer to transmit: ") // somebody is at the keyboard
	}
	var n int64
	if _, err := fmt.Scan(&n); err != nil {
		return 0, fmt.Errorf("standard input has no integer to transmit (%w): enter one, or use --start", err)
	}
	return n, nil
}
