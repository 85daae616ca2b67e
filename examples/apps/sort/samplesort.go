package main

import (
	"cmp"
	"slices"
	"sort"

	"github.com/ringo-mpi/ringo/mpi"
)

// samplesPerRank is how many samples the ranks take on average: the more, the more
// equal the parts.
const samplesPerRank = 512

// key places a number among all numbers, so that equal numbers have an order,
// too: by rank, and by index there. Without it, numbers that come often would
// all go to one rank.
type key[T cmp.Ordered] struct {
	Number      T
	Rank, Index int64
}

func compare[T cmp.Ordered](a, b key[T]) int {
	return cmp.Or(cmp.Compare(a.Number, b.Number), cmp.Compare(a.Rank, b.Rank), cmp.Compare(a.Index, b.Index))
}

// phaseFunc is called as a phase of the work begins on this rank.
type phaseFunc func(name string)

// sampleSort sorts the numbers of all ranks of c by sample sort with regular
// samples (Shi and Schaeffer, "Parallel sorting by regular sampling", 1992). Afterwards the numbers that it
// returns are in order on each rank, and none is less than one of a rank below.
// The ranks get about equally many, however many they had and however often a
// number comes. mine is used as memory; the result may lie in it or not. phase
// may be nil. T has a fixed size: it is not a string. Collective.
func sampleSort[T cmp.Ordered](c *mpi.Comm, mine []T, phase phaseFunc) ([]T, error) {
	if phase == nil {
		phase = func(string) {}
	}
	phase("sort")
	slices.Sort(mine)
	if c.Size() == 1 {
		return mine, nil
	}

	phase("sample")
	cuts, err := splitters(c, mine)
	if err != nil {
		return nil, err
	}

	// Part r of the numbers here goes to rank r.
	phase("exchange")
	sendCounts, recvCounts := make([]int, c.Size()), make([]int, c.Size())
	from := 0
	for r := range sendCounts {
		to := len(mine)
		if r < len(cuts) {
			to = below(mine, int64(c.Rank()), cuts[r])
		}
		sendCounts[r], from = to-from, to
	}
	if err := mpi.Alltoall(c, sendCounts, recvCounts); err != nil {
		return nil, err
	}
	total := 0
	for _, n := range recvCounts {
		total += n
	}
	got := make([]T, total)
	if err := mpi.Alltoallv(c, mpi.PartsOf(mine, sendCounts), mpi.PartsOf(got, recvCounts)); err != nil {
		return nil, err
	}

	// Each rank has sent numbers in order.
	phase("merge")
	return merge(got, recvCounts, mine), nil
}

// splitters returns the keys at which the numbers are cut, one less than there
// are ranks, the same on all.
func splitters[T cmp.Ordered](c *mpi.Comm, mine []T) ([]key[T], error) {
	total, err := mpi.AllreduceValue(c, int64(len(mine)), mpi.Sum)
	if err != nil {
		return nil, err
	}
	// Every rank samples its numbers at the same distance, so that a sample
	// stands for the same count of numbers everywhere.
	distance := max(1, int(total)/(samplesPerRank*c.Size()))
	var samples []key[T]
	for i := distance / 2; i < len(mine); i += distance {
		samples = append(samples, key[T]{mine[i], int64(c.Rank()), int64(i)})
	}
	parts, err := mpi.AllgatherSlices(c, samples)
	if err != nil {
		return nil, err
	}
	all := slices.Concat(parts...)
	slices.SortFunc(all, compare)
	var cuts []key[T]
	for r := 1; r < c.Size() && len(all) > 0; r++ {
		cuts = append(cuts, all[r*len(all)/c.Size()])
	}
	return cuts, nil
}

// below returns how many of the numbers of this rank, which are in order, have
// a key less than cut.
func below[T cmp.Ordered](mine []T, rank int64, cut key[T]) int {
	return sort.Search(len(mine), func(i int) bool {
		return compare(key[T]{mine[i], rank, int64(i)}, cut) >= 0
	})
}

// merge merges runs of the given lengths, which lie one after another in from
// and are in order, pair by pair. spare is used as memory if it is long enough.
func merge[T cmp.Ordered](from []T, runs []int, spare []T) []T {
	to := spare[:cap(spare)]
	if len(to) < len(from) {
		to = make([]T, len(from))
	}
	to = to[:len(from)]
	for len(runs) > 1 {
		var longer []int
		at := 0
		for i := 0; i < len(runs); i += 2 {
			n, m := runs[i], 0
			if i+1 < len(runs) {
				m = runs[i+1]
			}
			mergePair(to[at:at+n+m], from[at:at+n], from[at+n:at+n+m])
			longer = append(longer, n+m)
			at += n + m
		}
		runs, from, to = longer, to, from
	}
	return from
}

// mergePair merges a and b into out, of their length together.
func mergePair[T cmp.Ordered](out, a, b []T) {
	for len(a) > 0 && len(b) > 0 {
		if cmp.Less(b[0], a[0]) {
			out[0], b = b[0], b[1:]
		} else {
			out[0], a = a[0], a[1:]
		}
		out = out[1:]
	}
	copy(out, a)
	copy(out, b)
}
