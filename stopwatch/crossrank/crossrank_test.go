package crossrank_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ringo-mpi/ringo/mpi"
	"github.com/ringo-mpi/ringo/mpi/mpitest"
	"github.com/ringo-mpi/ringo/stopwatch"
	"github.com/ringo-mpi/ringo/stopwatch/crossrank"
)

const ms = time.Millisecond

// watch gives rank r the timer "a" of (r+1)² ms in two measurements, and the odd
// ranks a failed timer "b".
func watch(rank int) *stopwatch.Watch {
	w := &stopwatch.Watch{}
	d := time.Duration((rank+1)*(rank+1)) * ms
	w.Add("a", d/4)
	w.Add("a", d-d/4)
	if rank%2 == 1 {
		w.Add("b", 5*ms)
		w.SetStatus("b", stopwatch.Failed)
	}
	return w
}

func TestCompare(t *testing.T) {
	mpitest.Run(t, 4, func(t *testing.T, world *mpi.Comm) {
		w := watch(world.Rank())
		a := crossrank.Comparison{
			Timer: "a", Slowest: crossrank.RankTime{Rank: 3, Time: 16 * ms}, Fastest: crossrank.RankTime{Rank: 0, Time: 1 * ms},
			Mean: 7500 * time.Microsecond, Ranks: 4,
		}
		b := crossrank.Comparison{
			Timer: "b", Slowest: crossrank.RankTime{Rank: 1, Time: 5 * ms}, Fastest: crossrank.RankTime{Rank: 1, Time: 5 * ms},
			Mean: 5 * ms, Ranks: 2, Failed: 2,
		}
		for _, want := range []crossrank.Comparison{a, b} {
			got, err := crossrank.Compare(world, w, want.Timer)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		}
		if got := a.Imbalance(); got < 2.13 || got > 2.14 {
			t.Errorf("imbalance %g", got)
		}
		all, err := crossrank.All(world, w)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]crossrank.Comparison{a, b}, all); d != "" {
			t.Error(d)
		}
		if _, err := crossrank.Compare(world, w, "c"); err == nil || err.Error() != `crossrank: no rank has a timer "c"` {
			t.Errorf("error %v", err)
		}
		if all, err := crossrank.All(world, &stopwatch.Watch{}); err != nil || len(all) != 0 {
			t.Errorf("%v, %v", all, err)
		}
	})
}

func TestWriteOnTheRootOnly(t *testing.T) {
	mpitest.Run(t, 3, func(t *testing.T, world *mpi.Comm) {
		var b bytes.Buffer
		if err := crossrank.Write(world, watch(world.Rank()), &b, 1); err != nil {
			t.Fatal(err)
		}
		if world.Rank() != 1 {
			if b.Len() != 0 {
				t.Errorf("rank %d wrote %s", world.Rank(), b.String())
			}
			return
		}
		for _, want := range []string{"| Timer | Ranks | Failed | Slowest | Rank | Fastest | Rank |", "| a     |     3 |      0 |     9ms |    2 |     1ms |    0 | 4.666666ms |     1.929 |", "| b     |     1 |      1 |"} {
			if !strings.Contains(b.String(), want) {
				t.Errorf("no %q in\n%s", want, b.String())
			}
		}
	})
}

func TestEqualTimes(t *testing.T) {
	if got := (crossrank.Comparison{}).Imbalance(); got != 1 {
		t.Errorf("imbalance %g", got)
	}
}

func ExampleCompare() {
	err := mpi.Run(3, func(world *mpi.Comm) error {
		w := stopwatch.New()
		w.Add("solve", time.Duration(10+world.Rank())*time.Second) // as if it had been measured
		s, err := crossrank.Compare(world, w, "solve")
		if err == nil && world.Rank() == 0 {
			fmt.Println(s)
		}
		return err
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output: solve: slowest rank 2 12s, fastest rank 0 10s, mean 11s over 3 ranks
}
