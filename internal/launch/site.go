package launch

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/ringo-mpi/ringo/internal/embedded/segment"
	"github.com/ringo-mpi/ringo/internal/embedded/shm"
	"github.com/ringo-mpi/ringo/internal/pmi"
	"github.com/ringo-mpi/ringo/internal/topo"
)

// A site has the ranks of one host. What happens there comes as events; those of a
// rank in their order, and each after what the rank had said of its state before.
type site interface {
	// signal sends a signal to a rank and to what it has started, if its process has
	// not ended, and signalAll to all ranks but one (-1: to all).
	signal(rank int, sig syscall.Signal)
	signalAll(sig syscall.Signal, except int)

	// ask asks the ranks where they stand, and waits for the answers for so long at
	// most. It returns what is known of each rank of the site, in their order; nil if
	// nothing is.
	ask(stacks bool, limit time.Duration) []stood

	// waiting reports whether a rank waits in the process manager's barrier.
	waiting() bool

	// finish leaves nothing of the ranks behind, when all have ended or the job is
	// given up, and release nothing of the site.
	finish()
	release()
}

// streams are the standard streams of the ranks of a host.
type streams interface {
	// files returns the descriptors 0, 1 and 2 of a rank.
	files(rank int) [3]*os.File
	// started is called when the ranks hold theirs.
	started()
}

// here is the site of this host: the processes of its ranks, and what they share.
type here struct {
	job   *Job
	hosts *hosts
	id    string // a random number, by which the processes are marked
	table string // the name of the process manager's table of keys
	post  func(event)
	done  chan struct{}    // closed when nobody takes events any more
	seg   *segment.Segment // nil: none here
	why   error            // … for this reason
	cores int
	bind  []topo.Set // of each rank of the job; nil: they are not bound

	server *pmi.Server
	keep   *custody // nil: none here
	procs  []*process
	ended  []atomic.Bool // the process of the rank has ended
	ctl    []*os.File    // our ends

	mu       sync.Mutex
	stops    []func() // of watch
	released bool
	memory   sync.RWMutex // held by who reads the memory beside the owner
}

// read calls f with the memory of the job, unless there is none any more.
func (s *here) read(f func(*segment.Segment)) {
	s.memory.RLock()
	defer s.memory.RUnlock()
	if s.seg != nil && !s.released {
		f(s.seg)
	}
}

// newHere prepares this host for its ranks: custody of them, and their memory.
func newHere(j *Job, h *hosts, id string) *here {
	s := &here{job: j, hosts: h, id: id, done: make(chan struct{}), cores: j.Cores, bind: j.Bind, ended: make([]atomic.Bool, len(h.ranks))}
	if j.Guard != nil {
		s.keep = takeCustody(id, j.Guard)
	}
	if s.cores <= 0 {
		s.cores = topo.LocalUsableCores()
	}
	if h.several() {
		s.seg, s.why = shm.CreateFor(len(h.of), max(1, len(h.ranks)), s.cores)
	} else {
		s.seg, s.why = shm.Create(len(h.of), s.cores)
	}
	return s
}

// settle tells the memory where all ranks of a job of several hosts run, at which
// addresses those of this host are reached, and the key by which they know each other;
// none keeps the one that the memory has made.
func (s *here) settle(addresses string, key []byte) error {
	if s.seg == nil {
		return nil
	}
	if len(key) > 0 {
		var k [32]byte
		if len(key) != len(k) {
			return &StartError{Rank: -1, What: "job", Err: fmt.Errorf("its key has %d bytes", len(key))}
		}
		copy(k[:], key)
		s.seg.SetKey(k)
	}
	here := s.hosts.here
	if here < 0 {
		here = len(s.hosts.names) // a number that no rank has
	}
	if !s.seg.SetHere(here, addresses) {
		return &StartError{Rank: -1, What: "network", Err: fmt.Errorf("this host has too many addresses (%s): choose one by -iface", addresses)}
	}
	for rank := range s.hosts.of {
		s.seg.SetHome(rank, segment.Home{Host: s.hosts.of[rank], Name: s.hosts.name(rank)})
	}
	return nil
}

