package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/ringo-mpi/ringo/bench/internal/stats"
)

// report writes the results as Markdown. figures maps the name of a figure to
// the path of its file, relative to the report.
func (r *results) report(figures map[string]string) string {
	w := &writer{r: r, figures: figures}
	w.line("# Ringo beside other MPI libraries: %s", cmp.Or(r.attribute("date"), "undated"))
	w.line("")
	w.line("Medians over the repetitions, which were interleaved, and ratios with the quartiles of the ratios of the repetitions. A ratio of times is Ringo's divided by the best of MPICH and Open MPI (less is better), one of bandwidths likewise (more is better). Times are not to be compared with those of other runs.")
	w.environment()
	w.bars()
	w.p2p()
	w.collectives()
	w.launch()
	w.goroutines()
	w.others()
	return w.b.String()
}

type writer struct {
	r       *results
	figures map[string]string
	b       strings.Builder
}

func (w *writer) line(format string, args ...any) {
	fmt.Fprintf(&w.b, format, args...)
	w.b.WriteByte('\n')
}

// table writes a table whose first column is text.
func (w *writer) table(header []string, rows [][]string) {
	w.line("")
	w.line("| %s |", strings.Join(header, " | "))
	marks := make([]string, len(header))
	for i := range marks {
		marks[i] = "---"
		if i > 0 {
			marks[i] = "---:"
		}
	}
	w.line("|%s|", strings.Join(marks, "|"))
	for _, row := range rows {
		w.line("| %s |", strings.Join(row, " | "))
	}
}

func (w *writer) figure(name, text string) {
	if path := w.figures[name]; path != "" {
		w.line("")
		w.line("![%s](%s)", text, path)
	}
}

func (w *writer) environment() {
	w.line("")
	w.line("| | |")
	w.line("|---|---|")
	for _, a := range w.r.Environment {
		w.line("| %s | %s |", a.Name, strings.ReplaceAll(a.Value, "|", `\|`))
	}
	for _, n := range w.r.Notes {
		w.line("| %s | %s |", noteMark, strings.ReplaceAll(n, "|", `\|`))
	}
}

