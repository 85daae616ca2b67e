package native_test

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/ringo-mpi/ringo/internal/enginetest"

	_ "github.com/ringo-mpi/ringo/mpi/native"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

// launchers are those of the libraries that tests run on; RINGO_TEST_NATIVE=
// required fails without them.
var launchers = []struct {
	name string
	argv []string
}{
	{"mpich", []string{"mpiexec.mpich"}},
	{"openmpi", []string{"mpirun.openmpi", "--allow-run-as-root", "--oversubscribe"}},
}

// TestConformance runs the suite of all engines on each installed library.
func TestConformance(t *testing.T) {
	for _, l := range launchers {
		t.Run(l.name, func(t *testing.T) {
			if _, err := exec.LookPath(l.argv[0]); err != nil {
				missing(t, l.argv[0])
				return
			}
			h := enginetest.Launched("native-"+l.name, func(n int) []string {
				return append(l.argv[:len(l.argv):len(l.argv)], "-n", fmt.Sprint(n))
			}, "RINGO_ENGINE=native")
			h.Ranks = []int{1, 2, 3, 4}
			h.Skip = skip
			enginetest.Run(t, h)
		})
	}
}

func missing(t *testing.T, launcher string) {
	if os.Getenv("RINGO_TEST_NATIVE") == "required" {
		t.Fatalf("RINGO_TEST_NATIVE=required, and %s is not installed", launcher)
	}
	fmt.Fprintf(os.Stderr, "SKIPPED: the conformance suite on the native engine: %s is not installed\n", launcher)
}

// skip leaves out what no MPI library does.
func skip(c *enginetest.Case) string {
	switch c.Needs {
	case "types":
		return "element types do not travel with the messages of an MPI library"
	case "ready errors":
		return "MPI libraries deliver a ready send without a receive"
	case "send cancel":
		return "no MPI library cancels sends"
	case "unlike buffers":
		return "MPI libraries do not find all collectives with unlike lengths; RINGO_CHECK=1 does"
	case "revoke":
		return "a communicator is revoked on the calling rank only"
	case "faults", "processes":
		return "the death of a rank ends the job"
	case "check":
		return "needs RINGO_CHECK=1"
	}
	return ""
}
