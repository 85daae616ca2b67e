package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/ringo-mpi/ringo/bench/internal/stats"
	"github.com/ringo-mpi/ringo/internal/sizeplot"
)

// bar is something that is to hold.
type bar struct {
	work string
	text string // the bar in words
	// limit is the last ratio or figure with which it holds; higher says that
	// greater is better.
	limit  float64
	higher bool
	unit   string // of a figure; "" for a ratio
	first  bool   // shown in README.md
}

// ratio has its place as well when a bar goes over several figures.
type placed struct {
	stats.Ratio
	place string
}

// verdict is what a run says about a bar.
type verdict struct {
	bar      *bar
	measured []placed
	failed   []placed
	worst    placed
}

func (v *verdict) holds() bool { return len(v.measured) > 0 && len(v.failed) == 0 }

// word sums the verdict up.
func (v *verdict) word() string {
	switch {
	case len(v.measured) == 0:
		return "not measured"
	case len(v.failed) == 0:
		return "holds"
	case len(v.measured) == 1:
		return "does not hold"
	}
	return fmt.Sprintf("holds at %d of %d", len(v.measured)-len(v.failed), len(v.measured))
}

// detail gives the worst figure with its spread.
func (v *verdict) detail() string {
	if len(v.measured) == 0 {
		return "no figures"
	}
	w := v.worst
	var b strings.Builder
	if len(v.measured) > 1 {
		b.WriteString("worst ")
	}
	b.WriteString(significant(w.Value))
	if v.bar.unit != "" {
		b.WriteString(" " + v.bar.unit)
	}
	if q1, q3 := significant(w.Q1), significant(w.Q3); q1 != q3 {
		fmt.Fprintf(&b, " (%s–%s)", q1, q3)
	}
	if w.place != "" {
		b.WriteString(" at " + w.place)
	}
	if w.Against != "" {
		b.WriteString(" against " + w.Against)
	}
	return b.String()
}

// significant writes a number with three significant digits.
func significant(x float64) string {
	switch a := math.Abs(x); {
	case math.IsNaN(x):
		return "?"
	case a == 0:
		return "0"
	case a >= 100:
		return fmt.Sprintf("%.0f", x)
	case a >= 10:
		return fmt.Sprintf("%.1f", x)
	case a >= 1:
		return fmt.Sprintf("%.2f", x)
	case a >= 0.01:
		return fmt.Sprintf("%.3f", x)
	}
	return fmt.Sprintf("%.2g", x)
}

// check is a bar over some figures.
type check struct {
	bar
	over func(r *results) []placed
}

func (c *check) verdict(r *results) *verdict {
	v := &verdict{bar: &c.bar}
	for _, p := range c.over(r) {
		if !p.Known() {
			continue
		}
		v.measured = append(v.measured, p)
		worse := len(v.measured) == 1
		if c.higher {
			worse = worse || p.Value < v.worst.Value
		} else {
			worse = worse || p.Value > v.worst.Value
		}
		if worse {
			v.worst = p
		}
		if c.higher && p.Value < c.limit || !c.higher && p.Value > c.limit {
			v.failed = append(v.failed, p)
		}
	}
	return v
}

