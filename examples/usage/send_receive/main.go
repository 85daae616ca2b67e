// Send_receive sends an object, here the number 42, from rank 0 to rank 1. Any
// Go value can be sent so: it is encoded for the journey.
//
//	mpiexec -n 4 ./examples/usage/send_receive
//	RINGO_RANKS=4 go run ./examples/usage/send_receive
package main

import (
	"errors"
	"fmt"

	"github.com/ringo-mpi/ringo/mpi"
	_ "github.com/ringo-mpi/ringo/mpi/native" // under another MPI's launcher its library carries the ranks
)

func main() { mpi.Main(run) }

func run(world *mpi.Comm) error {
	if world.Size() < 2 {
		return errors.New("one rank has nobody to send to: start at least two, as in mpiexec -n 2")
	}

	const tag = 0
	var data any // nothing yet

	// Rank 0 sends, rank 1 receives, the others do neither.
	switch world.Rank() {
	case 0:
		if err := mpi.SendObject(world, 42, 1, tag); err != nil {
			return err
		}
	case 1:
		number, _, err := mpi.RecvObject[int](world, 0, tag)
		if err != nil {
			return err
		}
		data = number
	}

	fmt.Printf("After send/receive, the value in process %d is %v\n", world.Rank(), data)
	return nil
}
