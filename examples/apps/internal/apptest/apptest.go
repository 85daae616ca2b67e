// Package apptest is what the tests of the example programs share: a program
// runs as goroutine ranks inside the test, and as a program of its own in
// scripts (testdata/script/*.txtar), alone, as goroutine ranks and under mpiexec.
package apptest

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ringo-mpi/ringo/internal/launch/cli"
	"github.com/ringo-mpi/ringo/mpi"
)

// Program is the function of a program that mpi.Main calls, with the command
// line and standard output as arguments.
type Program func(world *mpi.Comm, args []string, out io.Writer) error

// RankCounts are the numbers of ranks that results have to be equal for.
var RankCounts = []int{1, 2, 3, 4}

// Output runs p on n goroutine ranks of this process and returns what they
// print.
func Output(t testing.TB, p Program, n int, args ...string) string {
	t.Helper()
	out, err := Try(p, n, args...)
	if err != nil {
		t.Fatalf("%d ranks %q: %v", n, args, err)
	}
	return out
}

// Try is Output of a program that may fail.
func Try(p Program, n int, args ...string) (string, error) {
	var out buffer
	err := mpi.Run(n, func(world *mpi.Comm) error { return p(world, args, &out) })
	return out.String(), err
}

// buffer is a bytes.Buffer for several goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// Main is the TestMain of a program: the test binary, under the names of the
// program and of mpiexec, is these.
func Main(m *testing.M, name string, main func()) {
	// The race detector would make every process wait a second at its end.
	os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE"))
	testscript.Main(m, map[string]func(){
		name:      main,
		"mpiexec": func() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// Scripts runs testdata/script. Besides testscript's own commands there are
//
//	samelines FILE FILE   the files (or stdout, stderr) have the same lines, in any order
//	onlyfiles [NAME...]   these are the files in the working folder, and no others
//
// and the conditions [fulldisc], there is a /dev/full, and [mpiexec], mpiexec
// runs on this system.
func Scripts(t *testing.T) {
	hasMpiexec := runtime.GOOS == "linux"
	if !hasMpiexec {
		t.Logf("LEFT OUT: ranks as processes, for mpiexec does not run on %s", runtime.GOOS)
	}
	_, err := os.Stat("/dev/full")
	hasFull := err == nil
	if !hasFull {
		t.Log("LEFT OUT: a full disc, for there is no /dev/full on this system")
	}
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"samelines": sameLines,
			"onlyfiles": onlyFiles,
		},
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", os.Getenv("GORACE"))
			return nil
		},
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "fulldisc":
				return hasFull, nil
			case "mpiexec":
				return hasMpiexec, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
	})
}

func sameLines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: samelines FILE FILE")
	}
	a, b := sortedLines(ts.ReadFile(args[0])), sortedLines(ts.ReadFile(args[1]))
	if !slices.Equal(a, b) {
		ts.Fatalf("%s and %s differ:\n%s\n--\n%s", args[0], args[1], strings.Join(a, "\n"), strings.Join(b, "\n"))
	}
}

func sortedLines(text string) []string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	slices.Sort(lines)
	return lines
}

func onlyFiles(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("unsupported: ! onlyfiles")
	}
	entries, err := os.ReadDir(ts.MkAbs("."))
	ts.Check(err)
	names := []string{}
	for _, e := range entries {
		if e.Name() != ".tmp" { // testscript's own
			names = append(names, e.Name())
		}
	}
	slices.Sort(args)
	if !slices.Equal(names, args) {
		ts.Fatalf("the folder holds %q, want %q", names, args)
	}
}
