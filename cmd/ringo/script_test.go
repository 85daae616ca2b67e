package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ringo-mpi/ringo/internal/launch/cli"
	"github.com/ringo-mpi/ringo/internal/launch/launchtest"
)

// asRingo makes the test binary behave as ringo; see command.
const asRingo = "RINGO_TEST_AS_RINGO"

func TestMain(m *testing.M) {
	if os.Getenv(asRingo) != "" {
		main()
		return
	}
	// The race detector would make every rank wait a second at its end.
	os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE"))
	launchtest.HearSignals()
	testscript.Main(m, map[string]func(){
		"ringo":   main,
		"mpiexec": func() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

var update = flag.Bool("update", false, "rewrite the expected output in the scripts")

// TestScripts runs testdata/script/*.txtar: each drives the real command line.
func TestScripts(t *testing.T) {
	_, err := os.Stat("/dev/full")
	hasFull, hasMpiexec := err == nil, runtime.GOOS == "linux"
	if !hasFull {
		t.Log("LEFT OUT: a full disc, for there is no /dev/full on this system")
	}
	if !hasMpiexec {
		t.Logf("LEFT OUT: ranks as processes, for mpiexec does not run on %s", runtime.GOOS)
	}
	launchers := map[string]bool{}
	for name, launcher := range map[string]string{"mpich": "mpiexec.hydra", "openmpi": "mpirun.openmpi"} {
		_, err := exec.LookPath(launcher)
		launchers[name] = err == nil
		if !launchers[name] {
			t.Logf("LEFT OUT: ranks on an MPI library, for there is no %s here", launcher)
		}
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "devfull": // a disc that is always full
				return hasFull, nil
			case "mpiexec":
				return hasMpiexec, nil
			case "mpich", "openmpi":
				return launchers[cond], nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Setup: func(env *testscript.Env) error {
			env.Setenv("TWO_LINES", "a\n\nb")
			env.Setenv("GORACE", os.Getenv("GORACE"))
			name, err := os.Hostname()
			env.Setenv("HOST", name)
			return err
		},
	})
}
