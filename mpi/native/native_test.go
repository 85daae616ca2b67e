package native_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ringo-mpi/ringo/internal/enginetest"
	"github.com/ringo-mpi/ringo/mpi"

	_ "github.com/ringo-mpi/ringo/mpi/native"
)

// envProgram makes the test binary the program of a user, see hello.
const envProgram = "RINGO_TEST_PROGRAM"

func TestMain(m *testing.M) {
	switch name := os.Getenv(envProgram); name {
	case "":
		enginetest.Main(m)
	case "allocations":
		mpi.Main(allocations)
	case "traced":
		mpi.Main(traceable)
	case "after return", "after exit", "after panic":
		after(strings.TrimPrefix(name, "after "))
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

// traceable makes 5 sends and receives, and some collectives.
func traceable(world *mpi.Comm) error {
	n, me := world.Size(), world.Rank()
	for i := range 5 {
		got := []int{0}
		if err := mpi.WaitAll(mpi.Irecv(world, got, (me+1)%n, 0), mpi.Isend(world, []int{i}, (me+n-1)%n, 0)); err != nil || got[0] != i {
			return fmt.Errorf("got %v, want %d (%w)", got, i, err)
		}
		if sum, err := mpi.AllreduceValue(world, me, mpi.Sum); err != nil || sum != n*(n-1)/2 {
			return fmt.Errorf("sum %d (%w)", sum, err)
		}
		if err := world.Barrier(); err != nil {
			return err
		}
	}
	return nil
}

// after is a program that goes on when mpi.Main has returned, each rank for
// another time, the first one longest, and then ends.
func after(how string) {
	rank := 0
	mpi.Main(func(world *mpi.Comm) error {
		rank = world.Rank()
		return world.Barrier()
	})
	time.Sleep(time.Duration(400-100*rank) * time.Millisecond)
	if rank == 0 && how == "panic" {
		time.Sleep(time.Second) // launchers end the other ranks then
		panic("after mpi.Main")
	}
	fmt.Printf("rank %d has done what follows\n", rank)
	if how == "exit" {
		os.Exit(0)
	}
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
