package logs

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/ringo-mpi/ringo/internal/csvline"
	"github.com/ringo-mpi/ringo/internal/ringocmd/cli"
)

// Files resolves what the user named: files, folders (their *.log files),
// patterns such as logs/*.log, and - for standard input. The order is that of
// the arguments, then of the names.
func Files(args []string) ([]string, error) {
	var out []string
	seen := map[string]bool{}
	add := func(names ...string) {
		for _, n := range names {
			if !seen[n] {
				seen[n] = true
				out = append(out, n)
			}
		}
	}
	for _, arg := range args {
		info, err := os.Stat(arg)
		switch {
		case arg == "-":
			add(arg)
		case err == nil && info.IsDir():
			names, err := inFolder(arg)
			if err != nil {
				return nil, err
			}
			add(names...)
		case err == nil:
			add(arg)
		case errors.Is(err, fs.ErrNotExist) && strings.ContainsAny(arg, "*?["):
			names, err := filepath.Glob(arg)
			if err != nil {
				return nil, fmt.Errorf("the pattern %q is broken: %w", arg, err)
			}
			if len(names) == 0 {
				return nil, fmt.Errorf("no file matches %s", arg)
			}
			add(names...)
		default:
			return nil, err
		}
	}
	return out, nil
}

func inFolder(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		if name := e.Name(); strings.HasSuffix(name, ".log") && !strings.HasPrefix(name, ".") {
			out = append(out, filepath.Join(dir, name))
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("there is no *.log file in %s", dir)
	}
	return out, nil
}

// Data is a table of texts: the lines of the logs, then what is made of them.
type Data struct {
	Columns []string
	Rows    [][]string
}

// column returns the index of a column, or an error that lists those there are.
func (d *Data) column(name string) (int, error) {
	if i := slices.Index(d.Columns, name); i >= 0 {
		return i, nil
	}
	return 0, fmt.Errorf("there is no column %q; the columns are %s", name, strings.Join(d.Columns, ", "))
}

// Collector puts the lines of logs into one table. The columns are file and
// line, then those of the logs in the order of their first appearance, then
// one for every tag; a tag named like another column gets the name tag.NAME.
type Collector struct {
	// Skip makes broken lines be counted instead of ending the reading.
	Skip   bool
	Broken int

	records []*record
	columns []string // of the logs
	keys    []string // of the tags
	words   bool     // there are tags without a value
}

type record struct {
	csvline.Record
	tags  map[string]string
	words string
}

// Read reads one log.
func (c *Collector) Read(r io.Reader, name string) error {
	return csvline.Read(r, name, func(rec *csvline.Record) error {
		c.add(*rec)
		return nil
	}, func(err error) error {
		if !c.Skip {
			return err
		}
		c.Broken++
		return nil
	})
}

func (c *Collector) add(rec csvline.Record) {
	r := &record{Record: rec, tags: map[string]string{}}
	for _, name := range rec.Columns {
		if !slices.Contains(c.columns, name) {
			c.columns = append(c.columns, name)
		}
	}
	var words []csvline.Tag
	for _, t := range csvline.ParseTags(rec.Get("tag")) {
		if t.Value == "" || t.Key == "" {
			words = append(words, t)
			continue
		}
		r.tags[t.Key] = t.Value
		if !slices.Contains(c.keys, t.Key) {
			c.keys = append(c.keys, t.Key)
		}
	}
	r.words = csvline.FormatTags(words)
	c.words = c.words || r.words != ""
	c.records = append(c.records, r)
}

// Len returns the number of lines read.
func (c *Collector) Len() int { return len(c.records) }

// Data returns the table.
func (c *Collector) Data() *Data {
	d := &Data{Columns: []string{"file", "line"}}
	var own []string
	for _, name := range c.columns {
		if name == "tag" && !c.words {
			continue // every tag has a column of its own
		}
		own = append(own, name)
	}
	d.Columns = append(d.Columns, own...)
	for _, key := range c.keys {
		for slices.Contains(d.Columns, key) {
			key = "tag." + key
		}
		d.Columns = append(d.Columns, key)
	}
	for _, r := range c.records {
		row := append(make([]string, 0, len(d.Columns)), r.File, strconv.Itoa(r.Line))
		for _, name := range own {
			if name == "tag" {
				row = append(row, r.words)
			} else {
				row = append(row, r.Get(name))
			}
		}
		for _, key := range c.keys {
			row = append(row, r.tags[key])
		}
		d.Rows = append(d.Rows, row)
	}
	return d
}

// Filter keeps the rows whose value in the column matches one of the patterns
// (* and ? stand for any characters).
func (d *Data) Filter(column string, patterns []string) error {
	i, err := d.column(column)
	if err != nil {
		return err
	}
	kept := d.Rows[:0:0]
	for _, row := range d.Rows {
		for _, p := range patterns {
			if match(p, row[i]) {
				kept = append(kept, row)
				break
			}
		}
	}
	d.Rows = kept
	return nil
}

// match reports whether s fits the pattern, in which * stands for any
// characters and ? for one.
func match(pattern, s string) bool {
	p, t := []rune(pattern), []rune(s)
	i, star, mark := 0, -1, 0
	for j := 0; j < len(t); {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == t[j]):
			i++
			j++
		case star >= 0: // let the last * take one more
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(string(p[i:]), "*") == ""
}

// Select keeps the named columns, in the order given.
func (d *Data) Select(columns []string) error {
	var index []int
	for _, name := range columns {
		i, err := d.column(name)
		if err != nil {
			return err
		}
		index = append(index, i)
	}
	for r, row := range d.Rows {
		kept := make([]string, len(index))
		for k, i := range index {
			kept[k] = row[i]
		}
		d.Rows[r] = kept
	}
	d.Columns = columns
	return nil
}

// Sort sorts the rows by columns, numbers by their size and before texts. Rows
// that are equal there keep their order.
func (d *Data) Sort(columns ...string) error {
	var index []int
	for _, name := range columns {
		i, err := d.column(name)
		if err != nil {
			return err
		}
		index = append(index, i)
	}
	slices.SortStableFunc(d.Rows, func(a, b []string) int {
		for _, i := range index {
			if c := compare(a[i], b[i]); c != 0 {
				return c
			}
		}
		return 0
	})
	return nil
}

func compare(a, b string) int {
	x, okX := number(a)
	y, okY := number(b)
	switch {
	case okX && okY:
		return cmp.Or(cmp.Compare(x, y), cmp.Compare(a, b))
	case okX:
		return -1
	case okY:
		return 1
	}
	return cmp.Compare(a, b)
}

// number reads a finite number.
func number(s string) (float64, bool) {
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	return f, err == nil && f-f == 0
}

// Table turns the texts into cells: what is a number becomes one, with the
// digits it has.
func (d *Data) Table() *cli.Table {
	t := &cli.Table{Columns: d.Columns}
	for _, row := range d.Rows {
		cells := make([]any, len(row))
		for i, s := range row {
			switch {
			case s == "":
			case json.Valid([]byte(s)) && (s[0] == '-' || s[0] >= '0' && s[0] <= '9'):
				cells[i] = json.Number(s)
			default:
				cells[i] = s
			}
		}
		t.Rows = append(t.Rows, cells)
	}
	return t
}
