package enginetest

import (
	"os"
	"testing"

	"github.com/ringo-mpi/ringo/internal/enginetest/counting"
	"github.com/ringo-mpi/ringo/internal/start"
)

// varCounted makes a rank process run through the counting engine.
const varCounted = "RINGO_ENGINETEST_COUNTED"

// countingEngine is what a case needs that looks at the numbers of the counting engine.
const countingEngine = "the counting engine"

// Counted is a harness whose ranks run through a wrapper that counts the calls
// of their engine, see package counting. It holds until t ends.
func Counted(t *testing.T, h Harness) Harness {
	t.Setenv(varCounted, "1")            // process ranks
	t.Cleanup(start.Wrap(counting.Wrap)) // goroutine ranks
	h.Name += " counted"
	h.counted = true
	return h
}

// countThisProcess does for a process rank what its harness has asked for.
func countThisProcess() {
	if os.Getenv(varCounted) != "" {
		start.Wrap(counting.Wrap)
	}
}
