package launch

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/ringo-mpi/ringo/internal/launch/control"
	"github.com/ringo-mpi/ringo/internal/pmi"
	"github.com/ringo-mpi/ringo/internal/topo"
)

// An agent has the ranks of one host for an mpiexec on another.
type agent struct {
	link  *link
	desc  *control.Job
	job   *Job
	cpus  []topo.Set // of the ranks of this host; nil: they are not bound
	here  *here
	guard []string

	null    *os.File
	std     map[int][3]*os.File // of each rank its descriptors 0, 1 and 2
	theirs  []*os.File          // those of them that are closed after the start
	pipes   map[[2]int]*os.File // our end of each rank's stream
	feeds   map[int]*feed
	window  *window // of output
	ending  atomic.Bool
	piping  sync.WaitGroup // the copying of output
	reading atomic.Bool    // what mpiexec says is read beside the main goroutine
	silence atomic.Int32   // seconds after which mpiexec counts as gone

	telling sync.Mutex // what is told of ranks comes in its order
	known   []control.Fact

	asking sync.Mutex
	asked  int
	asks   map[int]chan string // questions about published names

	programs chan control.Message // what mpiexec says of programs that are missing
	running  atomic.Bool          // the ranks have been started
	over     chan struct{}        // closed when nothing comes from mpiexec any more
	fin      chan struct{}        // closed when the job is over
}

// ServeAgent is what mpiexec runs on another host: it speaks with the mpiexec that has
// started it by its standard input and output, and returns an exit status when the
// job is over. guard holds the arguments with which this executable calls [CleanUp].
func ServeAgent(in, out *os.File, guard []string) int {
	if _, err := out.WriteString("\n" + control.Marker + "\n"); err != nil {
		return 1
	}
	a := &agent{
		guard: guard, std: map[int][3]*os.File{}, pipes: map[[2]int]*os.File{}, feeds: map[int]*feed{},
		window: newWindow(outputWindow), asks: map[int]chan string{}, programs: make(chan control.Message, 16), over: make(chan struct{}), fin: make(chan struct{}),
	}
	// The first frame says which host this is.
	host, m, err := a.greet(bufio.NewReaderSize(in, 64<<10), out)
	if errors.Is(err, errNoJob) {
		return 0
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "mpiexec: what comes from mpiexec cannot be read: %v\n", plain(err))
		return 1
	}
	a.desc = m
	a.link.setHost(host)
	a.silence.Store(int32(min(m.Silence, math.MaxInt32)))
	if err := a.run(); err != nil {
		a.refuse(err)
		return 1
	}
	return 0
}

// earlySilence is how many seconds without a word an agent waits for its job.
const earlySilence = 30

// errNoJob says that mpiexec has given the job up before it began.
var errNoJob = errors.New("there is no job")

// greet says hello and waits for the job.
func (a *agent) greet(in *bufio.Reader, out *os.File) (host int, m *control.Job, err error) {
	hello := &control.Hello{Version: agentVersion()}
	// sshd says: client's address and port, server's address and port.
	if words := strings.Fields(os.Getenv("SSH_CONNECTION")); len(words) == 4 {
		hello.Peer, hello.Own = words[0], words[2]
	}
	a.link = newLink(anyHost, in, out)
	a.link.send(hello)
	a.silence.Store(earlySilence)
	go a.link.watch(&a.silence, func() {
		if !a.reading.Load() {
			os.Exit(1) // it waits for the job, and nothing is there to be ended
		}
		a.lose()
	})
	for {
		m, err := a.link.receive()
		if errors.Is(err, io.EOF) {
			err = errNoJob
		}
		if err != nil {
			return 0, nil, err
		}
		switch m := m.(type) {
		case *control.Job:
			return m.Host, m, nil
		case *control.Ping:
		case *control.Finish:
			return 0, nil, errNoJob
		default:
			return 0, nil, fmt.Errorf("it begins with %T", m)
		}
	}
}

