package mpi_test

import (
	"fmt"
	"testing"

	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/mpi"
)

// fakeHandle is what the communicator of the engine below a wrapper hands out.
type fakeHandle struct{ name string }

type openComm struct{ engine.Comm }

func (openComm) As(target any) bool {
	h, ok := target.(*fakeHandle)
	if ok {
		h.name = "the library's"
	}
	return ok
}

// coverComm is a wrapper without a door.
type coverComm struct{ engine.Comm }

func (c coverComm) Unwrap() engine.Comm { return c.Comm }

type coverEngine struct{ engine.Engine }

func (e coverEngine) World() engine.Comm    { return coverComm{coverComm{openComm{e.Engine.World()}}} }
func (e coverEngine) Unwrap() engine.Engine { return e.Engine }

// As finds what the engine's communicator hands out behind wrappers, and gives
// packages of this module the engine with its wrappers.
func TestAsBehindWrappers(t *testing.T) {
	err := mpi.RunOn([]engine.Engine{coverEngine{newFakeWorld(1)[0]}}, false, func(c *mpi.Comm) error {
		var h fakeHandle
		var number int
		var ec engine.Comm
		if !c.As(&h) || h.name != "the library's" || c.As(&number) {
			return fmt.Errorf("As gives %v", h)
		}
		if !c.As(&ec) {
			return fmt.Errorf("As gives no communicator")
		}
		if _, ok := ec.(coverComm); !ok {
			return fmt.Errorf("As gives a %T, want the wrapper", ec)
		}
		if c.Self().As(&h) {
			return fmt.Errorf("the self communicator has no door")
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
