package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/ringo-mpi/ringo/atomicfile"
	"github.com/ringo-mpi/ringo/bench/internal/runs"
)

// options are what the command line says.
type options struct {
	old, new      string
	only          string
	repetitions   int
	layouts       int
	bar           float64
	cores         int
	limit         time.Duration
	budget        time.Duration
	csv, markdown string
	quick         bool
	list, verbose bool
	jobs          []job
}

// errWorse ends the program with status 1.
var errWorse = errors.New("the new build is worse")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case err == nil:
	case errors.Is(err, errWorse):
		os.Exit(1)
	default:
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "beside:", err)
		}
		os.Exit(2)
	}
}

func parse(args []string, stderr io.Writer) (*options, error) {
	o := &options{}
	f := flag.NewFlagSet("beside", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Usage = func() {
		fmt.Fprintf(stderr, "Compares the speed of two builds of Ringo, interleaved.\n\n  go run ./bench/beside [options] OLD [NEW]\n\nOLD and NEW are folders with a checkout, or revisions; without NEW it is this one.\n\n")
		f.PrintDefaults()
	}
	f.IntVar(&o.repetitions, "n", 7, "`repetitions`, of two runs of each build")
	f.IntVar(&o.layouts, "layouts", 4, "build each in so many `orders` of its functions, and take them in turns")
	f.StringVar(&o.only, "only", "", "only these `jobs`, with commas between them (see -list)")
	f.Float64Var(&o.bar, "bar", 1.03, "a figure is worse when its `ratio` and the lower quartile are above this")
	f.IntVar(&o.cores, "cores", 2, "use so many `cores` of those this process may run on")
	f.DurationVar(&o.limit, "limit", 40*time.Millisecond, "measure a size for about this `time`")
	f.DurationVar(&o.budget, "time", 15*time.Minute, "begin no repetition that would take the run beyond this `time`")
	f.StringVar(&o.csv, "csv", "", "write the figures to this `file`")
	f.StringVar(&o.markdown, "markdown", "", "write the report to this `file` as Markdown")
	f.BoolVar(&o.quick, "quick", false, "fewer sizes for a shorter time: a look, not a verdict")
	f.BoolVar(&o.list, "list", false, "list the jobs and end")
	f.BoolVar(&o.verbose, "v", false, "say what is run and how long it took")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	o.jobs = suite(o.limit, o.quick)
	if o.only != "" {
		all := o.jobs
		o.jobs = nil
		for name := range strings.SplitSeq(o.only, ",") {
			name = strings.TrimSpace(name)
			if !slices.Contains(jobNames(all), name) {
				return nil, fmt.Errorf("-only: there is no job %q: there are %s", name, strings.Join(jobNames(all), ", "))
			}
			for _, j := range all {
				if j.name == name {
					o.jobs = append(o.jobs, j)
				}
			}
		}
	}
	switch {
	case o.list:
		return o, nil
	case f.NArg() < 1 || f.NArg() > 2:
		return nil, fmt.Errorf("%d arguments: name the old build, and the new one unless it is this checkout; see -help", f.NArg())
	case o.repetitions < 1:
		return nil, fmt.Errorf("-n %d: at least one repetition", o.repetitions)
	case o.layouts < 1:
		return nil, fmt.Errorf("-layouts %d: at least one", o.layouts)
	case !(o.bar > 0):
		return nil, fmt.Errorf("-bar %g: a ratio above 0", o.bar)
	case o.cores < 1:
		return nil, fmt.Errorf("-cores %d: at least one", o.cores)
	case o.limit <= 0:
		return nil, fmt.Errorf("-limit %v: a time above 0", o.limit)
	}
	o.old, o.new = f.Arg(0), "."
	if f.NArg() == 2 {
		o.new = f.Arg(1)
	}
	return o, nil
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if o.list {
		for _, j := range o.jobs {
			fmt.Fprintf(stdout, "%-12s %s\n", j.name, strings.TrimPrefix(j.title()+": "+j.about, j.name+", "))
		}
		return nil
	}
	c, err := runs.Confine(o.cores)
	if err != nil {
		return err
	}
	runs.Adopt()
	scratch, err := os.MkdirTemp("", "ringo-beside-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	m := newMeasurement(o.jobs)
	m.cores = c
	for side, given := range [2]string{o.old, o.new} {
		dir := filepath.Join(scratch, [2]string{"old", "new"}[side])
		t, away, e := openTree(ctx, given, dir)
		defer func() {
			if err := away(); err != nil {
				fmt.Fprintln(stderr, "beside:", err)
			}
		}()
		if e != nil {
			return e
		}
		if e := t.build(ctx, filepath.Join(dir, "bin"), min(o.layouts, o.repetitions)); e != nil {
			return e
		}
		m.trees[side] = t
	}
	m.prepare(ctx)
	complete := m.all(ctx, o.repetitions, o.budget, stderr, o.verbose)
	lines := m.lines(o.bar)
	if err := m.table(stdout, lines, o.bar); err != nil {
		return err
	}
	if err := o.write(m, lines); err != nil {
		return err
	}
	switch {
	case !complete:
		return context.Cause(ctx)
	case m.failed || slices.ContainsFunc(lines, func(l line) bool { return l.worse }):
		return errWorse
	case len(lines) == 0:
		return errors.New("nothing could be measured")
	}
	return nil
}

// prepare looks for launchers and leaves out the jobs that have none.
func (m *measurement) prepare(ctx context.Context) {
	found, missing := findLaunchers(ctx, m.cores, m.jobs)
	m.launchers, m.notes = found, append(m.notes, missing...)
	m.jobs = slices.DeleteFunc(slices.Clone(m.jobs), func(j job) bool {
		return (j.on == mpich || j.on == openMPI) && found[j.on] == nil
	})
}

// write writes the files that are asked for.
func (o *options) write(m *measurement, lines []line) error {
	for _, f := range []struct {
		path string
		to   func(io.Writer) error
	}{
		{o.csv, func(w io.Writer) error { return m.csv(w, lines) }},
		{o.markdown, func(w io.Writer) error { return m.markdown(w, lines, o.bar) }},
	} {
		if f.path == "" {
			continue
		}
		var b bytes.Buffer
		if err := f.to(&b); err != nil {
			return err
		}
		if err := atomicfile.WriteFile(f.path, b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}
