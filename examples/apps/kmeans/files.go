package main

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"

	"github.com/ringo-mpi/ringo/internal/atomicfile"
)

// load reads the points or makes them.
func load(cfg config) (points, error) {
	if cfg.In == "" {
		return blobs(cfg), nil
	}
	f, err := os.Open(cfg.In)
	if err != nil {
		return points{}, fmt.Errorf("cannot read the points: %w", err)
	}
	defer f.Close()
	return readCSV(cfg.In, bufio.NewReader(f), cfg.Columns)
}

// greatest bounds coordinates, so that the squares of distances are numbers.
const greatest = 1e150

// readCSV reads one point a line. A first line without a number names the
// columns. Errors name the file, the line and the column.
func readCSV(name string, in io.Reader, columns []int) (points, error) {
	r := csv.NewReader(in)
	r.ReuseRecord = true
	r.TrimLeadingSpace = true
	r.Comment = '#'
	var p points
	for first := true; ; first = false {
		record, err := r.Read()
		var syntax *csv.ParseError
		switch {
		case err == io.EOF && p.Values == nil:
			return p, fmt.Errorf("%s: no points in the file", name)
		case err == io.EOF:
			return p, nil
		case errors.As(err, &syntax):
			return p, fmt.Errorf("%s:%d: %w", name, syntax.Line, syntax.Err)
		case err != nil:
			return p, fmt.Errorf("cannot read %s: %w", name, err)
		}
		if len(columns) == 0 {
			for i := range record {
				columns = append(columns, i+1)
			}
		}
		p.Dim = len(columns)
		if first && isHeader(record) {
			for _, c := range columns {
				if c <= len(record) {
					p.Names = append(p.Names, strings.TrimSpace(record[c-1]))
				}
			}
			continue
		}
		for _, c := range columns {
			if c > len(record) {
				return p, fmt.Errorf("%s:%d: there is no column %d, the line has %d", name, lineOf(r, 0), c, len(record))
			}
			text := strings.TrimSpace(record[c-1])
			x, err := strconv.ParseFloat(text, 64)
			if err != nil || math.IsNaN(x) || math.Abs(x) > greatest {
				return p, fmt.Errorf("%s:%d: column %d: want a number, have %q", name, lineOf(r, c-1), c, text)
			}
			p.Values = append(p.Values, x)
		}
	}
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
	line, _ := r.FieldPos(field)
	return line
}

// blobs makes points around k centres in a square (or cube …) of length 20.
// Each centre is the best of some random places: the one farthest from the
// centres before it.
func blobs(cfg config) points {
	random := rand.New(rand.NewPCG(cfg.Seed, 1))
	centres := points{Dim: cfg.Dim}
	for range cfg.K {
		var best []float64
		bestDistance := -1.0
		for range 20 {
			place := make([]float64, cfg.Dim)
			for d := range place {
				place[d] = 20*random.Float64() - 10
			}
			if _, distance := nearest(place, centres); distance > bestDistance {
				best, bestDistance = place, distance
			}
		}
		centres.add(best)
	}
	p := points{Dim: cfg.Dim, Values: make([]float64, 0, cfg.N*cfg.Dim)}
	for range cfg.N {
		for _, x := range centres.at(random.IntN(cfg.K)) {
			p.Values = append(p.Values, x+cfg.Spread*random.NormFloat64())
		}
	}
	return p
}

// writeLabels writes the points as they were read, and their clusters.
func (c *clustering) writeLabels(path string, all points) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		for d := range all.Dim {
			fmt.Fprintf(w, "%s,", all.name(d))
		}
		fmt.Fprintln(w, "cluster")
		var line []byte
		for i, label := range c.labels {
			line = line[:0]
			for _, x := range all.at(i) {
				line = append(strconv.AppendFloat(line, x, 'g', -1, 64), ',')
			}
			line = append(strconv.AppendInt(line, int64(label), 10), '\n')
			if _, err := w.Write(line); err != nil {
				return err
			}
		}
		return nil
	})
}

// name is what coordinate d is called.
func (p points) name(d int) string {
	if d < len(p.Names) && p.Names[d] != "" {
		return p.Names[d]
	}
	return "x" + strconv.Itoa(d+1)
}
