package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"

	"github.com/ringo-mpi/ringo/atomicfile"
)

// load reads the points or makes them.
func load(cfg config) (points, error) {
	if cfg.In == "" {
		return blobs(cfg), nil
	}
	t, err := readCSV(cfg.In, cfg.Columns)
	return points{Dim: t.Columns, Values: t.Values, Names: t.Names}, err
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
