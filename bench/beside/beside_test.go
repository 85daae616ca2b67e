package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ringo-mpi/ringo/bench/internal/runs"
)

var (
	latency = job{name: "latency", about: "one-way latency", ranks: 2, on: goroutines, bench: runs.Bench{Name: "latency"}, metric: "latency_us"}
	rate    = job{name: "rate", about: "message rate", ranks: 2, on: goroutines, bench: runs.Bench{Name: "mbw_mr"}, metric: "messages_per_s", rate: true}
)

func TestTimes(t *testing.T) {
	for _, c := range []struct {
		text string
		j    job
		want []runs.Figure
	}{
		{"benchmark,ranks,size,latency_us\nlatency,2,8,0.5\nlatency,2,64,2\n", latency, []runs.Figure{{Metric: "latency_us", Size: 8, Value: 0.5}, {Metric: "latency_us", Size: 64, Value: 2}}},
		// A build that prints fewer columns, or others, or in another order.
		{"size,latency_us\n8,0.5\n", latency, []runs.Figure{{Metric: "latency_us", Size: 8, Value: 0.5}}},
		{"latency_us,engine,size\n0.5,embedded,8\n", latency, []runs.Figure{{Metric: "latency_us", Size: 8, Value: 0.5}}},
		// A launcher that says something first.
		{"WARNING: \"no\" network, really\n\nsize,latency_us\n8,0.5\n", latency, []runs.Figure{{Metric: "latency_us", Size: 8, Value: 0.5}}},
		{"size,mb_per_s,messages_per_s\n8,16,2000000\n", rate, []runs.Figure{{Metric: "messages_per_s", Size: 8, Value: 0.5}}},
		{"collective,size,avg_us\nbarrier,0,2\nbcast,4,3\n", job{metric: "avg_us"}, []runs.Figure{{Call: "barrier", Metric: "avg_us", Value: 2}, {Call: "bcast", Metric: "avg_us", Size: 4, Value: 3}}},
	} {
		got, err := times(c.text, c.j)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
		} else if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%q: %s", c.text, d)
		}
	}
	for _, text := range []string{"", "size,mb_per_s\n8,1\n", "size,latency_us\n", "size,latency_us\n8,0\n", "size,latency_us\n8,-1\n", "size,latency_us\n8,x\n", "size,latency_us\n8,NaN\n"} {
		if got, err := times(text, latency); err == nil {
			t.Errorf("%q gives %v", text, got)
		}
	}
}

// sampled is a measurement with the samples of figures of two jobs.
func sampled() *measurement {
	m := newMeasurement([]job{latency, rate})
	m.trees = [2]*tree{{given: "before", about: "aaa"}, {given: "after", about: "bbb"}}
	for size, values := range map[int][2][]float64{
		8:       {{1, 1, 1, 1}, {1.1, 1.2, 1.1, 1}}, // worse, also at the lower quartile
		64:      {{1, 1, 1, 1}, {1.1, 1.1, 1, 1}},   // worse, the quartiles do not say so
		kib:     {{1, 1, 1, 1}, {1.01, 1.01, 1.01, 1.01}},
		2 * mib: {{2, 2, 2, 2}, {1, 1, 1, 1}},
	} {
		for side := range values {
			for pair, v := range values[side] {
				m.add(side, key{0, "", size}, pair, v)
			}
		}
	}
	m.add(newer, key{0, "", 4 * mib}, 0, 1)
	for pair, us := range []float64{0.2, 0.25} {
		m.add(older, key{1, "", 8}, pair, us)
		m.add(newer, key{1, "", 8}, pair, 2*us)
	}
	return m
}