// failures lists where a bar does not hold, worst first.
func (v *verdict) failures() string {
	f := slices.Clone(v.failed)
	slices.SortStableFunc(f, func(a, b placed) int {
		d := b.Value - a.Value
		if v.bar.higher {
			d = -d
		}
		return int(math.Copysign(1, d))
	})
	const most = 12
	var out []string
	for i, p := range f {
		if i == most {
			out = append(out, fmt.Sprintf("and %d more", len(f)-most))
			break
		}
		text := significant(p.Value)
		if p.place != "" {
			text = p.place + " " + text
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

// bySize compares Ringo at the sizes from least to greatest.
func bySize(like key, higher bool, least, greatest int, against ...string) func(*results) []placed {
	return func(r *results) []placed {
		var out []placed
		for _, size := range r.sizes(like) {
			if size < least || size > greatest {
				continue
			}
			k := like
			k.Size = size
			out = append(out, placed{r.ratio(k, higher, against...), sizeText(size)})
		}
		return out
	}
}

func sizeText(n int) string { return sizeplot.Size(n) + unitB(n) }

// unitB completes "64 Ki" to "64 KiB", "8" to "8 B".
func unitB(n int) string {
	if strings.HasSuffix(sizeplot.Size(n), "i") {
		return "B"
	}
	return " B"
}

// byCall compares Ringo in all collectives at all sizes.
func byCall(ranks ...int) func(*results) []placed {
	return func(r *results) []placed {
		var out []placed
		for _, n := range ranks {
			for _, call := range r.callsOf("collectives", n) {
				like := key{Job: "collectives", Ranks: n, Peer: ringo, Call: call, Metric: "avg_us"}
				for _, p := range bySize(like, false, 0, math.MaxInt)(r) {
					p.place = call + " " + p.place
					if call == "barrier" {
						p.place = call
					}
					if len(ranks) > 1 {
						p.place += fmt.Sprintf(" on %d", n)
					}
					out = append(out, p)
				}
			}
		}
		return out
	}
}

// figureOf gives a figure itself, with its quartiles, divided by scale.
func figureOf(k key, scale float64) func(*results) []placed {
	return func(r *results) []placed {
		s := r.of(k)
		return []placed{{stats.Ratio{Value: s.Median / scale, Q1: s.Q1 / scale, Q3: s.Q3 / scale}, ""}}
	}
}

// allocBest compares the latency with buffers from Alloc with the best that a
// peer reaches, with its own or with other buffers.
func allocBest(r *results) []placed {
	var out []placed
	like := key{Job: "alloc", Ranks: 2, Peer: ringo, Metric: "latency_us"}
	for _, size := range r.sizes(like) {
		k := like
		k.Size = size
		best := stats.NoRatio
		for _, job := range []string{"alloc", "latency"} {
			for _, p := range peerNames {
				other := key{Job: job, Ranks: 2, Peer: p, Size: size, Metric: "latency_us"}
				q := stats.Quotient(r.samples[k], r.samples[other])
				if q.Known() && (!best.Known() || q.Value > best.Value) {
					best = q
					best.Against = p
				}
			}
		}
		out = append(out, placed{best, sizeText(size)})
	}
	return out
}

// copyBar compares the latency of a MiB between goroutines with one copy of it.
func copyBar(r *results) []placed {
	ours := r.samples[key{Job: "goroutines", Ranks: 2, Peer: goroutines, Size: mib, Metric: "latency_us"}]
	limit := r.samples[key{Job: "limits", Ranks: 2, Peer: machine, Size: mib, Metric: "time_us"}]
	q := stats.Quotient(ours, limit)
	q.Against = "a copy"
	return []placed{{q, ""}}
}

// sumOfRanks adds the times of Barrier and Allreduce of many goroutine ranks.
func sumOfRanks(r *results) []placed {
	k := key{Job: "ranks", Ranks: 1, Peer: machine, Size: 10000}
	k.Metric = "barrier_ms"
	a := r.of(k)
	k.Metric = "allreduce_ms"
	b := r.of(k)
	return []placed{{stats.Ratio{Value: (a.Median + b.Median) / 1e3, Q1: (a.Q1 + b.Q1) / 1e3, Q3: (a.Q3 + b.Q3) / 1e3}, ""}}
}

// launches compares launch times, of both programs.
func launches(ranks int) func(*results) []placed {
	return func(r *results) []placed {
		var out []placed
		for _, program := range []string{"empty", "true"} {
			k := key{Job: "launch " + program, Ranks: ranks, Peer: ringo, Metric: "ms"}
			out = append(out, placed{r.ratio(k, false), program})
		}
		return out
	}
}

// faster gives how many times faster Ringo is than mpi4py.
func faster(job string, peers ...string) func(*results) []placed {
	return func(r *results) []placed {
		var out []placed
		for _, p := range peers {
			theirs := r.samples[key{Job: job, Ranks: 2, Peer: mpi4py, Size: 8, Metric: "latency_us"}]
			ours := r.samples[key{Job: job, Ranks: 2, Peer: p, Size: 8, Metric: "latency_us"}]
			q := stats.Quotient(theirs, ours)
			out = append(out, placed{q, p})
		}
		return out
	}
}

// beside gives the difference, in ns, or the ratio of the native engine to C on
// the same library.
func beside(job, metric string, size int, difference bool) func(*results) []placed {
	return func(r *results) []placed {
		var out []placed
		for _, pair := range [][2]string{{ringoMPICH, mpich}, {ringoOpenMPI, openMPI}} {
			k := key{Job: job, Ranks: 2, Size: size, Metric: metric}
			if job == "native allreduce" {
				k.Call = "allreduce"
			}
			k.Peer = pair[0]
			ours := r.samples[k]
			k.Peer = pair[1]
			theirs := r.samples[k]
			if !difference {
				out = append(out, placed{stats.Quotient(ours, theirs), pair[1]})
				continue
			}
			var each []float64
			for i := range min(len(ours), len(theirs)) {
				each = append(each, (ours[i]-theirs[i])*1e3)
			}
			s := stats.Summarize(each)
			d := (stats.Summarize(ours).Median - stats.Summarize(theirs).Median) * 1e3
			out = append(out, placed{stats.Ratio{Value: d, Q1: s.Q1, Q3: s.Q3}, pair[1]})
		}
		return out
	}
}

// latencyOf is the key of the latencies of two ranks.
func latencyOf(job, peer string) key {
	return key{Job: job, Ranks: 2, Peer: peer, Metric: "latency_us"}
}

func at(k key, size int) key {
	k.Size = size
	return k
}

// checks are all bars.
func checks() []check {
	bandwidth := func(job string) key { return key{Job: job, Ranks: 2, Peer: ringo, Metric: "mb_per_s"} }
	rate := func(ranks int) func(*results) []placed {
		return bySize(key{Job: "rate", Ranks: ranks, Peer: ringo, Metric: "messages_per_s"}, true, 0, math.MaxInt)
	}
	return []check{
		{bar{work: "one-way latency, 2 processes, every size", text: "≤ 1.0", limit: 1, first: true}, bySize(latencyOf("latency", ringo), false, 0, 4*mib)},
		{bar{work: "the same, 4 KiB to 256 KiB", text: "≤ 0.7", limit: 0.7}, bySize(latencyOf("latency", ringo), false, 4*kib, 256*kib)},
		{bar{work: "bandwidth, every size", text: "≥ 1.0", limit: 1, higher: true, first: true}, bySize(bandwidth("bw"), true, 0, 4*mib)},
		{bar{work: "the same, 8 KiB to 1 MiB", text: "≥ 1.3", limit: 1.3, higher: true}, bySize(bandwidth("bw"), true, 8*kib, mib)},
		{bar{work: "bidirectional bandwidth, every size", text: "≥ 1.0", limit: 1, higher: true}, bySize(bandwidth("bibw"), true, 0, 4*mib)},
		{bar{work: "the same, 8 KiB to 1 MiB", text: "≥ 1.3", limit: 1.3, higher: true}, bySize(bandwidth("bibw"), true, 8*kib, mib)},
		{bar{work: "message rate, 8 B, one pair", text: "≥ 1.0", limit: 1, higher: true}, rate(2)},
		{bar{work: "message rate, 8 B, two pairs on 2 cores", text: "≥ 1.0", limit: 1, higher: true}, rate(4)},
		{bar{work: "ten collectives, 2 ranks, 4 B to 1 MiB", text: "≤ 0.9", limit: 0.9, first: true}, byCall(2)},
		{bar{work: "the same with 4, 8 and 16 ranks on 2 cores", text: "≤ 0.5", limit: 0.5, first: true}, byCall(4, 8, 16)},
		{bar{work: "latency with buffers from mpi.Alloc, from 64 KiB on", text: "≤ 0.5", limit: 0.5}, allocBest},
		{bar{work: "goroutine ranks, 8 B one way", text: "≤ 0.15 µs", limit: 0.15, unit: "µs"}, figureOf(at(latencyOf("goroutines", goroutines), 8), 1)},
		{bar{work: "goroutine ranks, 1 MiB one way", text: "one memory copy (≤ 1.1)", limit: 1.1}, copyBar},
		{bar{work: "10,000 goroutine ranks, Barrier and Allreduce", text: "< 0.2 s", limit: 0.2, unit: "s"}, sumOfRanks},
		{bar{work: "10,000 goroutine ranks, memory", text: "< 20 KiB a rank", limit: 20, unit: "KiB"}, figureOf(key{Job: "ranks", Ranks: 1, Peer: machine, Size: 10000, Metric: "kib_per_rank"}, 1)},
		{bar{work: "launch of 2 ranks, from start to exit", text: "≤ 0.7", limit: 0.7, first: true}, launches(2)},
		{bar{work: "launch of 16 ranks, from start to exit", text: "≤ 0.7", limit: 0.7}, launches(16)},
		{bar{work: "a rank blocked in Recv", text: "< 1 % of a core", limit: 1, unit: "%"}, figureOf(key{Job: "idle", Ranks: 2, Peer: ringo, Metric: "percent_of_core"}, 1)},
		{bar{work: "beside mpi4py, buffers of 8 B", text: "≥ 5 × faster", limit: 5, higher: true, unit: "×"}, faster("python", ringo, ringoOpenMPI)},
		{bar{work: "beside mpi4py, objects of 8 B", text: "≥ 3 × faster", limit: 3, higher: true, unit: "×"}, faster("python objects", ringo, ringoOpenMPI)},
		{bar{work: "native engine, 8 B one way, beside C on the same library", text: "≤ 50 ns more", limit: 50, unit: "ns"}, beside("native", "latency_us", 8, true)},
		{bar{work: "native engine, 1 MiB one way, beside C", text: "≤ 1.05", limit: 1.05}, beside("native", "latency_us", mib, false)},
		{bar{work: "native engine, Allreduce of 8 B, beside C", text: "≤ 100 ns more", limit: 100, unit: "ns"}, beside("native allreduce", "avg_us", 8, true)},
	}
}

// tcpChecks are the bars over connections.
func tcpChecks() []check {
	return []check{
		{bar{work: "over TCP: one-way latency, 2 processes, every size", text: "≤ 0.8", limit: 0.8}, bySize(latencyOf("tcp latency", ringo), false, 1, 4*mib)},
		{bar{work: "over TCP: bandwidth, every size", text: "≥ 1.1", limit: 1.1, higher: true}, bySize(key{Job: "tcp bw", Ranks: 2, Peer: ringo, Metric: "mb_per_s"}, true, 1, 4*mib)},
	}
}

// verdicts checks all bars: those of what was measured over connections, if
// anything was.
func verdicts(r *results) []*verdict {
	list := checks()
	if slices.ContainsFunc(r.order, func(k key) bool { return strings.HasPrefix(k.Job, "tcp ") }) {
		list = tcpChecks()
	}
	var out []*verdict
	for _, c := range list {
		out = append(out, c.verdict(r))
	}
	return out
}
