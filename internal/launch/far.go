package launch

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/ringo-mpi/ringo/internal/launch/control"
	"github.com/ringo-mpi/ringo/internal/pmi"
)

// far is the site of another host, whose agent has the processes there.
type far struct {
	number int
	remote Remote
	ranks  []int
	hosts  *hosts
	job    *Job
	post   func(event)
	mirror *mirror
	hub    *hub

	agent *agentProcess
	link  *link
	hello *control.Hello

	begun   bool // the agent was told of the job
	flows   [][2]*flow
	inputs  []*farInput
	started chan error // one: the ranks have been started, or why not
	pids    []int
	report  []string
	told    chan *control.Told
	asked   int         // questions where the ranks stand
	needed  int         // the app whose program the agent lacks
	waits   atomic.Bool // a rank is in the process manager's barrier
	ending  atomic.Bool // the agent was told that the job is over

	mu       sync.Mutex
	unsaid   int // bytes of output that were passed on, which the agent has not been told
	cause    error
	reading  sync.WaitGroup
	finished chan struct{} // closed when nothing of the job is left there
	over     chan struct{} // closed when nothing comes any more
}

func newFar(number int, remote Remote, h *hosts, j *Job, post func(event)) *far {
	f := &far{
		number: number, remote: remote, ranks: h.ranksOf(number), hosts: h, job: j, post: post,
		started: make(chan error, 1), told: make(chan *control.Told, 1),
		finished: make(chan struct{}), over: make(chan struct{}),
	}
	f.flows = make([][2]*flow, len(f.ranks))
	f.inputs = make([]*farInput, len(f.ranks))
	return f
}

// flow is a stream of a rank.
func (f *far) flow(rank int, s Stream) readEnd {
	stream := newFlow(f.taken, func() { f.link.send(&control.Shut{Rank: rank, Stream: int(s)}) })
	f.flows[f.hosts.place[rank]][s-1] = stream
	return stream
}

// taken tells the agent, now and then, how much of the output has been passed on.
func (f *far) taken(n int) {
	f.mu.Lock()
	f.unsaid += n
	n = f.unsaid
	if n >= outputWindow/8 {
		f.unsaid = 0
	}
	f.mu.Unlock()
	if n >= outputWindow/8 {
		f.link.send(&control.Taken{Bytes: n})
	}
}

// input is the standard input of a rank.
func (f *far) input(rank int) io.WriteCloser {
	in := &farInput{link: f.link, rank: rank, window: newWindow(inputWindow)}
	f.inputs[f.hosts.place[rank]] = in
	return in
}

// begin has the agent start its ranks; the answer comes on started.
func (f *far) begin(m *control.Job) {
	f.begun = true
	f.link.send(m)
	f.reading.Go(f.read)
	var limit atomic.Int32
	limit.Store(int32(m.Silence))
	go f.link.watch(&limit, func() {
		f.lose(fmt.Errorf("it has said nothing for %d s", m.Silence))
	})
}

// read handles what the agent says.
func (f *far) read() {
	for {
		m, err := f.link.receive()
		if err == nil {
			err = f.handle(m)
		}
		switch {
		case err == nil:
			continue
		case errors.Is(err, io.EOF), errors.Is(err, os.ErrClosed):
			err = f.agent.ended()
		case f.agent.gone(): // a pipe that breaks in the middle of a frame
			err = f.agent.ended()
		}
		f.lose(err)
		return
	}
}

// check reports a rank that the agent does not have.
func (f *far) check(rank int) error {
	if rank < 0 || rank >= len(f.hosts.of) || f.hosts.of[rank] != f.number {
		return fmt.Errorf("its agent speaks of rank %d, which is not there", rank)
	}
	return nil
}

