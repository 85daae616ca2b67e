package enginetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ringo-mpi/ringo/mpi"
)

// Main is the TestMain of a package that runs the suite with process ranks: it
// runs the tests, or, in a process that a harness has started, the cases as a
// rank.
func Main(m *testing.M) {
	if os.Getenv(varCases) != "" {
		os.Exit(rankMain())
	}
	// The race detector would make every rank wait a second at its end.
	os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE"))
	os.Exit(m.Run())
}

const (
	// varCases names the file with the list of cases of a rank, a line each.
	varCases = "RINGO_ENGINETEST_CASES"

	// mark starts the lines of results on the standard output of a rank.
	mark = "\x1eresult "
)

// rankMain runs the cases of this process's rank.
func rankMain() int {
	list, err := os.ReadFile(os.Getenv(varCases))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 3
	}
	countThisProcess()
	world, err := mpi.Init()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 3
	}
	var mu sync.Mutex
	err = rankCases(world, strings.Split(strings.TrimSpace(string(list)), "\n"), readEnvironment(), func(r result) {
		b, err := json.Marshal(r)
		if err != nil {
			b, _ = json.Marshal(result{Case: r.Case, Rank: r.Rank, Fatal: true, Fails: []string{err.Error()}})
		}
		mu.Lock()
		defer mu.Unlock()
		fmt.Println(mark + string(b))
	})
	if err == nil {
		if err = mpi.Finalize(); errors.Is(err, mpi.ErrFinalized) {
			err = nil // a case has called it
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

var errStopped = errors.New("a case has failed on this rank")

// rankCases runs cases one after the other and reports each.
func rankCases(world *mpi.Comm, names []string, env environment, report func(result)) error {
	for _, name := range names {
		c := find(name)
		if c == nil {
			return fmt.Errorf("no case %q", name)
		}
		if env.track != nil {
			env.track(world)
		}
		r := perform(c, world, env)
		switch r.died {
		case byPanic:
			panic("a rank of the test panics")
		case byReturn:
			return errors.New("a rank of the test returns an error")
		case byLeave:
			return nil
		}
		report(r)
		if r.Fatal {
			return errStopped
		}
	}
	return nil
}

// find returns the case of a name, or nil.
func find(name string) *Case {
	if i := slices.IndexFunc(cases, func(c Case) bool { return c.Name == name }); i >= 0 {
		return &cases[i]
	}
	return nil
}
