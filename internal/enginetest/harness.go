package enginetest

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"
)

// Harness makes worlds on an engine.
type Harness struct {
	Name  string // "inproc", "shm" …
	Ranks []int  // numbers of ranks to run with; nil: 1, 2, 3, 4, 7, 8

	// Skip returns why a case cannot run on the engine, or "". nil: all can.
	Skip func(c *Case) string

	// Timeout is how long a case may go without a result from a rank before it
	// counts as stuck. 0: 60 seconds. RINGO_ENGINETEST_TIMEOUT overrides it.
	Timeout time.Duration

	light   bool // leaves heavy cases to others
	counted bool // its ranks run through the counting engine

	// start runs the named cases on a world of n ranks, reports what the ranks
	// report, and returns when they have ended. When ctx ends, it ends the
	// ranks and returns where they stood, if it can tell.
	start func(ctx context.Context, n int, names []string, env environment, report func(result)) (stacks string, err error)
}

// DefaultRanks are the numbers of ranks of the suite.
var DefaultRanks = []int{1, 2, 3, 4, 7, 8}

// Run runs the suite on a harness, as subtests of t: one for each case and each
// number of ranks, so that go test -run selects a case by its name.
func Run(t *testing.T, h Harness) { run(t, h, selected()) }

func run(t *testing.T, h Harness, sel selection) {
	ranks := h.Ranks
	if ranks == nil {
		ranks = DefaultRanks
	}
	for _, n := range ranks {
		r := &runner{h: h, n: n, env: readEnvironment()}
		r.env.harness, r.env.short, r.env.dir = h.Name, testing.Short(), t.TempDir()
		r.run(t, sel)
	}
}

// runner runs the cases for one number of ranks.
type runner struct {
	h   Harness
	n   int
	env environment

	mu      sync.Mutex
	got     map[string][]result
	arrived *sync.Cond
	over    bool   // the world has ended
	err     error  // how
	stacks  string // where the ranks stood when they were ended
}

// run runs the cases that are selected. Those of one world follow each other,
// whatever their names.
func (r *runner) run(t *testing.T, sel selection) {
	var list []*Case
	for i := range cases {
		c := &cases[i]
		if why := r.excluded(c); why == "" {
			if sel.wants(t.Name() + "/" + r.subtest(c)) {
				list = append(list, c)
			}
		} else if why != notHere {
			t.Run(r.subtest(c), func(t *testing.T) { t.Skip(why) })
		}
	}
	for len(list) > 0 {
		// A case that ends ranks has a world of its own.
		batch := 1
		if list[0].Lost == 0 {
			for batch < len(list) && list[batch].Lost == 0 {
				batch++
			}
		}
		done := r.world(t, list[:batch])
		list = list[max(done, 1):]
	}
}

// subtest is the name of the test of a case.
func (r *runner) subtest(c *Case) string { return fmt.Sprintf("%s/ranks=%d", c.Name, r.n) }

// notHere excludes a case without a word; ownProcess is the need of a case that
// a test of its own runs.
const (
	notHere    = "not here"
	ownProcess = "a process of its own"
)

func (r *runner) excluded(c *Case) string {
	switch {
	case r.n < c.Min || c.Max > 0 && r.n > c.Max:
		return notHere
	case c.Heavy && r.env.short:
		return "left out by -short: takes much memory or time"
	case c.Heavy && r.h.light && !r.env.full:
		return "takes much memory or time and runs on processes; " + varFull + "=1 runs it here too"
	}
	if need, ok := gibibytes(c.Needs); ok {
		if free := freeMemory(); free < need {
			return fmt.Sprintf("needs %d GiB of memory, %d GiB are free", need>>30, free>>30)
		}
	}
	if c.Needs == countingEngine && !r.h.counted {
		return notHere
	}
	if r.h.Skip != nil {
		return r.h.Skip(c)
	}
	return ""
}

// gibibytes reads a need for memory: "10 GiB".
func gibibytes(need string) (int64, bool) {
	var n int64
	if _, err := fmt.Sscanf(need, "%d GiB", &n); err != nil {
		return 0, false
	}
	return n << 30, true
}