// refuse says why the ranks cannot be started.
func (a *agent) refuse(err error) {
	m := &control.NotStarted{Rank: -1, What: "its agent", Error: err.Error()}
	var e *StartError
	if errors.As(err, &e) {
		m.Rank, m.What, m.Error = e.Rank, e.What, e.Err.Error()
	}
	var no syscall.Errno
	if errors.As(err, &no) && no.Error() == m.Error {
		m.Errno = int(no)
	}
	a.link.send(m)
	a.link.flush(releaseTime)
	a.link.close()
}

// run prepares the host, starts its ranks, and waits for their end.
func (a *agent) run() error {
	d := a.desc
	if err := a.prepare(); err != nil {
		return err
	}
	a.here.table = d.Table
	a.here.post = a.tell
	a.here.serve(a)
	err := a.open()
	if err == nil {
		a.reading.Store(true)
		go a.read()
		err = a.findPrograms()
	}
	// mpiexec is told of the start before it hears of what the ranks do.
	a.telling.Lock()
	if err == nil {
		err = a.here.start(a, nil, nil)
	}
	if err != nil {
		a.telling.Unlock()
		a.here.keep.end()
		a.here.release()
		return err
	}
	a.running.Store(true)
	started := &control.Started{Pids: a.here.pids()}
	if d.Bind.Report {
		if m, err := topo.Local(); err == nil {
			started.Report = BindingLines(m, a.here.hosts.ranks, a.cpus)
		}
	}
	a.link.send(started)
	a.telling.Unlock()
	a.here.watch()
	if a.here.seg != nil {
		go a.followNews()
	}
	select {
	case <-a.fin:
	case <-a.over:
	}
	a.finish()
	return nil
}

// prepare makes the job of the description, and this host's site of it.
func (a *agent) prepare() error {
	d := a.desc
	j := &Job{Universe: d.Universe, Guard: a.guard, Spread: &Spread{Here: d.Host, Place: d.Place}}
	for _, name := range d.Hosts {
		j.Spread.Hosts = append(j.Spread.Hosts, Remote{Name: name})
	}
	for _, app := range d.Apps {
		if app.Env == nil {
			app.Env = []string{} // none, and not the agent's
		}
		j.Apps = append(j.Apps, App(app))
	}
	if err := j.check(); err != nil {
		return err
	}
	a.job = j
	h := j.hosts()
	b, err := bindingOf(d.Bind, len(d.Place))
	if err != nil {
		return &StartError{Rank: -1, What: "binding", Err: err}
	}
	if a.cpus, err = b.CPUs(nil, h.ranks); err != nil {
		return &StartError{Rank: -1, What: "binding", Err: err}
	}
	j.Bind = spreadOver(len(d.Place), h.ranks, a.cpus)
	listen := d.Listen
	if listen == "" {
		if listen, err = addresses(d.Interface); err != nil {
			return &StartError{Rank: -1, What: "network", Err: err}
		}
	}
	a.here = newHere(j, h, randomID())
	a.known = make([]control.Fact, len(d.Place))
	return a.here.settle(listen, d.Key)
}

// open makes the ranks' standard streams.
func (a *agent) open() error {
	var err error
	if a.null, err = nullDevice(); err != nil {
		return &StartError{Rank: -1, What: os.DevNull, Err: err}
	}
	pipe := func(rank int) (r, w *os.File, err error) {
		if r, w, err = os.Pipe(); err != nil {
			err = &StartError{Rank: rank, What: "standard streams", Err: err}
		}
		return r, w, err
	}
	for _, rank := range a.here.hosts.ranks {
		std := [3]*os.File{a.null, a.null, a.null}
		if a.desc.Stdin == rank || a.desc.Stdin == StdinAll {
			r, w, err := pipe(rank)
			if err != nil {
				return err
			}
			std[0] = r
			a.theirs = append(a.theirs, r)
			a.feeds[rank] = newFeed(&fedInput{a.link, rank, w})
		}
		for s := 1; s <= 2; s++ {
			if a.desc.Output&s == 0 {
				continue
			}
			r, w, err := pipe(rank)
			if err != nil {
				return err
			}
			std[s] = w
			a.theirs = append(a.theirs, w)
			a.pipes[[2]int{rank, s}] = r
		}
		a.std[rank] = std
	}
	return nil
}

