package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/ringo-mpi/ringo/internal/launch"
	"github.com/ringo-mpi/ringo/internal/topo"
)

// Exit statuses of mpiexec itself.
const (
	statusUsage   = 2
	statusTimeout = 110
)

// guardWord is the first argument of an mpiexec that ends what another has left.
const guardWord = "--clean-up-job"

// agentWord is the only argument of an mpiexec that another has started on this host.
const agentWord = "--serve-as-agent"

// errTimeout ends a job that has run for as long as --timeout allows.
var errTimeout = errors.New("time-out")

// Main runs mpiexec with the given arguments (without the command's name) and
// returns its exit status.
func Main(args []string, stdin, stdout, stderr *os.File) int {
	complain := func(format string, args ...any) {
		fmt.Fprintf(stderr, "mpiexec: "+format+"\n", args...)
	}
	if len(args) == 2 && args[0] == guardWord {
		launch.CleanUp(args[1])
		return 0
	}
	if len(args) == 1 && args[0] == agentWord {
		return launch.ServeAgent(stdin, stdout, []string{guardWord})
	}
	cfg, err := parse(args)
	switch {
	case errors.Is(err, errHelp) && cfg.completion != "":
		err = printCompletion(stdout, cfg.completion)
		if err == nil {
			return 0
		}
	case errors.Is(err, errHelp):
		if err = printTopic(stdout, cfg.topic); err == nil {
			return 0
		}
	case errors.Is(err, errVersion):
		fmt.Fprintln(stdout, version())
		return 0
	case errors.Is(err, errSingleton):
		// It may live on after a signal from the terminal, which both get.
		signal.Ignore(syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP)
		if err := launch.ServeSingleton(cfg.singleton.port, cfg.singleton.pid); err != nil {
			complain("-pmi_args: %v", err)
			return 1
		}
		return 0
	}
	if err != nil {
		complain("%v", err)
		return statusUsage
	}
	b := &builder{stderr: stderr}
	defer b.close()
	job, err := cfg.job(b)
	if err != nil {
		complain("%v", err)
		return statusUsage
	}
	job.Stdin, job.Stdout, job.Stderr = stdin, stdout, stderr
	return run(cfg, job, stderr, complain)
}

// job makes the job that the command line describes.
func (c *config) job(b *builder) (*launch.Job, error) {
	if err := c.fromEnvironment(); err != nil {
		return nil, err
	}
	place, err := launch.ParsePlacement(c.bind, c.mapBy)
	if err != nil {
		return nil, usagef("%v", err)
	}
	if c.rankfile != nil && (c.bind != "" || c.mapBy != "") {
		return nil, usagef("-rankfile says where each rank runs: -bind-to and -map-by do not go with it")
	}
	var local *topo.Machine
	if c.reportBindings || place.Binds() || c.mapBy != "" || c.threads || c.rankfile != nil {
		if local, err = topo.Local(); err != nil {
			return nil, err
		}
	}
	j := &launch.Job{Universe: c.universe, ForwardSignals: true, KeepGoing: c.keepGoing, Guard: []string{guardWord}}
	if local != nil {
		j.Cores = local.UsableCores()
	}
	mapper, err := newMapper(c)
	if err != nil {
		return nil, err
	}
	counts := make([]int, len(c.apps))
	n := 0
	for i, a := range c.apps {
		if counts[i], err = c.ranks(a, place, mapper, local); err != nil {
			return nil, err
		}
		n += counts[i]
	}
	if n > maxRanks {
		return nil, usagef("%d ranks: at most %d in a job", n, maxRanks)
	}
	if c.stdin >= n {
		return nil, usagef("--stdin %d: the job has %d ranks, 0 to %d", c.stdin, n, n-1)
	}
	if c.placing, err = mapper.place(counts); err != nil {
		return nil, err
	}
	own := os.Environ()
	first := 0
	for i, a := range c.apps {
		app, err := c.app(a, b, c.placing.of[first:first+counts[i]])
		if err != nil {
			return nil, err
		}
		first += counts[i]
		app.Ranks, app.Env = counts[i], environment(own, c.env, a.env)
		j.Apps = append(j.Apps, app)
	}
	j.StdinRank = c.stdin
	start := time.Now()
	j.Label = c.labels(c.placing.host, start)
	j.Files = c.files(c.placing.host, n, start)
	j.Tee = c.outputDir != "" && !c.outputOnly
	host := ownName()
	report := func(host, line string) { c.say(fmt.Sprintf("[%s:%05d] %s\n", host, os.Getpid(), line)) }
	if j.Spread, err = c.spread(c.placing, report); err != nil {
		return nil, err
	}
	binding := launch.Binding{To: c.bind, By: c.mapBy, File: c.rankfile}
	near := c.placing.near()
	bound, err := binding.CPUs(local, near)
	if err != nil {
		return nil, usagef("%v", err)
	}
	if bound != nil {
		j.Bind = make([]topo.Set, n)
		for i, rank := range near {
			j.Bind[rank] = bound[i]
		}
	}
	if c.allocation {
		for k, m := range c.placing.machines {
			ranks := 0
			for _, of := range c.placing.of {
				if of == k {
					ranks++
				}
			}
			if m.local {
				report(host, fmt.Sprintf("allocation: %s with %d cores for %d ranks", host, topo.LocalUsableCores(), ranks))
			} else {
				report(host, fmt.Sprintf("allocation: %s for %d ranks", m.Name, ranks))
			}
		}
	}
	if c.reportBindings {
		for _, line := range launch.BindingLines(local, near, bound) {
			report(host, line)
		}
	}
	return j, nil
}

