package simulate

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/ringocmd/cli"
	"github.com/ringo-mpi/ringo/internal/simulate"
	"github.com/ringo-mpi/ringo/internal/sizeplot"
)

// write prints the results: csv and json have a row for each, a table has the
// algorithms of a collective by size.
func write(out io.Writer, all []*result, format string) error {
	if format == "csv" || format == "json" {
		return long(all).Write(out, format)
	}
	for i, group := range byKind(all) {
		if i > 0 {
			if _, err := fmt.Fprintln(out); err != nil {
				return err
			}
		}
		if err := writeKind(out, group, format); err != nil {
			return err
		}
	}
	return nil
}

// byKind divides results by collective.
func byKind(all []*result) (groups [][]*result) {
	for i, r := range all {
		if i == 0 || all[i-1].q.Kind != r.q.Kind {
			groups = append(groups, nil)
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], r)
	}
	return groups
}

func name(k engine.CollKind) string { return strings.ToLower(k.String()) }

// long is a row for each result that is a time or could be one.
func long(all []*result) *cli.Table {
	t := &cli.Table{Columns: []string{"collective", "algorithm", "ranks", "per_host", "size", "time_us", "mean_us", "messages", "found", "off"}}
	beside := slices.ContainsFunc(all, func(r *result) bool { return r.isMeasured })
	if beside {
		t.Columns = append(t.Columns, "measured_us", "ratio")
	}
	for _, r := range all {
		row := []any{name(r.q.Kind), r.q.Algorithm.String(), r.q.Ranks, r.q.Network.PerHost, r.q.Bytes}
		switch {
		case errors.Is(r.err, simulate.ErrNotFit):
			continue
		case r.err != nil:
			row = append(row, nil, nil, nil, r.err.Error(), nil)
		default:
			var off any
			if r.a.Way == simulate.Extrapolated {
				off = r.a.Off
			}
			row = append(row, r.a.Time.Micros(), r.a.Mean.Micros(), r.a.Messages, r.a.Way.String(), off)
		}
		if beside {
			if r.isMeasured && r.err == nil {
				row = append(row, r.measured, r.a.Mean.Micros()/r.measured)
			} else {
				row = append(row, nil, nil)
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// writeKind prints the algorithms of a collective by size. A column of measured
// times has the simulated mean beside it.
func writeKind(out io.Writer, group []*result, format string) error {
	q := group[0].q
	title := fmt.Sprintf("# %v on %s, %s: µs until the last rank is done; * is the fastest", q.Kind, count(q.Ranks, "rank"), perHost(q))
	beside := slices.ContainsFunc(group, func(r *result) bool { return r.isMeasured })
	if beside {
		title = fmt.Sprintf("# %v on %s, %s: µs, mean of the ranks, and its ratio to the measured one; * is the fastest", q.Kind, count(q.Ranks, "rank"), perHost(q))
	}
	var sizes []int
	var names []string
	cells := map[string]map[int]*result{}
	best := map[int]*result{}
	for _, r := range group {
		n := r.q.Algorithm.String()
		if cells[n] == nil {
			cells[n] = map[int]*result{}
			names = append(names, n)
		}
		if !slices.Contains(sizes, r.q.Bytes) {
			sizes = append(sizes, r.q.Bytes)
		}
		cells[n][r.q.Bytes] = r
		if b := best[r.q.Bytes]; r.err == nil && (b == nil || r.a.Time < b.a.Time) {
			best[r.q.Bytes] = r
		}
	}
	t := &cli.Table{Columns: []string{"algorithm"}}
	for _, size := range sizes {
		if q.Kind == engine.Barrier {
			t.Columns = append(t.Columns, "time")
		} else {
			t.Columns = append(t.Columns, strings.Replace(sizeplot.Size(size)+" B", "i B", "iB", 1))
		}
	}
	notes := map[string]bool{}
	for _, n := range names {
		none := true // what fits no size has no row
		for _, r := range cells[n] {
			none = none && errors.Is(r.err, simulate.ErrNotFit)
		}
		if none {
			continue
		}
		row := []any{n}
		for _, size := range sizes {
			r := cells[n][size]
			text := r.cell(beside, notes)
			if best[size] == r && len(names) > 1 {
				text += " *"
			}
			row = append(row, text)
		}
		t.Rows = append(t.Rows, row)
	}
	if beside {
		row := []any{"measured"}
		for _, size := range sizes {
			text := "-"
			if r := cells[names[0]][size]; r.isMeasured {
				text = micros(r.measured)
			}
			row = append(row, text)
		}
		t.Rows = append(t.Rows, row)
	}
	if _, err := fmt.Fprintln(out, title); err != nil {
		return err
	}
	if err := t.Write(out, format); err != nil {
		return err
	}
	for _, note := range []string{notExact, tooLong, notFit} {
		if notes[note] {
			if _, err := fmt.Fprintln(out, "# "+note); err != nil {
				return err
			}
		}
	}
	return nil
}

// Notes below a table.
const (
	notExact = "≈ of one host that does nearly what the others do, or extrapolated from fewer hosts"
	tooLong  = "? more steps than --steps to play"
	notFit   = "- the algorithm is none for this number of ranks or bytes"
)

func (r *result) cell(beside bool, notes map[string]bool) string {
	switch {
	case errors.Is(r.err, simulate.ErrNotFit):
		notes[notFit] = true
		return "-"
	case r.err != nil:
		notes[tooLong] = true
		return "?"
	}
	text := micros(r.a.Time.Micros())
	if beside {
		text = micros(r.a.Mean.Micros())
		if r.isMeasured {
			text += fmt.Sprintf(" (%.2f)", r.a.Mean.Micros()/r.measured)
		}
	}
	if !r.a.Way.Exact() {
		notes[notExact] = true
		text = "≈" + text
	}
	return text
}

// micros words microseconds with three digits at least.
func micros(us float64) string {
	decimals := 2
	if us >= 1000 {
		decimals = 0
	}
	return strconv.FormatFloat(us, 'f', decimals, 64)
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

func perHost(q simulate.Question) string {
	return fmt.Sprintf("%d to a host", min(q.Ranks, q.Network.PerHost))
}

// draw makes a figure of the times over the size, a curve for each algorithm, or
// of several collectives with their names before it.
func draw(path string, all []*result) error {
	groups := byKind(all)
	q := all[0].q
	f := &sizeplot.Figure{X: "size (B)", Y: "time (µs)", Bytes: true, LogY: true}
	f.Title = fmt.Sprintf("%v on %s, %s", q.Kind, count(q.Ranks, "rank"), perHost(q))
	if len(groups) > 1 {
		f.Title = fmt.Sprintf("Collectives on %s, %s", count(q.Ranks, "rank"), perHost(q))
	}
	index := map[string]int{}
	add := func(name string, x, y float64) {
		at, ok := index[name]
		if !ok {
			at = len(f.Curves)
			index[name] = at
			f.Curves = append(f.Curves, sizeplot.Curve{Name: name})
		}
		f.Curves[at].Points = append(f.Curves[at].Points, sizeplot.Point{X: x, Y: y})
	}
	for _, r := range all {
		if r.err != nil {
			continue
		}
		n := r.q.Algorithm.String()
		if len(groups) > 1 {
			n = name(r.q.Kind) + " " + n
		}
		add(n, float64(r.q.Bytes), r.a.Time.Micros())
	}
	seen := map[key]bool{}
	for _, r := range all {
		k := key{r.q.Kind, r.q.Bytes}
		if r.isMeasured && !seen[k] {
			seen[k] = true
			add(name(r.q.Kind)+" measured", float64(r.q.Bytes), r.measured)
		}
	}
	return f.Draw(path)
}
