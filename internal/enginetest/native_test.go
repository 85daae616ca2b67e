//go:build linux

package enginetest

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	_ "github.com/ringo-mpi/ringo/mpi/native"
)

// varNative names the installed MPI libraries to test: "mpich", "openmpi" or
// both, with a comma between.
const varNative = "RINGO_ENGINETEST_NATIVE"

// lacking says what a case needs that MPI libraries do not have.
var lacking = map[string]string{
	"revoke":         "an MPI library ends no calls of other ranks",
	"faults":         "an MPI library ends the job with the first rank that dies",
	"processes":      "an MPI library ends the job with the first rank that dies",
	"check":          "needs RINGO_CHECK=1",
	ownProcess:       notHere,
	"ready errors":   "an MPI library does not say that a ready send found no receive",
	"types":          "an MPI library does not transmit element types",
	"unlike buffers": "an MPI library need not notice buffers of unlike length",
	"send cancel":    "MPICH on UCX and Open MPI cancel no sends",
	"signed zeros":   "an MPI library compares zeros as equal",
}

func native(t *testing.T, name string, defects map[string]string, argv func(n int) []string, extra ...string) {
	selected := strings.Split(os.Getenv(varNative), ",")
	found := false
	for _, s := range selected {
		found = found || s == name
	}
	if !found {
		t.Skipf("not run on an installed MPI library: %s does not name %s", varNative, name)
	}
	if _, err := exec.LookPath(argv(1)[0]); err != nil {
		t.Fatalf("%s names %s: %v", varNative, name, err)
	}
	h := Launched(name, argv, append(extra, "RINGO_ENGINE=native")...)
	h.Ranks = []int{1, 2, 3, 4}
	h.Skip = func(c *Case) string {
		if why := lacking[c.Needs]; why != "" {
			return why
		}
		return defects[c.Needs]
	}
	Run(t, h)
}

func TestMPICH(t *testing.T) {
	native(t, "mpich", nil, func(n int) []string { return []string{"mpiexec.mpich", "-n", strconv.Itoa(n)} })
}

func TestOpenMPI(t *testing.T) {
	native(t, "openmpi", openmpiDefects, func(n int) []string {
		return []string{"mpirun.openmpi", "--allow-run-as-root", "--oversubscribe", "-n", strconv.Itoa(n)}
	}, "OMPI_MCA_rmaps_base_oversubscribe=1")
}

// openmpiDefects are what Open MPI 4.1 does wrong.
var openmpiDefects = map[string]string{
	"truncation": "Open MPI overruns a receive buffer that is too short (pml/ob1, single copy, mca_pml_ob1_recv_request_progress_rget)",
}
