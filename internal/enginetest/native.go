package enginetest

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"testing"
)

// NativeLaunchers are the command lines of the launchers of the MPI libraries
// that are installed, by name, to be followed by -n and a number. A missing one
// is told in one line, and fails the test when RINGO_TEST_NATIVE=required.
func NativeLaunchers(t *testing.T) map[string][]string {
	found := map[string][]string{}
	for name, argv := range map[string][]string{
		"mpich":   {"mpiexec.mpich"},
		"openmpi": {"mpirun.openmpi", "--allow-run-as-root", "--oversubscribe"},
	} {
		if _, err := exec.LookPath(argv[0]); err == nil {
			found[name] = argv
		} else if os.Getenv("RINGO_TEST_NATIVE") == "required" {
			t.Errorf("RINGO_TEST_NATIVE=required, and %s is not installed", argv[0])
		} else {
			fmt.Fprintf(os.Stderr, "SKIPPED: %s: %s is not installed\n", t.Name(), argv[0])
		}
	}
	return found
}

// Natives are the harnesses of the native engine, one for each MPI library
// that is installed, up to 4 ranks. The test has to import mpi/native.
func Natives(t *testing.T) []Harness {
	launchers := NativeLaunchers(t)
	var list []Harness
	for _, name := range slices.Sorted(maps.Keys(launchers)) {
		argv := launchers[name]
		h := Launched(name, func(n int) []string {
			return append(slices.Clone(argv), "-n", fmt.Sprint(n))
		}, "RINGO_ENGINE=native")
		h.Ranks = []int{1, 2, 3, 4}
		h.Skip = skipNative
		list = append(list, h)
	}
	return list
}

// skipNative leaves out what no MPI library does.
func skipNative(c *Case) string {
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
	case ownProcess:
		return notHere
	}
	return ""
}