// world runs cases on one world and returns how many of them are done with,
// the last of which may have failed.
func (r *runner) world(t *testing.T, list []*Case) int {
	names := make([]string, 0, len(list))
	for _, c := range list {
		names = append(names, c.Name)
	}
	r.got, r.over, r.err, r.stacks = map[string][]result{}, false, nil, ""
	r.arrived = sync.NewCond(&r.mu)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	started := false
	start := func() {
		stacks, err := r.h.start(ctx, r.n, names, r.env, r.report)
		r.mu.Lock()
		r.over, r.err, r.stacks = true, err, stacks
		r.arrived.Broadcast()
		r.mu.Unlock()
	}
	for i, c := range list {
		ran, good := false, true
		t.Run(r.subtest(c), func(t *testing.T) {
			ran = true
			if !started {
				started = true
				go start()
			}
			good = r.await(t, c, cancel)
		})
		if !ran { // -failfast: no further test runs
			i, good = len(list)-1, !started
		}
		if !good {
			cancel()
			r.join()
			return i + 1
		}
	}
	last := list[len(list)-1]
	if !started {
		return len(list)
	}
	if err := r.finish(cancel); err != nil && last.Lost == 0 {
		t.Errorf("the %d ranks have run all cases, but do not end well: %v\n%s", r.n, err, r.stacks)
	}
	return len(list)
}

func (r *runner) report(res result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got[res.Case] = append(r.got[res.Case], res)
	r.arrived.Broadcast()
}

// join waits until the world has ended.
func (r *runner) join() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for !r.over {
		r.arrived.Wait()
	}
}

// finish waits for the end of a world whose cases are all done.
func (r *runner) finish(cancel func()) error {
	timer := time.AfterFunc(r.timeout(), cancel)
	defer timer.Stop()
	r.join()
	return r.err
}

func (r *runner) timeout() time.Duration {
	if d, err := time.ParseDuration(os.Getenv("RINGO_ENGINETEST_TIMEOUT")); err == nil {
		return d
	}
	if r.h.Timeout > 0 {
		return r.h.Timeout
	}
	return 60 * time.Second
}

// await waits for the results of all ranks and reports whether the world is
// still of use.
func (r *runner) await(t *testing.T, c *Case, cancel func()) bool {
	stuck := false
	limit := r.timeout()
	if c.Heavy {
		limit = max(limit, 5*time.Minute)
	}
	timer := time.AfterFunc(limit, func() {
		r.mu.Lock()
		stuck = true
		r.arrived.Broadcast()
		r.mu.Unlock()
	})
	defer timer.Stop()
	r.mu.Lock()
	defer r.mu.Unlock()
	fatal := false
	want := r.n - c.Lost
	for len(r.got[c.Name]) < want && !r.over && !stuck && !fatal {
		r.arrived.Wait()
		for _, res := range r.got[c.Name] {
			fatal = fatal || res.Fatal
		}
	}
	if fatal && !stuck { // what the others have to say
		for end := time.Now().Add(2 * time.Second); len(r.got[c.Name]) < want && !r.over && time.Now().Before(end); {
			r.mu.Unlock()
			time.Sleep(10 * time.Millisecond)
			r.mu.Lock()
		}
	}
	results := r.got[c.Name]
	missing := r.missing(results)
	if len(missing) > c.Lost {
		cancel()
		for !r.over {
			r.arrived.Wait()
		}
	}
	sort.Slice(results, func(i, j int) bool { return results[i].Rank < results[j].Rank })
	good := true
	for _, res := range results {
		for _, l := range res.Logs {
			t.Logf("rank %d: %s", res.Rank, l)
		}
		for _, f := range res.Fails {
			t.Errorf("rank %d: %s", res.Rank, f)
		}
		if res.Skip != "" && res.Rank == 0 {
			t.Skip(res.Skip)
		}
		good = good && !res.Fatal
	}
	if len(missing) > c.Lost {
		t.Errorf("no result from ranks %v (stuck: %v); the world ended with: %v\n%s", missing, stuck, r.err, r.stacks)
		good = false
	}
	if t.Failed() {
		t.Logf("the rule: %s", c.Rule)
	}
	return good && c.Lost == 0
}

func (r *runner) missing(results []result) []int {
	var missing []int
	for i := range r.n {
		if !slices.ContainsFunc(results, func(res result) bool { return res.Rank == i }) {
			missing = append(missing, i)
		}
	}
	return missing
}

// allStacks returns the stacks of all goroutines of this process.
func allStacks() string {
	b := make([]byte, 1<<20)
	return trimStacks(string(b[:runtime.Stack(b, true)]))
}

// trimStacks leaves out the goroutines that are of no interest.
func trimStacks(s string) string {
	var keep []string
	for _, g := range strings.Split(s, "\n\n") {
		if strings.Contains(g, "ringo/mpi.") || strings.Contains(g, "internal/embedded") || strings.Contains(g, "cases_") {
			keep = append(keep, g)
		}
	}
	return strings.Join(keep, "\n\n")
}