func (a *agent) files(rank int) [3]*os.File { return a.std[rank] }

func (a *agent) started() {
	for _, f := range a.theirs {
		f.Close()
	}
	for key, pipe := range a.pipes {
		a.piping.Go(func() { a.copy(key[0], key[1], pipe) })
	}
	for _, f := range a.feeds {
		go f.run()
	}
}

// copy sends what a rank writes, until nobody holds the other end of the pipe or
// mpiexec wants no more.
func (a *agent) copy(rank, stream int, pipe *os.File) {
	defer pipe.Close()
	buf := make([]byte, 4<<10)
	for {
		if a.ending.Load() {
			_ = pipe.SetReadDeadline(time.Now().Add(drainTime))
		}
		n, err := pipe.Read(buf)
		if n > 0 {
			if !a.window.take(n) {
				return
			}
			a.link.send(&control.Output{Rank: rank, Stream: stream, Data: buf[:n]})
		}
		if err != nil {
			break
		}
		if n == len(buf) && n < control.MaxData {
			buf = make([]byte, 2*n)
		}
	}
	a.link.send(&control.Output{Rank: rank, Stream: stream})
}

// fedInput is the pipe to a rank's standard input. mpiexec is told how much of the
// input has gone into it.
type fedInput struct {
	link *link
	rank int
	pipe *os.File
}

func (f *fedInput) Write(data []byte) (int, error) {
	n, err := f.pipe.Write(data)
	m := &control.InputTaken{Rank: f.rank, Bytes: n}
	if err != nil {
		m.Bytes = -1
	}
	f.link.send(m)
	return n, err
}

func (f *fedInput) Close() error { return f.pipe.Close() }

// read does what mpiexec says.
func (a *agent) read() {
	for {
		m, err := a.link.receive()
		if err == nil {
			err = a.handle(m)
		}
		if err != nil {
			a.lose()
			return
		}
	}
}

// lose is called when nothing comes from mpiexec any more.
func (a *agent) lose() {
	a.asking.Lock()
	defer a.asking.Unlock()
	select {
	case <-a.over:
		return
	default:
	}
	close(a.over)
	a.window.close()
	for _, answer := range a.asks {
		close(answer)
	}
	a.asks = nil
}

func (a *agent) handle(m control.Message) error {
	switch m := m.(type) {
	case *control.Signal:
		sig := syscall.Signal(m.Signal)
		switch {
		case !a.running.Load():
		case m.Rank < 0:
			if stops(sig) {
				a.link.away.Store(true)
			}
			a.here.signalAll(sig, m.Except)
		case m.Rank < len(a.desc.Place) && a.here.hosts.near(m.Rank):
			a.here.signal(m.Rank, sig)
		}
	case *control.News:
		for _, f := range m.Ranks {
			if f.Rank >= 0 && f.Rank < len(a.desc.Place) && a.here.seg != nil {
				takeUp(a.here.seg, f)
			}
		}
	case *control.Taken:
		a.window.give(m.Bytes)
	case *control.Shut:
		if pipe := a.pipes[[2]int{m.Rank, m.Stream}]; pipe != nil {
			pipe.Close() // the rank finds its stream closed
		}
	case *control.Input:
		if f := a.feeds[m.Rank]; f != nil && len(m.Data) > 0 {
			f.add(m.Data)
		} else if f != nil {
			f.end()
		}
	case *control.Program, *control.Piece:
		select {
		case a.programs <- m:
		case <-a.over:
		}
	case *control.Puts:
		for _, p := range m.Pairs {
			a.here.server.Put(p.Key, p.Value)
		}
	case *control.Release:
		a.here.server.Release(nil)
	case *control.Named:
		a.asking.Lock()
		if answer := a.asks[m.Number]; answer != nil {
			answer <- m.Line
			delete(a.asks, m.Number)
		}
		a.asking.Unlock()
	case *control.Ask:
		if !a.running.Load() {
			break
		}
		go func() {
			told := &control.Told{Number: m.Number}
			for _, s := range a.here.ask(m.Stacks, time.Duration(m.Limit)*time.Millisecond) {
				told.Stands = append(told.Stands, control.Stand{Asked: s.asked, Current: s.current, InCall: s.inCall, Text: s.text})
			}
			a.link.send(told)
		}()
	case *control.Finish:
		select {
		case <-a.fin:
		default:
			close(a.fin)
		}
	case *control.Ping:
	default:
		return fmt.Errorf("it says what is not for an agent: %T", m)
	}
	return nil
}

