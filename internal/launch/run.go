package launch

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/ringo-mpi/ringo/internal/embedded/segment"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/pmi"
)

// How long things may take before the next, harder step.
const (
	defaultGrace = 2 * time.Second        // a rank has failed → SIGTERM for the others
	deafGrace    = 250 * time.Millisecond // … if none of them has joined the segment: they do not know
	killAfter    = 2 * time.Second        // SIGTERM → SIGKILL
	channelLag   = 30 * time.Millisecond  // a rank has ended → its channel must have closed, unless a child holds it
	exitLag      = 50 * time.Millisecond  // a rank's channel has closed → the rank must have ended
	abortLag     = 100 * time.Millisecond // a rank has called Abort → it must have ended
	drainTime    = 250 * time.Millisecond // all ranks have ended → their output must have ended
)

// A runner is one job that runs. Its loop handles one event after another, so
// that nothing in it needs a lock.
type runner struct {
	job    *Job
	n      int
	hosts  *hosts
	seg    *segment.Segment // says how far the ranks of all hosts have come; nil: none here
	here   *here
	far    []*far
	sites  []site  // of all hosts
	of     []site  // by the number of the host
	mirror *mirror // nil: all ranks are here
	input  *input
	output *output
	pids   []int // of the ranks, on their hosts
	ranks  []rankState

	signals chan os.Signal       // nil: they are not passed on
	catch   func() (stop func()) // waits until signals are caught; nil: they are not
	events  chan event
	running int // ranks not yet judged
	gone    int // ranks that have ended and closed their channel

	stage     stage
	timer     *time.Timer
	spare     int            // the rank that called Abort ends by itself; -1: none
	interrupt syscall.Signal // the first ending signal that was passed on to the ranks
	cancelled bool           // the context ended the job
	failure   *Failure
	contacted bool
}

// rankState is what is known of a rank.
type rankState struct {
	exited, judged bool
	exit           exit
	program        exit // of the MPI program, a child of the rank's process; the zero value: not known
	watched        bool // … which is waited for
	closed         bool // its channel is closed
	active         bool // … after Init and without Finalize
	inited         bool
	aborted        bool
	before         bool // it had failed before the user's signal came
	well           bool // judged, and no failure
}

// stage is how far the end of a job has come.
type stage int

const (
	stageRun   stage = iota
	stageGrace       // the ranks know, and may end by themselves
	stageTerm        // SIGTERM has been sent
	stageKill        // SIGKILL has been sent
)

type eventKind int

const (
	evExit     eventKind = iota // the process of a rank has ended
	evJudge                     // … some time ago
	evInit                      // PMI
	evJoin                      // the program of the rank is another process, which is watched
	evAbort                     // PMI
	evAborted                   // … some time ago
	evBarrier                   // PMI
	evClosed                    // nobody holds the rank's channel any more
	evLost                      // … since some time, and the rank has not ended
	evStrayEnd                  // the MPI program, a child of the rank's process, has ended
	evHostLost                  // the rank's host cannot be reached any more
)

type event struct {
	kind   eventKind
	rank   int
	exit   exit
	code   int
	text   string
	active bool
	known  bool // exit
	err    error
}

// Run starts the job and returns when all its ranks have ended and nothing of
// it is left. The error is a *StartError if the job could not be started (the
// status is then 2), a *Failure if a rank failed, and the cause of ctx's end if
// that ended the job. Several jobs may run at the same time.
func (j *Job) Run(ctx context.Context) (Result, error) {
	if err := j.check(); err != nil {
		return Result{Status: 2}, err
	}
	r := &runner{job: j, n: j.Ranks(), hosts: j.hosts(), spare: -1}
	r.events = make(chan event, 4*r.n)
	r.ranks = make([]rankState, r.n)
	r.running = r.n
	if j.ForwardSignals {
		r.signals = make(chan os.Signal, 16)
		// Catching signals takes a while, most of it waiting, and so runs beside the
		// preparations.
		caught := make(chan func(), 1)
		go func() { caught <- catchSignals(r.signals) }()
		r.catch = sync.OnceValue(func() func() { return <-caught })
	}
	if err := r.start(ctx); err != nil {
		if r.catch != nil {
			r.catch()()
		}
		r.abandon()
		var interrupted *Failure
		if errors.As(err, &interrupted) {
			return Result{Status: interrupted.Status}, err
		}
		return Result{Status: 2}, err
	}
	if j.Started != nil {
		j.Started(r.pids)
	}
	r.loop(ctx)
	close(r.here.done)
	r.finish()
	res := Result{Codes: make([]int, r.n), Contacted: r.contacted, Lost: r.output.lost(), Repeats: r.output.repeated()}
	for _, f := range r.far {
		if res.Lost == nil && r.failure == nil {
			res.Lost = f.lost()
		}
	}
	for i := range r.ranks {
		res.Codes[i] = r.ranks[i].exit.status()
	}
	switch {
	case r.cancelled && (r.failure == nil || r.failure.late):
		res.Status = 1
		return res, context.Cause(ctx)
	case r.failure != nil:
		res.Status = r.failure.Status
		return res, r.failure
	}
	return res, nil
}

