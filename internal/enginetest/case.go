package enginetest

import (
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ringo-mpi/ringo/mpi"
)

// Case is one rule.
type Case struct {
	Name string // section of MPI 5.0 and the rule in short: "3.4 Ssend completes only when matched"
	Rule string // the rule, for whoever reads a failure
	Min  int    // least number of ranks; 0 means 1
	Max  int    // greatest number of ranks it is worth running on; 0: any

	// World says that the case needs the world communicator, not a duplicate.
	World bool

	// Lost is the number of ranks that the case ends without a result. It is
	// run alone then.
	Lost int

	// Needs names what an engine may lack, so that its harness can leave the
	// case out: "revoke", "faults", "inproc" …
	Needs string

	// Heavy says that the case takes much memory or time: not with -short, and
	// on processes only, unless the suite is to be exhaustive.
	Heavy bool

	// Run runs the rule on one rank. world is a duplicate of the world.
	Run func(t *T, world *mpi.Comm)
}

// cases are all cases, in the order of their files; each cases_*.go begins with
// its table.
var cases = slices.Concat(
	bigCases, checkCases, collCases, commCases, contextCases, contractCases, countedCases, envCases, errorCases, faultCases, leaveCases, objectCases,
	p2pCases, reduceCases, refuseCases, requestCases, viewCases,
)

// Define adds a case to the suite of this test binary, before its tests run;
// package model adds one. A second case of a name is a mistake in the program,
// and panics.
func Define(c Case) {
	if find(c.Name) != nil {
		panic("enginetest: two cases named " + c.Name)
	}
	cases = append(cases, c)
}

// T is what a case sees of the test on its rank.
type T struct {
	Rank, Size int
	Harness    string // name of the harness
	Full       bool   // take all combinations
	Short      bool
	Rand       *rand.Rand // the same numbers on all ranks
	Dir        string     // a folder shared by the ranks

	mu    sync.Mutex
	fails []string
	logs  []string
	skip  string
}

// maxReports bounds what one rank reports of one case.
const maxReports = 10

