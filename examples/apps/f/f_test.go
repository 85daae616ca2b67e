package main

import (
	"math"
	"strings"
	"testing"

	"github.com/ringo-mpi/ringo/examples/apps/internal/apptest"
)

func TestMain(m *testing.M) { apptest.Main(m, "f", main) }

func TestScripts(t *testing.T) { apptest.Scripts(t) }

// The ranks share the steps out: together they give x·y, however many they are.
func TestIntegral(t *testing.T) {
	for _, c := range []config{{X: 20, Y: 40, Steps: 1000}, {X: -3, Y: 2, Steps: 7}, {X: 0, Y: 5, Steps: 1}, {X: 1, Y: 1, Steps: 2}} {
		for _, size := range apptest.RankCounts {
			sum := 0.0
			for rank := range size {
				sum += integrate(c, rank, size)
			}
			if math.Abs(sum-c.X*c.Y) > 1e-9*max(1, math.Abs(c.X*c.Y)) {
				t.Errorf("%+v on %d ranks: %g", c, size, sum)
			}
		}
	}
}

func TestOutput(t *testing.T) {
	for _, ranks := range apptest.RankCounts {
		out := apptest.Output(t, run, ranks, "--x", "10", "--y", "5", "--steps", "1000")
		for _, want := range []string{"f(10,5) = 50\n", "\nsum: slowest rank ", "| f     | ok     |", "| cpu_cores ", "\n#csv,timer,", "\n#csv,f,ok,", "\n#csv,sum,ok,"} {
			if strings.Count("\n"+out, want) != 1 {
				t.Errorf("%d ranks: not once %q in\n%s", ranks, want, out)
			}
		}
	}
}