func TestLines(t *testing.T) {
	m := sampled()
	got := map[string]string{}
	lines := m.lines(1.03)
	for _, l := range lines {
		got[l.job.name+" "+l.name()] = strings.Join(l.cells()[1:], "|")
	}
	want := map[string]string{
		"latency 8 B":   "1.00 µs|1.10 µs|1.100|1.075–1.125|WORSE",
		"latency 64 B":  "1.00 µs|1.05 µs|1.050|1.000–1.100|",
		"latency 1 KiB": "1.00 µs|1.01 µs|1.010|1.010–1.010|",
		"latency 2 MiB": "2.00 µs|1.00 µs|0.500|0.500–0.500|",
		"rate 8 B":      "4444444 /s|2222222 /s|2.000|2.000–2.000|WORSE",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if text, want := strings.Join(m.notes, "\n"), "latency, 2 ranks: one of the builds has no figure 4 MiB"; text != want {
		t.Errorf("notes %q, want %q", text, want)
	}
	if lines := m.lines(3); lines[0].worse {
		t.Error("a figure is worse that is below the bar")
	}
}

func TestReports(t *testing.T) {
	m := sampled()
	m.failed = true
	lines := m.lines(1.03)
	var table, markdown, csv bytes.Buffer
	if err := errors.Join(m.table(&table, lines, 1.03), m.markdown(&markdown, lines, 1.03), m.csv(&csv, lines)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"old: before (aaa)", "new: after (bbb)", "latency, 2 ranks: one-way latency", "2 of 5 figures are worse than 1.03 outside the quartiles; the new build has failed"} {
		if !strings.Contains(table.String(), want) || !strings.Contains(markdown.String(), want) {
			t.Errorf("no %q in\n%s\nor\n%s", want, &table, &markdown)
		}
	}
	if want := "| 8 B | 1.00 µs | 1.10 µs | 1.100 | 1.075–1.125 | WORSE |"; !strings.Contains(markdown.String(), want) {
		t.Errorf("no %q in\n%s", want, &markdown)
	}
	if want := "rate,2,goroutines,,8,0.225,0.45,2,2,2,true\n"; !strings.Contains(csv.String(), want) {
		t.Errorf("no %q in\n%s", want, &csv)
	}
}

func TestOptions(t *testing.T) {
	for args, want := range map[string]string{
		"":                "0 arguments: name the old build",
		"a b c":           "3 arguments",
		"-n 0 a":          "-n 0: at least one",
		"-layouts 0 a":    "-layouts 0: at least one",
		"-bar 0 a":        "-bar 0: a ratio above 0",
		"-bar NaN a":      "-bar NaN",
		"-cores 0 a":      "-cores 0",
		"-limit 0s a":     "-limit 0s",
		"-only nope a":    `there is no job "nope": there are latency, bw,`,
		"-only latency,,": `there is no job ""`,
		"-nosuch":         "not defined",
	} {
		if err := run(t.Context(), strings.Fields(args), &bytes.Buffer{}, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", args, err, want)
		}
	}
	o, err := parse([]string{"-only", "rate, launch", "x"}, &bytes.Buffer{})
	if err != nil || len(o.jobs) != 3 || o.old != "x" || o.new != "." || o.repetitions != 7 || o.bar != 1.03 {
		t.Errorf("%+v, %v", o, err)
	}
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-list"}, &out, &out); err != nil || !strings.Contains(out.String(), "native       2 ranks on MPICH: one-way") {
		t.Errorf("%s, %v", &out, err)
	}
}

func TestOpenTree(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("LEFT OUT: there is no git command")
	}
	repo := t.TempDir()
	t.Chdir(repo)
	for _, dir := range []string{filepath.Join("cmd", "ringo"), "empty"} {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join("cmd", "ringo", "main.go"), []byte("package main\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"init", "-q"}, {"add", "."}, {"-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "-m", "cmd: one"}, {"tag", "v1"},
	} {
		if _, err := runs.Git(t.Context(), ".", args...); err != nil {
			t.Fatal(err)
		}
	}
	scratch := t.TempDir()
	tr, away, err := openTree(t.Context(), "v1", filepath.Join(scratch, "old"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(tr.root, "cmd", "ringo", "main.go")); err != nil || len(tr.about) != 12 {
		t.Errorf("%+v: %v", tr, err)
	}
	if err := away(); err != nil {
		t.Error(err)
	}
	if list, err := runs.Git(t.Context(), ".", "worktree", "list"); err != nil || strings.Contains(list, scratch) {
		t.Errorf("a worktree is left: %s, %v", list, err)
	}
	if tr, away, err := openTree(t.Context(), repo, scratch); err != nil || tr.root != repo || away() != nil {
		t.Errorf("%+v, %v", tr, err)
	}
	for given, want := range map[string]string{"empty": "is no checkout of Ringo", "v2": "is neither a folder nor a revision", "--all": "is neither"} {
		if _, _, err := openTree(t.Context(), given, scratch); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", given, err, want)
		}
	}
}

