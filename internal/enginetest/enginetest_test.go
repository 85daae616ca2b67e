package enginetest

import (
	"fmt"
	"testing"
	"time"
)

// act is the program that this process is to be, if it is to be one.
var act = func() {}

func TestMain(m *testing.M) {
	act()
	Main(m)
}

func TestInproc(t *testing.T) { Run(t, Inproc()) }

func TestInprocChecked(t *testing.T) {
	h := Checked(t, Inproc())
	h.Ranks = []int{3}
	Run(t, h)
}

// The whole suite through a wrapper of the engine.
func TestInprocCounted(t *testing.T) {
	h := Counted(t, Inproc())
	h.Ranks = []int{1, 4}
	Run(t, h)
}

// manyRanks runs some cases with more ranks than engines keep tables for.
func manyRanks(t *testing.T, h Harness, ranks ...int) {
	if testing.Short() {
		t.Skip("left out by -short: many ranks")
	}
	for _, n := range ranks {
		for _, name := range []string{
			"6.3 Barrier", "3.5 messages do not overtake", "3.2.4 AnySource receives from every rank", "7.4.2 Split by color and key",
			"6 collectives of objects", "6.9.1 the value forms", "a rank that panics is seen by all others",
			"6 wrong arguments on one rank reach the others", "6 wrong arguments on all ranks leave the communicator usable",
			"6 wrong arguments of calls that are several collectives", "6 refused collectives among others under way",
			"6 ranks in different collectives", "6.12 the blocking and the nonblocking form of a collective",
		} {
			t.Run(fmt.Sprintf("%s/ranks=%d", name, n), func(t *testing.T) {
				if wrong := h.RunOne(n, name, t.TempDir(), 2*time.Minute); wrong != "" {
					t.Error(wrong)
				}
			})
		}
	}
}

func TestInprocManyRanks(t *testing.T) { manyRanks(t, Inproc(), 17, 33, 70) }