func (f *far) handle(m control.Message) error {
	var err error
	switch m := m.(type) {
	case *control.Exit:
		if err = f.check(m.Rank); err == nil {
			f.post(event{kind: evExit, rank: m.Rank, exit: exitOfEnd(m.End)})
		}
	case *control.Init:
		if err = f.check(m.Rank); err == nil {
			f.post(event{kind: evInit, rank: m.Rank})
		}
	case *control.Join:
		if err = f.check(m.Rank); err == nil {
			f.post(event{kind: evJoin, rank: m.Rank})
		}
	case *control.Abort:
		if err = f.check(m.Rank); err == nil {
			f.post(event{kind: evAbort, rank: m.Rank, code: m.Code, text: m.Text})
		}
	case *control.Closed:
		if err = f.check(m.Rank); err == nil {
			e := event{kind: evClosed, rank: m.Rank, active: m.Active}
			if m.Error != "" {
				e.err = errors.New(m.Error)
			}
			f.post(e)
		}
	case *control.Stray:
		if err = f.check(m.Rank); err == nil {
			f.post(event{kind: evStrayEnd, rank: m.Rank, exit: exitOfEnd(m.End), known: m.Known})
		}
	case *control.News:
		for _, fact := range m.Ranks {
			if err := f.check(fact.Rank); err != nil {
				return err
			}
		}
		f.mirror.heard(f.number, m.Ranks)
	case *control.Output:
		if err = f.check(m.Rank); err == nil {
			err = f.output(m)
		}
	case *control.InputTaken:
		if err = f.check(m.Rank); err != nil {
			break
		}
		if in := f.inputs[f.hosts.place[m.Rank]]; in != nil && m.Bytes < 0 {
			in.window.close()
		} else if in != nil {
			in.window.give(m.Bytes)
		}
	case *control.Waiting:
		f.waits.Store(true)
		f.post(event{kind: evBarrier, rank: f.ranks[0]})
	case *control.Puts:
		f.hub.put(f.number, pairsOf(m.Pairs))
	case *control.Arrived:
		f.hub.arrive()
	case *control.Names:
		answer := pmi.NewMessage("unknown")
		if asked, err := pmi.Parse(m.Line); err == nil {
			answer = f.hub.Names(asked)
		}
		f.link.send(&control.Named{Number: m.Number, Line: string(answer.Append(nil))})
	case *control.Started:
		if len(m.Pids) != len(f.ranks) {
			return fmt.Errorf("its agent has started %d of %d ranks", len(m.Pids), len(f.ranks))
		}
		f.pids, f.report = m.Pids, m.Report
		f.answer(nil)
	case *control.NotStarted:
		e := &StartError{Rank: m.Rank, Host: f.remote.Name, What: m.What, Err: errors.New(m.Error)}
		if m.Errno != 0 {
			e.Err = syscall.Errno(m.Errno)
		}
		f.answer(e)
	case *control.Need:
		if m.App < 0 || m.App >= len(f.job.Apps) {
			return errors.New("its agent asks for a program that there is not")
		}
		f.link.send(describeProgram(f.job.Apps[m.App].Path))
		f.needed = m.App
	case *control.Send:
		go sendProgram(f.link, f.job.Apps[f.needed].Path)
	case *control.Told:
		select {
		case f.told <- m:
		default:
		}
	case *control.Finished:
		if !f.ending.Load() || f.left() {
			return errors.New("its agent has finished before the job")
		}
		close(f.finished)
		f.end()
	case *control.Ping:
	default:
		err = fmt.Errorf("its agent says what is not for mpiexec: %T", m)
	}
	return err
}

// answer answers whoever waits for the start, once.
func (f *far) answer(err error) {
	select {
	case f.started <- err:
	default:
	}
}

func (f *far) output(m *control.Output) error {
	if m.Stream != int(Stdout) && m.Stream != int(Stderr) || len(m.Data) > control.MaxData {
		return errors.New("its agent sends output of a stream that there is not")
	}
	stream := f.flows[f.hosts.place[m.Rank]][m.Stream-1]
	switch {
	case stream == nil:
		f.taken(len(m.Data))
	case len(m.Data) == 0:
		stream.end()
	default:
		stream.add(m.Data)
	}
	return nil
}

