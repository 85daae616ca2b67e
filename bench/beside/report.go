package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/ringo-mpi/ringo/bench/internal/stats"
)

// line is a figure of both builds.
type line struct {
	job      job
	call     string
	size     int
	old, new float64 // medians, of the times
	stats.Ratio
	worse bool
}

// lines are the figures that both builds have, in the order of the jobs.
func (m *measurement) lines(bar float64) []line {
	var out []line
	for at, j := range m.jobs {
		for _, k := range m.order {
			if k.job != at {
				continue
			}
			l := line{job: j, call: k.call, size: k.size}
			l.old, l.new = stats.Summarize(m.samples[older][k]).Median, stats.Summarize(m.samples[newer][k]).Median
			l.Ratio = stats.Quotient(m.samples[newer][k], m.samples[older][k])
			if !l.Known() {
				m.note("%s: one of the builds has no figure %s", j.title(), l.name())
				continue
			}
			l.worse = l.Value > bar && l.Q1 > bar
			out = append(out, l)
		}
	}
	return out
}

// name is that of a figure within its job.
func (l line) name() string {
	switch {
	case l.job.isLaunch():
		return "true"
	case l.call == "":
		return bytesText(l.size)
	case l.size == 0:
		return l.call
	}
	return l.call + " " + bytesText(l.size)
}

// value gives a median in the unit in which a benchmark prints it.
func (l line) value(us float64) string {
	if l.job.rate {
		x := significant(1e6 / us)
		if l.job.metric == "mb_per_s" {
			return x + " MB/s"
		}
		return x + " /s"
	}
	return significant(us) + " µs"
}

// flag is the last cell of a line.
func (l line) flag() string {
	if l.worse {
		return "WORSE"
	}
	return ""
}

var columns = []string{"figure", "old", "new", "ratio", "quartiles", ""}

func (l line) cells() []string {
	return []string{l.name(), l.value(l.old), l.value(l.new), fixed(l.Value), fixed(l.Q1) + "–" + fixed(l.Q3), l.flag()}
}

// byJob divides lines into those of the jobs.
func byJob(lines []line) [][]line {
	var out [][]line
	for i, l := range lines {
		if i == 0 || lines[i-1].job.title() != l.job.title() {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], l)
	}
	return out
}

// about is the head of a report.
func (m *measurement) about() []string {
	out := []string{fmt.Sprintf("old: %s (%s)", m.trees[older].given, m.trees[older].about), fmt.Sprintf("new: %s (%s)", m.trees[newer].given, m.trees[newer].about)}
	return append(out, m.notes...)
}

// verdict is the last line of a report.
func (m *measurement) verdict(lines []line, bar float64) string {
	worse := 0
	for _, l := range lines {
		if l.worse {
			worse++
		}
	}
	text := fmt.Sprintf("%d of %d figures are worse than %g outside the quartiles", worse, len(lines), bar)
	if m.failed {
		text += "; the new build has failed where the old one has not"
	}
	return text
}

// table writes a report for a terminal.
func (m *measurement) table(w io.Writer, lines []line, bar float64) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, text := range m.about() {
		fmt.Fprintln(t, text)
	}
	for _, part := range byJob(lines) {
		fmt.Fprintf(t, "\n%s: %s\n", part[0].job.title(), part[0].job.about)
		fmt.Fprintln(t, "  "+strings.Join(columns, "\t"))
		for _, l := range part {
			fmt.Fprintln(t, "  "+strings.Join(l.cells(), "\t"))
		}
	}
	fmt.Fprintf(t, "\n%s\n", m.verdict(lines, bar))
	return t.Flush()
}

// markdown writes a report as Markdown.
func (m *measurement) markdown(w io.Writer, lines []line, bar float64) error {
	var b strings.Builder
	b.WriteString("# Two builds of Ringo side by side\n\n")
	for _, text := range m.about() {
		b.WriteString("- " + text + "\n")
	}
	for _, part := range byJob(lines) {
		fmt.Fprintf(&b, "\n## %s: %s\n\n| %s |\n|%s\n", part[0].job.title(), part[0].job.about, strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
		for _, l := range part {
			b.WriteString("| " + strings.Join(l.cells(), " | ") + " |\n")
		}
	}
	fmt.Fprintf(&b, "\n%s.\n", m.verdict(lines, bar))
	_, err := io.WriteString(w, b.String())
	return err
}

// csv writes a row for each figure; the medians are times in microseconds.
func (m *measurement) csv(w io.Writer, lines []line) error {
	c := csv.NewWriter(w)
	rows := [][]string{{"job", "ranks", "on", "call", "size", "old_us", "new_us", "ratio", "q1", "q3", "worse"}}
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', 6, 64) }
	for _, l := range lines {
		rows = append(rows, []string{
			l.job.name, strconv.Itoa(l.job.ranks), l.job.on, l.call, strconv.Itoa(l.size),
			number(l.old), number(l.new), number(l.Value), number(l.Q1), number(l.Q3), strconv.FormatBool(l.worse),
		})
	}
	return c.WriteAll(rows)
}

func fixed(x float64) string { return strconv.FormatFloat(x, 'f', 3, 64) }

// significant gives three digits, or all before the point.
func significant(x float64) string {
	digits := 0
	for y := x; y < 100 && digits < 3; y *= 10 {
		digits++
	}
	return strconv.FormatFloat(x, 'f', digits, 64)
}

// bytesText is a length in bytes.
func bytesText(n int) string {
	switch {
	case n >= mib && n%mib == 0:
		return strconv.Itoa(n/mib) + " MiB"
	case n >= kib && n%kib == 0:
		return strconv.Itoa(n/kib) + " KiB"
	}
	return strconv.Itoa(n) + " B"
}
