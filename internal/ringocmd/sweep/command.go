package sweep

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringo-mpi/ringo/internal/progress"
	"github.com/ringo-mpi/ringo/internal/ringocmd/cli"
)

type options struct {
	file           string
	params         []string
	name, dir      string
	jobs, repeat   int
	timeout        time.Duration
	retry, force   bool
	print, list    bool
	verbose        bool
	format         string
	interval       time.Duration
	changed        func(flag string) bool
	command        []string
	stdout, stderr io.Writer
	lookPath       func(string) (string, error)
}

// Command returns ringo sweep.
func Command() *cobra.Command {
	o := options{lookPath: exec.LookPath}
	cmd := &cobra.Command{
		Use:   "sweep [flags] [--] COMMAND [ARG...]",
		Short: "Run a command over ranges of parameters, one log a run",
		Long: `Runs a command once for every combination of its parameters (a point) and keeps
the output of each run in a log of its own.

The values of a parameter are a list, a range with its end included, or both:

  -p mode=blue,grey      blue, grey
  -p x=0:3               0, 1, 2, 3
  -p x=0:1:0.25          0, 0.25, 0.5, 0.75, 1
  -p n=1:16:*2,100       1, 2, 4, 8, 16, 100

The command has {x} where the value of x goes. If it names no parameter at all,
they are appended as options: --x 0 --y 1. The last parameter varies fastest.
A placeholder that is no parameter is an error; {{x}} stands for {x} itself, and
${x} for a variable of the shell.

The log of a run that succeeded is DIR/NAME-x=0-y=1.log, of one that failed
DIR/NAME-x=0-y=1.failed. A log ends with a #csv line with the time of the run and
its parameters as tags; ringo logs collects them. The command finds the
parameters in the variable RINGO_TAGS, from which package stopwatch takes them.

A sweep may be interrupted or killed at any moment: the same command line goes on
where it stopped. Points that succeeded are skipped; points that failed are run
again with --retry. The exit status is 1 if a point failed.

With --print nothing is run: a shell script is printed that does the same, one
line a point. With --list a table of the points and their states is printed.`,
		Example: `  ringo sweep -p x=0:2 -p y=0:1 -- ./f
  ringo sweep -p np=1:4 --repeat 5 -- mpiexec -n {np} ./pi
  ringo sweep -p x=0:2 -p y=0:1 --print -- ./f > sweep.sh
  ringo sweep --file sweep.toml --retry`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.changed = cmd.Flags().Changed
			o.command, o.stdout, o.stderr = args, cmd.OutOrStdout(), cmd.ErrOrStderr()
			return o.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.SetInterspersed(false) // what follows the command belongs to it
	f.StringArrayVarP(&o.params, "param", "p", nil, "parameter and its values, `NAME=VALUES`; repeat it for every parameter")
	f.StringVar(&o.file, "file", "", "read the sweep from this TOML or YAML `file`; options override it")
	f.StringVarP(&o.name, "name", "n", "", "name that the logs start with (default: the command's)")
	f.StringVarP(&o.dir, "dir", "d", "benchmark", "`folder` of the logs")
	f.IntVarP(&o.jobs, "jobs", "j", 1, "number of runs at the same time")
	f.IntVarP(&o.repeat, "repeat", "r", 1, "number of runs of every point")
	f.DurationVar(&o.timeout, "timeout", 0, "time after which a run has failed and is killed, as 10m (default: none)")
	f.BoolVar(&o.retry, "retry", false, "run points again that failed")
	f.BoolVar(&o.force, "force", false, "run all points again, also those that succeeded")
	f.BoolVar(&o.print, "print", false, "print a shell script instead of running")
	f.BoolVarP(&o.list, "list", "l", false, "print the points and their states instead of running")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "print a line for every run")
	f.DurationVar(&o.interval, "progress", progress.DefaultInterval, "off a terminal, time between two lines on standard error; 0 for none")
	cli.FormatFlag(cmd, &o.format)
	_ = cmd.MarkFlagFilename("file", "toml", "yaml", "yml")
	_ = cmd.MarkFlagDirname("dir")
	cmd.MarkFlagsMutuallyExclusive("print", "list")
	cmd.MarkFlagsMutuallyExclusive("retry", "force")
	return cmd
}

