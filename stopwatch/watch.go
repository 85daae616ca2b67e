package stopwatch

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/ringo-mpi/ringo/internal/csvline"
)

// TagsVariable is the environment variable from which [New] takes tags, in the
// form k=v;k=v of the column "tag". ringo sweep sets it to the parameters of
// the run.
const TagsVariable = "RINGO_TAGS"

// ErrNotRunning is the error of stopping a timer that is not running.
var ErrNotRunning = errors.New("not running")

// Status says how a timer stands.
type Status string

// The states of a timer.
const (
	OK      Status = "ok"
	Failed  Status = "failed"
	Running Status = "running"
)

// Tag is a note on a timer or on all timers of a Watch: a key with a value, or
// a word alone.
type Tag struct {
	Key   string // replaces the tag with the same key
	Value string // "" if the key is a word alone
}

// Watch is a set of named timers. The zero value is ready to use, but only
// [New] takes tags from the environment. All methods may be called from any
// goroutine at any time. A Watch must not be copied.
type Watch struct {
	// Node and User are what the #csv lines say of the computer and the user,
	// for whoever does not want to publish their own. If they are empty, the
	// system is asked. Set them before the Watch is shared.
	Node, User string

	mu     sync.Mutex
	timers map[string]*timer
	order  []*timer // by first use
	tags   []Tag
}

// timer is guarded by its Watch's mu.
type timer struct {
	name                string
	failed              bool
	count               int64
	last, sum, min, max time.Duration
	start               time.Time // of the last finished measurement
	running             []*Span   // in the order they were started
	tags                []Tag
	message             string
}

// New returns a Watch without timers, with the tags of $RINGO_TAGS.
func New() *Watch {
	w := &Watch{}
	for _, t := range csvline.ParseTags(os.Getenv(TagsVariable)) {
		w.tags = setTag(w.tags, Tag(t))
	}
	return w
}

// get returns the timer name, which it makes if there is none. w.mu is held.
func (w *Watch) get(name string) *timer {
	t := w.timers[name]
	if t == nil {
		if w.timers == nil {
			w.timers = map[string]*timer{}
		}
		t = &timer{name: name}
		w.timers[name] = t
		w.order = append(w.order, t)
	}
	return t
}

// Span is one measurement of a timer, begun by [Watch.Start]. Its methods may
// be called from any goroutine; the first of Stop and Fail ends it, further
// calls change nothing.
type Span struct {
	w        *Watch
	t        *timer
	start    time.Time
	done     bool
	duration time.Duration
}

// Start begins a measurement of the timer name. The timer may be running
// already.
func (w *Watch) Start(name string) *Span {
	s := &Span{w: w}
	w.mu.Lock()
	s.t = w.get(name)
	s.t.running = append(s.t.running, s)
	s.start = time.Now() // last, so that waiting for the lock is not measured
	w.mu.Unlock()
	return s
}

// Stop ends the measurement and returns how long it took; if it has ended
// already, how long it took then. It can be deferred:
//
//	defer w.Start("f").Stop()
func (s *Span) Stop() time.Duration { return s.end(time.Now(), nil) }

// Fail ends the measurement as Stop does and marks the timer as failed, with
// the text of cause, if that is not nil, as its message.
func (s *Span) Fail(cause error) time.Duration {
	now := time.Now()
	message := ""
	if cause != nil {
		message = cause.Error()
	}
	return s.end(now, &message)
}

func (s *Span) end(now time.Time, failure *string) time.Duration {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	if s.done {
		return s.duration
	}
	s.finish(now)
	if failure != nil {
		s.t.failed = true
		if *failure != "" {
			s.t.message = *failure
		}
	}
	return s.duration
}

// finish books the measurement. w.mu is held.
func (s *Span) finish(now time.Time) {
	s.done = true
	// A start that was resumed from a file has wall-clock time only, which
	// may have been set back since.
	s.duration = max(now.Sub(s.start), 0)
	if i := slices.Index(s.t.running, s); i >= 0 {
		s.t.running = slices.Delete(s.t.running, i, i+1)
		s.t.record(s.start, s.duration)
	}
}

func (t *timer) record(start time.Time, d time.Duration) {
	if t.count == 0 || d < t.min {
		t.min = d
	}
	if t.count == 0 || d > t.max {
		t.max = d
	}
	t.count++
	t.sum += d
	t.last = d
	t.start = start
}

