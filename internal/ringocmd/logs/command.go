package logs

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"gonum.org/v1/plot/vg"

	"github.com/ringo-mpi/ringo/atomicfile"
	"github.com/ringo-mpi/ringo/internal/ringocmd/cli"
)

type options struct {
	timers, where []string
	columns       []string
	by            []string
	value         string
	speedup       string
	all           bool
	skip          bool
	format        string
	output        string
	sort          []string
	x, y, title   string
	logX, logY    bool
	width, height float64 // cm
	changed       func(string) bool
}

// DefaultFolder is where ringo sweep puts the logs.
const DefaultFolder = "benchmark"

// Command returns ringo logs.
func Command() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "logs [FILE|FOLDER|PATTERN...]",
		Short: "Collect the #csv lines of logs into a table or a plot",
		Long: `Collects the #csv lines that package stopwatch and ringo sweep leave in logs into
one table. Arguments are files, folders (their *.log files), patterns and - for
standard input; without any it is the folder "benchmark". Lines of cloudmesh's
StopWatch are understood as well.

Every tag, so every parameter of a sweep, becomes a column. With --by the lines
that agree in the named columns are averaged: runs, mean, sd (standard deviation),
min and max of the column --value. Only lines with status ok count, unless --all
is given. With --speedup P, where P is the column with the number of processes,
speed-up and efficiency are worked out against the smallest P.

--output writes to a file, in the format of its extension: .csv, .json, .md, .txt,
or a plot: .png, .svg, .pdf. A plot shows the column --y over --x, one curve for
every combination of the other columns of --by, with error bars of one standard
deviation.`,
		Example: `  ringo logs
  ringo logs --by n,np --timer solve --output solve.csv
  ringo logs --by n,np --speedup np
  ringo logs --by n,np --speedup np --x np --y speedup --output speedup.svg
  cat benchmark/*.log | fgrep "#csv" | ringo logs -`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.changed = cmd.Flags().Changed
			return o.run(cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr(), args)
		},
	}
	f := cmd.Flags()
	f.StringSliceVarP(&o.timers, "timer", "t", nil, "timers to keep; * and ? stand for any characters")
	f.StringArrayVarP(&o.where, "where", "w", nil, "lines to keep, `COLUMN=VALUE`; * and ? stand for any characters")
	f.StringSliceVarP(&o.columns, "columns", "c", nil, "columns to print, in this order")
	f.StringSliceVarP(&o.by, "by", "b", nil, "average the lines that agree in these columns")
	f.StringVar(&o.value, "value", "time", "column to average")
	f.StringVarP(&o.speedup, "speedup", "s", "", "add speed-up and efficiency over this `column`, the number of processes")
	f.BoolVarP(&o.all, "all", "a", false, "average also lines whose status is not ok")
	f.BoolVar(&o.skip, "skip-broken", false, "leave out broken #csv lines and tell their number")
	f.StringSliceVar(&o.sort, "sort", nil, "columns to sort by (default: those of --by)")
	cli.FormatFlag(cmd, &o.format)
	f.StringVarP(&o.output, "output", "o", "", "write to this `file`, in the format of its extension")
	f.StringVarP(&o.x, "x", "x", "", "column of a plot's horizontal axis (default: the last of --by)")
	f.StringVarP(&o.y, "y", "y", "", "column of a plot's vertical axis (default: mean)")
	f.StringVar(&o.title, "title", "", "title of a plot")
	f.BoolVar(&o.logX, "logx", false, "logarithmic horizontal axis")
	f.BoolVar(&o.logY, "logy", false, "logarithmic vertical axis")
	f.Float64Var(&o.width, "width", 16, "width of a plot in cm")
	f.Float64Var(&o.height, "height", 10, "height of a plot in cm")
	return cmd
}

func (o *options) run(stdin io.Reader, stdout, stderr io.Writer, args []string) error {
	if err := o.check(); err != nil {
		return err
	}
	if len(args) == 0 {
		args = []string{DefaultFolder}
	}
	c := &Collector{Skip: o.skip}
	files, err := Files(args)
	if err != nil {
		return cli.Usage(err)
	}
	for _, name := range files {
		if err := read(c, name, stdin); err != nil {
			return err
		}
	}
	if c.Broken > 0 {
		fmt.Fprintf(stderr, "ringo: broken #csv lines left out: %d\n", c.Broken)
	}
	if c.Len() == 0 {
		return fmt.Errorf("there is no #csv line in %s", strings.Join(args, ", "))
	}
	d, err := o.shape(c.Data())
	if err != nil {
		return cli.Usage(err)
	}
	return o.write(d, stdout)
}