func (o *options) run(ctx context.Context) error {
	if err := cli.CheckFormat(o.format); err != nil {
		return err
	}
	plan, err := o.plan()
	if err != nil {
		return cli.Usage(err)
	}
	switch {
	case o.print:
		_, err := io.WriteString(o.stdout, plan.Script())
		return err
	case o.list:
		return list(plan).write(o.stdout, o.format)
	}
	if program := plan.Command[0]; !strings.Contains(program, "{") {
		if _, err := o.lookPath(program); err != nil {
			return cli.Usagef("cannot run %s: %w", program, bareExec(err))
		}
	}
	r := &Runner{Plan: plan, Retry: o.retry, Force: o.force, Verbose: o.verbose, Interval: o.interval, Stderr: o.stderr}
	sum, err := r.Run(ctx)
	return sum.result(err, ctx.Err() != nil)
}

// plan puts the file and the options together; options win.
func (o *options) plan() (*Plan, error) {
	p := &Plan{Dir: o.dir, Jobs: o.jobs, Repeat: o.repeat, Timeout: o.timeout}
	if o.file != "" {
		if err := Load(o.file, p); err != nil {
			return nil, err
		}
		if o.changed("dir") {
			p.Dir = o.dir
		}
		if o.changed("jobs") {
			p.Jobs = o.jobs
		}
		if o.changed("repeat") {
			p.Repeat = o.repeat
		}
		if o.changed("timeout") {
			p.Timeout = o.timeout
		}
	}
	if o.changed("name") {
		p.Name = o.name
	}
	if len(o.command) > 0 {
		p.Command = o.command
	}
	fromFile := len(p.Params)
	for _, text := range o.params {
		name, values, ok := strings.Cut(text, "=")
		if !ok {
			return nil, fmt.Errorf("--param %q: want NAME=VALUES", text)
		}
		list, err := ParseValues(values)
		if err != nil {
			return nil, fmt.Errorf("--param %s: %w", name, err)
		}
		p.override(fromFile, Param{name, list})
	}
	if p.Dir == "" {
		return nil, errors.New("the folder of the logs has no name")
	}
	return p, p.finish()
}

// override replaces the parameter of the file that has the same name, or adds
// a new one.
func (p *Plan) override(fromFile int, q Param) {
	for i := range p.Params[:fromFile] {
		if p.Params[i].Name == q.Name {
			p.Params[i] = q
			return
		}
	}
	p.Params = append(p.Params, q)
}

type listing struct {
	table cli.Table
	err   error
}

func list(plan *Plan) *listing {
	l := &listing{}
	for _, q := range plan.Params {
		l.table.Columns = append(l.table.Columns, q.Name)
	}
	l.table.Columns = append(l.table.Columns, "state", "log", "command")
	for _, pt := range plan.Points() {
		s, err := pt.State()
		if err != nil {
			l.err = err
			return l
		}
		var row []any
		for _, v := range pt.Values {
			row = append(row, v)
		}
		log := ""
		switch s {
		case Done:
			log = pt.path(logExt)
		case Failed:
			log = pt.path(failedExt)
		}
		l.table.Rows = append(l.table.Rows, append(row, string(s), log, shellQuote(pt.Args())))
	}
	return l
}

func (l *listing) write(out io.Writer, format string) error {
	if l.err != nil {
		return l.err
	}
	return l.table.Write(out, format)
}

// result turns the end of a sweep into the error of the command.
func (s Summary) result(err error, interrupted bool) error {
	switch {
	case interrupted && s.Left > 0:
		return fmt.Errorf("interrupted with %d of %d points left; the same command line goes on with them", s.Left, s.Points)
	case err != nil:
		return err
	case s.Failed > 0 && s.FailedBefore > 0:
		return fmt.Errorf("%d of %d points failed, and %d before; run them again with --retry", s.Failed, s.Points, s.FailedBefore)
	case s.Failed > 0:
		return fmt.Errorf("%d of %d points failed; run them again with --retry", s.Failed, s.Points)
	case s.FailedBefore > 0:
		return fmt.Errorf("%d of %d points failed before and were not run again; use --retry", s.FailedBefore, s.Points)
	}
	return nil
}

func bareExec(err error) error {
	var ee *exec.Error
	if errors.As(err, &ee) {
		return ee.Err
	}
	return err
}
