package native_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/ringo-mpi/ringo/internal/enginetest"
	"github.com/ringo-mpi/ringo/mpi"

	_ "github.com/ringo-mpi/ringo/mpi/native"
)

// envProgram makes the test binary the program of a user, see hello.
const envProgram = "RINGO_TEST_PROGRAM"

func TestMain(m *testing.M) {
	switch os.Getenv(envProgram) {
	case "":
		enginetest.Main(m)
	case "allocations":
		mpi.Main(allocations)
	default:
		mpi.Main(hello)
	}
}

// allocations prints what a contiguous message there and one back, and a
// reduction, allocate on each of two ranks.
func allocations(world *mpi.Comm) error {
	x, y := make([]float64, 8), make([]float64, 8)
	other := 1 - world.Rank()
	var failed error
	ok := func(err error) {
		if err != nil {
			failed = err
		}
	}
	n := testing.AllocsPerRun(500, func() {
		if world.Rank() == 0 {
			ok(mpi.Send(world, x, other, 1))
		}
		_, err := mpi.Recv(world, y, other, 1)
		ok(err)
		if world.Rank() == 1 {
			ok(mpi.Send(world, x, other, 1))
		}
		ok(mpi.Allreduce(world, x, y, mpi.Sum))
	})
	fmt.Printf("rank %d: %v allocations\n", world.Rank(), n)
	return failed
}

func hello(world *mpi.Comm) error {
	sum, err := mpi.AllreduceValue(world, 1, mpi.Sum)
	if err == nil && world.Rank() == 0 {
		fmt.Printf("%d ranks of %d\n", sum, world.Size())
	}
	return err
}

// TestConformance runs the suite of all engines on each installed library.
func TestConformance(t *testing.T) {
	for _, h := range enginetest.Natives(t) {
		t.Run(h.Name, func(t *testing.T) { enginetest.Run(t, h) })
	}
}

// The same through a wrapper of the engine.
func TestConformanceCounted(t *testing.T) {
	for _, h := range enginetest.Natives(t) {
		t.Run(h.Name, func(t *testing.T) {
			h := enginetest.Counted(t, h)
			h.Ranks = []int{3}
			enginetest.Run(t, h)
		})
	}
}

func TestConformanceChecked(t *testing.T) {
	for _, h := range enginetest.Natives(t) {
		t.Run(h.Name, func(t *testing.T) {
			h := enginetest.Checked(t, h)
			h.Ranks = []int{2}
			skip := h.Skip
			h.Skip = func(c *enginetest.Case) string {
				if c.Heavy {
					return "heavy, and TestConformance runs it"
				}
				return skip(c)
			}
			enginetest.Run(t, h)
		})
	}
}
