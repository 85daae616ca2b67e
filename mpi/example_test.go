package mpi_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ringo-mpi/ringo/mpi"
)

// ranksDo runs fn on n goroutine ranks; a program would use mpi.Main.
func ranksDo(n int, fn func(world *mpi.Comm) error) {
	if err := mpi.Run(n, fn); err != nil {
		fmt.Println(err)
	}
}

func Example() {
	ranksDo(4, func(world *mpi.Comm) error {
		x := []float64{float64(world.Rank())}
		if err := mpi.AllreduceInPlace(world, x, mpi.Sum); err != nil {
			return err
		}
		if world.Rank() == 0 {
			fmt.Printf("rank %d of %d: %g\n", world.Rank(), world.Size(), x[0])
		}
		return nil
	})
	// Output: rank 0 of 4: 6
}

func ExampleSend() {
	ranksDo(2, func(world *mpi.Comm) error {
		const tag = 7
		if world.Rank() == 0 {
			return mpi.Send(world, []int{1, 2, 3}, 1, tag)
		}
		buf := make([]int, 10)
		st, err := mpi.Recv(world, buf, mpi.AnySource, tag)
		if err != nil {
			return err
		}
		fmt.Println("from", st.Source, buf[:mpi.Count[int](st)])
		return nil
	})
	// Output: from 0 [1 2 3]
}

func ExampleRecvAppend() {
	ranksDo(2, func(world *mpi.Comm) error {
		if world.Rank() == 1 {
			return mpi.Send(world, []byte("hello"), 0, 0)
		}
		text, _, err := mpi.RecvAppend(world, []byte("rank 1 says "), 1, 0)
		if err == nil {
			fmt.Println(string(text))
		}
		return err
	})
	// Output: rank 1 says hello
}

func ExampleIsend() {
	ranksDo(3, func(world *mpi.Comm) error {
		right := (world.Rank() + 1) % world.Size()
		left := (world.Rank() + 2) % world.Size()
		in := make([]int, 1)
		recv := mpi.Irecv(world, in, left, 0)
		send := mpi.Isend(world, []int{world.Rank()}, right, 0)
		// … compute, while the messages travel …
		if err := mpi.WaitAll(recv, send); err != nil {
			return err
		}
		if world.Rank() == 0 {
			fmt.Println("rank 0 got", in[0])
		}
		return nil
	})
	// Output: rank 0 got 2
}

func ExampleWaitAny() {
	ranksDo(3, func(world *mpi.Comm) error {
		if world.Rank() != 0 {
			return mpi.Send(world, []int{world.Rank() * 10}, 0, 0)
		}
		bufs := [][]int{{0}, {0}}
		reqs := []*mpi.Request{mpi.Irecv(world, bufs[0], 1, 0), mpi.Irecv(world, bufs[1], 2, 0)}
		sum := 0
		for {
			i, _, err := mpi.WaitAny(reqs...)
			if err != nil || i < 0 {
				fmt.Println("sum", sum)
				return err
			}
			sum += bufs[i][0]
		}
	})
	// Output: sum 30
}

func ExampleScatter() {
	ranksDo(3, func(world *mpi.Comm) error {
		var rows []int
		if world.Rank() == 0 {
			rows = []int{1, 2, 3, 4, 5, 6}
		}
		mine := make([]int, 2)
		if err := mpi.Scatter(world, rows, mine, 0); err != nil {
			return err
		}
		sums, err := mpi.GatherValue(world, mine[0]+mine[1], 0)
		if world.Rank() == 0 {
			fmt.Println(sums)
		}
		return err
	})
	// Output: [3 7 11]
}

func ExampleGatherSlices() {
	ranksDo(3, func(world *mpi.Comm) error {
		mine := make([]int, world.Rank()) // of different lengths
		for i := range mine {
			mine[i] = world.Rank()
		}
		parts, err := mpi.GatherSlices(world, mine, 0)
		if world.Rank() == 0 {
			fmt.Println(parts)
		}
		return err
	})
	// Output: [[] [1] [2 2]]
}

func ExampleOpFunc() {
	gcd := mpi.OpFunc(func(a, b int) int {
		for b != 0 {
			a, b = b, a%b
		}
		return a
	}, true)
	ranksDo(3, func(world *mpi.Comm) error {
		g, err := mpi.AllreduceValue(world, []int{12, 18, 30}[world.Rank()], gcd)
		if world.Rank() == 0 {
			fmt.Println(g)
		}
		return err
	})
	// Output: 6
}

func ExampleMaxLoc() {
	ranksDo(3, func(world *mpi.Comm) error {
		mine := mpi.ValueLoc[float64]{Value: []float64{0.5, 2.5, 1.5}[world.Rank()], Loc: int64(world.Rank())}
		best, err := mpi.AllreduceValue(world, mine, mpi.MaxLoc)
		if world.Rank() == 0 {
			fmt.Println(best)
		}
		return err
	})
	// Output: 2.5 at 1
}

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

func ExampleSendView() {
	ranksDo(2, func(world *mpi.Comm) error {
		const rows, cols = 3, 4
		column := mpi.Strided(rows, 1, cols).Shift(2)
		if world.Rank() == 0 {
			m := []int{
				0, 1, 2, 3,
				10, 11, 12, 13,
				20, 21, 22, 23,
			}
			return mpi.SendView(world, mpi.ViewOf(m, column), 1, 0)
		}
		buf := make([]int, rows)
		_, err := mpi.Recv(world, buf, 0, 0)
		fmt.Println(buf)
		return err
	})
	// Output: [2 12 22]
}

func ExampleSubarray() {
	block := mpi.Subarray([]int{4, 5}, []int{2, 3}, []int{1, 1})
	m := make([]int, 4*5)
	for i := range m {
		m[i] = i
	}
	part, err := mpi.Pack(mpi.ViewOf(m, block))
	fmt.Println(part, err)
	// Output: [6 7 8 11 12 13] <nil>
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

func ExampleError() {
	ranksDo(1, func(world *mpi.Comm) error {
		err := mpi.Send(world, []int{1}, 5, 0)
		var e *mpi.Error
		if errors.As(err, &e) {
			fmt.Println(e.Op, e.Class, e.Rank)
		}
		fmt.Println(errors.Is(err, mpi.ErrRank))
		return nil
	})
	// Output:
	// Send invalid rank 0
	// true
}