// bars writes the table of bars, and below it where each does not hold.
func (w *writer) bars() {
	w.line("")
	w.line("## Bars")
	w.line("")
	w.b.WriteString(barTable(w.r))
	for _, v := range verdicts(w.r) {
		if len(v.failed) > 0 && len(v.measured) > 1 {
			w.line("")
			w.line("%s does not hold at: %s.", capital(v.bar.work), v.failures())
		}
	}
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// barTable is the table of bars alone, with a line about those that the run
// says nothing about.
func barTable(r *results) string {
	return tableOf(r, func(*bar) bool { return true })
}

// firstTable is the part of it that README.md shows.
func firstTable(r *results) string {
	return tableOf(r, func(b *bar) bool { return b.first })
}

func tableOf(r *results, shown func(*bar) bool) string {
	var b strings.Builder
	var missing []string
	b.WriteString("| work | bar | measured | |\n|---|---|---|---|\n")
	for _, v := range verdicts(r) {
		if !shown(v.bar) {
			continue
		}
		if len(v.measured) == 0 {
			missing = append(missing, v.bar.work)
			continue
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", v.bar.work, v.bar.text, v.detail(), v.word())
	}
	if missing != nil {
		fmt.Fprintf(&b, "\nNot measured: %s.\n", strings.Join(missing, "; "))
	}
	return b.String()
}

// compared writes a table of a metric by size: every peer's median, and the
// ratio.
func (w *writer) compared(like key, higher bool, unit string) {
	peers := w.r.peersOf(like.Job, like.Ranks)
	header := []string{"size"}
	for _, p := range peers {
		header = append(header, p+" ("+unit+")")
	}
	header = append(header, "ratio", "quartiles", "against")
	var rows [][]string
	sizes := []int{}
	for _, p := range peers {
		like.Peer = p
		for _, s := range w.r.sizes(like) {
			if !slices.Contains(sizes, s) {
				sizes = append(sizes, s)
			}
		}
	}
	slices.Sort(sizes)
	for _, size := range sizes {
		k := like
		k.Size = size
		row := []string{sizeText(size)}
		for _, p := range peers {
			k.Peer = p
			row = append(row, median(w.r.of(k)))
		}
		k.Peer = ringo
		row = append(row, ratioCells(w.r.ratio(k, higher))...)
		rows = append(rows, row)
	}
	w.table(header, rows)
}

func median(s stats.Summary) string {
	if s.N == 0 {
		return "–"
	}
	return significant(s.Median)
}

func ratioCells(q stats.Ratio) []string {
	if !q.Known() {
		return []string{"–", "", ""}
	}
	return []string{fmt.Sprintf("%.2f", q.Value), fmt.Sprintf("%.2f–%.2f", q.Q1, q.Q3), q.Against}
}

func (w *writer) p2p() {
	for _, part := range []struct {
		job, title, metric, unit string
		higher                   bool
	}{
		{"latency", "One-way latency, 2 processes", "latency_us", "µs", false},
		{"bw", "Bandwidth, 2 processes", "mb_per_s", "MB/s", true},
		{"bibw", "Bidirectional bandwidth, 2 processes", "mb_per_s", "MB/s", true},
		{"alloc", "One-way latency with buffers from Alloc", "latency_us", "µs", false},
		{"rate", "Message rate", "messages_per_s", "1/s", true},
		{"rate new", "Message rate, in Go with a new request for each message", "messages_per_s", "1/s", true},
		{"tcp latency", "One-way latency over TCP, 2 processes", "latency_us", "µs", false},
		{"tcp bw", "Bandwidth over TCP, 2 processes", "mb_per_s", "MB/s", true},
		{"tcp bibw", "Bidirectional bandwidth over TCP, 2 processes", "mb_per_s", "MB/s", true},
		{"tcp rate", "Message rate over TCP", "messages_per_s", "1/s", true},
		{"threads", "Latency of 2 goroutines or threads in each of 2 ranks", "latency_us", "µs", false},
	} {
		if !w.r.has(part.job) {
			continue
		}
		w.line("")
		w.line("## %s", part.title)
		w.figure(part.job, part.title)
		for _, n := range w.r.ranksOf(part.job) {
			if n > 2 {
				w.line("")
				w.line("%d ranks:", n)
			}
			w.compared(key{Job: part.job, Ranks: n, Metric: part.metric}, part.higher, part.unit)
		}
	}
}

// collectives writes, for each number of ranks, the ratios by collective and
// size, and the times.
func (w *writer) collectives() {
	for _, n := range w.r.ranksOf("collectives") {
		w.line("")
		w.line("## Collectives, %d ranks", n)
		if n > 2 {
			w.line("")
			w.line("More ranks than cores. MPICH polls without giving way: Barrier and Allreduce were tried, once and for a few seconds.")
		}
		w.figure(collectiveFigure(n), fmt.Sprintf("collectives on %d ranks", n))
		var header []string
		var rows [][]string
		peers := w.r.peersOf("collectives", n)
		header = append(header, "collective", "size")
		for _, p := range peers {
			header = append(header, p+" (µs)")
		}
		header = append(header, "ratio", "quartiles", "against")
		for _, call := range w.r.callsOf("collectives", n) {
			like := key{Job: "collectives", Ranks: n, Call: call, Metric: "avg_us", Peer: ringo}
			for _, size := range w.r.sizes(like) {
				k := at(like, size)
				text := sizeText(size)
				if call == "barrier" {
					text = ""
				}
				row := []string{call, text}
				for _, p := range peers {
					k.Peer = p
					row = append(row, median(w.r.of(k)))
				}
				k.Peer = ringo
				rows = append(rows, append(row, ratioCells(w.r.ratio(k, false))...))
			}
		}
		w.table(header, rows)
	}
	if w.r.has("overlap") {
		w.line("")
		w.line("## Nonblocking collectives with overlap")
		var rows [][]string
		peers := w.r.peersOf("overlap", 2)
		for _, call := range w.r.callsOf("overlap", 2) {
			for _, size := range w.r.sizes(key{Job: "overlap", Ranks: 2, Peer: ringo, Call: call, Metric: "own_us"}) {
				row := []string{"i" + call, sizeText(size)}
				for _, p := range peers {
					k := key{Job: "overlap", Ranks: 2, Peer: p, Call: call, Size: size, Metric: "own_us"}
					own := w.r.of(k)
					k.Metric = "overlap_percent"
					row = append(row, median(own), median(w.r.of(k)))
				}
				rows = append(rows, row)
			}
		}
		header := []string{"call", "size"}
		for _, p := range peers {
			header = append(header, p+" (µs)", "hidden (%)")
		}
		w.table(header, rows)
	}
}

func (w *writer) launch() {
	var rows [][]string
	peers := []string{ringo, mpich, openMPI}
	for _, program := range []string{"empty", "true"} {
		job := "launch " + program
		for _, n := range w.r.ranksOf(job) {
			row := []string{fmt.Sprintf("%s, %d ranks", program, n)}
			for _, p := range peers {
				row = append(row, median(w.r.of(key{Job: job, Ranks: n, Peer: p, Metric: "ms"})))
			}
			rows = append(rows, append(row, ratioCells(w.r.ratio(key{Job: job, Ranks: n, Peer: ringo, Metric: "ms"}, false))...))
		}
	}
	if rows != nil {
		w.line("")
		w.line("## Launch, from the start of the launcher to its end")
		w.line("")
		w.line("“empty” enters MPI and leaves it, “true” does not use MPI.")
		w.table([]string{"program", ringo + " (ms)", mpich + " (ms)", openMPI + " (ms)", "ratio", "quartiles", "against"}, rows)
	}
	rows = nil
	for _, row := range []struct {
		job, text, metric string
		scale             float64
	}{
		{"idle", "blocked in Recv (% of a core)", "percent_of_core", 1},
		{"memory", "memory of a rank's own (MiB)", "own_kib", 1024},
		{"memory", "memory of a rank, shared with others too (MiB)", "resident_kib", 1024},
	} {
		for _, n := range w.r.ranksOf(row.job) {
			cells := []string{fmt.Sprintf("%s, %d ranks", row.text, n)}
			for _, p := range peers {
				s := w.r.of(key{Job: row.job, Ranks: n, Peer: p, Metric: row.metric})
				s.Median /= row.scale
				cells = append(cells, median(s))
			}
			rows = append(rows, cells)
		}
	}
	if rows != nil {
		w.line("")
		w.line("## What a rank costs")
		w.table([]string{"", ringo, mpich, openMPI}, rows)
	}
}

func (w *writer) goroutines() {
	if w.r.has("goroutines") {
		w.line("")
		w.line("## Goroutine ranks, and what the machine allows")
		w.line("")
		w.line("The least that is possible: at size 0 the way of a cache line from core to core, else one copy of memory that the other core has just written.")
		w.figure("goroutines", "goroutine ranks")
		var rows [][]string
		for _, size := range w.r.sizes(latencyOf("goroutines", goroutines)) {
			g := at(latencyOf("goroutines", goroutines), size)
			p := at(latencyOf("latency", ringo), size)
			l := key{Job: "limits", Ranks: 2, Peer: machine, Size: size, Metric: "time_us"}
			q := stats.Quotient(w.r.samples[g], w.r.samples[l])
			rows = append(rows, []string{sizeText(size), median(w.r.of(g)), median(w.r.of(p)), median(w.r.of(l)), ratioCells(q)[0]})
		}
		w.table([]string{"size", "goroutines (µs)", "processes (µs)", "least (µs)", "goroutines / least"}, rows)
	}
	if w.r.has("ranks") {
		var rows [][]string
		for _, n := range w.r.sizes(key{Job: "ranks", Ranks: 1, Peer: machine, Metric: "all_ms"}) {
			row := []string{fmt.Sprint(n)}
			for _, metric := range []string{"all_ms", "barrier_ms", "allreduce_ms", "kib_per_rank"} {
				row = append(row, median(w.r.of(key{Job: "ranks", Ranks: 1, Peer: machine, Size: n, Metric: metric})))
			}
			rows = append(rows, row)
		}
		w.line("")
		w.line("## Many goroutine ranks")
		w.table([]string{"ranks", "start to end (ms)", "Barrier (ms)", "Allreduce (ms)", "memory (KiB/rank)"}, rows)
	}
}

func (w *writer) others() {
	for _, part := range []struct{ job, title, metric, call string }{
		{"python", "Beside mpi4py: buffers", "latency_us", ""},
		{"python objects", "Beside mpi4py: objects", "latency_us", ""},
		{"native", "The native engine beside C on the same library: one-way latency", "latency_us", ""},
		{"native allreduce", "The native engine beside C on the same library: Allreduce", "avg_us", "allreduce"},
	} {
		if !w.r.has(part.job) {
			continue
		}
		peers := w.r.peersOf(part.job, 2)
		header := []string{"size"}
		var sizes []int
		for _, p := range peers {
			header = append(header, p+" (µs)")
			for _, s := range w.r.sizes(key{Job: part.job, Ranks: 2, Peer: p, Call: part.call, Metric: part.metric}) {
				if !slices.Contains(sizes, s) {
					sizes = append(sizes, s)
				}
			}
		}
		slices.Sort(sizes)
		var rows [][]string
		for _, size := range sizes {
			row := []string{sizeText(size)}
			for _, p := range peers {
				row = append(row, spreadText(w.r.of(key{Job: part.job, Ranks: 2, Peer: p, Call: part.call, Size: size, Metric: part.metric})))
			}
			rows = append(rows, row)
		}
		w.line("")
		w.line("## %s", part.title)
		w.table(header, rows)
	}
	if w.r.has("allocs") {
		var rows [][]string
		for _, call := range w.r.callsOf("allocs", 2) {
			like := key{Job: "allocs", Ranks: 2, Peer: ringo, Call: call, Metric: "allocs"}
			for _, size := range w.r.sizes(like) {
				k := at(like, size)
				n := w.r.of(k)
				k.Metric = "bytes"
				rows = append(rows, []string{call, sizeText(size), significant(math.Round(n.Median*1000) / 1000), significant(math.Round(w.r.of(k).Median))})
			}
		}
		w.line("")
		w.line("## Allocations per call")
		w.table([]string{"call", "size", "allocations", "bytes"}, rows)
	}
}

// spreadText is a median with its quartiles.
func spreadText(s stats.Summary) string {
	if s.N == 0 {
		return "–"
	}
	if s.Q1 == s.Q3 {
		return significant(s.Median)
	}
	return fmt.Sprintf("%s (%s–%s)", significant(s.Median), significant(s.Q1), significant(s.Q3))
}
