package sweep

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/ringo-mpi/ringo/atomicfile"
	"github.com/ringo-mpi/ringo/internal/progress"
	"github.com/ringo-mpi/ringo/internal/ringocmd/banner"
	"github.com/ringo-mpi/ringo/stopwatch"
)

// Runner executes the open points of a plan.
type Runner struct {
	Plan     *Plan
	Retry    bool          // run failed points again
	Force    bool          // run all points again
	Verbose  bool          // a line on Stderr for every run
	Interval time.Duration // of the lines off a terminal, see package progress
	Stderr   io.Writer

	bar *progress.Bar
}

// Summary counts the points of a sweep.
type Summary struct {
	Points       int
	Skipped      int // had succeeded before
	Succeeded    int
	Failed       int
	FailedBefore int // and were not run again
	Left         int // not run because the sweep was interrupted
}

// grace is the time a command has between SIGTERM and SIGKILL.
const grace = 5 * time.Second

// Run runs the points that are open, at most Plan.Jobs at a time. A failing
// point does not stop the others; its failure is told on Stderr and counted.
// The error is of the sweep itself: the folder cannot be used, a log cannot be
// written, or ctx was cancelled. Points that were running then are open again.
func (r *Runner) Run(ctx context.Context) (Summary, error) {
	points := r.Plan.Points()
	sum := Summary{Points: len(points)}
	if err := os.MkdirAll(r.Plan.Dir, 0o777); err != nil {
		return sum, err
	}
	unlock, err := r.lock()
	if err != nil {
		return sum, err
	}
	defer unlock()
	todo, err := r.todo(points, &sum)
	if err != nil {
		return sum, err
	}
	if err := r.Plan.clean(points); err != nil {
		return sum, err
	}
	r.bar = progress.Start(r.Stderr, "sweep", len(todo), r.Interval)
	defer r.bar.Stop()

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	work := make(chan Point)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range min(r.Plan.Jobs, len(todo)) {
		wg.Go(func() {
			// On Linux a child is told of the death of the thread that made
			// it: the thread must stay.
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			for pt := range work {
				failure, err := r.point(ctx, pt)
				if err != nil {
					cancel(err)
					continue
				}
				mu.Lock()
				if failure == nil {
					sum.Succeeded++
				} else {
					sum.Failed++
				}
				mu.Unlock()
				r.bar.Add(1)
			}
		})
	}
feed:
	for _, pt := range todo {
		select {
		case work <- pt:
		case <-ctx.Done():
			break feed
		}
	}
	close(work)
	wg.Wait()
	sum.Left = len(todo) - sum.Succeeded - sum.Failed
	if sum.Left > 0 {
		return sum, context.Cause(ctx)
	}
	return sum, nil
}

func (r *Runner) lock() (unlock func(), err error) {
	path := filepath.Join(r.Plan.Dir, "."+escape(r.Plan.Name)+".lock")
	l := flock.New(path)
	ok, err := l.TryLock()
	if err != nil {
		return nil, fmt.Errorf("cannot lock %s: %w", path, err)
	}
	if !ok {
		return nil, fmt.Errorf("another sweep named %s is running in %s", r.Plan.Name, r.Plan.Dir)
	}
	// The file stays: removing it would let a third sweep lock a new one while
	// a second still waits for the old.
	return func() { _ = l.Unlock() }, nil
}

// todo sorts the points by what their files tell.
func (r *Runner) todo(points []Point, sum *Summary) ([]Point, error) {
	var todo []Point
	for _, pt := range points {
		if r.Force {
			todo = append(todo, pt)
			continue
		}
		s, err := pt.State()
		if err != nil {
			return nil, err
		}
		switch {
		case s == Done:
			sum.Skipped++
		case s == Failed && !r.Retry:
			sum.FailedBefore++
		default:
			todo = append(todo, pt)
		}
	}
	return todo, nil
}

