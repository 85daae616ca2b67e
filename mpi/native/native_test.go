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
	if os.Getenv(envProgram) != "" {
		mpi.Main(hello)
		return
	}
	enginetest.Main(m)
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
