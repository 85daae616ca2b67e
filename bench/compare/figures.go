package main

import (
	"fmt"
	"math"

	"github.com/ringo-mpi/ringo/internal/sizeplot"
)

func collectiveFigure(ranks int) string { return fmt.Sprintf("collectives-%d", ranks) }

// figures draws everything there is to draw; the keys are the names of the
// files without their extension.
func (r *results) figures() map[string]*sizeplot.Figure {
	out := map[string]*sizeplot.Figure{}
	for _, f := range []struct {
		job, title, metric, label string
		peers                     []string
	}{
		{"latency", "One-way latency, 2 processes", "latency_us", "µs", []string{ringo, mpich, openMPI}},
		{"bw", "Bandwidth, 2 processes", "mb_per_s", "MB/s", []string{ringo, mpich, openMPI}},
		{"bibw", "Bidirectional bandwidth, 2 processes", "mb_per_s", "MB/s", []string{ringo, mpich, openMPI}},
		{"alloc", "One-way latency with buffers from Alloc", "latency_us", "µs", []string{ringo, mpich, openMPI}},
		{"goroutines", "One-way latency, 2 goroutine ranks", "latency_us", "µs", []string{goroutines}},
	} {
		fig := &sizeplot.Figure{Title: f.title, X: "size (B)", Y: f.label, Bytes: true, LogY: true}
		for _, p := range f.peers {
			if c := r.curve(key{Job: f.job, Ranks: 2, Peer: p, Metric: f.metric}, p); len(c.Points) > 0 {
				fig.Curves = append(fig.Curves, c)
			}
		}
		if f.job == "goroutines" && len(fig.Curves) > 0 {
			fig.Curves = append(fig.Curves,
				r.curve(latencyOf("latency", ringo), "Ringo, 2 processes"),
				r.curve(key{Job: "limits", Ranks: 2, Peer: machine, Metric: "time_us"}, "cache line, copy of memory"))
		}
		if len(fig.Curves) > 0 {
			out[f.job] = fig
		}
	}
	for _, n := range r.ranksOf("collectives") {
		fig := &sizeplot.Figure{Title: fmt.Sprintf("Collectives on %d ranks: time by the best of MPICH and Open MPI", n), X: "size (B)", Y: "ratio", Bytes: true, LogY: true}
		for _, call := range r.callsOf("collectives", n) {
			c := sizeplot.Curve{Name: call}
			like := key{Job: "collectives", Ranks: n, Peer: ringo, Call: call, Metric: "avg_us"}
			for _, size := range r.sizes(like) {
				if q := r.ratio(at(like, size), false); q.Known() {
					c.Points = append(c.Points, sizeplot.Point{X: float64(size), Y: q.Value})
				}
			}
			if len(c.Points) > 0 && call != "barrier" {
				fig.Curves = append(fig.Curves, c)
			}
		}
		limit := 0.5
		if n == 2 {
			limit = 0.9
		}
		fig.Levels = []sizeplot.Level{{Name: "bar", Y: limit}}
		if len(fig.Curves) > 0 {
			out[collectiveFigure(n)] = fig
		}
	}
	return out
}

// curve is a peer's medians with their quartiles.
func (r *results) curve(like key, name string) sizeplot.Curve {
	c := sizeplot.Curve{Name: name}
	for _, size := range r.sizes(like) {
		if s := r.of(at(like, size)); !math.IsNaN(s.Median) {
			c.Points = append(c.Points, sizeplot.Point{X: float64(size), Y: s.Median, Low: s.Q1, High: s.Q3})
		}
	}
	return c
}