// app finds the program of an app, whose ranks are on these machines.
func (c *config) app(a *app, b *builder, on []int) (launch.App, error) {
	dir := ""
	here := slices.Contains(on, c.placing.here)
	if a.dir != "" {
		var err error
		if dir, err = filepath.Abs(a.dir); err != nil {
			return launch.App{}, usagef("-wdir %s: %v", a.dir, err)
		}
		if info, err := os.Stat(dir); err != nil && here {
			return launch.App{}, usagef("-wdir %s: %v", a.dir, plainError(err))
		} else if err == nil && here && !info.IsDir() {
			return launch.App{}, usagef("-wdir %s: it is not a folder", a.dir)
		}
	}
	path, err := b.resolve(a.argv[0], dir, a.path)
	if err != nil && !here && !b.tried {
		path, err = a.argv[0], nil // it may be there
	}
	return launch.App{Path: path, Name: a.argv[0], Args: a.argv[1:], Dir: dir}, err
}

// ranks returns the number of ranks of an app.
func (c *config) ranks(a *app, place launch.Placement, m *mapper, local *topo.Machine) (int, error) {
	switch {
	case a.ranks > 0:
		return a.ranks, nil
	case len(c.apps) > 1:
		return 0, usagef("-n is missing for %s: with several programs each needs its own", a.argv[0])
	case c.rankfile != nil:
		return len(c.rankfile), nil
	case c.rankMap != nil && c.perHost == 0 && m.all != nil:
		return len(c.rankMap), nil
	case local != nil && place.Ranks(local) > 0 && m.all == nil:
		return place.Ranks(local), nil
	case m.all != nil:
		return m.all.total(), nil
	case c.perHost > 0:
		return c.perHost, nil
	case c.threads:
		return local.UsableThreads(), nil
	}
	return topo.LocalUsableCores(), nil
}

// fromEnvironment fills in what the environment says and the options do not.
func (c *config) fromEnvironment() error {
	if t := os.Getenv("MPIEXEC_TIMEOUT"); c.timeout == 0 && t != "" {
		d, err := parseTime(t)
		if err != nil {
			return usagef("MPIEXEC_TIMEOUT: %v", err)
		}
		c.timeout = d
	}
	if name := os.Getenv("HYDRA_HOST_FILE"); !c.hostsGiven() && name != "" {
		p := &parser{cfg: c}
		if err := p.hostFile(name); err != nil {
			return usagef("HYDRA_HOST_FILE: %s: %v", name, err)
		}
	}
	c.reachFromEnvironment()
	return nil
}

