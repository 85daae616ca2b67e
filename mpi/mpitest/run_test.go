package mpitest_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ringo-mpi/ringo/mpi"
	"github.com/ringo-mpi/ringo/mpi/mpitest"
)

func ExampleRun() {
	// In a file whose name ends in _test.go:
	_ = func(t *testing.T) {
		mpitest.Run(t, 4, func(t *testing.T, world *mpi.Comm) {
			sum, err := mpi.AllreduceValue(world, world.Rank(), mpi.Sum)
			if err != nil || sum != 6 {
				t.Errorf("sum %d, %v", sum, err)
			}
		})
	}
}

func TestRun(t *testing.T) {
	for _, n := range []int{1, 2, 5} {
		var ran atomic.Int32
		mpitest.Run(t, n, func(t *testing.T, world *mpi.Comm) {
			ran.Add(1)
			if world.Size() != n || !strings.Contains(t.Name(), fmt.Sprint("rank", world.Rank())) {
				t.Errorf("size %d, name %s", world.Size(), t.Name())
			}
			sum, err := mpi.AllreduceValue(world, 1, mpi.Sum)
			if err != nil || sum != n {
				t.Errorf("sum %d, %v", sum, err)
			}
			t.Run("sub", func(t *testing.T) {
				if err := world.Barrier(); err != nil {
					t.Error(err)
				}
			})
		})
		if int(ran.Load()) != n {
			t.Errorf("%d of %d ranks ran", ran.Load(), n)
		}
	}
}

func TestRunParallel(t *testing.T) {
	for i := range 4 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			mpitest.Run(t, 3, func(t *testing.T, world *mpi.Comm) {
				if err := world.Barrier(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// One rank may skip; the others go on.
func TestRunSkip(t *testing.T) {
	mpitest.Run(t, 2, func(t *testing.T, world *mpi.Comm) {
		if world.Rank() == 1 {
			t.Skip("this rank has nothing to do")
		}
	})
}

// failing are tests that are to fail; TestFailures runs each in a process of
// its own.
var failing = map[string]func(t *testing.T, world *mpi.Comm){
	"Error": func(t *testing.T, world *mpi.Comm) {
		if world.Rank() == 1 {
			t.Error("what rank 1 says")
		}
		world.Barrier()
	},
	"Fatal": func(t *testing.T, world *mpi.Comm) {
		if world.Rank() == 1 {
			t.Fatal("what rank 1 says")
		}
		if _, err := mpi.Recv(world, make([]int, 1), 1, 0); !errors.Is(err, mpi.ErrProcFailed) {
			t.Errorf("receiving from the failed rank gives %v", err)
		}
		t.Log("was told")
	},
	"Panic": func(t *testing.T, world *mpi.Comm) {
		if world.Rank() == 2 {
			panickingHelper()
		}
		if err := world.Barrier(); err != nil {
			panic(err)
		}
	},
	"Hang": func(t *testing.T, world *mpi.Comm) {
		switch world.Rank() {
		case 0:
			stuckHelper(world)
		case 1:
			select {}
		}
	},
	"Goexit": func(t *testing.T, world *mpi.Comm) {
		if world.Rank() == 0 {
			t.Skip("rank 0 skips")
		}
	},
}

func panickingHelper() { panic("boom") }

func stuckHelper(world *mpi.Comm) { mpi.Recv(world, make([]int, 1), 1, 5) }

const failingVar = "MPITEST_FAILING"

func TestFailing(t *testing.T) {
	fn := failing[os.Getenv(failingVar)]
	if fn == nil {
		return // only when TestFailures asks for it
	}
	if os.Getenv(failingVar) == "Hang" {
		mpitest.Timeout = 1500 * time.Millisecond
	}
	mpitest.Run(t, 3, fn)
}

func TestFailures(t *testing.T) {
	for name, want := range map[string][]string{
		"Error": {`--- FAIL: TestFailing/rank1`, `what rank 1 says`, `!--- FAIL: TestFailing/rank[02]`},
		"Fatal": {`--- FAIL: TestFailing/rank1`, `what rank 1 says`, `was told`, `!receiving from`},
		"Panic": {`--- FAIL: TestFailing/rank2`, `rank 2 of 3 panicked: boom`, `mpitest_test.panickingHelper\s.*run_test.go:\d+`, `!--- FAIL: TestFailing/rank[01]`, `!runtime\.gopanic|runtime/debug`},
		"Hang": {
			`rank 0 of 3 has not ended after [\d.]+s`, `rank 0 is in mpi.Recv, called at .*run_test.go:\d+`,
			`mpitest_test.stuckHelper`, `(?m)rank 1( runs| is in runtime)`, `mpitest_test.init.func\d+\s.*run_test.go:\d+`, `rank 2 has ended`,
			`rank 1 of 3 has not ended`, `!embedded`, `!panic: test timed out`,
		},
		"Goexit": {`PASS`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0], "-test.run=^TestFailing$", "-test.v", "-test.timeout=1m")
			cmd.Env = append(os.Environ(), failingVar+"="+name)
			out, err := cmd.CombinedOutput()
			if (err == nil) != (name == "Goexit") {
				t.Errorf("the test ends with %v", err)
			}
			for _, w := range want {
				w, not := strings.CutPrefix(w, "!")
				if regexp.MustCompile(w).Match(out) == not {
					t.Errorf("match for %q: %v; output:\n%s", w, !not, out)
				}
			}
		})
	}
}

// A pattern that selects some of the ranks runs none, and says so.
func TestFiltered(t *testing.T) {
	cmd := exec.Command(os.Args[0], "-test.run=^TestRunSkip$/rank1", "-test.v", "-test.timeout=1m")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "selects 1 of the 2 ranks") {
		t.Errorf("%v\n%s", err, out)
	}
}