func read(c *Collector, name string, stdin io.Reader) error {
	if name == "-" {
		return c.Read(stdin, "standard input")
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return c.Read(f, name)
}

// outputs maps extensions to formats; "plot" stands for a picture.
func outputs(path string) (format string, ok bool) {
	ext := strings.ToLower(filepath.Ext(path))
	if slices.Contains(PictureFormats, ext) {
		return "plot", true
	}
	format, ok = map[string]string{".csv": "csv", ".json": "json", ".md": "markdown", ".txt": "table"}[ext]
	return format, ok
}

// check looks at the options before any file is read.
func (o *options) check() error {
	if err := cli.CheckFormat(o.format); err != nil {
		return err
	}
	if o.output != "" {
		format, ok := outputs(o.output)
		switch {
		case !ok && !o.changed("format"):
			return cli.Usagef("--output %s: the extension is none of .csv, .json, .md, .txt, %s", o.output, strings.Join(PictureFormats, ", "))
		case ok && !o.changed("format"), format == "plot":
			o.format = format
		}
	}
	if o.format != "plot" {
		for _, name := range []string{"x", "y", "title", "logx", "logy", "width", "height"} {
			if o.changed(name) {
				return cli.Usagef("--%s is for plots: name one with --output, as in --output plot.svg", name)
			}
		}
	}
	for _, cm := range []float64{o.width, o.height} {
		if !(cm >= 2 && cm <= 200) {
			return cli.Usagef("a plot of %g cm cannot be made: want 2 to 200", cm)
		}
	}
	if o.speedup != "" && len(o.by) == 0 {
		return cli.Usagef("--speedup %s needs --by with that column", o.speedup)
	}
	if len(o.by) == 0 && (o.changed("value") || o.all) {
		return cli.Usagef("--value and --all are for averages: give --by")
	}
	return nil
}

// shape filters, groups and sorts.
func (o *options) shape(d *Data) (*Data, error) {
	if len(o.timers) > 0 {
		if err := d.Filter("timer", o.timers); err != nil {
			return nil, fmt.Errorf("--timer: %w", err)
		}
	}
	for _, w := range o.where {
		column, value, ok := strings.Cut(w, "=")
		if !ok {
			return nil, fmt.Errorf("--where %q: want COLUMN=VALUE", w)
		}
		if err := d.Filter(column, []string{value}); err != nil {
			return nil, fmt.Errorf("--where %s: %w", w, err)
		}
	}
	if len(o.by) > 0 && !o.all && slices.Contains(d.Columns, "status") {
		if err := d.Filter("status", []string{"ok"}); err != nil {
			return nil, err
		}
	}
	if len(d.Rows) == 0 {
		return nil, fmt.Errorf("no line is left: --timer, --where or the status ruled out all")
	}
	if len(o.by) > 0 {
		// Times of different timers are never averaged.
		if !slices.Contains(o.by, "timer") && len(distinct(d, "timer")) > 1 {
			o.by = append([]string{"timer"}, o.by...)
		}
		grouped, err := d.Group(o.by, o.value)
		if err != nil {
			return nil, fmt.Errorf("--by: %w", err)
		}
		d = grouped
		if o.speedup != "" {
			if err := d.Speedup(o.by, o.speedup); err != nil {
				return nil, fmt.Errorf("--speedup: %w", err)
			}
		}
	}
	if err := d.Sort(o.sort...); err != nil {
		return nil, fmt.Errorf("--sort: %w", err)
	}
	switch {
	case o.format == "plot":
	case len(o.columns) > 0:
		if err := d.Select(o.columns); err != nil {
			return nil, fmt.Errorf("--columns: %w", err)
		}
	case len(o.by) == 0 && (o.format == "table" || o.format == "markdown"):
		d.narrow()
	}
	return d, nil
}

// narrow leaves out what a reader of a printed table seldom wants; CSV and
// JSON have all columns.
func (d *Data) narrow() {
	var kept []string
	for i, name := range d.Columns {
		switch name {
		case "line", "start", "uname.node", "user", "uname.system", "platform.version":
			continue
		}
		if !slices.ContainsFunc(d.Rows, func(row []string) bool { return row[i] != "" }) {
			continue
		}
		kept = append(kept, name)
	}
	_ = d.Select(kept) // the columns are d's own
}

func distinct(d *Data, column string) []string {
	i, err := d.column(column)
	if err != nil {
		return nil
	}
	var out []string
	for _, row := range d.Rows {
		if !slices.Contains(out, row[i]) {
			out = append(out, row[i])
		}
	}
	return out
}

func (o *options) write(d *Data, stdout io.Writer) error {
	if o.format == "plot" {
		return o.plot(d)
	}
	t := d.Table()
	if o.output != "" {
		return atomicfile.Write(o.output, func(w io.Writer) error { return t.Write(w, o.format) })
	}
	return t.Write(stdout, o.format)
}

func (o *options) plot(d *Data) error {
	pic := Picture{
		X: o.x, Y: o.y, Title: o.title, LogX: o.logX, LogY: o.logY,
		Width: vg.Length(o.width) * vg.Centimeter, Height: vg.Length(o.height) * vg.Centimeter,
	}
	if len(o.by) == 0 {
		if pic.X == "" {
			return cli.Usagef("a plot needs --by, or --x and --y")
		}
		if pic.Y == "" {
			pic.Y = "time"
		}
		pic.Series = []string{"timer"}
	} else {
		if pic.X == "" {
			pic.X = o.by[len(o.by)-1]
			if o.speedup != "" {
				pic.X = o.speedup
			}
		}
		if pic.Y == "" {
			pic.Y = colMean
		}
		if pic.Y == colMean {
			pic.Error = colDeviation
		}
		for _, name := range o.by {
			if name != pic.X {
				pic.Series = append(pic.Series, name)
			}
		}
	}
	if err := d.Draw(o.output, pic); err != nil {
		return err
	}
	return nil
}
