package main

import "math/rand/v2"

// draw returns n random numbers from 1 to largest. Every rank has a sequence
// of its own, the same whenever the seed is.
func draw(n, largest int, seed uint64, rank int) []int {
	random := rand.New(rand.NewPCG(seed, uint64(rank)))
	data := make([]int, n)
	for i := range data {
		data[i] = 1 + random.IntN(largest)
	}
	return data
}

// occurrences returns how many elements of data equal wanted.
func occurrences(data []int, wanted int) int {
	count := 0
	for _, n := range data {
		if n == wanted {
			count++
		}
	}
	return count
}
