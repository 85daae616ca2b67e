package main

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
)

// csvTable is the numbers of a file, line after line.
type csvTable struct {
	Columns int
	Values  []float64
	Names   []string // of the columns, if the file has them
}

// Rows returns the number of lines.
func (t csvTable) Rows() int { return len(t.Values) / t.Columns }

// maxNumber bounds the absolute value of a number, so that squares and sums of
// squares are numbers, too.
const maxNumber = 1e150

// readCSV reads a file of numbers separated by commas. columns picks some columns,
// counted from 1; nil takes all. A first line without a number names the
// columns; lines that begin with # are comments. Every line has the same number
// of columns. Errors are one line that names the file, the line and the column.
func readCSV(path string, columns []int) (csvTable, error) {
	f, err := os.Open(path)
	if err != nil {
		return csvTable{}, fmt.Errorf("cannot read the numbers: %w", err)
	}
	defer f.Close()
	return parseCSV(path, f, columns)
}

// parseCSV is readCSV of a file that is open. name is its name in errors.
func parseCSV(name string, in io.Reader, columns []int) (csvTable, error) {
	in, err := afterMark(in)
	if err != nil {
		return csvTable{}, fmt.Errorf("cannot read %s: %w", name, err)
	}
	r := csv.NewReader(in)
	r.ReuseRecord = true
	r.TrimLeadingSpace = true
	r.Comment = '#'
	var t csvTable
	for first := true; ; first = false {
		record, err := r.Read()
		var syntax *csv.ParseError
		switch {
		case err == io.EOF && t.Values == nil:
			return t, fmt.Errorf("%s: no numbers in the file", name)
		case err == io.EOF:
			return t, nil
		case errors.As(err, &syntax):
			return t, fmt.Errorf("%s:%d: %w", name, syntax.Line, syntax.Err)
		case err != nil:
			return t, fmt.Errorf("cannot read %s: %w", name, err)
		}
		if len(columns) == 0 {
			for i := range record {
				columns = append(columns, i+1)
			}
		}
		t.Columns = len(columns)
		for _, c := range columns {
			if c < 1 || c > len(record) {
				return t, fmt.Errorf("%s:%d: there is no column %d, the line has %d", name, lineOf(r, 0), c, len(record))
			}
		}
		if first && isHeader(record) {
			for _, c := range columns {
				t.Names = append(t.Names, strings.TrimSpace(record[c-1]))
			}
			continue
		}
		for _, c := range columns {
			text := strings.TrimSpace(record[c-1])
			x, err := strconv.ParseFloat(text, 64)
			if math.Abs(x) > maxNumber && !math.IsInf(x, 0) {
				return t, fmt.Errorf("%s:%d: column %d: %s is too large: want a number of at most %g", name, lineOf(r, c-1), c, text, maxNumber)
			}
			if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
				return t, fmt.Errorf("%s:%d: column %d: want a number, have %q", name, lineOf(r, c-1), c, text)
			}
			t.Values = append(t.Values, x)
		}
	}
}

// afterMark leaves out the byte order mark that spreadsheets begin a file with.
func afterMark(in io.Reader) (io.Reader, error) {
	const mark = "\ufeff"
	b := bufio.NewReader(in)
	if start, err := b.Peek(len(mark)); err != nil && err != io.EOF {
		return nil, err
	} else if string(start) == mark {
		if _, err := b.Discard(len(mark)); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func isHeader(record []string) bool {
	for _, text := range record {
		if _, err := strconv.ParseFloat(strings.TrimSpace(text), 64); err == nil {
			return false
		}
	}
	return true
}

func lineOf(r *csv.Reader, field int) int {
	n, _ := r.FieldPos(field)
	return n
}
