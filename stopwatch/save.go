package stopwatch

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/ringo-mpi/ringo/atomicfile"
)

// saved is the file that Save writes: JSON, times in nanoseconds.
type saved struct {
	Version int          `json:"ringo_stopwatch"`
	Timers  []savedTimer `json:"timers"`
}

type savedTimer struct {
	Name    string        `json:"name"`
	Failed  bool          `json:"failed,omitempty"`
	Count   int64         `json:"count"`
	Last    time.Duration `json:"last_ns"`
	Sum     time.Duration `json:"sum_ns"`
	Min     time.Duration `json:"min_ns"`
	Max     time.Duration `json:"max_ns"`
	Start   *time.Time    `json:"start,omitempty"`
	Running []time.Time   `json:"running,omitempty"` // starts of unfinished measurements
	Tags    []Tag         `json:"tags,omitempty"`    // the timer's own
	Message string        `json:"message,omitempty"`
}

const (
	savedVersion = 1
	maxSaved     = 64 << 20 // bytes; more is not a file of ours
)

// Save writes the timers to the file at path, whole or not at all. A running
// timer is saved as running: the run that resumes it can stop it, and its time
// then is that between the two moments on the computer's clock. The tags of
// the Watch are not saved, those of timers are. Ranks of one job must name
// different files.
func (w *Watch) Save(path string) error {
	w.mu.Lock()
	out := saved{Version: savedVersion, Timers: []savedTimer{}}
	for _, t := range w.order {
		s := savedTimer{
			Name: t.name, Failed: t.failed, Count: t.count,
			Last: t.last, Sum: t.sum, Min: t.min, Max: t.max,
			Tags: t.tags, Message: t.message,
		}
		if !t.start.IsZero() {
			start := t.start
			s.Start = &start
		}
		for _, span := range t.running {
			s.Running = append(s.Running, span.start)
		}
		out.Timers = append(out.Timers, s)
	}
	w.mu.Unlock()
	data, err := json.MarshalIndent(out, "", "  ")
	if err == nil {
		err = atomicfile.WriteFile(path, append(data, '\n'))
	}
	if err != nil {
		return fmt.Errorf("stopwatch: %w", err)
	}
	return nil
}

// Resume adds the timers that Save wrote to path to those of the Watch: counts
// and sums add up, the shortest and longest measurement are those of both, and
// measurements that were running go on. If there is no file, nothing happens:
// this is the first run. After an error the Watch is as it was.
func (w *Watch) Resume(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("stopwatch: cannot resume: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSaved+1))
	if err != nil {
		return fmt.Errorf("stopwatch: cannot resume: %w", err)
	}
	if len(data) > maxSaved {
		return fmt.Errorf("stopwatch: cannot resume from %s: larger than %d bytes", path, maxSaved)
	}
	in, err := decode(data)
	if err != nil {
		return fmt.Errorf("stopwatch: cannot resume from %s: %w; remove the file to start anew", path, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range in.Timers {
		w.merge(s)
	}
	return nil
}

func decode(data []byte) (*saved, error) {
	var in saved
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, fmt.Errorf("not a file of saved timers: %w", err)
	}
	if in.Version != savedVersion {
		return nil, fmt.Errorf("not a file of saved timers of version %d", savedVersion)
	}
	for _, s := range in.Timers {
		n := time.Duration(s.Count)
		switch {
		case s.Count < 0 || s.Last < 0 || s.Sum < 0 || s.Min < 0 || s.Max < s.Min,
			n == 0 && (s.Sum != 0 || s.Max != 0),
			n > 0 && (s.Sum < s.Max || s.Last < s.Min || s.Last > s.Max || s.Sum/n < s.Min || s.Sum/n > s.Max):
			return nil, fmt.Errorf("the numbers of timer %q contradict each other", s.Name)
		}
	}
	return &in, nil
}

// merge adds a saved timer. w.mu is held.
func (w *Watch) merge(s savedTimer) {
	t := w.get(s.Name)
	if s.Count > 0 {
		if t.count == 0 || s.Min < t.min {
			t.min = s.Min
		}
		t.max = max(t.max, s.Max)
		t.sum += s.Sum
		if t.count == 0 {
			t.last = s.Last
			if s.Start != nil {
				t.start = *s.Start
			}
		}
		t.count += s.Count
	}
	t.failed = t.failed || s.Failed
	if t.message == "" {
		t.message = s.Message
	}
	for _, tag := range t.tags {
		s.Tags = setTag(s.Tags, tag)
	}
	t.tags = s.Tags
	resumed := make([]*Span, len(s.Running), len(s.Running)+len(t.running))
	for i, start := range s.Running {
		resumed[i] = &Span{w: w, t: t, start: start}
	}
	t.running = append(resumed, t.running...)
}
