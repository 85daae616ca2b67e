package launch

import (
	"bytes"
	"slices"
)

// A Repeat is a report of a rank's failure that other ranks have made as well.
type Repeat struct {
	First int    // the rank whose report was passed on
	Text  string // of the report, without the rank
	Ranks []int  // the others
}

// repeats passes each report of a failure on once that ranks write on their
// standard error: many ranks with the same mistake make one report. A report is
// a line of package mpi, and the lines of a stack that follow it.
type repeats struct {
	reports []*Repeat
	leaving map[*source]bool // the source's stack belongs to a report that is left out
}

// pass returns what is to be written of data, whole lines of a source.
func (f *repeats) pass(src *source, data []byte) []byte {
	if !f.leaving[src] && !bytes.Contains(data, []byte("ringo: ")) {
		return data
	}
	var out []byte
	for line := range bytes.Lines(data) {
		if f.leaving[src] = f.leaves(src, line); !f.leaving[src] {
			out = append(out, line...)
		}
	}
	return out
}

func (f *repeats) leaves(src *source, line []byte) bool {
	text, ok := reportIn(line)
	if !ok {
		return f.leaving[src] && line[0] == '\t'
	}
	for _, r := range f.reports {
		if r.Text != text {
			continue
		}
		if r.First == src.rank || slices.Contains(r.Ranks, src.rank) {
			return false
		}
		r.Ranks = append(r.Ranks, src.rank)
		return true
	}
	f.reports = append(f.reports, &Repeat{First: src.rank, Text: text})
	return false
}

// reportIn returns what a line reports, without the rank: "ringo: rank 3 of 8 on
// HOST: TEXT", or "ringo: TEXT". What RINGO_VERBOSE says is no report.
func reportIn(line []byte) (string, bool) {
	text, ok := bytes.CutPrefix(bytes.TrimRight(line, "\n"), []byte("ringo: "))
	if !ok || bytes.Contains(text, []byte(", transport ")) {
		return "", false
	}
	if bytes.HasPrefix(text, []byte("rank ")) {
		if _, rest, ok := bytes.Cut(text, []byte(": ")); ok {
			text = rest
		}
	}
	return string(text), true
}