// start makes everything the ranks need, and the ranks.
func (r *runner) start(ctx context.Context) error {
	j := r.job
	id := randomID()
	s := newHere(j, r.hosts, id)
	s.table, s.post = "kvs_"+id[:8], r.post
	r.here, r.seg = s, s.seg
	r.of = []site{s}
	var caught func()
	if r.catch != nil {
		caught = func() { r.catch() }
	}
	var above pmi.Above
	if r.hosts.several() {
		hub, err := r.reach(ctx)
		if err != nil {
			return err
		}
		above = hub
	}
	if r.hosts.here >= 0 {
		r.sites = append(r.sites, s)
	}
	var err error
	if r.input, err = newInput(j, r.n, r.farInput); err != nil {
		return err
	}
	if r.output, err = newOutput(j, r.n, r.farOutput); err != nil {
		return err
	}
	s.serve(above)
	for _, f := range r.far {
		f.begin(r.describe(f, id, r.key()))
	}
	if err := s.start(r, caught, r.agents()); err != nil {
		return err
	}
	s.watch()
	return r.awaitStart(ctx)
}

// files returns the standard streams of a rank of this host.
func (r *runner) files(rank int) [3]*os.File {
	stdout, stderr := r.output.files(rank)
	return [3]*os.File{r.input.file(rank), stdout, stderr}
}

// started begins to copy what goes through these.
func (r *runner) started() {
	r.input.started()
	r.output.started()
}

// post hands an event to the loop.
func (r *runner) post(e event) {
	select {
	case r.events <- e:
	case <-r.here.done:
	}
}

// later posts an event after a while.
func (r *runner) later(d time.Duration, e event) {
	time.AfterFunc(d, func() { r.post(e) })
}

// loop runs until every rank has ended and been judged.
func (r *runner) loop(ctx context.Context) {
	r.timer = time.NewTimer(time.Hour)
	r.timer.Stop()
	defer r.timer.Stop()
	cancelled := ctx.Done()
	for r.running > 0 {
		select {
		case e := <-r.events:
			r.handle(e)
		case s := <-r.signals:
			if sig, ok := s.(syscall.Signal); ok {
				r.signalled(sig)
			}
		case <-cancelled:
			cancelled, r.cancelled = nil, true
			r.ask(0)
			r.advance(stageTerm)
		case <-r.timer.C:
			r.advance(r.stage + 1)
		}
	}
}

// advance goes on to a later stage of the job's end; never back.
func (r *runner) advance(to stage) {
	if to <= r.stage || to > stageKill {
		return
	}
	r.stage = to
	switch to {
	case stageGrace:
		r.timer.Reset(r.grace())
	case stageTerm:
		for _, s := range r.sites {
			s.signalAll(syscall.SIGTERM, r.spare)
			s.signalAll(sigCont, r.spare) // a stopped process does not see the signal
		}
		r.timer.Reset(killAfter)
	case stageKill:
		r.timer.Stop()
		r.signalAll(syscall.SIGKILL)
	}
}

// grace is how long the ranks have to end by themselves.
func (r *runner) grace() time.Duration {
	if r.job.Grace > 0 {
		return r.job.Grace
	}
	for i := range r.ranks {
		if r.state(i) == transport.Running {
			return defaultGrace
		}
	}
	return deafGrace
}

func (r *runner) signalAll(sig syscall.Signal) {
	for _, s := range r.sites {
		s.signalAll(sig, -1)
	}
}

// signalled passes a signal of the user on to the ranks.
func (r *runner) signalled(sig syscall.Signal) {
	switch {
	case stops(sig):
		r.signalAll(sig)
		for _, f := range r.far {
			f.pause()
		}
		stopSelf()
	case ends(sig) && r.interrupt != 0:
		r.advance(stageKill) // asked twice: no more waiting
	case ends(sig):
		r.interrupt = sig
		for i := range r.ranks {
			r.ranks[i].before = r.failing(i)
		}
		if sig == syscall.SIGQUIT {
			r.output.keepWhole() // programs in Go write the stacks of all their goroutines
		} else {
			r.ask(sig)
		}
		r.signalAll(sig)
	default:
		r.signalAll(sig)
	}
}

// finish takes what the ranks have still to say, and leaves nothing behind.
func (r *runner) finish() {
	if r.catch != nil {
		uncaught := make(chan struct{})
		go func() { // most of it is waiting as well
			defer close(uncaught)
			r.catch()()
		}()
		defer func() { <-uncaught }()
	}
	if r.stage < stageTerm {
		// A child that a rank has left behind may hold the pipe: it gets a moment to
		// finish its line.
		r.output.wait(drainTime)
	}
	for _, s := range r.sites {
		s.finish()
	}
	if r.hosts.here < 0 {
		r.here.finish()
	}
	limit := time.Duration(0)
	if r.stage >= stageTerm {
		limit = killAfter // the end was asked for
	}
	r.output.drain(r.signals, limit)
	r.release()
}

// release closes what the job has open.
func (r *runner) release() {
	if r.input != nil {
		r.input.close()
	}
	if r.output != nil {
		r.output.close()
	}
	var far sync.WaitGroup
	for _, f := range r.far {
		far.Go(f.release)
	}
	far.Wait()
	if r.mirror != nil {
		r.mirror.stop()
	}
	r.here.release()
}

// nullDevice is opened once for all jobs, both ways.
var nullDevice = sync.OnceValues(func() (*os.File, error) { return os.OpenFile(os.DevNull, os.O_RDWR, 0) })

// oneLine makes a rank's own words fit into one line.
func oneLine(s string) string {
	return strings.Join(strings.Fields(strings.ToValidUTF8(s, "?")), " ")
}
