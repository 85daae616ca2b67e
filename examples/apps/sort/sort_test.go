package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ringo-mpi/ringo/examples/apps/internal/apptest"
	"github.com/ringo-mpi/ringo/mpi"
)

func TestMain(m *testing.M) { apptest.Main(m, "sort", main) }

func TestScripts(t *testing.T) { apptest.Scripts(t) }

// TestFingerprint compares the fingerprint that is printed with that of the
// numbers sorted here.
func TestFingerprint(t *testing.T) {
	const n = 50_001
	numbers := makeNumbers(config{N: n, Distinct: 1000, Seed: 4}, 0, n)
	slices.Sort(numbers)
	var want result
	err := mpi.Run(1, func(world *mpi.Comm) (err error) {
		want, err = check(world, numbers, contents(numbers))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	wanted := fmt.Sprintf("50001 numbers in order, none lost, fingerprint %016x\n", want.fingerprint)
	for _, ranks := range apptest.RankCounts {
		out := apptest.Output(t, run, ranks, "--n", "50001", "--distinct", "1000", "--seed", "4")
		if !strings.HasPrefix(out, wanted) {
			t.Errorf("%d ranks: %s\nwant %s", ranks, out, wanted)
		}
	}
}

// TestNumbersDoNotDependOnParts makes them in pieces.
func TestNumbersDoNotDependOnParts(t *testing.T) {
	cfg := config{Seed: 9}
	want := makeNumbers(cfg, 0, 40_000)
	var got []uint64
	for _, cut := range [][2]int64{{0, 1}, {1, blockLen}, {blockLen, 20_000}, {20_000, 20_000}, {20_000, 40_000}} {
		got = append(got, makeNumbers(cfg, cut[0], cut[1])...)
	}
	if !slices.Equal(got, want) {
		t.Error("the numbers depend on how they are cut")
	}
}

// TestCheckFinds faults on every rank, between ranks, and in the numbers.
func TestCheckFinds(t *testing.T) {
	for _, c := range []struct {
		parts  [][]uint64
		before sums // of all ranks
		want   string
	}{
		{[][]uint64{{1, 2}, {3}}, contents([]uint64{1, 2, 3}), ""},
		{[][]uint64{{}, {3}, {}}, contents([]uint64{3}), ""},
		{[][]uint64{{2, 1}, {3}}, contents([]uint64{1, 2, 3}), "number 0, 2, comes before 1"},
		{[][]uint64{{1, 2}, {3, 2}}, contents([]uint64{1, 2, 2, 3}), "number 0, 3, comes before 2"},
		{[][]uint64{{1, 4}, {}, {3}}, contents([]uint64{1, 3, 4}), "rank 2 begins with 3, but a rank below ends with 4"},
		{[][]uint64{{1, 2}, {3}}, contents([]uint64{1, 2, 4}), "now there are 3 with the sum"},
		{[][]uint64{{1, 2}, {}}, contents([]uint64{1, 2, 3}), "there were 3 numbers"},
	} {
		err := mpi.Run(len(c.parts), func(world *mpi.Comm) error {
			var before sums
			if world.Rank() == 0 {
				before = c.before
			}
			_, err := check(world, c.parts[world.Rank()], before)
			return err
		})
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v: error %v, want %q", c.parts, err, c.want)
		}
	}
}
