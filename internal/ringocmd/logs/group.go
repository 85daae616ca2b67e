package logs

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/stat"
)

// The columns that grouping makes.
const (
	colRuns       = "runs"
	colMean       = "mean"
	colDeviation  = "sd"
	colMin        = "min"
	colMax        = "max"
	colSpeedup    = "speedup"
	colEfficiency = "efficiency"
)

// Group averages the numbers of the column value over the rows that agree in
// the columns by. The result has the columns by, then runs (how many rows),
// mean, sd (the sample standard deviation, empty for a single row), min and
// max; it is sorted by the columns by.
func (d *Data) Group(by []string, value string) (*Data, error) {
	valueAt, err := d.column(value)
	if err != nil {
		return nil, err
	}
	var keyAt []int
	for i, name := range by {
		at, err := d.column(name)
		if err != nil {
			return nil, err
		}
		if slices.Contains(by[:i], name) {
			return nil, fmt.Errorf("the column %q is named twice", name)
		}
		keyAt = append(keyAt, at)
	}
	out := &Data{Columns: append(slices.Clone(by), colRuns, colMean, colDeviation, colMin, colMax)}
	values := map[string][]float64{}
	for _, row := range d.Rows {
		v, ok := number(row[valueAt])
		if !ok {
			return nil, fmt.Errorf("%s: the value %q in column %s is not a number", d.place(row), row[valueAt], value)
		}
		key := make([]string, len(keyAt))
		for i, at := range keyAt {
			key[i] = row[at]
		}
		id := strings.Join(key, "\x00")
		if values[id] == nil {
			out.Rows = append(out.Rows, key)
		}
		values[id] = append(values[id], v)
	}
	for i, key := range out.Rows {
		v := values[strings.Join(key, "\x00")]
		mean, sd := stat.MeanStdDev(v, nil)
		deviation := ""
		if len(v) > 1 {
			deviation = decimal(sd)
		}
		out.Rows[i] = append(key, strconv.Itoa(len(v)), decimal(mean), deviation, decimal(slices.Min(v)), decimal(slices.Max(v)))
	}
	return out, out.Sort(by...)
}

// place names the log line of a row, where the table still has it.
func (d *Data) place(row []string) string {
	if len(d.Columns) > 1 && d.Columns[0] == "file" && d.Columns[1] == "line" {
		return row[0] + ":" + row[1]
	}
	return "a line"
}

// decimal writes a number with up to nine decimals, as the logs have them.
func decimal(v float64) string {
	s := strconv.FormatFloat(v, 'f', 9, 64)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// Speedup adds the columns speedup and efficiency to a grouped table. The
// column over, one of by, is the number of processes p. Within the rows that
// agree in the other columns of by, the row with the smallest p, p0, is the
// reference: the speed-up of a row is mean(p0)/mean(p), its efficiency
// speedup·p0/p.
func (d *Data) Speedup(by []string, over string) error {
	overAt, err := d.column(over)
	if err != nil {
		return err
	}
	if !slices.Contains(by, over) {
		return fmt.Errorf("the speed-up over %q needs a grouping by it", over)
	}
	meanAt, err := d.column(colMean)
	if err != nil {
		return err
	}
	type reference struct{ p, mean float64 }
	first := map[string]reference{}
	others := func(row []string) string {
		key := make([]string, 0, len(by))
		for i := range by {
			if i != overAt {
				key = append(key, row[i])
			}
		}
		return strings.Join(key, "\x00")
	}
	for _, row := range d.Rows {
		p, ok := number(row[overAt])
		if !ok || p <= 0 {
			return fmt.Errorf("the value %q in column %s is not a number of processes", row[overAt], over)
		}
		mean, _ := number(row[meanAt])
		if r, ok := first[others(row)]; !ok || p < r.p {
			first[others(row)] = reference{p, mean}
		}
	}
	d.Columns = append(d.Columns, colSpeedup, colEfficiency)
	for i, row := range d.Rows {
		r := first[others(row)]
		p, _ := number(row[overAt])
		mean, _ := number(row[meanAt])
		speedup, efficiency := "", ""
		if s := r.mean / mean; !math.IsNaN(s) && !math.IsInf(s, 0) {
			speedup, efficiency = strconv.FormatFloat(s, 'f', 3, 64), strconv.FormatFloat(s*r.p/p, 'f', 3, 64)
		}
		d.Rows[i] = append(row, speedup, efficiency)
	}
	return nil
}
