package mpi_test

import (
	"fmt"

	"github.com/ringo-mpi/ringo/mpi"
)

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
