// Isend_ireceive does what send_receive does without blocking: the calls return
// at once, the program could do other work, and Wait ends the operation.
//
//	mpiexec -n 4 ./examples/usage/isend_ireceive
//	RINGO_RANKS=4 go run ./examples/usage/isend_ireceive
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

	switch world.Rank() {
	case 0:
		send := mpi.IsendObject(world, 42, 1, tag)
		// Other work would go here.
		if _, err := send.Wait(); err != nil {
			return err
		}
	case 1:
		receive := mpi.IrecvObject[int](world, 0, tag)
		// Other work would go here.
		number, _, err := receive.Wait()
		if err != nil {
			return err
		}
		data = number
	}

	fmt.Printf("After isend/ireceive, the value in process %d is %v\n", world.Rank(), data)
	return nil
}
