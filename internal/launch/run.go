package launch

import (
	"context"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/ringo-mpi/ringo/internal/embedded/segment"
	"github.com/ringo-mpi/ringo/internal/embedded/shm"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/pmi"
	"github.com/ringo-mpi/ringo/internal/topo"
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
	host   string
	id     string
	seg    *segment.Segment // nil: none here
	server *pmi.Server
	input  *input
	output *output
	procs  []*process
	ranks  []rankState
	ctl    []*os.File // our ends
	stops  []func()   // of watch
	keep   *custody   // nil: none here

	signals chan os.Signal       // nil: they are not passed on
	catch   func() (stop func()) // waits until signals are caught; nil: they are not
	events  chan event
	done    chan struct{} // closed when the loop has ended
	running int           // ranks not yet judged
	gone    int           // ranks that have ended and closed their channel

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
	evJoin                      // the rank has opened the segment
	evAbort                     // PMI
	evAborted                   // … some time ago
	evBarrier                   // PMI
	evClosed                    // nobody holds the rank's channel any more
	evLost                      // … since some time, and the rank has not ended
	evStrayEnd                  // the MPI program, a child of the rank's process, has ended
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
	r := &runner{
		job: j, n: j.Ranks(), host: hostname(), id: randomID(), spare: -1,
		done: make(chan struct{}),
	}
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
	if err := r.start(); err != nil {
		if r.catch != nil {
			r.catch()()
		}
		r.keep.end()
		r.release()
		return Result{Status: 2}, err
	}
	if j.Started != nil {
		pids := make([]int, r.n)
		for i, p := range r.procs {
			pids[i] = p.id()
		}
		j.Started(pids)
	}
	r.loop(ctx)
	close(r.done)
	r.finish()
	res := Result{Codes: make([]int, r.n), Contacted: r.contacted, Lost: r.output.lost(), Repeats: r.output.repeated()}
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
func (r *runner) start() error {
	j := r.job
	if j.Guard != nil {
		r.keep = takeCustody(r.id, j.Guard)
	}
	cores := j.Cores
	if cores <= 0 {
		cores = topo.LocalUsableCores()
	}
	env := jobEnv{id: r.id, size: r.n, hosts: j.hosts(), cores: cores, ctl: -1, shm: -1}
	files := 3
	if haveControl {
		env.ctl = files
		files++
	}
	seg, err := shm.Create(r.n, cores)
	if err == nil {
		r.seg = seg
		env.shm = files
		files++
	} else {
		env.shmError = err.Error()
	}

	if r.input, err = newInput(j, r.n); err != nil {
		return err
	}
	if r.output, err = newOutput(j, r.n); err != nil {
		return err
	}

	theirs := make([]*os.File, 0, r.n)
	defer func() {
		for _, f := range theirs {
			f.Close()
		}
	}()
	cmds := make([]command, 0, r.n)
	for _, a := range j.Apps {
		base := a.Env
		if base == nil {
			base = os.Environ()
		}
		common := env.common(scrub(base))
		if a.Dir != "" {
			common = setPWD(common, a.Dir)
		}
		argv := append([]string{a.Name}, a.Args...)
		if a.Name == "" {
			argv[0] = a.Path
		}
		for range a.Ranks {
			rank := len(cmds)
			c := command{path: a.Path, argv: argv, env: env.rank(common, rank), dir: a.Dir, files: make([]*os.File, 3, files)}
			c.files[0] = r.input.file(rank)
			c.files[1], c.files[2] = r.output.files(rank)
			if j.Bind != nil {
				c.cpus = j.Bind[rank]
			}
			if haveControl {
				our, their, err := controlSockets()
				if err != nil {
					return &StartError{rank, "control channel", err}
				}
				r.ctl = append(r.ctl, our)
				theirs = append(theirs, their)
				c.files = append(c.files, their)
			}
			if r.seg != nil {
				c.files = append(c.files, r.seg.File())
			}
			cmds = append(cmds, c)
		}
	}

	if r.catch != nil {
		r.catch() // a rank may say at once that it is there, and be sent a signal through us
	}
	r.prepareServer()
	letIn, closeDoor := r.openDoor()
	r.stops = append(r.stops, closeDoor)
	r.keep.begin()
	procs, failed, err := startAll(cmds)
	r.keep.started()
	if err != nil {
		for _, p := range procs {
			if p != nil {
				p.signal(syscall.SIGKILL)
				p.wait()
				p.reap()
			}
		}
		return &StartError{failed, cmds[failed].path, err}
	}
	r.procs = procs
	letIn()
	r.input.started()
	r.output.started()
	for _, f := range theirs {
		f.Close()
	}
	theirs = nil
	r.serve()
	r.keep.care(procs)
	for i, p := range procs {
		go func() { r.post(event{kind: evExit, rank: i, exit: p.wait()}) }()
	}
	return nil
}

// prepareServer makes the process manager's side of the channels.
func (r *runner) prepareServer() {
	r.server = &pmi.Server{
		Size: r.n, Name: "kvs_" + r.id[:8], Universe: r.job.Universe, AppNum: r.job.AppOf,
		Handler: pmi.Handler{
			Init: func(rank int) { r.post(event{kind: evInit, rank: rank}) },
			Join: func(rank int, m pmi.Message) {
				r.post(event{kind: evJoin, rank: rank, text: m.Get("pidns")})
			},
			Barrier: func(rank int) { r.post(event{kind: evBarrier, rank: rank}) },
			Abort: func(rank, code int, message string) {
				r.post(event{kind: evAbort, rank: rank, code: code, text: message})
			},
			Closed: func(rank int, active bool, err error) {
				r.post(event{kind: evClosed, rank: rank, active: active, err: err})
			},
		},
	}
	if m := pmi.ProcessMapping(r.job.hosts().ranks...); m != "" {
		r.server.Put("PMI_process_mapping", m)
	}
}

// serve answers the ranks on their channels.
func (r *runner) serve() {
	for rank, f := range r.ctl {
		go r.server.Serve(rank, f)
	}
}

// post hands an event to the loop.
func (r *runner) post(e event) {
	select {
	case r.events <- e:
	case <-r.done:
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
		for i, p := range r.procs {
			if i != r.spare && !r.ranks[i].exited {
				p.signal(syscall.SIGTERM)
				p.signal(sigCont) // a stopped process does not see the signal
			}
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
	for i, p := range r.procs {
		if !r.ranks[i].exited {
			p.signal(sig)
		}
	}
}

// signalled passes a signal of the user on to the ranks.
func (r *runner) signalled(sig syscall.Signal) {
	switch {
	case stops(sig):
		r.signalAll(sig)
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
	for _, p := range r.procs {
		p.reap()
	}
	r.keep.end()
	limit := time.Duration(0)
	if r.stage >= stageTerm {
		limit = killAfter // the end was asked for
	}
	r.output.drain(r.signals, limit)
	r.release()
}

// release closes what the job has open.
func (r *runner) release() {
	defer r.keep.release()
	for _, stop := range r.stops {
		stop()
	}
	for _, f := range r.ctl {
		f.Close()
	}
	if r.input != nil {
		r.input.close()
	}
	if r.output != nil {
		r.output.close()
	}
	if r.seg != nil {
		_ = r.seg.Close() // the kernel takes it back in any case
	}
}

// nullDevice is opened once for all jobs, both ways.
var nullDevice = sync.OnceValues(func() (*os.File, error) { return os.OpenFile(os.DevNull, os.O_RDWR, 0) })

// oneLine makes a rank's own words fit into one line.
func oneLine(s string) string {
	return strings.Join(strings.Fields(strings.ToValidUTF8(s, "?")), " ")
}
