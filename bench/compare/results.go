package main

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/ringo-mpi/ringo/bench/internal/stats"
)

// key names one figure: what the samples of all repetitions are of.
type key struct {
	Job    string // of the suite
	Ranks  int
	Peer   string
	Call   string // the collective or call, "" if there is one only
	Size   int    // bytes of a message, or ranks, or 0
	Metric string // the column
}

// results are the samples of a run.
type results struct {
	Environment []attribute
	Notes       []string // what was left out and why
	order       []key    // in the order of their first sample
	samples     map[key][]float64
}

// attribute is a line about the machine or the run.
type attribute struct{ Name, Value string }

func newResults() *results { return &results{samples: map[key][]float64{}} }

// add stores the sample of a repetition.
func (r *results) add(k key, rep int, value float64) {
	v, ok := r.samples[k]
	if !ok {
		r.order = append(r.order, k)
	}
	for len(v) <= rep {
		v = append(v, math.NaN())
	}
	v[rep] = value
	r.samples[k] = v
}

func (r *results) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !slices.Contains(r.Notes, text) {
		r.Notes = append(r.Notes, text)
	}
}

func (r *results) of(k key) stats.Summary { return stats.Summarize(r.samples[k]) }

// peers that a figure is compared with, in this order.
var peerNames = []string{mpich, openMPI, intelMPI}

// best returns the peer whose median is best, of those that have the figure.
func (r *results) best(k key, higher bool, among []string) string {
	best := ""
	var median float64
	for _, p := range among {
		k.Peer = p
		s := r.of(k)
		if s.N == 0 {
			continue
		}
		if best == "" || higher && s.Median > median || !higher && s.Median < median {
			best, median = p, s.Median
		}
	}
	return best
}

// ratio compares a figure of k.Peer with the best of others.
func (r *results) ratio(k key, higher bool, among ...string) stats.Ratio {
	if len(among) == 0 {
		among = peerNames
	}
	other := k
	other.Peer = r.best(k, higher, among)
	if other.Peer == "" {
		return stats.NoRatio
	}
	q := stats.Quotient(r.samples[k], r.samples[other])
	q.Against = other.Peer
	return q
}

// sizes returns the sizes that a peer has a figure of, in order.
func (r *results) sizes(like key) []int {
	var out []int
	for _, k := range r.order {
		size := k.Size
		k.Size = like.Size
		if k == like && !slices.Contains(out, size) {
			out = append(out, size)
		}
	}
	slices.Sort(out)
	return out
}

// ranksOf returns the numbers of ranks of a job, in order.
func (r *results) ranksOf(job string) []int {
	var out []int
	for _, k := range r.order {
		if k.Job == job && !slices.Contains(out, k.Ranks) {
			out = append(out, k.Ranks)
		}
	}
	slices.Sort(out)
	return out
}

// callsOf returns the calls of a job in the order they were measured.
func (r *results) callsOf(job string, ranks int) []string {
	var out []string
	for _, k := range r.order {
		if k.Job == job && k.Ranks == ranks && !slices.Contains(out, k.Call) {
			out = append(out, k.Call)
		}
	}
	return out
}

// has reports whether there is any sample of a job.
func (r *results) has(job string) bool {
	return slices.ContainsFunc(r.order, func(k key) bool { return k.Job == job })
}

// peersOf returns the peers that have figures of a job, in the order of
// allPeers.
func (r *results) peersOf(job string, ranks int) []string {
	var out []string
	for _, p := range allPeers {
		if slices.ContainsFunc(r.order, func(k key) bool { return k.Job == job && k.Peer == p && (ranks == 0 || k.Ranks == ranks) }) {
			out = append(out, p)
		}
	}
	return out
}

var rawHeader = []string{"job", "ranks", "peer", "call", "size", "metric", "repetition", "value"}

// writeRaw writes everything in a form that readRaw reads back: lines
// "# name: value" about the run, then CSV.
func (r *results) writeRaw(w io.Writer) error {
	for _, a := range r.Environment {
		if _, err := fmt.Fprintf(w, "# %s: %s\n", a.Name, a.Value); err != nil {
			return err
		}
	}
	for _, n := range r.Notes {
		if _, err := fmt.Fprintf(w, "# %s: %s\n", noteMark, n); err != nil {
			return err
		}
	}
	c := csv.NewWriter(w)
	if err := c.Write(rawHeader); err != nil {
		return err
	}
	for _, k := range r.order {
		for rep, v := range r.samples[k] {
			if math.IsNaN(v) {
				continue
			}
			row := []string{k.Job, strconv.Itoa(k.Ranks), k.Peer, k.Call, strconv.Itoa(k.Size), k.Metric, strconv.Itoa(rep), strconv.FormatFloat(v, 'g', 6, 64)}
			if err := c.Write(row); err != nil {
				return err
			}
		}
	}
	c.Flush()
	return c.Error()
}

const noteMark = "left out"

// maxRepetition bounds what a file may say, so that a broken one takes no
// memory.
const maxRepetition = 10000

// readRaw reads what writeRaw wrote. name is that of the file, for errors.
func readRaw(name string, in io.Reader) (*results, error) {
	r := newResults()
	b := bufio.NewReader(in)
	line := 0
	for {
		c, err := b.Peek(1)
		if err != nil || c[0] != '#' {
			break
		}
		text, err := b.ReadString('\n')
		line++
		attr, value, ok := strings.Cut(strings.TrimSpace(strings.TrimPrefix(text, "#")), ": ")
		switch {
		case !ok:
			return nil, fmt.Errorf("%s:%d: %q is no line \"# name: value\"", name, line, strings.TrimSpace(text))
		case attr == noteMark:
			r.Notes = append(r.Notes, value)
		default:
			r.Environment = append(r.Environment, attribute{attr, value})
		}
		if err != nil {
			break
		}
	}
	c := csv.NewReader(b)
	c.FieldsPerRecord = len(rawHeader)
	header, err := c.Read()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if !slices.Equal(header, rawHeader) {
		return nil, fmt.Errorf("%s has the columns %s, want %s", name, strings.Join(header, ","), strings.Join(rawHeader, ","))
	}
	for {
		row, err := c.Read()
		if errors.Is(err, io.EOF) {
			return r, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		k := key{Job: row[0], Peer: row[2], Call: row[3], Metric: row[5]}
		var rep int
		for _, n := range []struct {
			text string
			to   *int
		}{{row[1], &k.Ranks}, {row[4], &k.Size}, {row[6], &rep}} {
			if *n.to, err = strconv.Atoi(n.text); err != nil || *n.to < 0 {
				at, _ := c.FieldPos(0)
				return nil, fmt.Errorf("%s:%d: %q is no number", name, line+at, n.text)
			}
		}
		value, err := strconv.ParseFloat(row[7], 64)
		if at, _ := c.FieldPos(0); err != nil || rep > maxRepetition {
			return nil, fmt.Errorf("%s:%d: %q in repetition %d is no sample", name, line+at, row[7], rep)
		}
		r.add(k, rep, value)
	}
}