// start makes everything the ranks need, and the ranks. caught returns when signals
// can be passed on. Of children that others have started, this process is not to wait
// for the ends.
func (s *here) start(io streams, caught func(), others []int) error {
	j, h := s.job, s.hosts
	env := jobEnv{id: s.id, size: len(h.of), hosts: h, cores: s.cores, ctl: -1, shm: -1}
	files := 3
	if haveControl {
		env.ctl = files
		files++
	}
	if s.seg != nil {
		env.shm = files
		files++
	} else {
		env.shmError = s.why.Error()
	}
	theirs := make([]*os.File, 0, len(h.ranks))
	defer func() {
		for _, f := range theirs {
			f.Close()
		}
	}()
	cmds := make([]command, 0, len(h.ranks))
	end, app := 0, -1 // the app of a rank, and the first rank that is not its
	var common, argv []string
	for _, rank := range h.ranks {
		for changed := rank >= end; changed; changed = rank >= end {
			app++
			end += j.Apps[app].Ranks
			common = nil
		}
		a := &j.Apps[app]
		if common == nil {
			base := a.Env
			if base == nil {
				base = os.Environ()
			}
			common = env.common(scrub(base))
			if a.Dir != "" {
				common = setPWD(common, a.Dir)
			}
			argv = append([]string{a.Name}, a.Args...)
			if a.Name == "" {
				argv[0] = a.Path
			}
		}
		std := io.files(rank)
		c := command{path: a.Path, argv: argv, env: env.rank(common, rank), dir: a.Dir, files: append(make([]*os.File, 0, files), std[:]...)}
		if s.bind != nil {
			c.cpus = s.bind[rank]
		}
		if haveControl {
			our, their, err := controlSockets()
			if err != nil {
				return &StartError{Rank: rank, What: "control channel", Err: err}
			}
			s.ctl = append(s.ctl, our)
			theirs = append(theirs, their)
			c.files = append(c.files, their)
		}
		if s.seg != nil {
			c.files = append(c.files, s.seg.File())
		}
		cmds = append(cmds, c)
	}

	if caught != nil {
		caught() // a rank may say at once that it is there, and be sent a signal through us
	}
	letIn, closeDoor := s.openDoor()
	s.stop(closeDoor)
	s.keep.begin()
	procs, failed, err := startAll(cmds)
	s.keep.started()
	if err != nil {
		for _, p := range procs {
			if p != nil {
				p.signal(syscall.SIGKILL)
				p.wait()
				p.reap()
			}
		}
		return &StartError{Rank: h.ranks[failed], What: cmds[failed].path, Err: err}
	}
	s.procs = procs
	letIn()
	io.started()
	for _, f := range theirs {
		f.Close()
	}
	theirs = nil
	for i, f := range s.ctl {
		go s.server.Serve(h.ranks[i], f)
	}
	s.keep.care(procs, others)
	return nil
}

// watch waits for the ends of the processes.
func (s *here) watch() {
	for i, p := range s.procs {
		go func() {
			e := p.wait()
			s.ended[i].Store(true)
			s.post(event{kind: evExit, rank: s.hosts.ranks[i], exit: s.limited(e)})
		}()
	}
}

// limited adds to the end of a process the limit that was reached, if the kernel has
// killed it for want of memory.
func (s *here) limited(e exit) exit {
	if e.signal == syscall.SIGKILL {
		e.limit, _ = s.keep.memoryKilled()
	}
	return e
}

// serve makes the process manager's side of the channels. above joins it with those
// of other hosts; nil: there are none.
func (s *here) serve(above pmi.Above) {
	post := func(e event) { s.post(e) }
	s.server = &pmi.Server{
		Size: len(s.hosts.of), Here: len(s.hosts.ranks), Above: above,
		Name: s.table, Universe: s.job.Universe, AppNum: s.job.AppOf,
		Handler: pmi.Handler{
			Init:    func(rank int) { post(event{kind: evInit, rank: rank}) },
			Join:    func(rank int, m pmi.Message) { s.watchProgram(rank, m.Get("pidns")) },
			Barrier: func(rank int) { post(event{kind: evBarrier, rank: rank}) },
			Abort: func(rank, code int, message string) {
				post(event{kind: evAbort, rank: rank, code: code, text: message})
			},
			Closed: func(rank int, active bool, err error) {
				post(event{kind: evClosed, rank: rank, active: active, err: err})
			},
		},
	}
	if m := pmi.ProcessMapping(s.hosts.of); m != "" {
		s.server.Put("PMI_process_mapping", m)
	}
}

func (s *here) waiting() bool { return s.server.Waiting() > 0 }

func (s *here) signal(rank int, sig syscall.Signal) {
	if i := s.hosts.place[rank]; i < len(s.procs) && !s.ended[i].Load() {
		s.procs[i].signal(sig)
	}
}

func (s *here) signalAll(sig syscall.Signal, except int) {
	for _, rank := range s.hosts.ranks[:len(s.procs)] {
		if rank != except {
			s.signal(rank, sig)
		}
	}
}

// pids are the process numbers of the ranks.
func (s *here) pids() []int {
	pids := make([]int, len(s.procs))
	for i, p := range s.procs {
		pids[i] = p.id()
	}
	return pids
}

// stop has release call f.
func (s *here) stop(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stops = append(s.stops, f)
}

func (s *here) finish() {
	for _, p := range s.procs {
		p.reap()
	}
	s.keep.end()
}

func (s *here) release() {
	defer s.keep.release()
	s.mu.Lock()
	stops := s.stops
	s.stops = nil
	s.mu.Unlock()
	for _, stop := range stops {
		stop()
	}
	for _, f := range s.ctl {
		f.Close()
	}
	s.memory.Lock()
	defer s.memory.Unlock()
	if s.released = true; s.seg != nil {
		_ = s.seg.Close() // the kernel takes it back in any case
	}
}
