package board_test

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/board"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// reach says how members get at each other's memory.
type reach int

const (
	direct  reach = iota // goroutine ranks: by pointers
	pulling              // by Pull and Push only
	crowded              // the same, with more members than cores
	staged               // not at all
	reaches
)

func (r reach) String() string { return [...]string{"direct", "pulling", "crowded", "staged"}[r] }

// job is a communicator whose members are goroutines.
type job struct {
	boards []*board.Board
	hosts  []*host
	dead   chan struct{} // closed when a member has died
}

// host is the endpoint of a goroutine rank: it spins a little and then waits
// on a channel.
type host struct {
	job    *job
	rank   int
	reach  reach
	spin   int
	fence  atomic.Int32
	asleep atomic.Int32
	wake   chan struct{}
}

var errDied = errors.New("rank 1 died")

func newJob(n int, r reach, spin int) *job {
	if r == crowded {
		spin = 0
	}
	size := board.Size(n)
	if r == direct {
		size = board.SizeInProcess(n)
	}
	words := make([]uint64, size/8+8)
	base := unsafe.Pointer(unsafe.SliceData(words))
	base = unsafe.Add(base, -uintptr(base)&63)
	mem := unsafe.Slice((*byte)(base), size)
	j := &job{dead: make(chan struct{})}
	for range n {
		j.hosts = append(j.hosts, &host{job: j, rank: len(j.hosts), reach: r, spin: spin, wake: make(chan struct{}, 1)})
	}
	for i := range n {
		j.boards = append(j.boards, board.New(mem, i, n, j.hosts[i]))
	}
	return j
}

// each runs f for every member and waits for all of them.
func (j *job) each(f func(rank int, b *board.Board)) {
	var wg sync.WaitGroup
	for r, b := range j.boards {
		wg.Go(func() { f(r, b) })
	}
	wg.Wait()
}

func (h *host) Yield() { runtime.Gosched() }

func (h *host) Wait(r int, p *uint64, v uint64, done <-chan struct{}) error {
	come := func() bool { return int64(atomic.LoadUint64(p)-v) >= 0 }
	for range 2 {
		if come() {
			return nil
		}
		runtime.Gosched()
	}
	for {
		h.asleep.Store(1)
		if come() {
			h.asleep.Store(0)
			return nil
		}
		select {
		case <-h.wake:
		case <-time.After(10 * time.Millisecond): // as a process: a wake-up may be lost
			if err := h.job.boards[h.rank].Astray(r, p, v); err != nil {
				return err
			}
		case <-done:
			return engine.Errorf(engine.ErrCancelled, "cancelled")
		case <-h.job.dead:
			return errDied
		}
	}
}

func (h *host) Notify(r int) {
	o := h.job.hosts[r]
	h.fence.Add(1)
	if o.asleep.Load() != 0 && o.asleep.Swap(0) != 0 {
		select {
		case o.wake <- struct{}{}:
		default:
		}
	}
}

func at(a uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&a)) }

func (h *host) Pull(dst unsafe.Pointer, r int, addr uintptr, n int) error {
	copy(unsafe.Slice((*byte)(dst), n), unsafe.Slice((*byte)(at(addr)), n))
	return nil
}

func (h *host) Push(r int, addr uintptr, src unsafe.Pointer, n int) error {
	copy(unsafe.Slice((*byte)(at(addr)), n), unsafe.Slice((*byte)(src), n))
	return nil
}

func (h *host) Facts() board.Facts {
	return board.Facts{CanPull: h.reach != staged, InProcess: h.reach == direct, Crowded: h.spin == 0, Polls: h.spin}
}

func run(t *testing.T, j *job, call func(rank int) engine.Coll) []error {
	t.Helper()
	errs := make([]error, len(j.boards))
	j.each(func(r int, b *board.Board) { errs[r] = b.Run(call(r), nil) })
	return errs
}
