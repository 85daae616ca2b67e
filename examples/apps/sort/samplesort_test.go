package main

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ringo-mpi/ringo/mpi"
)

// sorted sorts parts, one for each rank, and returns those of the result.
func sorted[T cmp.Ordered](t *testing.T, parts [][]T) [][]T {
	t.Helper()
	results := make([][]T, len(parts))
	err := mpi.Run(len(parts), func(world *mpi.Comm) error {
		mine, err := sampleSort(world, slices.Clone(parts[world.Rank()]), nil)
		results[world.Rank()] = mine
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return results
}

func checkSorted[T cmp.Ordered](t *testing.T, name string, parts [][]T) (largest int) {
	t.Helper()
	results := sorted(t, parts)
	want := slices.Concat(parts...)
	slices.Sort(want)
	got := slices.Concat(results...)
	equal := slices.EqualFunc(got, want, func(a, b T) bool { return cmp.Compare(a, b) == 0 })
	if !equal {
		t.Errorf("%s on %d ranks: %v, want %v", name, len(parts), got, want)
	}
	for _, r := range results {
		largest = max(largest, len(r))
	}
	return largest
}

func TestSampleSort(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	numbers := func(n int, next func() int32) []int32 {
		out := make([]int32, n)
		for i := range out {
			out[i] = next()
		}
		return out
	}
	for ranks := 1; ranks <= 7; ranks++ {
		for name, next := range map[string]func(rank int) []int32{
			"random":          func(int) []int32 { return numbers(1000, random.Int32) },
			"uneven":          func(r int) []int32 { return numbers(r*r*100, random.Int32) },
			"on one rank":     func(r int) []int32 { return numbers(3000*max(0, r-ranks+2), random.Int32) },
			"nothing":         func(int) []int32 { return nil },
			"one number":      func(r int) []int32 { return numbers(max(0, 1-r), random.Int32) },
			"fewer than many": func(int) []int32 { return numbers(2, random.Int32) },
			"in order":        func(r int) []int32 { i := int32(r * 500); return numbers(500, func() int32 { i++; return i }) },
			"backwards":       func(r int) []int32 { i := int32(-r * 500); return numbers(500, func() int32 { i--; return i }) },
		} {
			parts := make([][]int32, ranks)
			for r := range parts {
				parts[r] = next(r)
			}
			checkSorted(t, name, parts)
		}
	}
}

// TestEqualNumbers wants equal parts although all or most numbers are equal.
func TestEqualNumbers(t *testing.T) {
	for _, distinct := range []int{1, 2, 3} {
		parts := make([][]uint8, 4)
		for r := range parts {
			parts[r] = make([]uint8, 10_000)
			for i := range parts[r] {
				parts[r][i] = uint8((i * 7) % distinct)
			}
		}
		if largest := checkSorted(t, "equal", parts); largest > 10_200 {
			t.Errorf("%d distinct numbers: a rank has %d of 40000", distinct, largest)
		}
	}
}

func TestFloats(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	checkSorted(t, "floats", [][]float64{{3, nan, -inf}, {0.5, inf}, {nan, -2, 7, 7}})
}

func TestPhases(t *testing.T) {
	var phases []string
	err := mpi.Run(2, func(world *mpi.Comm) error {
		note := func(name string) {
			if world.Rank() == 0 {
				phases = append(phases, name)
			}
		}
		_, err := sampleSort(world, []int64{2, 1}, note)
		return err
	})
	if err != nil || !slices.Equal(phases, []string{"sort", "sample", "exchange", "merge"}) {
		t.Errorf("%q, %v", phases, err)
	}
}
