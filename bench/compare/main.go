package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/ringo-mpi/ringo/bench/internal/runs"
	"github.com/ringo-mpi/ringo/internal/progress"
)

// options are what the command line says.
type options struct {
	only, peers     string
	quick, list     bool
	dryRun, verbose bool
	budget          time.Duration
	repetitions     int
	cores           int
	out             string
	machine         string
	from            string
	publish         bool
	transport       string
	at              folders
	chosen          []job
	wantedPeers     []string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "compare:", err)
		}
		stop()
		os.Exit(1)
	}
}

func parse(args []string, stderr io.Writer) (*options, error) {
	o := &options{}
	f := flag.NewFlagSet("compare", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Usage = func() {
		fmt.Fprintf(stderr, "Measures Ringo beside the other MPI libraries of this machine, interleaved.\n\n  go run ./bench/compare [options]\n\n")
		f.PrintDefaults()
	}
	f.BoolVar(&o.quick, "quick", false, "fewer sizes for a shorter time: a look, not a record")
	f.StringVar(&o.only, "only", "", "only these `jobs`, with commas between them (see -list)")
	f.StringVar(&o.peers, "peers", "", "only these `peers`: Ringo, MPICH, Open MPI …, with commas between them")
	f.BoolVar(&o.list, "list", false, "list the jobs and end")
	f.BoolVar(&o.dryRun, "dry-run", false, "print the command lines instead of running them")
	f.BoolVar(&o.verbose, "v", false, "say what is run and how long it took")
	f.IntVar(&o.repetitions, "n", 7, "`repetitions` (3 with -quick)")
	f.DurationVar(&o.budget, "time", 11*time.Minute, "begin no repetition that would take the run beyond this `time`")
	f.IntVar(&o.cores, "cores", 2, "use so many `cores` of those this process may run on")
	f.StringVar(&o.out, "out", "", "record in this `folder` (a whole run: bench/results; a part is printed instead)")
	f.StringVar(&o.machine, "machine", "", "the `name` of this machine in the record's (default: the host's)")
	f.StringVar(&o.from, "from", "", "measure nothing: make the report and the figures again from this `file` of raw values")
	f.BoolVar(&o.publish, "publish", false, "put the table of bars into docs/performance.md, and its first rows into README.md")
	f.StringVar(&o.transport, "transport", shmTransport, "what carries the messages of all peers: shm, or tcp between the processes of this machine")
	f.StringVar(&o.at.mpich, "mpich", "", "the `folder` with MPICH's bin (default: search PATH)")
	f.StringVar(&o.at.openMPI, "openmpi", "", "the `folder` with Open MPI's bin (default: search PATH)")
	f.StringVar(&o.at.intel, "intel", "", "the `folder` with Intel MPI's bin (default: it is left out)")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q; see -help", f.Arg(0))
	}
	given := false
	f.Visit(func(f *flag.Flag) { given = given || f.Name == "n" })
	if o.quick && !given {
		o.repetitions = 3
	}
	switch {
	case o.repetitions < 1 || o.repetitions > maxRepetition:
		return nil, fmt.Errorf("-n %d: 1 to %d repetitions", o.repetitions, maxRepetition)
	case o.transport != shmTransport && o.transport != tcpTransport:
		return nil, fmt.Errorf("-transport %s: there are shm and tcp", o.transport)
	case o.cores < 1:
		return nil, fmt.Errorf("-cores %d: at least one", o.cores)
	}
	return o, o.choose()
}

