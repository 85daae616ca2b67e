package mpitest

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ringo-mpi/ringo/mpi"
)

// Timeout is, if not zero, how long the ranks of a Run may take. It is meant to
// be set once, in TestMain or an init function. Zero leaves them until shortly
// before the deadline of the test binary.
var Timeout time.Duration

// Run runs fn on n goroutine ranks, each as a subtest of t, and returns when
// all have ended or have been given up. It fails t if a rank fails, panics or
// does not end in time. It may be called any number of times in one test, also
// by tests that run in parallel.
func Run(t *testing.T, n int, fn func(t *testing.T, world *mpi.Comm)) {
	t.Helper()
	if n < 1 {
		t.Fatalf("mpitest: %d ranks", n)
	}
	j := &job{
		id: strconv.FormatUint(jobs.Add(1), 10), size: n, fn: fn,
		ranks: make([]rank, n), abandon: make(chan struct{}), begun: time.Now(),
	}
	for i := range j.ranks {
		j.ranks[i].world = make(chan *mpi.Comm, 1)
		j.ranks[i].result = make(chan error, 1)
	}
	j.run(t)
}

var jobs atomic.Uint64

// job is one call of Run.
type job struct {
	id      string // label of its goroutines
	size    int
	fn      func(*testing.T, *mpi.Comm)
	ranks   []rank
	begun   time.Time
	abandon chan struct{} // closed when the time is over
	failed  atomic.Bool   // a rank has failed of itself: what follows is consequence

	mu     sync.Mutex
	report string // where the ranks stood when the time was over
}

type rank struct {
	world  chan *mpi.Comm
	result chan error
	ended  atomic.Bool
}

func (j *job) run(t *testing.T) {
	t.Helper()
	// Every rank needs its subtest before the first may start: with go test
	// -run, the subtests may be filtered out.
	var ready, started sync.WaitGroup
	var present atomic.Int32
	start := make(chan bool)
	ready.Add(j.size)
	for i := range j.size {
		started.Add(1)
		go func() {
			defer started.Done()
			in := false
			t.Run("rank"+strconv.Itoa(i), func(t *testing.T) {
				in = true
				present.Add(1)
				ready.Done()
				if <-start {
					j.rank(t, i)
				}
			})
			if !in {
				ready.Done()
			}
		}()
	}
	ready.Wait()
	all := int(present.Load()) == j.size
	if !all {
		close(start)
		started.Wait()
		t.Skipf("mpitest: the pattern of -run selects %d of the %d ranks, which are subtests: nothing was run", present.Load(), j.size)
	}
	over := make(chan error, 1)
	go func() { over <- mpi.Run(j.size, j.carry) }()
	stop := j.watch(t)
	for range j.size {
		start <- true
	}
	started.Wait()
	select {
	case err := <-over:
		if err != nil && !errors.As(err, new(*failure)) {
			t.Errorf("mpitest: %v", err)
		}
	case <-j.abandon:
		if !t.Failed() {
			t.Errorf("mpitest: all ranks have returned, but Finalize has not after %v", time.Since(j.begun).Round(time.Millisecond))
		}
	}
	stop()
}

// carry is what mpi.Run runs as a rank: it lends the world to the rank's
// subtest and returns when that has ended or is given up.
func (j *job) carry(world *mpi.Comm) error {
	r := &j.ranks[world.Rank()]
	r.world <- world
	return <-r.result
}

// failure is what a failed rank tells the others.
type failure struct{ text string }

func (e *failure) Error() string { return e.text }

// rank runs the function as rank i, on a goroutine of its own that can be left
// behind.
func (j *job) rank(t *testing.T, i int) {
	r := &j.ranks[i]
	world := <-r.world
	done := make(chan error, 1)
	go pprof.Do(context.Background(), pprof.Labels(labelJob, j.id, labelRank, strconv.Itoa(i)), func(context.Context) {
		j.call(t, world, done)
	})
	select {
	case err := <-done:
		r.ended.Store(true)
		r.result <- err
	case <-j.abandon:
		r.result <- &failure{"the test has given up waiting"}
		select {
		case <-done: //nolint:errcheck // it was waiting for others
			r.ended.Store(true)
		case <-time.After(grace):
		}
		j.mu.Lock()
		defer j.mu.Unlock()
		if i == 0 || !r.ended.Load() {
			t.Errorf("mpitest: rank %d of %d has not ended after %v; the ranks stand here:\n%s",
				i, j.size, time.Since(j.begun).Round(time.Millisecond), j.report)
		} else {
			t.Errorf("mpitest: rank %d of %d had not ended; see the report of rank0", i, j.size)
		}
	}
}

// grace is how long ranks that have been told to end may take.
const grace = time.Second

// call runs the function and reports to done what it ends with: a return, a
// panic, or the Goexit of t.FailNow.
func (j *job) call(t *testing.T, world *mpi.Comm, done chan<- error) {
	returned := false
	defer func() {
		var err error
		v := recover()
		switch {
		case v != nil:
			stack := ownStack(string(debug.Stack()))
			if consequence(v) && j.failed.Load() {
				t.Logf("rank %d panicked because another rank had failed: %v", world.Rank(), v)
			} else {
				t.Errorf("rank %d of %d panicked: %v\n%s", world.Rank(), world.Size(), v, stack)
			}
			err = &failure{fmt.Sprintf("panic: %v", v)}
		case !returned && t.Skipped():
		case !returned:
			if !t.Failed() {
				t.Errorf("rank %d of %d ended by runtime.Goexit", world.Rank(), world.Size())
			}
			err = &failure{"its test failed"}
		}
		if err != nil {
			j.failed.Store(true)
		}
		done <- err
	}()
	j.fn(t, world)
	returned = true
}

// consequence reports whether a panic only passes on that another rank failed.
func consequence(v any) bool {
	err, ok := v.(error)
	return ok && errors.Is(err, mpi.ErrProcFailed)
}

// ownStack trims the stack of a panic to the frames of the program.
func ownStack(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, "panic(") && i+2 < len(lines) {
			lines = lines[i+2:]
			break
		}
	}
	var b strings.Builder
	for i := 0; i+1 < len(lines); i += 2 {
		if strings.HasPrefix(lines[i], "github.com/ringo-mpi/ringo/mpi/mpitest.(*job).call") {
			break
		}
		if b.Len() == 0 && strings.HasPrefix(lines[i], "runtime.") {
			continue
		}
		at, _, _ := strings.Cut(strings.TrimSpace(lines[i+1]), " +0x")
		name := lines[i]
		if k := strings.LastIndexByte(name, '('); k > 0 { // the arguments
			name = name[:k]
		}
		fmt.Fprintf(&b, "\t%s\n\t\t%s\n", name, at)
	}
	return b.String()
}

// watch gives the ranks up when their time is over. The function it returns
// ends the watch.
func (j *job) watch(t *testing.T) (stop func()) {
	limit := Timeout
	if at, ok := t.Deadline(); ok {
		left := time.Until(at)
		if margin := min(max(left/20, 2*grace), 10*time.Second); left > 2*margin {
			left -= margin // time to report
		} else {
			left /= 2
		}
		if limit == 0 || left < limit {
			limit = left
		}
	}
	if limit == 0 {
		return func() {}
	}
	timer := time.AfterFunc(limit, func() {
		report := j.standing()
		j.mu.Lock()
		j.report = report
		j.mu.Unlock()
		j.failed.Store(true)
		close(j.abandon)
	})
	return func() { timer.Stop() }
}