// scripted is a build whose ringo is a script.
func scripted(t *testing.T, given, script string) *tree {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ringo"), []byte("#!/bin/sh\n"+script+"\n"), 0o777); err != nil {
		t.Fatal(err)
	}
	return &tree{given: given, bins: []string{dir}}
}

func TestTurns(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("LEFT OUT: the builds of this test are shell scripts")
	}
	log := filepath.Join(t.TempDir(), "log")
	speak := func(name string, us float64) string {
		return fmt.Sprintf("echo %s >>%s; echo size,latency_us; echo 8,%g", name, log, us)
	}
	m := newMeasurement([]job{latency})
	m.trees = [2]*tree{scripted(t, "before", speak("old", 2)), scripted(t, "after", speak("new", 3))}
	if !m.all(t.Context(), 2, time.Hour, &bytes.Buffer{}, false) {
		t.Error("not complete")
	}
	text, err := os.ReadFile(log)
	if got := strings.Join(strings.Fields(string(text)), " "); err != nil || got != "old new new old old new new old" {
		t.Errorf("order %s, %v", got, err)
	}
	lines := m.lines(1.03)
	if len(lines) != 1 || lines[0].Value != 1.5 || !lines[0].worse || len(m.samples[older][key{size: 8}]) != 4 || m.failed {
		t.Errorf("%+v of %+v", lines, m)
	}

	m = newMeasurement([]job{latency, rate})
	m.trees[older], m.trees[newer] = scripted(t, "before", speak("old", 2)), scripted(t, "after", "echo it breaks >&2; exit 3")
	if !m.all(t.Context(), 3, time.Hour, &bytes.Buffer{}, false) || !m.failed {
		t.Error("the failure of the new build is not seen")
	}
	want := []string{"latency, 2 ranks, after: exit status 3: it breaks", "rate, 2 ranks, before: it printed nothing"}
	if d := cmp.Diff(want, m.notes); d != "" {
		t.Error(d)
	}

	m = newMeasurement([]job{latency})
	m.trees = [2]*tree{scripted(t, "before", speak("old", 2)), scripted(t, "after", speak("new", 2))}
	if !m.all(t.Context(), 3, time.Nanosecond, &bytes.Buffer{}, false) || len(m.notes) != 1 || !strings.Contains(m.notes[0], "after 1 of 3 repetitions") {
		t.Errorf("notes %q", m.notes)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if m.all(ctx, 1, time.Hour, &bytes.Buffer{}, false) {
		t.Error("an interrupted run is complete")
	}
}

// The whole way, with this checkout on both sides.
func TestBeside(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("LEFT OUT: the comparison runs processes, for which there is Linux")
	}
	if testing.Short() {
		t.Skip("LEFT OUT: the comparison, because of -short")
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("LEFT OUT: there is no go command")
	}
	t.Setenv(runs.ConfinedMark, "1")
	root := filepath.Join("..", "..")
	file := filepath.Join(t.TempDir(), "figures.csv")
	var out, errs bytes.Buffer
	args := []string{"-cores", "1", "-n", "1", "-quick", "-limit", "1ms", "-bar", "1e9", "-only", "latency,rate,goroutines,launch", "-csv", file, root, root}
	if err := run(t.Context(), args, &out, &errs); err != nil {
		t.Fatalf("%v\n%s\n%s", err, &errs, &out)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\nlatency,2,,,8,", "\nlatency,2,,,65536,", "\nrate,2,,,8,", "\ngoroutines,2,goroutines,,8,", "\nlaunch,2,,,0,", "\nlaunch,16,,,0,"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if !strings.Contains(out.String(), "0 of ") {
		t.Errorf("output\n%s", &out)
	}
}
