package onroot_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ringo-mpi/ringo/mpi"
	"github.com/ringo-mpi/ringo/mpi/mpitest"
	"github.com/ringo-mpi/ringo/params"
	"github.com/ringo-mpi/ringo/params/onroot"
)

type config struct {
	N      int `param:"n"`
	Sizes  []int
	Own    int `param:"-"`
	hidden int
}

// newSet makes the set of one rank. Only rank 0 may look at the environment.
func newSet(t *testing.T, c *mpi.Comm, cfg *config) *params.Set {
	set := params.New("test", cfg)
	set.Output = io.Discard
	set.LookupEnv = func(name string) (string, bool) {
		if c.Rank() != 0 {
			t.Errorf("rank %d looks for variable %s", c.Rank(), name)
		}
		return "1,2,3", name == "TEST_SIZES"
	}
	return set
}

func TestEveryRankHasTheValues(t *testing.T) {
	mpitest.Run(t, 4, func(t *testing.T, world *mpi.Comm) {
		cfg := config{Own: world.Rank(), hidden: world.Rank()}
		set := newSet(t, world, &cfg)
		set.Args = "FILE"
		set.Check = func() error {
			if world.Rank() != 0 {
				t.Errorf("rank %d checks", world.Rank())
			}
			cfg.N *= 2
			return nil
		}
		var args []string // the others have none
		if world.Rank() == 0 {
			args = []string{"--n", "5", "in.csv"}
		}
		run, err := onroot.Parse(world, set, args)
		if err != nil || !run {
			t.Fatalf("%t, %v", run, err)
		}
		if cfg.N != 10 || !slices.Equal(cfg.Sizes, []int{1, 2, 3}) || cfg.Own != world.Rank() || cfg.hidden != world.Rank() {
			t.Errorf("rank %d has %+v", world.Rank(), cfg)
		}
		if set.Source("n") != "option --n" || set.Source("sizes") != "environment variable TEST_SIZES" || !slices.Equal(set.Rest(), []string{"in.csv"}) {
			t.Errorf("rank %d: sources %q and %q, rest %q", world.Rank(), set.Source("n"), set.Source("sizes"), set.Rest())
		}
	})
}

// A part of the world has parameters of its own.
func TestOnPartOfTheWorld(t *testing.T) {
	mpitest.Run(t, 4, func(t *testing.T, world *mpi.Comm) {
		half, err := world.Split(world.Rank()/2, 0)
		if err != nil {
			t.Fatal(err)
		}
		var cfg config
		run, err := onroot.Parse(half, newSet(t, half, &cfg), []string{fmt.Sprintf("-n%d", world.Rank())})
		if want := world.Rank() / 2 * 2; err != nil || !run || cfg.N != want {
			t.Errorf("rank %d: n = %d, want %d; %t, %v", world.Rank(), cfg.N, want, run, err)
		}
	})
}

func TestHelpIsPrintedOnce(t *testing.T) {
	mpitest.Run(t, 3, func(t *testing.T, world *mpi.Comm) {
		var cfg config
		var text strings.Builder
		set := newSet(t, world, &cfg)
		set.Output = &text
		run, err := onroot.Parse(world, set, []string{"--help"})
		if run || err != nil || (text.Len() > 0) != (world.Rank() == 0) {
			t.Errorf("rank %d: %t, %v, %d bytes of help", world.Rank(), run, err, text.Len())
		}
	})
}

// Rank 0 has the error; the others end because rank 0 does.
func TestErrorEndsAllRanks(t *testing.T) {
	var reasons, followers atomic.Int32
	err := mpi.Run(3, func(world *mpi.Comm) error {
		var cfg config
		run, err := onroot.Parse(world, newSet(t, world, &cfg), []string{"--n", "ten"})
		if run {
			t.Errorf("rank %d runs", world.Rank())
		}
		if _, ok := errors.AsType[*params.Error](err); ok && world.Rank() == 0 {
			reasons.Add(1)
		}
		if errors.Is(err, mpi.ErrProcFailed) && world.Rank() != 0 {
			followers.Add(1)
		}
		return err
	})
	if err == nil || !strings.HasSuffix(err.Error(), `option --n: want an integer, have "ten"`) || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v", err)
	}
	if reasons.Load() != 1 || followers.Load() != 2 {
		t.Errorf("%d reasons, %d followers", reasons.Load(), followers.Load())
	}
}

func Example() {
	type config struct {
		N int `param:"n" min:"1" help:"numbers on each rank"`
	}
	err := mpi.Run(3, func(world *mpi.Comm) error {
		cfg := config{N: 20}
		set := params.New("count", &cfg)
		set.Output = os.Stderr
		if run, err := onroot.Parse(world, set, []string{"--n", "100"}); !run {
			return err
		}
		total, err := mpi.ReduceValue(world, cfg.N, mpi.Sum, 0)
		if err != nil || world.Rank() != 0 {
			return err
		}
		fmt.Println("numbers on all ranks:", total)
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output: numbers on all ranks: 300
}