// run runs the job and reports how it ended.
func run(c *config, job *launch.Job, stderr *os.File, complain func(string, ...any)) int {
	for _, line := range c.report {
		_, _ = io.WriteString(stderr, line)
	}
	c.said = stderr
	if c.verbose {
		job.Started = func(pids []int) {
			for r, pid := range pids {
				a := job.Apps[job.AppOf(r)]
				complain("rank %d of %d on %s: process %d: %s", r, len(pids), c.placing.host(r).name, pid, strings.Join(append([]string{a.Path}, a.Args...), " "))
			}
		}
	}
	var standing []string // at the time-out
	if !c.quiet || c.stacks {
		job.Stacks = c.stacks
		job.Standing = func(sig syscall.Signal, lines []string) {
			switch {
			case c.quiet:
			case sig == 0:
				standing = lines
			default:
				complainAll(complain, lines)
			}
		}
	}
	ctx := context.Background()
	if c.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, c.timeout, errTimeout)
		defer cancel()
	}
	res, err := job.Run(ctx)
	for _, r := range res.Repeats {
		ranks := "ranks"
		if len(r.Ranks) == 1 {
			ranks = "rank"
		}
		complain("%d other %s reported the same as rank %d", len(r.Ranks), ranks, r.First)
	}
	var start *launch.StartError
	var failure *launch.Failure
	switch {
	case errors.Is(err, errTimeout):
		complain("the job did not end within %v (--timeout); its ranks were ended", c.timeout)
		complainAll(complain, standing)
		res.Status = statusTimeout
	case errors.As(err, &start):
		dir := ""
		if start.Rank >= 0 {
			dir = job.Apps[job.AppOf(start.Rank)].Dir
		}
		complain("%v", startHint(start, dir))
		return statusUsage
	case errors.As(err, new(*launch.HostError)):
		complain("%v", err)
		return statusUsage
	case errors.As(err, &failure) && failure.Signal == sigPipe && readerGone(job.Stdout):
		// The end of a rank that writes to "mpiexec ... | head" is no failure to
		// tell of; the status has it.
	case err != nil && !c.quiet:
		complain("%v", err)
	}
	switch {
	case res.Lost == nil:
	case errors.Is(res.Lost, syscall.EPIPE): // "mpiexec ... | head", again
		res.Status = max(res.Status, 128+int(sigPipe))
	default:
		complain("output of the ranks is lost: %v", res.Lost)
		res.Status = max(res.Status, 1)
	}
	if c.exitCodes {
		for k, m := range c.placing.machines {
			var codes []string
			for rank, n := range res.Codes {
				if c.placing.of[rank] == k {
					codes = append(codes, fmt.Sprint(n))
				}
			}
			complain("exit codes: [%s] %s", m.Name, strings.Join(codes, ","))
		}
	}
	if c.verbose && err == nil {
		complain("all ranks ended with status 0")
	}
	if !res.Contacted && job.Ranks() > 1 && !c.quiet {
		warnForeign(job, complain)
	}
	return res.Status
}

func complainAll(complain func(string, ...any), lines []string) {
	for _, l := range lines {
		complain("%s", l)
	}
}

// startHint adds what to do to the error of a program that cannot be started.
func startHint(e *launch.StartError, dir string) error {
	switch {
	case errors.Is(e, syscall.ENOEXEC):
		return fmt.Errorf("%w; it is not a program for this machine", e)
	case errors.Is(e, syscall.ENOENT) && e.Rank >= 0 && e.Host == "":
		if _, err := os.Stat(e.What); err == nil && (dir == "" || isFolder(dir)) {
			return fmt.Errorf("%w; the file is there: the interpreter or loader that it names is not", e)
		}
	case errors.Is(e, syscall.EACCES):
		return fmt.Errorf("%w; its folder may not allow programs (noexec): set TMPDIR to another", e)
	case errors.Is(e, syscall.EAGAIN):
		return fmt.Errorf("%w; a limit on processes was reached (ulimit -u): start fewer ranks", e)
	case errors.Is(e, syscall.EMFILE), errors.Is(e, syscall.ENFILE):
		return fmt.Errorf("%w; raise the limit on open files (ulimit -n), or start fewer ranks", e)
	}
	return e
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// say prints a line of a report, or keeps it until the job begins.
func (c *config) say(line string) {
	if c.said != nil {
		_, _ = io.WriteString(c.said, line)
		return
	}
	c.report = append(c.report, line)
}

// ownName is what this machine calls itself.
func ownName() string {
	host, _ := os.Hostname()
	return host
}

// version names this build.
func version() string {
	v := "(devel)"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		v = info.Main.Version
	}
	return fmt.Sprintf("mpiexec (Ringo) %s, %s, %s/%s", v, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
