package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ringo-mpi/ringo/examples/apps/internal/apptest"
)

func TestMain(m *testing.M) { apptest.Main(m, "count", main) }

func TestScripts(t *testing.T) { apptest.Scripts(t) }

// TestCounts compares what the program prints with the numbers drawn here.
func TestCounts(t *testing.T) {
	const n, largest, wanted, seed = 50, 6, 4, 99
	for _, ranks := range apptest.RankCounts {
		out := apptest.Output(t, run, ranks, "--n", "50", "--max", "6", "--find", "4", "--seed", "99")
		var want []string
		var counts []int
		total := 0
		for r := range ranks {
			data := draw(n, largest, seed, r)
			count := 0
			for _, x := range data {
				if x < 1 || x > largest {
					t.Fatalf("%d is not from 1 to %d", x, largest)
				}
				if x == wanted {
					count++
				}
			}
			counts = append(counts, count)
			total += count
			want = append(want, fmt.Sprintf("%d %d %s", r, count, strings.ReplaceAll(fmt.Sprint(data), " ", ", ")))
		}
		want = append(want, fmt.Sprintf("0 %s", strings.ReplaceAll(fmt.Sprint(counts), " ", ", ")),
			fmt.Sprintf("Total number of 4's: %d", total))
		got := strings.Split(strings.TrimSpace(out), "\n")
		if tail := got[len(got)-1]; tail != want[len(want)-1] {
			t.Errorf("%d ranks: the last line is %q, want %q", ranks, tail, want[len(want)-1])
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%d ranks:\n%s\nwant\n%s", ranks, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

func TestRanksDrawDifferentNumbers(t *testing.T) {
	if slices.Equal(draw(20, 10, 1, 0), draw(20, 10, 1, 1)) {
		t.Error("ranks 0 and 1 have the same numbers")
	}
	if slices.Equal(draw(20, 10, 1, 0), draw(20, 10, 2, 0)) {
		t.Error("the seed makes no difference")
	}
}
