package mpi_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ringo-mpi/ringo/mpi"
)

func ExampleComm_Split() {
	ranksDo(4, func(world *mpi.Comm) error {
		half, err := world.Split(world.Rank()%2, world.Rank())
		if err != nil {
			return err
		}
		sum, err := mpi.AllreduceValue(half, world.Rank(), mpi.Sum)
		if world.Rank() == 3 {
			fmt.Println("the odd ranks add up to", sum)
		}
		return err
	})
	// Output: the odd ranks add up to 4
}

func ExampleComm_Dup() {
	ranksDo(2, func(world *mpi.Comm) error {
		mine, err := world.Dup()
		if err != nil {
			return err
		}
		if world.Rank() == 0 {
			if err := mpi.Send(mine, []int{1}, 1, 0); err != nil {
				return err
			}
			return mpi.Send(world, []int{2}, 1, 0)
		}
		buf := make([]int, 1)
		if _, err := mpi.Recv(world, buf, 0, 0); err != nil {
			return err
		}
		fmt.Println(buf[0], "came on the world")
		_, err = mpi.Recv(mine, buf, 0, 0)
		fmt.Println(buf[0], "came on the duplicate")
		return err
	})
	// Output:
	// 2 came on the world
	// 1 came on the duplicate
}

func ExampleComm_WithContext() {
	ranksDo(2, func(world *mpi.Comm) error {
		if world.Rank() == 0 {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
			defer cancel()
			_, err := mpi.Recv(world.WithContext(ctx), make([]int, 1), 1, 0) // nobody sends
			fmt.Println(errors.Is(err, context.DeadlineExceeded), errors.Is(err, mpi.ErrCancelled))
		}
		return world.Barrier()
	})
	// Output: true true
}

func ExampleAlloc() {
	ranksDo(2, func(world *mpi.Comm) error {
		buf, err := mpi.Alloc[float64](world, 1000)
		if err != nil {
			return err
		}
		if world.Rank() == 0 {
			buf[999] = 0.5
			err = mpi.Send(world, buf, 1, 0)
		} else if _, err = mpi.Recv(world, buf, 0, 0); err == nil {
			fmt.Println("the last element is", buf[999])
		}
		return errors.Join(err, mpi.Dealloc(world, buf))
	})
	// Output: the last element is 0.5
}
