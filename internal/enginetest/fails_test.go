package enginetest

import (
	"fmt"
	"testing"

	"github.com/ringo-mpi/ringo/mpi"
)

// A case that fails on one rank leaves the ranks in step, also in check mode,
// so that the next case can run.
func TestFailureLeavesRanksInStep(t *testing.T) {
	for _, check := range []string{"0", "1"} {
		t.Setenv("RINGO_CHECK", check)
		err := mpi.Run(3, func(world *mpi.Comm) error {
			r := perform(&Case{Name: "fails on rank 1", Run: func(t *T, c *mpi.Comm) {
				if t.Rank == 1 {
					t.Errorf("on purpose")
				}
			}}, world, environment{})
			if r.Fatal || len(r.Fails) != world.Rank()%2 {
				return fmt.Errorf("the case ended with %+v", r)
			}
			r = perform(&Case{Name: "the next", Run: func(t *T, c *mpi.Comm) { t.OK(c.Barrier()) }}, world, environment{})
			if r.Fatal || len(r.Fails) > 0 {
				return fmt.Errorf("the next case ended with %+v", r)
			}
			return nil
		})
		if err != nil {
			t.Errorf("RINGO_CHECK=%s: %v", check, err)
		}
	}
}