// choose finds the jobs and peers that are wanted.
func (o *options) choose() error {
	all := suite(o.quick)
	if o.transport == tcpTransport {
		all = tcpSuite(o.quick)
	}
	o.chosen = all
	if o.only != "" {
		o.chosen = nil
		for name := range strings.SplitSeq(o.only, ",") {
			name = strings.TrimSpace(name)
			n := len(o.chosen)
			for _, j := range all {
				if j.name == name {
					o.chosen = append(o.chosen, j)
				}
			}
			if len(o.chosen) == n {
				return fmt.Errorf("-only: there is no job %q: there are %s", name, strings.Join(jobNames(all), ", "))
			}
		}
	}
	if o.peers != "" {
		for name := range strings.SplitSeq(o.peers, ",") {
			name = strings.TrimSpace(name)
			i := slices.IndexFunc(allPeers, func(p string) bool { return strings.EqualFold(p, name) })
			if i < 0 {
				return fmt.Errorf("-peers: there is no %q: there are %s", name, strings.Join(allPeers, ", "))
			}
			o.wantedPeers = append(o.wantedPeers, allPeers[i])
		}
	}
	return nil
}

// wants reports whether a peer is asked for by some job.
func (o *options) wants(name string) bool {
	return (o.wantedPeers == nil || slices.Contains(o.wantedPeers, name)) &&
		slices.ContainsFunc(o.chosen, func(j job) bool { return slices.Contains(j.peers, name) })
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if o.list {
		for _, j := range o.chosen {
			fmt.Fprintf(stdout, "%-18s %2d ranks  %s (%s)\n", j.name, j.ranks, j.about, strings.Join(j.peers, ", "))
		}
		return nil
	}
	root, err := moduleRoot(ctx)
	if err != nil {
		return err
	}
	if o.from != "" {
		return o.again(root, stdout)
	}
	c, err := runs.Confine(o.cores)
	if err != nil {
		return err
	}
	runs.Adopt()
	bin, err := os.MkdirTemp("", "ringo-compare-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(bin)
	m := &measurement{root: root, bin: bin, cores: c, transport: o.transport, results: newResults()}
	// A native engine is tried on its library, mpi4py likewise.
	wanted := func(name string) bool {
		switch name {
		case mpich:
			return o.wants(mpich) || o.wants(ringoMPICH)
		case openMPI:
			return o.wants(openMPI) || o.wants(ringoOpenMPI) || o.wants(mpi4py)
		}
		return o.wants(name)
	}
	if err := m.findAll(ctx, wanted, o.at); err != nil {
		return err
	}
	for _, n := range m.results.Notes {
		fmt.Fprintln(stderr, "compare:", n)
	}
	if o.dryRun {
		return m.print(o, stdout)
	}
	m.environment(ctx, o.quick, o.repetitions, jobNames(o.chosen))
	complete := m.all(ctx, o, stderr)
	m.addLoad("load after")
	if !complete {
		m.results.note("the run was interrupted")
	}
	return o.finish(m.results, root, complete, stdout)
}

// finish records or prints the results.
func (o *options) finish(r *results, root string, complete bool, stdout io.Writer) error {
	part := o.transport == tcpTransport || o.quick || o.only != "" || o.peers != "" || !complete
	if part && o.out == "" {
		_, err := io.WriteString(stdout, r.report(nil))
		return err
	}
	dir := cmp.Or(o.out, filepath.Join(root, "bench", "results"))
	host := cmp.Or(o.machine, r.attribute("machine"), "machine")
	report, err := r.record(dir, freeName(dir, time.Now().UTC().Format("2006-01-02"), host))
	if err != nil {
		return err
	}
	if o.publish {
		if err := r.publishAll(root, report); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(stdout, "%s\nrecorded in %s\n", barTable(r), report)
	return err
}

// again makes the report of a recorded run once more.
func (o *options) again(root string, stdout io.Writer) error {
	f, err := os.Open(o.from)
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := readRaw(o.from, f)
	if err != nil {
		return err
	}
	dir, file := filepath.Split(o.from)
	name, ok := strings.CutSuffix(file, ".csv")
	if !ok {
		return fmt.Errorf("-from %s: raw values are in a file NAME.csv", o.from)
	}
	if o.out != "" {
		dir = o.out
	}
	report, err := r.record(cmp.Or(dir, "."), name)
	if err != nil {
		return err
	}
	if o.publish {
		if report, err = filepath.Abs(report); err != nil {
			return err
		}
		if err := r.publishAll(root, report); err != nil {
			return err
		}
	}
	_, err = io.WriteString(stdout, barTable(r))
	return err
}

// moduleRoot returns the folder of the module.
func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOMOD: %w", err)
	}
	mod := string(bytes.TrimSpace(out))
	root := filepath.Dir(mod)
	if _, err := os.Stat(filepath.Join(root, "bench", "peers")); mod == "" || err != nil {
		return "", errors.New("start it inside a checkout of Ringo: it builds what it measures")
	}
	return root, nil
}

