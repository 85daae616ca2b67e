package shm

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/futex"
	"github.com/ringo-mpi/ringo/internal/embedded/ring"
	"github.com/ringo-mpi/ringo/internal/embedded/segment"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// job is the job as this process, one of its ranks, sees it.
type job struct {
	seg      *segment.Segment
	rank, n  int // in the job
	hostname string
	control  *os.File // to mpiexec
	launcher Launcher // or what there is in its place
	reach    bool     // this system has copies between processes
	crowded  bool     // more ranks than cores: a second copier takes its time from another rank
	arena    *arena
	links    []link
	yields   atomic.Uint32
	crowding crowding
	secret   *secret
	listener listener
	reported uint32 // 1: the user knows that some memory cannot be reached

	trying    sync.Mutex
	challenge uint64 // what has been written to peers last

	mu     sync.Mutex
	known  []bool // peers whose ring to this rank has been taken up
	boards []sharedBoard
}

// Serve implements [transport.Self]: no other rank runs in this process.
func (j *job) Serve(func()) {}

// Yield implements [transport.Self].
func (j *job) Yield() {
	futex.Yield()
	if j.crowded && j.yields.Add(1)%spreadEvery == 1 {
		j.spread()
	}
}

// facts returns the facts of this rank. With a core for every rank, a rank that
// waits polls for as long as it takes to sleep and be woken: if it slept
// sooner, its peers, which wait for it meanwhile, would sleep as well. With
// more ranks than cores, it gives the core to another rank at once.
func (j *job) facts() transport.Facts {
	f := transport.Facts{
		Name: "shm", Rank: j.rank, Size: j.n, LocalRank: j.seg.Place(j.rank), LocalSize: j.seg.RanksHere(),
		Polls: 2000, PollTime: transport.WakeTime, Yields: 8,
	}
	if j.crowded {
		f.Crowded = true
		f.Polls, f.PollTime, f.Yields = 8, 0, 40
	}
	return f
}

func (j *job) ring(to, from int) ring.Memory {
	control, data := j.seg.Ring(to, from)
	return ring.Memory{Tail: (*uint64)(unsafe.Pointer(&control[0])), Data: data}
}

// Open implements [transport.Self].
func (j *job) Open(peer int) ring.Memory {
	place := j.seg.Place(j.rank)
	word := &j.seg.Active(peer)[place/32]
	for {
		old := atomic.LoadUint32(word)
		if atomic.CompareAndSwapUint32(word, old, old|1<<(place%32)) {
			break
		}
	}
	atomic.AddUint32(&j.seg.Bell(peer).Active, 1)
	return j.ring(peer, j.rank)
}

// NewRings implements [transport.Self].
func (j *job) NewRings(f func(from int, m ring.Memory)) {
	active := j.seg.Active(j.rank)
	for from := range j.n {
		if j.known[from] || !j.seg.Near(from) {
			continue
		}
		place := j.seg.Place(from)
		if atomic.LoadUint32(&active[place/32])&(1<<(place%32)) != 0 {
			j.known[from] = true
			f(from, j.ring(j.rank, from))
		}
	}
}

// Sleep implements [transport.Self].
func (j *job) Sleep(seq uint32, limit time.Duration) {
	if !j.listener.running.Load() {
		j.listener.listen()
	}
	segment.Sleep(j.seg.Bell(j.rank), seq, limit)
}

// Link implements [transport.Self].
func (j *job) Link(peer int) transport.Link { return &j.links[peer] }

// link is the way to one rank.
type link struct {
	job   *job
	rank  int
	state atomic.Uint32 // of the way to its memory
	found bool          // it has been reached
}

// Bell implements [transport.Link].
func (l *link) Bell() *transport.Bell { return l.job.seg.Bell(l.rank) }

// Wake implements [transport.Link].
func (l *link) Wake() { segment.Wake(l.job.seg.Bell(l.rank)) }

// Traits implements [transport.Link].
func (l *link) Traits() transport.Traits { return transport.Traits{} }

// Help implements [transport.Link].
func (l *link) Help() {}

// Claims implements [transport.Link].
func (l *link) Claims() []uint64 { return l.job.seg.Claims(l.rank) }

// Transfer implements [transport.Link].
func (l *link) Transfer(number uint64) *transport.Transfer {
	if i := uint32(number); i < segment.Claims && l.job.reach && !l.job.crowded {
		return &l.job.seg.Transfers(l.rank)[i]
	}
	return nil
}

// Reach implements [transport.Link].
func (l *link) Reach() transport.Reach { return l }

// Host implements [transport.Job].
func (j *job) Host(rank int) transport.Host {
	at := j.seg.Home(rank)
	if at.Name == "" {
		at.Name = j.hostname
	}
	return transport.Host{Name: at.Name, Number: at.Host}
}

// Losses implements [transport.Job].
func (j *job) Losses() uint32 { return j.seg.Changes() }

// Alarm implements [transport.Job]: every end is one.
func (j *job) Alarm() {}

// Changes implements [transport.Job].
func (j *job) Changes() uint32 { return j.seg.Changes() }

// Ended implements [transport.Job].
func (j *job) Ended(_ uint32, f func(rank int)) {
	for r := range j.n {
		if j.seg.State(r) > transport.Running {
			f(r)
		}
	}
}

// State implements [transport.Job].
func (j *job) State(rank int) transport.State { return j.seg.State(rank) }

// Cause implements [transport.Job].
func (j *job) Cause(rank int) string {
	if c := j.seg.Cause(rank); c != "" {
		return c
	}
	if j.seg.State(rank) == transport.Finalized {
		return "it has called Finalize"
	}
	return "it has died"
}

// Advance implements [transport.Job].
func (j *job) Advance(to transport.State) { j.seg.Advance(j.rank, to) }

// Fail implements [transport.Job].
func (j *job) Fail(cause string) { j.seg.MarkFailed(j.rank, cause) }

// Abort implements [transport.Job]: it tells the launcher, which ends all ranks,
// and ends this one.
func (j *job) Abort(code int, reason string) {
	if reason == "" {
		reason = fmt.Sprintf("Abort(%d) was called", code)
	}
	if j.control != nil {
		text := strings.NewReplacer("%", "%25", " ", "%20", "\n", "%0A", "\r", "%0D", "\t", "%09").Replace(reason[:min(len(reason), 400)])
		fmt.Fprintf(j.control, "cmd=abort exitcode=%d message=%s\n", code, text)
	}
	if j.launcher != nil {
		j.launcher.Abort(engine.AbortStatus(code), reason)
	}
	j.seg.MarkFailed(j.rank, reason)
	os.Exit(engine.AbortStatus(code))
}

// Leave implements [transport.Job]: it closes the descriptors. The memory stays
// mapped: other goroutines of the process may still look at it.
func (j *job) Leave() error {
	j.listener.leave()
	err := j.seg.File().Close()
	if j.launcher != nil {
		if e := j.launcher.Leave(); err == nil {
			err = e
		}
	}
	if j.control != nil {
		if e := j.control.Close(); err == nil {
			err = e
		}
	}
	return err
}
