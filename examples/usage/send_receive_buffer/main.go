// Send_receive_buffer sends the elements of a slice from rank 0 to rank 1. They
// travel as they lie in memory, which is the fastest way; the receiver provides
// a slice of the same type.
//
//	mpiexec -n 4 ./examples/usage/send_receive_buffer
//	RINGO_RANKS=4 go run ./examples/usage/send_receive_buffer
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
	buf := make([]int, 5) // zeros

	switch world.Rank() {
	case 0:
		if err := mpi.Send(world, []int{1, 2, 3, 4, 5}, 1, tag); err != nil {
			return err
		}
	case 1:
		if _, err := mpi.Recv(world, buf, 0, tag); err != nil {
			return err
		}
	}

	fmt.Printf("After Send/Receive, the value in process %d is %v\n", world.Rank(), buf)
	return nil
}
