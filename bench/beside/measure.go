package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/ringo-mpi/ringo/bench/internal/runs"
	"github.com/ringo-mpi/ringo/internal/progress"
)

// The two sides.
const (
	older = iota
	newer
)

// turns is the order of the sides in a repetition, which is two pairs: neither
// side always follows the other.
var turns = [4]int{older, newer, newer, older}

// key names a figure.
type key struct {
	job  int // its place in the suite
	call string
	size int
}

// measurement is a run of this program.
type measurement struct {
	jobs      []job
	trees     [2]*tree
	cores     runs.Cores
	launchers launchers
	box       time.Duration // what one run may take

	order   []key
	samples [2]map[key][]float64 // a time for each pair, NaN if there is none
	notes   []string
	failed  bool // the new build has failed where the old one has not
}

func newMeasurement(jobs []job) *measurement {
	return &measurement{jobs: jobs, box: 2 * time.Minute, samples: [2]map[key][]float64{{}, {}}}
}

func (m *measurement) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(m.notes, text) {
		m.notes = append(m.notes, text)
	}
}

// all measures everything, so many times, as long as the budget lasts. It
// reports whether it came to its end.
func (m *measurement) all(ctx context.Context, repetitions int, budget time.Duration, stderr io.Writer, verbose bool) bool {
	bar := progress.Start(stderr, "measuring", repetitions*len(m.jobs), progress.DefaultInterval)
	defer bar.Stop()
	gaveUp := map[int]bool{}
	begin := time.Now()
	last := begin
	for rep := range repetitions {
		if each := time.Since(last); rep > 0 && time.Since(begin)+each > budget {
			m.note("after %d of %d repetitions the time of %v was used up", rep, repetitions, budget)
			break
		}
		last = time.Now()
		for at, j := range m.jobs {
			if !gaveUp[at] {
				start := time.Now()
				gaveUp[at] = !m.repetition(ctx, at, rep)
				if verbose {
					fmt.Fprintf(bar.Writer(stderr), "%d %s: %.2f s\n", rep, j.title(), time.Since(start).Seconds())
				}
			}
			if ctx.Err() != nil {
				m.note("the run was interrupted")
				return false
			}
			bar.Add(1)
		}
	}
	return true
}

// repetition runs a job twice on each side and reports whether all went well.
// The first two runs are a pair, and the last two, which have the other order.
func (m *measurement) repetition(ctx context.Context, at, rep int) bool {
	j := m.jobs[at]
	for turn, side := range turns {
		figures, err := m.once(ctx, j, rep, m.trees[side])
		if err != nil {
			if ctx.Err() == nil {
				m.note("%s, %s: %v", j.title(), m.trees[side].given, err)
				// The old build has its first turn before the new one.
				m.failed = m.failed || side == newer
			}
			return false
		}
		for _, f := range figures {
			m.add(side, key{at, f.Call, f.Size}, 2*rep+turn/2, f.Value)
		}
	}
	return true
}

// add stores the sample of a pair.
func (m *measurement) add(side int, k key, pair int, value float64) {
	if !slices.Contains(m.order, k) {
		m.order = append(m.order, k)
	}
	s := m.samples[side][k]
	for len(s) <= pair {
		s = append(s, math.NaN())
	}
	s[pair] = value
	m.samples[side][k] = s
}

// once runs a job in a repetition and returns its figures, as times.
func (m *measurement) once(ctx context.Context, j job, rep int, t *tree) ([]runs.Figure, error) {
	command, env, err := t.command(j, rep, m.cores, m.launchers)
	if err != nil {
		return nil, err
	}
	text, took, err := runs.Output(ctx, m.box, env, command)
	if err != nil {
		return nil, err
	}
	if j.isLaunch() {
		return []runs.Figure{{Metric: "us", Value: took.Seconds() * 1e6}}, nil
	}
	return times(text, j)
}

// times reads what a benchmark printed. A rate becomes a time: the microseconds
// of a message, or of a megabyte.
func times(text string, j job) ([]runs.Figure, error) {
	figures, err := runs.ParseFigures(text, false, j.metric)
	if err != nil {
		return nil, err
	}
	for i := range figures {
		f := &figures[i]
		if f.Value <= 0 {
			return nil, fmt.Errorf("it printed the value %g of %s", f.Value, f.Metric)
		}
		if j.rate {
			f.Value = 1e6 / f.Value
		}
	}
	if len(figures) == 0 {
		return nil, fmt.Errorf("it printed no %s", j.metric)
	}
	return figures, nil
}