// Stop ends the measurement of the timer name that was started last, and
// returns how long it took. The error is [ErrNotRunning] with the name.
func (w *Watch) Stop(name string) (time.Duration, error) {
	now := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	t := w.timers[name]
	if t == nil || len(t.running) == 0 {
		return 0, fmt.Errorf("stopwatch: timer %q: %w", name, ErrNotRunning)
	}
	s := t.running[len(t.running)-1]
	s.finish(now)
	return s.duration, nil
}

// Time measures fn. If fn returns an error or panics, the timer is failed; the
// error is returned, the panic goes on.
func (w *Watch) Time(name string, fn func() error) error {
	s := w.Start(name)
	defer func() {
		// Reached with s running only if fn panicked or ended the goroutine.
		s.Fail(errors.New("panicked"))
	}()
	err := fn()
	if err != nil {
		s.Fail(err)
	} else {
		s.Stop()
	}
	return err
}

// Add books a measurement that was made by other means: it ended now and took
// d. A negative d counts as 0.
func (w *Watch) Add(name string, d time.Duration) {
	d = max(d, 0)
	start := time.Now().Add(-d)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.get(name).record(start, d)
}

// SetStatus marks the timer name as ok or failed, whatever its measurements
// were. Running has no effect: a timer runs from Start to Stop.
func (w *Watch) SetStatus(name string, s Status) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if t := w.get(name); s != Running {
		t.failed = s == Failed
	}
}

// SetMessage sets the message of the timer name.
func (w *Watch) SetMessage(name, message string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.get(name).message = message
}

// Tag puts a tag on all timers of the Watch, replacing the tag with the same
// key. An empty value makes the key a word alone.
func (w *Watch) Tag(key, value string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tags = setTag(w.tags, Tag{key, value})
}

// TagTimer puts a tag on the timer name, where it overrides the Watch's tag
// with the same key.
func (w *Watch) TagTimer(name, key, value string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := w.get(name)
	t.tags = setTag(t.tags, Tag{key, value})
}

// setTag returns a new slice, since readers may hold the old one.
func setTag(tags []Tag, tag Tag) []Tag {
	tags = slices.Clone(tags)
	if i := slices.IndexFunc(tags, func(t Tag) bool { return t.Key == tag.Key }); i >= 0 {
		tags[i] = tag
		return tags
	}
	return append(tags, tag)
}

// Reset forgets all timers. Tags stay. Measurements that are running are lost.
func (w *Watch) Reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range w.order {
		t.running = nil
	}
	w.timers, w.order = nil, nil
}

// Timer is the state of a timer at one moment. Its numbers include running
// measurements as if they had ended at that moment.
type Timer struct {
	Name    string        // as the program calls it
	Status  Status        // a timer that has failed is Failed also while it runs
	Count   int64         // of the measurements
	Last    time.Duration // the measurement that ended last
	Sum     time.Duration // of all measurements
	Min     time.Duration // the shortest measurement, 0 if there is none
	Max     time.Duration // the longest
	Start   time.Time     // when the last measurement started
	Tags    []Tag         // the Watch's, then the timer's own
	Message string        // of Watch.SetMessage
}

// Mean is the average measurement; 0 if there is none.
func (t Timer) Mean() time.Duration {
	if t.Count == 0 {
		return 0
	}
	return t.Sum / time.Duration(t.Count)
}

// Get returns the timer name; false if there is none.
func (w *Watch) Get(name string) (Timer, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := w.timers[name]
	if t == nil {
		return Timer{}, false
	}
	return w.snapshot(t, time.Now()), true
}

// Timers returns all timers in the order of their first use.
func (w *Watch) Timers() []Timer {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	out := make([]Timer, len(w.order))
	for i, t := range w.order {
		out[i] = w.snapshot(t, now)
	}
	return out
}

// snapshot reads a timer. w.mu is held.
func (w *Watch) snapshot(t *timer, now time.Time) Timer {
	c := *t
	for _, s := range t.running {
		c.record(s.start, max(now.Sub(s.start), 0))
	}
	tags := w.tags
	for _, tag := range t.tags {
		tags = setTag(tags, tag)
	}
	out := Timer{
		Name: c.name, Status: OK, Count: c.count,
		Last: c.last, Sum: c.sum, Min: c.min, Max: c.max,
		Start: c.start, Tags: tags, Message: c.message,
	}
	switch {
	case t.failed:
		out.Status = Failed
	case len(t.running) > 0:
		out.Status = Running
	}
	return out
}
