package inproc

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/board"
	"github.com/ringo-mpi/ringo/internal/embedded/ring"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/memory"
)

// job is what the ranks share.
type job struct {
	hostname string
	members  []member
	ringSize int
	crowded  bool // more ranks than processors

	mu      sync.Mutex
	ends    []int32 // ranks, for each move to Finalizing or beyond, in their order
	left    int     // how many have left or died
	boards  map[uint64]*heapBoard
	handles uint64
	given   map[*byte]int // memory from Alloc, and the rank that has it
	world   []byte
	changed atomic.Uint32
	lost    atomic.Uint32 // counts ends in failure, and alarms

	watched atomic.Bool   // see watch
	slept   chan struct{} // a rank sleeps that is not watched
	over    chan struct{} // closed when all ranks have ended
}

// end is the job as one rank sees it.
type end struct {
	*job
	rank int
	me   *member
}

// New makes the ends of n ranks, in the order of ranks.
func New(n int) []transport.End {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	j := &job{
		hostname: host, members: make([]member, n), boards: make(map[uint64]*heapBoard),
		slept: make(chan struct{}, 1), over: make(chan struct{}),
		crowded: n > runtime.GOMAXPROCS(0),
	}
	switch {
	case n <= 8:
		j.ringSize = 64 << 10
	case n <= 16:
		j.ringSize = 16 << 10
	case n <= 128:
		j.ringSize = 8 << 10
	default:
		j.ringSize = 4 << 10
	}
	if n > 1 {
		j.world = memory.Zeroed(board.SizeInProcess(n))
	}
	facts := transport.Facts{
		Name: "inproc", Size: n, LocalSize: n,
		InProcess: true, Fenced: true, Crowded: j.crowded,
		Polls: 2000, PollTime: transport.WakeTime, Yields: 2,
	}
	if j.crowded { // a rank parks soon, since waking a goroutine is cheap
		facts.Polls, facts.PollTime, facts.Yields = 20, 0, 1
	}
	ends := make([]transport.End, n)
	for r := range ends {
		m := &j.members[r]
		m.job = j
		m.wake = make(chan struct{}, 1)
		m.state.Store(uint32(transport.Running))
		e := &end{j, r, m}
		facts.Rank, facts.LocalRank = r, r
		ends[r] = transport.End{Facts: facts, Job: e, Self: e, Pool: e}
	}
	if n > 1 {
		go j.watch()
	}
	return ends
}

// Yield implements [transport.Self].
func (e *end) Yield() { runtime.Gosched() }

// Serve implements [transport.Self].
func (e *end) Serve(progress func()) { e.me.serve.Store(&progress) }

// Open implements [transport.Self].
func (e *end) Open(peer int) ring.Memory {
	m := ring.Memory{
		Tail: (*uint64)(unsafe.Pointer(unsafe.SliceData(memory.Zeroed(wholeLines)))),
		Data: memory.Zeroed(e.ringSize),
	}
	t := &e.members[peer]
	t.mu.Lock()
	t.rings = append(t.rings, opened{e.rank, m})
	t.mu.Unlock()
	atomic.AddUint32(&t.bell.Active, 1)
	return m
}

// NewRings implements [transport.Self].
func (e *end) NewRings(f func(from int, m ring.Memory)) {
	t := e.me
	t.mu.Lock()
	rings := t.rings
	t.rings = nil
	t.mu.Unlock()
	for _, o := range rings {
		f(o.from, o.m)
	}
}

// Link implements [transport.Self].
func (e *end) Link(peer int) transport.Link { return &e.members[peer] }

// Sleep implements [transport.Self]: it parks the goroutine. A wake that came
// since Arm ends it at once, and the watch after a while.
func (e *end) Sleep(uint32, time.Duration) {
	e.ensureWatch()
	memory.StoreRelease32(&e.me.bell.Seq, e.me.bell.Seq+1)
	<-e.me.wake
	e.me.bell.Disarm()
}

// Host implements [transport.Job].
func (e *end) Host(int) transport.Host { return transport.Host{Name: e.hostname} }

// Losses implements [transport.Job].
func (e *end) Losses() uint32 { return e.lost.Load() }

// Changes implements [transport.Job].
func (e *end) Changes() uint32 { return e.changed.Load() }

// Ended implements [transport.Job].
func (e *end) Ended(seen uint32, f func(rank int)) {
	e.mu.Lock()
	ends := slices.Clone(e.ends[min(int(seen), len(e.ends)):])
	e.mu.Unlock()
	for _, r := range ends {
		f(int(r))
	}
}

// State implements [transport.Job].
func (e *end) State(rank int) transport.State {
	return transport.State(e.members[rank].state.Load())
}

// Cause implements [transport.Job].
func (e *end) Cause(rank int) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c := e.members[rank].cause; c != "" {
		return c
	}
	return "it has called Finalize"
}

// Advance implements [transport.Job].
func (e *end) Advance(to transport.State) {
	e.mu.Lock()
	if state := e.State(e.rank); state >= to || state == transport.Finalized {
		e.mu.Unlock()
		return
	}
	e.me.state.Store(uint32(to))
	e.ends = append(e.ends, int32(e.rank))
	if to > transport.Finalized {
		e.lost.Add(1)
	}
	e.changed.Store(uint32(len(e.ends)))
	if to >= transport.Finalized {
		if e.left++; e.left == len(e.members) {
			close(e.over)
		}
	}
	e.mu.Unlock()
	e.wakeAll()
}

func (j *job) wakeAll() {
	for r := range j.members {
		if m := &j.members[r]; atomic.LoadUint32(&m.bell.Sleeping) != 0 {
			m.Wake()
		}
	}
}

// Alarm implements [transport.Job].
func (e *end) Alarm() {
	e.lost.Add(1)
	e.wakeAll()
}

// Fail implements [transport.Job].
func (e *end) Fail(cause string) {
	e.mu.Lock()
	if e.me.cause == "" {
		e.me.cause = cause
	}
	e.mu.Unlock()
	e.Advance(transport.Failed)
}

// Abort implements [transport.Job]: it ends the process, and so all ranks. The
// caller has reported why.
func (e *end) Abort(code int, reason string) {
	if reason != "" {
		fmt.Fprintf(os.Stderr, "ringo: rank %d aborted the job: %s\n", e.rank, reason)
	}
	os.Exit(engine.AbortStatus(code))
}

// Leave implements [transport.Job].
func (e *end) Leave() error { return nil }