// point runs one point. failure says why the command failed; err that the
// sweep cannot go on.
func (r *Runner) point(ctx context.Context, pt Point) (failure, err error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if r.Force {
		// Before the run: a sweep killed in between must not find the old
		// result and take it for the new one.
		if err := removeIfThere(pt.path(logExt)); err != nil {
			return nil, err
		}
	}
	log, err := atomicfile.Create(pt.path(logExt))
	if err != nil {
		return nil, err
	}
	defer log.Discard()
	args := pt.Args()
	if err := r.header(log, pt, args); err != nil {
		return nil, err
	}

	w := &stopwatch.Watch{}
	for i, v := range pt.Values {
		w.Tag(r.Plan.Params[i].Name, v)
	}
	timer := "sweep:" + r.Plan.Name
	span := w.Start(timer)
	failure = r.execute(ctx, log.File(), pt, args)
	if failure == nil {
		span.Stop()
	} else {
		span.Fail(failure)
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx) // interrupted: this says nothing of the point
	}
	if err := trailer(log, w); err != nil {
		return nil, err
	}
	final := pt.path(logExt)
	if failure != nil {
		final = pt.path(failedExt)
	}
	if err := log.CommitTo(final); err != nil {
		return nil, err
	}
	if failure == nil {
		// What is left of earlier attempts. If the sweep is killed before
		// this, the log of the success wins over them.
		for _, ext := range []string{failedExt, partExt} {
			if err := removeIfThere(pt.path(ext)); err != nil {
				return nil, err
			}
		}
	}
	t, _ := w.Get(timer)
	if failure != nil {
		r.say("%s failed after %s: %v; see %s", pt, t.Last.Round(time.Millisecond), failure, final)
	} else if r.Verbose {
		r.say("%s took %s; see %s", pt, t.Last.Round(time.Millisecond), final)
	}
	return failure, nil
}

func (r *Runner) say(format string, args ...any) {
	fmt.Fprintf(r.bar.Writer(r.Stderr), "ringo: "+format+"\n", args...)
}

func (r *Runner) header(out io.Writer, pt Point, args []string) error {
	var b bytes.Buffer
	text := r.Plan.title(pt) + "\ncommand: " + shellQuote(args) + "\nstarted: " + time.Now().Format(time.RFC3339)
	_ = banner.Write(&b, text, "#", banner.DefaultWidth) // a bytes.Buffer does not fail
	_, err := out.Write(b.Bytes())
	return err
}

// trailer adds the #csv lines, on lines of their own.
func trailer(log *atomicfile.File, w *stopwatch.Watch) error {
	var b bytes.Buffer
	info, err := log.File().Stat()
	if err != nil {
		return err
	}
	last := make([]byte, 1)
	if _, err := log.File().ReadAt(last, info.Size()-1); err != nil {
		return err
	}
	if last[0] != '\n' {
		b.WriteByte('\n')
	}
	_ = w.WriteCSV(&b) // a bytes.Buffer does not fail
	if _, err := log.File().Seek(0, io.SeekEnd); err != nil {
		return err
	}
	_, err = log.Write(b.Bytes())
	return err
}

// execute runs the command to its end, or kills it when ctx ends or the time
// is up.
func (r *Runner) execute(ctx context.Context, out *os.File, pt Point, args []string) error {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = out, out
	tags := pt.Tags()
	if outer := os.Getenv(stopwatch.TagsVariable); outer != "" && tags != "" {
		tags = outer + ";" + tags
	}
	if tags != "" {
		cmd.Env = append(os.Environ(), stopwatch.TagsVariable+"="+tags)
	}
	prepare(cmd)
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	var timeout <-chan time.Time
	if r.Plan.Timeout > 0 {
		t := time.NewTimer(r.Plan.Timeout)
		defer t.Stop()
		timeout = t.C
	}
	var cause error
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		cause = context.Cause(ctx)
	case <-timeout:
		cause = fmt.Errorf("timed out after %s", r.Plan.Timeout)
	}
	terminate(cmd.Process)
	select {
	case <-ended: //nolint:errcheck // the cause says more
	case <-time.After(grace):
		kill(cmd.Process)
		<-ended //nolint:errcheck // likewise
	}
	return cause
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
