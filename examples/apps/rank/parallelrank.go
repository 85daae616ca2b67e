package main

import (
	"cmp"
	"slices"

	"github.com/ringo-mpi/ringo/mpi"
)

// numbered is a number and the process that has it.
type numbered[T any] struct {
	Number  T
	Process int64
}

// parallelRank returns the place of x among the numbers of all ranks of c, from 0 for
// the least. Equal numbers are placed in the order of their ranks in c; NaN
// comes before all numbers. Every rank has a number of the same type, which has
// a fixed size: any but a string.
//
// It is the exercise of mpitutorial.com, "Performing parallel rank with MPI".
// Rank 0 gathers the numbers, sorts them and scatters the places. Collective;
// it blocks until this rank's place is known.
func parallelRank[T cmp.Ordered](c *mpi.Comm, x T) (int, error) {
	numbers, err := mpi.GatherValue(c, x, 0)
	if err != nil {
		return 0, err
	}
	var places []int64 // of the numbers, by process
	if c.Rank() == 0 {
		places = placesOf(numbers)
	}
	place := make([]int64, 1)
	err = mpi.Scatter(c, places, place, 0)
	return int(place[0]), err
}

// placesOf returns the place in the order of each number.
func placesOf[T cmp.Ordered](numbers []T) []int64 {
	sorted := make([]numbered[T], len(numbers))
	for i, x := range numbers {
		sorted[i] = numbered[T]{x, int64(i)}
	}
	slices.SortStableFunc(sorted, func(a, b numbered[T]) int { return cmp.Compare(a.Number, b.Number) })
	places := make([]int64, len(numbers))
	for place, n := range sorted {
		places[n.Process] = int64(place)
	}
	return places
}