// print writes the command lines of a repetition.
func (m *measurement) print(o *options, stdout io.Writer) error {
	for _, j := range o.chosen {
		for _, name := range j.peers {
			p := m.peer(name)
			if p == nil || !o.wants(name) {
				continue
			}
			command := p.command(j.ranks, j.bench)
			if j.launch != "" {
				command = append(p.launch(j.ranks), m.launched(p, j.launch)...)
			}
			if name == goroutines {
				command = append([]string{fmt.Sprintf("RINGO_RANKS=%d", j.ranks)}, command...)
			}
			if _, err := fmt.Fprintln(stdout, strings.Join(command, " ")); err != nil {
				return err
			}
		}
	}
	return nil
}

// all measures everything and reports whether it came to its end.
func (m *measurement) all(ctx context.Context, o *options, stderr io.Writer) bool {
	type given struct {
		job  int
		peer string
	}
	total := 0
	times := func(j job) int {
		if j.repetitions > 0 {
			return min(j.repetitions, o.repetitions)
		}
		return o.repetitions
	}
	for _, j := range o.chosen {
		for _, name := range j.peers {
			if m.peer(name) != nil && o.wants(name) {
				total += times(j)
			}
		}
	}
	bar := progress.Start(stderr, "measuring", total, progress.DefaultInterval)
	defer bar.Stop()
	stolen, begin := stealTime(), time.Now()
	last := begin
	gaveUp := map[given]bool{}
	for rep := range o.repetitions {
		// The first repetition also has what is measured once.
		if each := time.Since(last); rep > 0 && time.Since(begin)+each > o.budget {
			m.results.note("after %d of %d repetitions the time of %v was used up", rep, o.repetitions, o.budget)
			break
		}
		last = time.Now()
		for at, j := range o.chosen {
			if rep >= times(j) {
				continue
			}
			// Who comes first changes, so that nobody always follows the same.
			for i := range j.peers {
				name := j.peers[(i+rep)%len(j.peers)]
				p := m.peer(name)
				if p == nil || !o.wants(name) {
					continue
				}
				if ctx.Err() != nil {
					return false
				}
				if g := (given{at, name}); !gaveUp[g] {
					start := time.Now()
					err := m.run(ctx, j, p, rep)
					if o.verbose {
						fmt.Fprintf(bar.Writer(stderr), "%d %s, %d ranks, %s: %.2f s\n", rep, j.name, j.ranks, name, time.Since(start).Seconds())
					}
					if err != nil && ctx.Err() == nil {
						gaveUp[g] = errors.Is(err, runs.ErrBox)
						m.results.note("%s, %s on %d ranks: %v", name, j.name, j.ranks, err)
					}
				}
				bar.Add(1)
			}
		}
	}
	if now := stealTime(); stolen >= 0 && now >= 0 {
		part := (now - stolen) / time.Since(begin).Seconds() / float64(len(m.cores.IDs)) * 100
		m.results.Environment = append(m.results.Environment,
			attribute{"taken by the hypervisor", fmt.Sprintf("%.1f %% of the cores' time", part)},
			attribute{"duration", time.Since(begin).Round(time.Second).String()})
	}
	return ctx.Err() == nil
}
