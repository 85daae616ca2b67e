package bench

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/ringo-mpi/ringo/internal/ringocmd/cli"
	"github.com/ringo-mpi/ringo/internal/sizeplot"
)

// lines hands on each Write at once, so that whoever waits sees each row, and
// ranks can take turns. Goroutine ranks share it.
type lines struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, err := l.w.Write(p)
	if err == nil {
		err = cli.Flush(l.w)
	}
	if err != nil {
		err = fmt.Errorf("cannot write the output: %w", cli.Bare(err))
	}
	return n, err
}

// column is one column of a benchmark's rows.
type column struct {
	key      string // in CSV and JSON
	label    string // elsewhere
	decimals int    // of its numbers in a table
}

// Columns that several benchmarks have.
var (
	sizeColumn    = column{"size", "size (B)", 0}
	latencyColumn = column{"latency_us", "latency (µs)", 3}
	rateColumn    = column{"mb_per_s", "MB/s", 2}
)

func percentileColumn(p float64) column {
	name := strconv.FormatFloat(p, 'g', -1, 64)
	return column{"p" + name + "_us", "P" + name + " (µs)", 3}
}

// rows prints a benchmark's results: as a table line by line, when they are
// known; in the other formats at the end.
type rows struct {
	out     io.Writer
	format  string
	title   string
	columns []column
	shared  []column // further columns of CSV and JSON, in front …
	same    []any    // … and their values
	started bool
	all     [][]any
}

// add adds a row. Its cells are strings, integers and float64.
func (r *rows) add(cells ...any) error {
	r.all = append(r.all, cells)
	if r.format != "table" {
		return nil
	}
	var b strings.Builder
	if !r.started {
		r.started = true
		fmt.Fprintf(&b, "# %s\n", r.title)
		for i, c := range r.columns {
			r.cell(&b, i, c.label)
		}
	}
	for i, cell := range cells {
		text := fmt.Sprint(cell)
		if v, ok := cell.(float64); ok {
			text = strconv.FormatFloat(v, 'f', r.columns[i].decimals, 64)
		}
		r.cell(&b, i, text)
	}
	_, err := io.WriteString(r.out, b.String())
	return err
}

// cell writes one cell in OSU's widths, but for the names of collectives, which
// are longer; the header line is a comment.
func (r *rows) cell(b *strings.Builder, i int, text string) {
	first := 18
	if r.columns[0].key == "collective" {
		first = 24
	}
	switch {
	case i == 0 && text == r.columns[0].label:
		fmt.Fprintf(b, "# %-*s", first-2, text)
	case i == 0:
		fmt.Fprintf(b, "%-*s", first, text)
	default:
		fmt.Fprintf(b, " %17s", text)
	}
	if i == len(r.columns)-1 {
		b.WriteByte('\n')
	}
}

// end prints what is left to print.
func (r *rows) end() error {
	if r.format == "table" {
		return nil
	}
	t := &cli.Table{}
	cs := r.columns
	if r.format != "markdown" {
		cs = append(r.shared[:len(r.shared):len(r.shared)], cs...)
	}
	for _, c := range cs {
		if r.format == "markdown" {
			t.Columns = append(t.Columns, c.label)
		} else {
			t.Columns = append(t.Columns, c.key)
		}
	}
	for _, cells := range r.all {
		row := []any{}
		if r.format != "markdown" {
			row = append(row, r.same...)
		}
		for i, cell := range cells {
			if v, ok := cell.(float64); ok && r.format == "markdown" {
				cell = strconv.FormatFloat(v, 'f', r.columns[i].decimals, 64)
			}
			row = append(row, cell)
		}
		t.Rows = append(t.Rows, row)
	}
	return t.Write(r.out, r.format)
}

// draw makes a figure of the rows: a curve for each value of the text columns,
// or for each column of numbers that shares the unit of the first.
func (r *rows) draw(path string) error {
	x := -1
	var names, values []int
	for i, c := range r.columns {
		switch {
		case len(r.all) > 0 && isText(r.all[0][i]):
			names = append(names, i)
		case x < 0:
			x = i
		case len(values) == 0 || unit(c.label) == unit(r.columns[values[0]].label):
			values = append(values, i)
		}
	}
	if x < 0 || len(values) == 0 {
		return fmt.Errorf("cannot draw %s: these rows have no number to draw over another", path)
	}
	f := &sizeplot.Figure{Title: r.title, X: r.columns[x].label, Y: r.columns[values[0]].label, Bytes: r.columns[x].key == "size", LogY: true}
	index := map[string]int{}
	for _, cells := range r.all {
		for _, v := range values {
			name := ""
			for _, n := range names {
				name += fmt.Sprint(cells[n]) + " "
			}
			if len(values) > 1 {
				name += r.columns[v].label
			}
			name = strings.TrimSpace(name)
			at, ok := index[name]
			if !ok {
				at = len(f.Curves)
				index[name] = at
				f.Curves = append(f.Curves, sizeplot.Curve{Name: name})
			}
			f.Curves[at].Points = append(f.Curves[at].Points, sizeplot.Point{X: number(cells[x]), Y: number(cells[v])})
		}
	}
	return f.Draw(path)
}

func isText(cell any) bool {
	_, ok := cell.(string)
	return ok
}

func number(cell any) float64 {
	switch v := cell.(type) {
	case float64:
		return v
	case int:
		return float64(v)
	}
	return 0
}

// unit returns what stands in parentheses.
func unit(label string) string {
	_, u, _ := strings.Cut(label, "(")
	return u
}
