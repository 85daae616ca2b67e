package runs

import (
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Figure is one value of a benchmark's output.
type Figure struct {
	Call, Metric string
	Size         int
	Value        float64
}

// Columns that say what a row is of; all others are figures.
var keyColumns = []string{"benchmark", "collective", "call", "size", "rank", "ranks"}

// ParseFigures reads the CSV of ringo bench and of bench/peers. Rows for
// several ranks are averaged. An unfinished last line, of a program that was
// ended, is left out. Given the names of metrics, it begins at the header that
// has one of them, whatever a launcher has said before, and leaves out all other
// columns: builds of different age print different ones.
func ParseFigures(text string, byRanks bool, metrics ...string) ([]Figure, error) {
	if i := strings.LastIndexByte(text, '\n'); i >= 0 {
		text = text[:i+1]
	} else {
		text = ""
	}
	if len(metrics) > 0 {
		text = fromHeader(text, metrics)
	}
	c := csv.NewReader(strings.NewReader(text))
	c.FieldsPerRecord = -1
	rows, err := c.ReadAll()
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, errors.New("it printed nothing")
	}
	header := rows[0]
	var out []Figure
	counts := map[int]int{}
	for _, row := range rows[1:] {
		if len(row) != len(header) {
			return nil, fmt.Errorf("it printed %q under %q", strings.Join(row, ","), strings.Join(header, ","))
		}
		f := Figure{}
		for i, name := range header {
			switch name {
			case "collective", "call":
				f.Call = row[i]
			case "size", "ranks":
				// "ranks" is a size where a benchmark is about their number.
				if name == "ranks" && !byRanks {
					continue
				}
				if f.Size, err = strconv.Atoi(row[i]); err != nil {
					return nil, fmt.Errorf("it printed the %s %q", name, row[i])
				}
			}
		}
		for i, name := range header {
			if slices.Contains(keyColumns, name) || len(metrics) > 0 && !slices.Contains(metrics, name) {
				continue
			}
			f.Metric = name
			if f.Value, err = strconv.ParseFloat(row[i], 64); err != nil || math.IsNaN(f.Value) || math.IsInf(f.Value, 0) {
				return nil, fmt.Errorf("it printed the value %q of %s", row[i], name)
			}
			same := slices.IndexFunc(out, func(g Figure) bool {
				return g.Call == f.Call && g.Metric == f.Metric && g.Size == f.Size
			})
			if same < 0 {
				counts[len(out)] = 1
				out = append(out, f)
				continue
			}
			counts[same]++
			out[same].Value += (f.Value - out[same].Value) / float64(counts[same])
		}
	}
	return out, nil
}

// fromHeader returns a text from the first line on that has the name of a
// metric among its columns.
func fromHeader(text string, metrics []string) string {
	at := 0
	for line := range strings.Lines(text) {
		for column := range strings.SplitSeq(strings.TrimSpace(line), ",") {
			if slices.Contains(metrics, column) {
				return text[at:]
			}
		}
		at += len(line)
	}
	return ""
}
