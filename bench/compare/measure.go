package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// errBox is the error of a run that did not end within its time.
var errBox = errors.New("did not end in its time")

// output runs a command line and returns what it printed, also if it failed or
// was ended after its time.
func output(ctx context.Context, box time.Duration, env []string, command []string) (string, time.Duration, error) {
	boxed, cancel := context.WithTimeout(ctx, box)
	defer cancel()
	cmd := exec.CommandContext(boxed, command[0], command[1:]...)
	cmd.Env = env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	// What it has started may hold its output open.
	cmd.WaitDelay = 500 * time.Millisecond
	start := time.Now()
	err := cmd.Run()
	took := time.Since(start)
	if err != nil || boxed.Err() != nil {
		killLeftovers()
	}
	switch {
	case ctx.Err() != nil:
		err = ctx.Err()
	case boxed.Err() != nil:
		err = fmt.Errorf("%w of %v", errBox, box)
	case err != nil:
		err = fmt.Errorf("%w: %s", err, saying(stderr.String()+"\n"+stdout.String()))
	}
	return stdout.String(), took, err
}

// saying returns the first line of a text that says something.
func saying(text string) string {
	for line := range strings.Lines(text) {
		if line = strings.Trim(strings.TrimSpace(line), "-="); line != "" {
			return line
		}
	}
	return "it said nothing"
}

// figure is one value of a benchmark's output.
type figure struct {
	call, metric string
	size         int
	value        float64
}

// Columns that say what a row is of; all others are figures.
var keyColumns = []string{"benchmark", "collective", "call", "size", "rank", "ranks"}

// parseFigures reads the CSV of ringo bench and of bench/peers. Rows for
// several ranks are averaged. An unfinished last line, of a program that was
// ended, is left out.
func parseFigures(text string, byRanks bool) ([]figure, error) {
	if i := strings.LastIndexByte(text, '\n'); i >= 0 {
		text = text[:i+1]
	} else {
		text = ""
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
	var out []figure
	counts := map[int]int{}
	for _, row := range rows[1:] {
		if len(row) != len(header) {
			return nil, fmt.Errorf("it printed %q under %q", strings.Join(row, ","), strings.Join(header, ","))
		}
		f := figure{}
		for i, name := range header {
			switch name {
			case "collective", "call":
				f.call = row[i]
			case "size", "ranks":
				// "ranks" is a size where a benchmark is about their number.
				if name == "ranks" && !byRanks {
					continue
				}
				if f.size, err = strconv.Atoi(row[i]); err != nil {
					return nil, fmt.Errorf("it printed the %s %q", name, row[i])
				}
			}
		}
		for i, name := range header {
			if slices.Contains(keyColumns, name) {
				continue
			}
			f.metric = name
			if f.value, err = strconv.ParseFloat(row[i], 64); err != nil || math.IsNaN(f.value) || math.IsInf(f.value, 0) {
				return nil, fmt.Errorf("it printed the value %q of %s", row[i], name)
			}
			same := slices.IndexFunc(out, func(g figure) bool {
				return g.call == f.call && g.metric == f.metric && g.size == f.size
			})
			if same < 0 {
				counts[len(out)] = 1
				out = append(out, f)
				continue
			}
			counts[same]++
			out[same].value += (f.value - out[same].value) / float64(counts[same])
		}
	}
	return out, nil
}

// run measures one job on one peer once, and stores what came out.
func (m *measurement) run(ctx context.Context, j job, p *peer, rep int) error {
	k := key{Job: j.name, Ranks: j.ranks, Peer: p.name}
	if j.launch != "" {
		command := append(p.launch(j.ranks), m.launched(p, j.launch)...)
		_, took, err := output(ctx, j.box, p.environment(j.ranks), command)
		if err != nil {
			return err
		}
		k.Metric = "ms"
		m.results.add(k, rep, took.Seconds()*1e3)
		return nil
	}
	text, _, err := output(ctx, j.box, p.environment(j.ranks), p.command(j.ranks, j.bench))
	figures, wrong := parseFigures(text, j.bench.name == "ranks")
	for _, f := range figures {
		k.Call, k.Size, k.Metric = f.call, f.size, f.metric
		if j.bench.name == "overlap" {
			k.Call = j.bench.calls[0] // which ringo leaves out
		}
		m.results.add(k, rep, f.value)
	}
	if err == nil {
		err = wrong
	}
	return err
}
