// Manager_worker counts prime numbers. Rank 0 hands out one task after another,
// the next to whoever has done one: however long the tasks are and however fast
// the ranks, all have work until the end.
//
//	mpiexec -n 4 ./examples/usage/manager_worker
//	RINGO_RANKS=4 go run ./examples/usage/manager_worker
package main

import (
	"errors"
	"fmt"

	"github.com/ringo-mpi/ringo/mpi"
	_ "github.com/ringo-mpi/ringo/mpi/native" // under another MPI's launcher its library carries the ranks
)

const (
	manager = 0
	tasks   = 100
	length  = 1000 // numbers in a task
)

// What a message is, its tag says.
const (
	tagResult = iota // from a worker: how many primes; the first one, 0, only asks for work
	tagTask          // from the manager: the number of a task
	tagStop          // from the manager: there is no more
)

func main() { mpi.Main(run) }

func run(world *mpi.Comm) error {
	if world.Size() < 2 {
		return errors.New("start at least two processes: one manages, the others work")
	}
	if world.Rank() == manager {
		return manage(world)
	}
	return work(world)
}

func manage(world *mpi.Comm) error {
	next, primes := int64(0), int64(0)
	for workers := world.Size() - 1; workers > 0; {
		result := make([]int64, 1)
		st, err := mpi.Recv(world, result, mpi.AnySource, tagResult)
		if err != nil {
			return err
		}
		primes += result[0]

		if next < tasks {
			err = mpi.Send(world, []int64{next}, st.Source, tagTask)
			next++
		} else {
			err = mpi.Send(world, []int64{}, st.Source, tagStop)
			workers--
		}
		if err != nil {
			return err
		}
	}
	fmt.Printf("%d primes below %d\n", primes, tasks*length)
	return nil
}

func work(world *mpi.Comm) error {
	result, task := []int64{0}, make([]int64, 1)
	for {
		if err := mpi.Send(world, result, manager, tagResult); err != nil {
			return err
		}
		st, err := mpi.Recv(world, task, manager, mpi.AnyTag)
		if err != nil || st.Tag == tagStop {
			return err
		}
		result[0] = primesIn(task[0]*length, (task[0]+1)*length)
	}
}

// primesIn counts the primes from low up to, without, high.
func primesIn(low, high int64) (count int64) {
	for n := max(low, 2); n < high; n++ {
		prime := true
		for d := int64(2); d*d <= n && prime; d++ {
			prime = n%d != 0
		}
		if prime {
			count++
		}
	}
	return count
}
