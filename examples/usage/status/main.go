// Status receives messages of which neither the sender nor the tag nor the
// length is known: rank 0 asks what has come, makes room for it, and receives.
//
//	mpiexec -n 4 ./examples/usage/status
//	RINGO_RANKS=4 go run ./examples/usage/status
package main

import (
	"fmt"

	"github.com/ringo-mpi/ringo/mpi"
	_ "github.com/ringo-mpi/ringo/mpi/native" // under another MPI's launcher its library carries the ranks
)

func main() { mpi.Main(run) }

func run(world *mpi.Comm) error {
	if world.Rank() != 0 {
		numbers := make([]float64, world.Rank()) // rank r sends r numbers …
		for i := range numbers {
			numbers[i] = float64(i) + 0.5
		}
		return mpi.Send(world, numbers, 0, 10*world.Rank()) // … with tag 10·r
	}

	for range world.Size() - 1 {
		// A matched probe takes the message out of the queue: no other
		// goroutine can receive it before Mrecv does.
		message, status, err := world.Mprobe(mpi.AnySource, mpi.AnyTag)
		if err != nil {
			return err
		}
		numbers := make([]float64, mpi.Count[float64](status))
		if _, err := mpi.Mrecv(message, numbers); err != nil {
			return err
		}
		fmt.Printf("From process %d with tag %d, %d bytes: %v\n", status.Source, status.Tag, status.Bytes, numbers)
	}
	return nil
}