// Arrived tells mpiexec that all ranks of this host are in the barrier.
func (a *agent) Arrived(puts []pmi.Pair) {
	a.telling.Lock()
	defer a.telling.Unlock()
	a.link.puts(pairsFor(puts))
	a.link.send(&control.Arrived{})
}

// Names asks mpiexec about published names.
func (a *agent) Names(m pmi.Message) pmi.Message {
	answer := make(chan string, 1)
	a.asking.Lock()
	open := a.asks != nil
	if open {
		a.asked++
		a.asks[a.asked] = answer
		a.link.send(&control.Names{Number: a.asked, Line: string(m.Append(nil))})
	}
	a.asking.Unlock()
	if open {
		if line, ok := <-answer; ok {
			if m, err := pmi.Parse(line); err == nil {
				return m
			}
		}
	}
	return pmi.NewMessage(strings.TrimSuffix(m.Name, "_name")+"_result", "rc", "1", "msg", "mpiexec_is_gone")
}

// tell tells mpiexec what has happened to a rank, after what the rank has said of its
// own state.
func (a *agent) tell(e event) {
	a.telling.Lock()
	defer a.telling.Unlock()
	a.tellNews()
	switch e.kind {
	case evExit:
		a.link.send(&control.Exit{Rank: e.rank, End: endOfExit(e.exit)})
	case evInit:
		a.link.send(&control.Init{Rank: e.rank})
	case evJoin:
		a.link.send(&control.Join{Rank: e.rank})
	case evAbort:
		a.link.send(&control.Abort{Rank: e.rank, Code: e.code, Text: e.text})
	case evBarrier:
		a.link.send(&control.Waiting{})
	case evClosed:
		m := &control.Closed{Rank: e.rank, Active: e.active}
		if e.err != nil {
			m.Error = e.err.Error()
		}
		a.link.send(m)
	case evStrayEnd:
		a.link.send(&control.Stray{Rank: e.rank, End: endOfExit(e.exit), Known: e.known})
	}
}

// tellNews sends what has changed of the ranks of this host.
func (a *agent) tellNews() {
	if a.here.seg == nil {
		return
	}
	if news := changed(a.here.seg, a.known, a.here.hosts.ranks); len(news) > 0 {
		a.link.send(&control.News{Ranks: news})
	}
}

func (a *agent) followNews() {
	seg := a.here.seg
	for seen, more := seg.AwaitNews(0); more; seen, more = seg.AwaitNews(seen) {
		a.telling.Lock()
		a.tellNews()
		a.telling.Unlock()
	}
}

// finish leaves nothing of the ranks behind, and tells mpiexec so.
func (a *agent) finish() {
	a.here.signalAll(syscall.SIGKILL, -1) // none is left unless mpiexec is gone
	close(a.here.done)
	a.here.finish()
	a.ending.Store(true)
	for _, pipe := range a.pipes {
		_ = pipe.SetReadDeadline(time.Now().Add(drainTime))
	}
	for _, f := range a.feeds {
		f.stop()
	}
	if a.here.seg != nil {
		a.here.seg.StopNews()
	}
	a.piping.Wait()
	a.link.send(&control.Finished{})
	select {
	case <-a.over: // mpiexec has heard it
	case <-time.After(releaseTime):
	}
	a.link.close()
	a.here.keep.release()
}
