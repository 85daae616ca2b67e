// Package csvline is the format of the lines that a benchmark leaves in a log,
// among whatever else the program prints:
//
//	#csv,timer,status,time,sum,start,tag,…
//	#csv,solve,ok,1.250000000,1.250000000,2026-01-31T12:00:00.000000000Z,n=100;np=4,…
//
// A line whose first field is "timer" names the columns of the lines after it.
// Package stopwatch and ringo sweep write such lines, ringo logs reads them;
// fgrep "#csv" finds them too. The first seven columns and the machine's four
// are those of cloudmesh's StopWatch, whose lines ("# csv,timer,…") are
// understood as well.
package csvline

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
)

// Prefix starts every line.
const Prefix = "#csv"

// Columns are the columns that package stopwatch writes, in this order. Times
// are in seconds with nine decimals.
//
//	timer             name of the timer
//	status            ok, failed or running
//	time              last measurement
//	sum               all measurements together
//	start             when the last measurement started, RFC 3339
//	tag               the user's tags, see FormatTags
//	msg               the user's message
//	uname.node        name of the computer
//	user              who ran it
//	uname.system      operating system
//	platform.version  its version
//	count             number of measurements
//	min, max, mean    shortest, longest and average measurement
var Columns = []string{
	"timer", "status", "time", "sum", "start", "tag", "msg",
	"uname.node", "user", "uname.system", "platform.version",
	"count", "min", "max", "mean",
}

// Header returns the line, without line end, that names the columns.
func Header(columns []string) string { return Line(columns) }

// Line returns the line, without line end, that holds the values. Control
// characters, which would tear the line apart, become spaces.
func Line(values []string) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	row := make([]string, 0, len(values)+1)
	row = append(row, Prefix)
	for _, v := range values {
		row = append(row, clean(v))
	}
	_ = w.Write(row) // a strings.Builder does not fail
	w.Flush()
	return strings.TrimSuffix(b.String(), "\n")
}

func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

// Record is one line of a log.
type Record struct {
	File    string
	Line    int // counted from 1
	Columns []string
	Values  []string // as many as Columns
}

// Get returns the value of a column, "" if there is none.
func (r *Record) Get(column string) string {
	if i := slices.Index(r.Columns, column); i >= 0 {
		return r.Values[i]
	}
	return ""
}

// LineError is a line that starts like one of ours but cannot be read.
type LineError struct {
	File string
	Line int
	Msg  string
}

func (e *LineError) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Msg) }

// maxLine is the length above which a line is not taken for one of ours.
const maxLine = 1 << 20

// Read calls fn for every record in r; file names it in records and errors. A
// line that cannot be read is given to bad as a *[LineError]; if bad is nil or
// returns an error, Read stops with it. A reading that ends without a single
// record is not an error.
func Read(r io.Reader, file string, fn func(*Record) error, bad func(error) error) error {
	if bad == nil {
		bad = func(err error) error { return err }
	}
	in := bufio.NewReaderSize(r, 1<<16)
	var columns []string
	for n := 1; ; n++ {
		text, tooLong, err := readLine(in)
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("%s: %w", file, err)
		}
		last := err != nil
		if fields, ok, perr := parse(text); ok {
			rec := &Record{File: file, Line: n, Columns: columns, Values: fields}
			var lineErr error
			switch {
			case tooLong:
				perr = errors.New("line too long")
				fallthrough
			case perr != nil:
				lineErr = &LineError{file, n, "broken #csv line: " + perr.Error()}
			case fields[0] == "timer":
				if lineErr = header(file, n, fields); lineErr == nil {
					columns = fields
				}
			case columns == nil:
				lineErr = &LineError{file, n, "#csv line without the line before it that names the columns"}
			case len(fields) != len(columns):
				lineErr = &LineError{file, n, fmt.Sprintf("broken #csv line: %d values for %d columns", len(fields), len(columns))}
			default:
				if err := fn(rec); err != nil {
					return err
				}
			}
			if lineErr != nil {
				if err := bad(lineErr); err != nil {
					return err
				}
			}
		}
		if last {
			return nil
		}
	}
}

func header(file string, n int, fields []string) error {
	for i, f := range fields {
		if f == "" || slices.Index(fields, f) != i {
			return &LineError{file, n, fmt.Sprintf("broken #csv line: column %d is named %q like another, or not at all", i+1, f)}
		}
	}
	return nil
}

// readLine returns the next line without its end; of one that is too long, the
// start.
func readLine(in *bufio.Reader) (text string, tooLong bool, err error) {
	var b []byte
	for {
		part, err := in.ReadSlice('\n')
		if len(b)+len(part) <= maxLine {
			b = append(b, part...)
		} else {
			tooLong = true
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		return strings.TrimRight(string(b), "\r\n"), tooLong, err
	}
}

// parse splits a line of ours into its values. The mark may stand behind other
// text, because launchers put the rank in front of what a process prints.
func parse(text string) (values []string, ok bool, err error) {
	i := strings.Index(text, "#csv,")
	if j := strings.Index(text, "# csv,"); i < 0 || j >= 0 && j < i {
		i = j
	}
	if i < 0 {
		return nil, false, nil
	}
	r := csv.NewReader(strings.NewReader(text[i:]))
	row, err := r.Read()
	if err != nil {
		var pe *csv.ParseError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return nil, true, err
	}
	return row[1:], true, nil
}

// Tag is a note of the user's, a key with a value or a word alone.
type Tag struct{ Key, Value string }

// FormatTags joins tags to the value of the column "tag": k=v;k=v;word. The
// characters ; = % and control characters in keys and values are written as
// %3B and so on.
func FormatTags(tags []Tag) string {
	parts := make([]string, len(tags))
	for i, t := range tags {
		parts[i] = escape(t.Key)
		if t.Value != "" {
			parts[i] += "=" + escape(t.Value)
		}
	}
	return strings.Join(parts, ";")
}

func escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == 0x7f || strings.IndexByte(";=%", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// ParseTags is the inverse of FormatTags. Text that FormatTags did not write
// is kept as it is.
func ParseTags(s string) []Tag {
	var tags []Tag
	for part := range strings.SplitSeq(s, ";") {
		if part == "" {
			continue
		}
		key, value, _ := strings.Cut(part, "=")
		tags = append(tags, Tag{unescape(key), unescape(value)})
	}
	return tags
}

func unescape(s string) string {
	if u, err := url.PathUnescape(s); err == nil {
		return u
	}
	return s
}
