package launch

import (
	"context"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/ringo-mpi/ringo/internal/launch/control"
)

// Spread says on which hosts the ranks of a job run, and how those are reached.
type Spread struct {
	Hosts []Remote // each with one rank at least
	Place []int    // the host of each rank
	Here  int      // which of the hosts this one is; -1: none

	// Launcher is how an agent is started on a host: "ssh" (also ""), "rsh", or
	// "fork", which starts it on this machine, whatever the host is called. Command is
	// the program with its first arguments in place of ssh or rsh.
	Launcher string
	Command  []string

	// AtOnce is how many hosts are called at a time. 0: 16.
	AtOnce int

	// Agent holds the arguments with which this executable calls [ServeAgent].
	Agent []string

	// Silence is after how long without a word from a host it is given up, and after
	// how long the ranks of a host end that hears nothing of mpiexec. 0: 10 seconds.
	Silence time.Duration

	// Interface is the network interface at which the hosts reach each other. "": the
	// one by which mpiexec reaches them.
	Interface string

	// Preload sends the programs also to hosts that have them.
	Preload bool

	// Bind says how the ranks of other hosts are bound; those of this one are as
	// Job.Bind says. What is reported of it comes before Job.Started is called.
	Bind   Binding
	Report func(host, line string)
}

// Remote is a host.
type Remote struct {
	Name string // by which users know it
	User string // on that host; "": the one who calls mpiexec
	Port int    // of the remote shell; 0: its own
}

// silence is Silence in seconds.
func (s *Spread) silence() int {
	if s.Silence <= 0 {
		return 10
	}
	return max(1, int((s.Silence+time.Second-1)/time.Second))
}

func (s *Spread) check(ranks int) error {
	bad := func(format string, args ...any) error {
		return &StartError{Rank: -1, What: "job", Err: fmt.Errorf(format, args...)}
	}
	if len(s.Place) != ranks {
		return bad("hosts for %d of %d ranks", len(s.Place), ranks)
	}
	if s.Here < -1 || s.Here >= len(s.Hosts) {
		return bad("this host is number %d of %d", s.Here, len(s.Hosts))
	}
	used := make([]bool, len(s.Hosts))
	for rank, host := range s.Place {
		if host < 0 || host >= len(s.Hosts) {
			return bad("rank %d is on host %d of %d", rank, host, len(s.Hosts))
		}
		used[host] = true
	}
	for host, has := range used {
		if !has {
			return bad("host %s has no rank", s.Hosts[host].Name)
		}
	}
	if !haveControl {
		return bad("ranks on other hosts need a Unix system")
	}
	return nil
}

// describe makes the description of the job for another host.
func (r *runner) describe(f *far, id string, key []byte) *control.Job {
	j, s := r.job, r.job.Spread
	m := &control.Job{
		ID: id, Key: key, Table: r.here.table, Host: f.number, Hosts: r.hosts.names, Place: r.hosts.of,
		Universe: j.Universe, Stdin: r.input.wanted(), Preload: s.Preload, Silence: s.silence(),
		Interface: s.Interface, Bind: s.Bind.message(f.ranks), Listen: r.listen(f),
	}
	for _, a := range j.Apps {
		m.Apps = append(m.Apps, control.App(a.far()))
	}
	for _, rank := range f.ranks {
		for k, wanted := range r.output.wanted[rank] {
			if wanted {
				m.Output |= k + 1
			}
		}
	}
	return m
}

// reach has an agent on every other host.
func (r *runner) reach(ctx context.Context) (*hub, error) {
	h := &hub{hosts: len(r.hosts.names)}
	r.mirror = newMirror(r.seg, r.hosts.of)
	r.of = make([]site, len(r.hosts.names))
	var all []*far
	for number, remote := range r.job.Spread.Hosts {
		if number == r.hosts.here {
			h.near, r.of[number] = r.here, r.here
			continue
		}
		f := newFar(number, remote, r.hosts, r.job, r.post)
		f.mirror, f.hub = r.mirror, h
		r.of[number] = f
		all = append(all, f)
	}
	if r.catch != nil {
		r.catch()
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	reached := make(chan error, 1)
	go func() { reached <- reachAll(ctx, r.job.Spread, all) }()
	var err error
	for waiting := true; waiting; {
		select {
		case err = <-reached:
			waiting = false
		case s := <-r.signals:
			if sig, ok := s.(syscall.Signal); ok && ends(sig) {
				cancel(r.interruptedBy(sig))
			}
		}
	}
	for _, f := range all {
		if f.link != nil {
			r.far = append(r.far, f)
		}
	}
	if err != nil {
		return nil, err
	}
	h.far = r.far
	for _, f := range r.far {
		r.sites = append(r.sites, f)
		r.mirror.to[f.number] = func(facts []control.Fact) { f.link.send(&control.News{Ranks: facts}) }
	}
	listen, err := r.listenHere()
	if err != nil {
		return nil, &StartError{Rank: -1, What: "network", Err: err}
	}
	if err := r.here.settle(listen, nil); err != nil {
		return nil, err
	}
	r.mirror.start()
	return h, nil
}

// interruptedBy is the error of a job that a signal ends before it has started.
func (r *runner) interruptedBy(sig syscall.Signal) error {
	return &Failure{Host: hostname(), Status: 128 + int(sig), Interrupt: sig}
}

// awaitStart waits until all hosts have started their ranks.
func (r *runner) awaitStart(ctx context.Context) error {
	r.pids = make([]int, r.n)
	if r.hosts.here >= 0 {
		for i, pid := range r.here.pids() {
			r.pids[r.hosts.ranks[i]] = pid
		}
	}
	for _, f := range r.far {
		for waiting := true; waiting; {
			select {
			case err := <-f.started:
				if err != nil {
					return err
				}
				waiting = false
			case <-ctx.Done():
				return context.Cause(ctx)
			case s := <-r.signals:
				if sig, ok := s.(syscall.Signal); ok && ends(sig) {
					return r.interruptedBy(sig)
				}
			}
		}
		for i, pid := range f.pids {
			r.pids[f.ranks[i]] = pid
		}
		if r.job.Spread.Report != nil {
			for _, line := range f.report {
				r.job.Spread.Report(f.remote.Name, line)
			}
		}
	}
	return nil
}

// abandon ends what has been started of a job that cannot be.
func (r *runner) abandon() {
	close(r.here.done)
	for _, f := range r.far {
		f.finish()
	}
	for _, p := range r.here.procs {
		p.signal(syscall.SIGKILL)
		p.wait()
		p.reap()
	}
	r.here.keep.end()
	r.release()
}

// key is that of the job.
func (r *runner) key() []byte {
	if r.seg == nil {
		return nil
	}
	return r.seg.Key()
}

// agents are the processes by which the other hosts are reached.
func (r *runner) agents() (pids []int) {
	for _, f := range r.far {
		pids = append(pids, f.agent.cmd.Process.Pid)
	}
	return pids
}

// farInput is what the input of a rank on another host is written to, nil of one on
// this host.
func (r *runner) farInput(rank int) io.WriteCloser {
	if f, ok := r.site(rank).(*far); ok {
		return f.input(rank)
	}
	return nil
}

// farOutput is what a stream of a rank on another host comes from, nil of one on this
// host.
func (r *runner) farOutput(rank int, s Stream) readEnd {
	if f, ok := r.site(rank).(*far); ok {
		return f.flow(rank, s)
	}
	return nil
}