// Errorf reports a failure and goes on.
func (t *T) Errorf(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if at := caseLine(); at != "" {
		text = at + ": " + text
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch n := len(t.fails); {
	case n < maxReports:
		t.fails = append(t.fails, text)
	case n == maxReports:
		t.fails = append(t.fails, "further failures are left out")
	}
}

// Fatalf reports a failure and ends the case on this rank, and with it the
// world: the other ranks could be waiting for this one.
func (t *T) Fatalf(format string, args ...any) {
	t.Errorf(format, args...)
	panic(errFatal)
}

var errFatal = errors.New("the case has failed")

// Logf adds a line to the report of the case, which is shown with -v.
func (t *T) Logf(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.logs = append(t.logs, fmt.Sprintf(format, args...))
}

// Trace writes a line to the standard error stream if RINGO_ENGINETEST_TRACE is
// set: how far a rank has come that then hangs.
func (t *T) Trace(what string) {
	if tracing {
		fmt.Fprintf(os.Stderr, "trace rank %d: %s\n", t.Rank, what)
	}
}

var tracing = os.Getenv("RINGO_ENGINETEST_TRACE") != ""

// Skip says that the case cannot run here, and why. All ranks must skip.
func (t *T) Skip(why string) {
	t.mu.Lock()
	t.skip = why
	t.mu.Unlock()
	panic(errSkip)
}

var errSkip = errors.New("the case does not apply")

// OK fails for good if err is not nil.
func (t *T) OK(err error) {
	if err != nil {
		t.Fatalf("%v", err)
	}
}

// Is checks the class of an error.
func (t *T) Is(err error, class error) bool {
	if !errors.Is(err, class) {
		t.Errorf("got error %v, want one of class %v", err, class)
		return false
	}
	return true
}

// Ways in which a rank ends.
const (
	byPanic  = "panic"   // of its goroutine
	byExit   = "os.Exit" // with status 0, without Finalize
	byKill   = "kill -9"
	byReturn = "error" // returned by its function
	byLeave  = "Finalize"
)

// death is the panic that ends a rank.
type death struct{ how string }

// Die ends the rank. The time is left for the others in a file.
func (t *T) Die(how string) {
	if err := os.WriteFile(t.deathFile(), []byte(strconv.FormatInt(time.Now().UnixNano(), 10)), 0o600); err != nil {
		t.Errorf("the time of the death is lost: %v", err)
	}
	switch how {
	case byExit:
		os.Exit(0)
	case byKill:
		kill9(os.Getpid())
		select {}
	}
	panic(death{how})
}

func (t *T) deathFile() string { return filepath.Join(t.Dir, "death") }

// SinceDeath is how long ago another rank called Die.
func (t *T) SinceDeath() time.Duration {
	b, err := os.ReadFile(t.deathFile())
	if err != nil {
		t.Fatalf("no rank has died: %v", err)
	}
	at, _ := strconv.ParseInt(string(b), 10, 64)
	return time.Since(time.Unix(0, at))
}

// caseLine finds the line of the case that is reporting.
func caseLine() string {
	var pcs [16]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	at := ""
	for {
		f, more := frames.Next()
		base := filepath.Base(f.File)
		if strings.HasPrefix(base, "cases_") {
			at += fmt.Sprintf("%s:%d ", base, f.Line)
		}
		if !more {
			return strings.TrimSpace(at)
		}
	}
}

// result is what a rank reports of a case.
type result struct {
	Case    string
	Rank    int
	Fails   []string `json:",omitempty"`
	Logs    []string `json:",omitempty"`
	Skip    string   `json:",omitempty"`
	Fatal   bool     `json:",omitempty"` // the world is of no use any more
	Seconds float64

	died string // how the rank is to end
}

// perform runs a case on one rank.
func perform(c *Case, world *mpi.Comm, env environment) (res result) {
	start := time.Now()
	t := &T{
		Rank: world.Rank(), Size: world.Size(), Harness: env.harness, Full: env.full, Short: env.short, Dir: env.dir,
		Rand: rand.New(rand.NewPCG(env.seed, hash(c.Name)+uint64(world.Size()))),
	}
	defer func() {
		v := recover()
		t.mu.Lock()
		defer t.mu.Unlock()
		switch {
		case v == nil:
		case v == any(errFatal):
			res.Fatal = true
		case v == any(errSkip):
			res.Skip = t.skip
		case isDeath(v):
			res.died = v.(death).how
			return
		default:
			res.Fatal = true
			t.fails = append(t.fails, fmt.Sprintf("panic: %v\n%s", v, panicStack()))
		}
		res.Case, res.Rank, res.Fails, res.Logs = c.Name, t.Rank, t.fails, t.logs
		res.Seconds = time.Since(start).Seconds()
	}()
	comm, whole := world, false
	if !c.World {
		d, err := world.Dup()
		if err != nil {
			t.Fatalf("duplicate the world: %v", err)
		}
		d.SetName("world of the case")
		if env.track != nil {
			env.track(d)
		}
		comm = d
		// All ranks free it, also one on which something was wrong: the others wait
		// for it in check mode. One that has left the case by a panic does not.
		defer func() {
			if c.Lost > 0 || !whole && t.skip == "" {
				return
			}
			if err := d.Free(); err != nil && !errors.Is(err, mpi.ErrComm) {
				t.Errorf("free the duplicate of the world: %v", err)
			}
		}()
	}
	c.Run(t, comm)
	whole = true
	return res
}

func isDeath(v any) bool {
	_, ok := v.(death)
	return ok
}

func panicStack() string {
	b := make([]byte, 16<<10)
	return string(b[:runtime.Stack(b, false)])
}

func hash(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s))
	return h.Sum64()
}

// environment is what the environment variables of the suite say.
type environment struct {
	harness string
	full    bool
	short   bool
	seed    uint64
	dir     string
	track   func(*mpi.Comm) // told of the communicators of the cases; may be nil
}

const (
	varFull    = "RINGO_ENGINETEST_FULL"
	varSeed    = "RINGO_ENGINETEST_SEED"
	varShort   = "RINGO_ENGINETEST_SHORT"
	varHarness = "RINGO_ENGINETEST_HARNESS"
	varDir     = "RINGO_ENGINETEST_DIR"
)

func readEnvironment() environment {
	seed, err := strconv.ParseUint(os.Getenv(varSeed), 10, 64)
	if err != nil {
		seed = 1
	}
	return environment{
		harness: os.Getenv(varHarness), full: os.Getenv(varFull) != "", short: os.Getenv(varShort) != "",
		seed: seed, dir: os.Getenv(varDir),
	}
}

// sample returns up to n of the values, chosen by t.Rand, or all of them if the
// suite is to be exhaustive. The race detector, which makes everything an order
// of magnitude slower, gets half. The order is kept.
func sample[E any](t *T, n int, values []E) []E {
	if raceDetector {
		n = (n + 1) / 2
	}
	if t.Full || n >= len(values) {
		return values
	}
	picked := t.Rand.Perm(len(values))[:n]
	chosen := make([]bool, len(values))
	for _, i := range picked {
		chosen[i] = true
	}
	var out []E
	for i, v := range values {
		if chosen[i] {
			out = append(out, v)
		}
	}
	return out
}
