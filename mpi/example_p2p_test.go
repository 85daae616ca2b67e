package mpi_test

import (
	"fmt"

	"github.com/ringo-mpi/ringo/mpi"
)

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

func ExampleSendrecv() {
	ranksDo(3, func(world *mpi.Comm) error {
		right := (world.Rank() + 1) % world.Size()
		left := (world.Rank() + world.Size() - 1) % world.Size()
		in := make([]int, 1)
		if _, err := mpi.Sendrecv(world, []int{world.Rank()}, right, 0, in, left, 0); err != nil {
			return err
		}
		if world.Rank() == 0 {
			fmt.Println("rank 0 got", in[0])
		}
		return nil
	})
	// Output: rank 0 got 2
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

func ExampleWaitSome() {
	ranksDo(4, func(world *mpi.Comm) error {
		if world.Rank() != 0 {
			return mpi.Send(world, []int{world.Rank() * 10}, 0, 0)
		}
		bufs := make([][]int, world.Size())
		reqs := make([]*mpi.Request, world.Size()) // nil requests are passed over
		for r := 1; r < world.Size(); r++ {
			bufs[r] = make([]int, 1)
			reqs[r] = mpi.Irecv(world, bufs[r], r, 0)
		}
		sum := 0
		for {
			done, err := mpi.WaitSome(reqs...)
			if err != nil || done == nil {
				fmt.Println("sum", sum)
				return err
			}
			for _, r := range done {
				sum += bufs[r][0]
			}
		}
	})
	// Output: sum 60
}

func ExampleComm_Probe() {
	ranksDo(2, func(world *mpi.Comm) error {
		if world.Rank() == 1 {
			return mpi.Send(world, []float64{1, 2, 3}, 0, 7)
		}
		st, err := world.Probe(mpi.AnySource, mpi.AnyTag)
		if err != nil {
			return err
		}
		buf := make([]float64, mpi.Count[float64](st))
		if _, err := mpi.Recv(world, buf, st.Source, st.Tag); err != nil {
			return err
		}
		fmt.Println("from", st.Source, "tag", st.Tag, buf)
		return nil
	})
	// Output: from 1 tag 7 [1 2 3]
}

func ExampleComm_Mprobe() {
	ranksDo(2, func(world *mpi.Comm) error {
		if world.Rank() == 1 {
			return mpi.Send(world, []float64{1, 2, 3}, 0, 7)
		}
		msg, st, err := world.Mprobe(mpi.AnySource, mpi.AnyTag)
		if err != nil {
			return err
		}
		buf := make([]float64, mpi.Count[float64](st))
		if _, err := mpi.Mrecv(msg, buf); err != nil {
			return err
		}
		fmt.Println("from", st.Source, buf)
		return nil
	})
	// Output: from 1 [1 2 3]
}
