package mpi_test

import (
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"testing"
	"time"

	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/start"
	"github.com/ringo-mpi/ringo/mpi"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if name := os.Getenv("MPI_TEST_PROGRAM"); name != "" {
		programs[name]()
		return
	}
	os.Exit(m.Run())
}

// engines are the engines on which the tests run: the plain one of this
// package's tests, and the embedded one.
var engines = map[string]func(n int) []engine.Engine{
	"plain":    newFakeWorld,
	"embedded": start.InProcess,
}

// sizes are the numbers of ranks on which the tests run.
var sizes = []int{1, 2, 3, 4, 7}

// run runs fn on n ranks of every engine.
func run(t *testing.T, n int, fn func(c *mpi.Comm) error) {
	t.Helper()
	for name := range engines {
		t.Run(fmt.Sprintf("%s/%d", name, n), func(t *testing.T) { runEngine(t, name, n, false, fn) })
	}
}

// runAll is run on every number of ranks.
func runAll(t *testing.T, fn func(c *mpi.Comm) error) {
	t.Helper()
	for _, n := range sizes {
		run(t, n, fn)
	}
}

// runEngine fails the test with the error of any rank, and ends it when a rank
// hangs.
func runEngine(t *testing.T, name string, n int, check bool, fn func(c *mpi.Comm) error) {
	t.Helper()
	if err := runUntil(t, name, n, check, fn); err != nil {
		t.Fatal(err)
	}
}

func runUntil(t *testing.T, name string, n int, check bool, fn func(c *mpi.Comm) error) error {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- mpi.RunOn(engines[name](n), check, fn) }()
	select {
	case err := <-ended:
		return err
	case <-time.After(2 * time.Minute):
		debug.SetTraceback("all")
		panic(fmt.Sprintf("%s: the ranks hang", t.Name()))
	}
}

// check returns an error if a call failed or got something else.
func equal[T comparable](what string, got, want []T) error {
	if len(got) != len(want) {
		return fmt.Errorf("%s: %v, want %v", what, got, want)
	}
	for i := range got {
		if got[i] != want[i] {
			return fmt.Errorf("%s: element %d is %v, want %v", what, i, got[i], want[i])
		}
	}
	return nil
}

// first returns the first error.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
