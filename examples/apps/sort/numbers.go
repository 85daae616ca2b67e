package main

import (
	"fmt"
	"math/rand/v2"

	"github.com/ringo-mpi/ringo/mpi"
)

// blockLen numbers have a generator together, so that any rank can make any
// part of the numbers: they are the same for every number of ranks.
const blockLen = 1 << 14

// makeNumbers returns the numbers from index from up to, without, index to.
func makeNumbers(cfg config, from, to int64) []uint64 {
	numbers := make([]uint64, 0, to-from)
	for block := from / blockLen; block*blockLen < to; block++ {
		random := rand.New(rand.NewPCG(cfg.Seed, uint64(block)))
		for i := block * blockLen; i < min((block+1)*blockLen, to); i++ {
			x := random.Uint64()
			if cfg.Distinct > 0 {
				x %= cfg.Distinct
			}
			if i >= from {
				numbers = append(numbers, x)
			}
		}
	}
	return numbers
}

// sums do not depend on the order of the numbers.
type sums struct{ Count, Sum uint64 }

// contents adds up a hash of each number.
func contents(numbers []uint64) sums {
	s := sums{Count: uint64(len(numbers))}
	for _, x := range numbers {
		s.Sum += hash(x)
	}
	return s
}

// hash is the finalizer of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
func hash(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// result is what is known of the sorted numbers, on all ranks.
type result struct {
	fingerprint uint64
	greatest    uint64 // part of a rank
}

// edge is the part of one rank: how many numbers, the first and the last.
type edge struct{ Count, First, Last uint64 }

// check returns an error unless the numbers of all ranks are in order and are
// those there were before, which this rank knew its part of. Collective.
func check(world *mpi.Comm, mine []uint64, before sums) (result, error) {
	for i := 1; i < len(mine); i++ {
		if mine[i-1] > mine[i] {
			return result{}, fmt.Errorf("number %d, %d, comes before %d", i-1, mine[i-1], mine[i])
		}
	}
	own := edge{Count: uint64(len(mine))}
	if len(mine) > 0 {
		own.First, own.Last = mine[0], mine[len(mine)-1]
	}
	edges, err := mpi.AllgatherValue(world, own)
	if err != nil {
		return result{}, err
	}
	var r result
	var first, last uint64 // the index of the first number of this rank, and the last number so far
	index := uint64(0)
	for rank, e := range edges {
		if rank == world.Rank() {
			first = index
		}
		if e.Count > 0 && e.First < last {
			return r, fmt.Errorf("rank %d begins with %d, but a rank below ends with %d", rank, e.First, last)
		}
		if e.Count > 0 {
			last = e.Last
		}
		index += e.Count
		r.greatest = max(r.greatest, e.Count)
	}

	after := contents(mine)
	fingerprint := uint64(0)
	for i, x := range mine {
		fingerprint += hash(x ^ hash(first+uint64(i)))
	}
	all := []uint64{before.Count, before.Sum, after.Count, after.Sum, fingerprint}
	if err := mpi.AllreduceInPlace(world, all, mpi.Sum); err != nil {
		return r, err
	}
	if all[0] != all[2] || all[1] != all[3] {
		return r, fmt.Errorf("there were %d numbers with the sum %x, now there are %d with the sum %x", all[0], all[1], all[2], all[3])
	}
	r.fingerprint = all[4]
	return r, nil
}