// end says that nothing more comes from there.
func (f *far) end() {
	for _, streams := range f.flows {
		for _, s := range streams {
			if s != nil {
				s.end()
			}
		}
	}
	for _, in := range f.inputs {
		if in != nil {
			in.window.close()
		}
	}
}

// lose gives the host up.
func (f *far) lose(cause error) {
	f.mu.Lock()
	first := f.cause == nil
	if first {
		f.cause = cause
		close(f.over)
	}
	f.mu.Unlock()
	if !first {
		return
	}
	f.link.close()
	f.end()
	if !f.left() {
		f.answer(&HostError{Host: f.remote.Name, Err: cause})
		f.post(event{kind: evHostLost, rank: f.ranks[0], text: cause.Error()})
	}
	f.agent.stop()
}

// left reports whether nothing of the job is left there.
func (f *far) left() bool {
	select {
	case <-f.finished:
		return true
	default:
		return false
	}
}

// lost is why output of the host's ranks may be lost.
func (f *far) lost() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.cause == nil || f.left() {
		return nil
	}
	return &HostError{Host: f.remote.Name, Err: f.cause}
}

func (f *far) signal(rank int, sig syscall.Signal) {
	f.link.send(&control.Signal{Rank: rank, Except: -1, Signal: int(sig)})
}

func (f *far) signalAll(sig syscall.Signal, except int) {
	if sig == sigCont {
		f.link.paused.Store(false)
	}
	f.link.send(&control.Signal{Rank: -1, Except: except, Signal: int(sig)})
}

// pause is called before this process stops until SIGCONT.
func (f *far) pause() {
	f.link.paused.Store(true)
	f.link.flush(time.Second)
}

func (f *far) ask(stacks bool, limit time.Duration) []stood {
	const way = 500 * time.Millisecond
	select {
	case <-f.told: // too late for the question before
	default:
	}
	f.asked++
	f.link.send(&control.Ask{Number: f.asked, Stacks: stacks, Limit: int(limit / time.Millisecond)})
	t := time.NewTimer(limit + way)
	defer t.Stop()
	for {
		select {
		case m := <-f.told:
			if m.Number != f.asked || len(m.Stands) != len(f.ranks) {
				continue
			}
			out := make([]stood, len(f.ranks))
			for i, s := range m.Stands {
				out[i] = stood{s.Asked, s.Current, s.InCall, s.Text}
			}
			return out
		case <-f.over:
			return nil
		case <-t.C:
			return nil
		}
	}
}

func (f *far) waiting() bool { return f.waits.Load() }

func (f *far) finish() {
	f.ending.Store(true)
	f.link.send(&control.Finish{})
}

// releaseTime is how long an agent has to leave when it is told.
const releaseTime = 5 * time.Second

// release waits until nothing of the ranks is left there, and until the agent is gone.
func (f *far) release() {
	if f.begun {
		t := time.NewTimer(releaseTime)
		defer t.Stop()
		select {
		case <-f.finished:
		case <-f.over:
		case <-t.C:
		}
	}
	f.link.close()
	f.agent.leave()
	f.reading.Wait()
}

func exitOfEnd(e control.End) exit {
	return exit{code: e.Code, signal: syscall.Signal(e.Signal), core: e.Core, limit: e.Limit}
}

func endOfExit(e exit) control.End {
	return control.End{Code: e.code, Signal: int(e.signal), Core: e.core, Limit: e.limit}
}

func pairsOf(pairs []control.Pair) []pmi.Pair {
	out := make([]pmi.Pair, len(pairs))
	for i, p := range pairs {
		out[i] = pmi.Pair(p)
	}
	return out
}

func pairsFor(pairs []pmi.Pair) []control.Pair {
	out := make([]control.Pair, len(pairs))
	for i, p := range pairs {
		out[i] = control.Pair(p)
	}
	return out
}

// HostError is the error of a host that cannot be reached, or any more.
type HostError struct {
	Host string
	Err  error
}

func (e *HostError) Error() string { return fmt.Sprintf("host %s: %v", e.Host, e.Err) }

func (e *HostError) Unwrap() error { return e.Err }
