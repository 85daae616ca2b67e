package mpi_test

import (
	"fmt"

	"github.com/ringo-mpi/ringo/mpi"
)

func ExampleBcast() {
	ranksDo(3, func(world *mpi.Comm) error {
		buf := make([]float64, 2)
		if world.Rank() == 0 {
			buf[0], buf[1] = 0.5, 1.5
		}
		if err := mpi.Bcast(world, buf, 0); err != nil {
			return err
		}
		if world.Rank() == 2 {
			fmt.Println("rank 2 has", buf)
		}
		return nil
	})
	// Output: rank 2 has [0.5 1.5]
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

func ExampleScatterv() {
	ranksDo(3, func(world *mpi.Comm) error {
		counts := []int{1, 2, 3} // rank i gets counts[i] elements
		var send mpi.Parts[int]  // not looked at except on the root
		if world.Rank() == 0 {
			send = mpi.PartsOf([]int{10, 20, 21, 30, 31, 32}, counts)
		}
		mine := make([]int, counts[world.Rank()])
		if err := mpi.Scatterv(world, send, mine, 0); err != nil {
			return err
		}
		if world.Rank() == 2 {
			fmt.Println("rank 2 got", mine)
		}
		return nil
	})
	// Output: rank 2 got [30 31 32]
}

func ExampleGather() {
	ranksDo(3, func(world *mpi.Comm) error {
		mine := []int{world.Rank(), world.Rank() * 10}
		var all []int
		if world.Rank() == 0 {
			all = make([]int, world.Size()*len(mine))
		}
		if err := mpi.Gather(world, mine, all, 0); err != nil {
			return err
		}
		if world.Rank() == 0 {
			fmt.Println(all)
		}
		return nil
	})
	// Output: [0 0 1 10 2 20]
}

func ExampleGatherv() {
	ranksDo(3, func(world *mpi.Comm) error {
		counts := []int{1, 2, 3} // rank i sends counts[i] elements
		mine := make([]int, counts[world.Rank()])
		for i := range mine {
			mine[i] = 10*world.Rank() + i
		}
		var recv mpi.Parts[int] // not looked at except on the root
		if world.Rank() == 0 {
			recv = mpi.PartsOf(make([]int, 6), counts)
		}
		if err := mpi.Gatherv(world, mine, recv, 0); err != nil {
			return err
		}
		if world.Rank() == 0 {
			fmt.Println(recv.Buf)
		}
		return nil
	})
	// Output: [0 10 11 20 21 22]
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

func ExampleAllgather() {
	ranksDo(3, func(world *mpi.Comm) error {
		mine := []int{world.Rank() * world.Rank()}
		all := make([]int, world.Size())
		if err := mpi.Allgather(world, mine, all); err != nil {
			return err
		}
		if world.Rank() == 1 {
			fmt.Println("rank 1 has", all)
		}
		return nil
	})
	// Output: rank 1 has [0 1 4]
}

func ExampleAlltoallv() {
	ranksDo(2, func(world *mpi.Comm) error {
		r := world.Rank()
		send := mpi.PartsOf([]int{10 * r, 10*r + 1, 10*r + 2}, []int{1, 2})
		// At says where the parts begin: here, with room between them.
		recv := mpi.PartsOf(make([]int, 5), []int{r + 1, r + 1}).At([]int{0, 3})
		if err := mpi.Alltoallv(world, send, recv); err != nil {
			return err
		}
		if r == 1 {
			fmt.Println("rank 1 has", recv.Buf)
		}
		return nil
	})
	// Output: rank 1 has [1 2 0 11 12]
}

func ExampleReduce() {
	ranksDo(4, func(world *mpi.Comm) error {
		mine := []int{world.Rank(), 10 * world.Rank()}
		var sum []int // not looked at except on the root
		if world.Rank() == 0 {
			sum = make([]int, len(mine))
		}
		if err := mpi.Reduce(world, mine, sum, mpi.Sum, 0); err != nil {
			return err
		}
		if world.Rank() == 0 {
			fmt.Println(sum)
		}
		return nil
	})
	// Output: [6 60]
}

func ExampleAllreduce() {
	ranksDo(4, func(world *mpi.Comm) error {
		mine := []float64{float64(world.Rank()), -1}
		greatest := make([]float64, len(mine))
		if err := mpi.Allreduce(world, mine, greatest, mpi.Max); err != nil {
			return err
		}
		if world.Rank() == 1 {
			fmt.Println("rank 1 has", greatest)
		}
		return nil
	})
	// Output: rank 1 has [3 -1]
}

func ExampleIallreduce() {
	ranksDo(4, func(world *mpi.Comm) error {
		sum := make([]int, 1)
		req := mpi.Iallreduce(world, []int{world.Rank()}, sum, mpi.Sum)
		// … compute, without sum …
		if _, err := req.Wait(); err != nil {
			return err
		}
		if world.Rank() == 3 {
			fmt.Println("rank 3 has", sum[0])
		}
		return nil
	})
	// Output: rank 3 has 6
}

func ExampleScan() {
	ranksDo(3, func(world *mpi.Comm) error {
		length := []int{world.Rank() + 2}
		end := make([]int, 1)
		if err := mpi.Scan(world, length, end, mpi.Sum); err != nil {
			return err
		}
		if world.Rank() == 2 {
			fmt.Println("rank 2 has elements", end[0]-length[0], "to", end[0]-1)
		}
		return nil
	})
	// Output: rank 2 has elements 5 to 8
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
