package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/ringo-mpi/ringo/examples/apps/internal/apptest"
)

func TestMain(m *testing.M) { apptest.Main(m, "rank", main) }

func TestScripts(t *testing.T) { apptest.Scripts(t) }

// TestRandomNumbers wants ranks in the order of the numbers.
func TestRandomNumbers(t *testing.T) {
	for _, ranks := range apptest.RankCounts {
		lines := strings.Split(strings.TrimSpace(apptest.Output(t, run, ranks)), "\n")
		if len(lines) != ranks {
			t.Fatalf("%d lines of %d ranks", len(lines), ranks)
		}
		slices.Sort(lines) // by number: they all begin alike, with 0.
		for i, line := range lines {
			if !strings.HasSuffix(line, " - "+string(rune('0'+i))) {
				t.Errorf("%d ranks: line %d in the order of the numbers is %q", ranks, i, line)
			}
		}
	}
}
