// Deadlock is a program in which the last rank waits outside of MPI for what never
// comes, after as many seconds as its argument says, and the others wait for it in
// a call. The lines of both are known to the scripts.
package main

import (
	"os"
	"time"

	"github.com/ringo-mpi/ringo/mpi"
)

func main() {
	mpi.Main(func(world *mpi.Comm) error {
		last := world.Size() - 1
		if world.Rank() == last {
			d, err := time.ParseDuration(os.Args[1])
			if err != nil {
				return err
			}
			time.Sleep(d)
			select {}
		}
		_, err := mpi.Recv(world, make([]byte, 1), last, 0)
		return err
	})
}
