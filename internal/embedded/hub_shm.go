package embedded

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/futex"
	"github.com/ringo-mpi/ringo/internal/embedded/ring"
	"github.com/ringo-mpi/ringo/internal/embedded/segment"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// shm is the hub of a rank that is a process: the job's segment, futexes, and
// the kernel's copies between processes.
type shm struct {
	seg      *segment.Segment
	rank, n  int
	hostname string
	control  *os.File // to the launcher
	reach    bool     // this process may copy from and to its peers' memory
	crowded  bool     // more ranks than cores: a second copier takes its time from somebody
	arena    *arena
	yields   atomic.Uint32
	crowding crowding

	mu     sync.Mutex
	known  []bool // peers whose ring to this rank has been taken up
	boards []sharedBoard
}

// sharedBoard is a board that this rank has made; the counter behind it counts
// the members that have freed their communicator.
type sharedBoard struct {
	mem   []byte
	left  *uint32
	users int
}

// OpenShm joins the job that the launcher has described in the environment
// (RINGO_RANK, RINGO_SIZE, RINGO_SHM_FD, RINGO_CTL_FD).
func OpenShm() (engine.Engine, error) {
	number := func(name string, most int) (int, error) {
		v, err := strconv.Atoi(os.Getenv(name))
		if err != nil || v < 0 || v > most {
			return 0, engine.Errorf(engine.ErrLaunch, "%s=%q in the environment is not what mpiexec sets: start the program with mpiexec", name, os.Getenv(name))
		}
		return v, nil
	}
	if why := os.Getenv("RINGO_SHM_ERROR"); why != "" {
		return nil, engine.Errorf(engine.ErrLaunch, "mpiexec has no shared memory for the job: %s", why)
	}
	size, err := number("RINGO_SIZE", segment.MaxRanks)
	if err != nil {
		return nil, err
	}
	rank, err := number("RINGO_RANK", size-1)
	if err != nil {
		return nil, err
	}
	fd, err := number("RINGO_SHM_FD", 1<<20)
	if err != nil {
		return nil, err
	}
	seg, err := segment.Open(uintptr(fd))
	if err != nil {
		return nil, engine.Errorf(engine.ErrLaunch, "join the job: %w", err)
	}
	if seg.Ranks() != size {
		return nil, engine.Errorf(engine.ErrLaunch, "the job's memory is for %d ranks, RINGO_SIZE says %d", seg.Ranks(), size)
	}
	if seg.State(rank) != segment.Absent {
		return nil, engine.Errorf(engine.ErrLaunch, "another process has joined the job as rank %d: the program must not start copies of itself with its environment", rank)
	}
	h := &shm{seg: seg, rank: rank, n: size, known: make([]bool, size)}
	if h.hostname, err = os.Hostname(); err != nil {
		h.hostname = "localhost"
	}
	if fd, err := strconv.Atoi(os.Getenv("RINGO_CTL_FD")); err == nil && fd > 2 {
		h.control = os.NewFile(uintptr(fd), "ringo-control")
		closeOnExec(fd)
	}
	closeOnExec(fd)
	h.reach = os.Getenv("RINGO_PULL") != "0" && allowReach()
	h.crowded = size > h.cores()
	h.arena = newArena(seg.Arena(rank))
	seg.Join(rank)
	dieWithParent()
	if h.control != nil {
		// mpiexec then watches this process, which need not be the one it has
		// started: there may be a script or a debugger between. Without mpiexec
		// (or with an older one) nothing depends on it.
		_, _ = h.control.WriteString("cmd=join\n")
	}
	ep := newEndpoint(h, rank)
	ep.newWorld()
	return ep, nil
}

func (h *shm) size() int         { return h.n }
func (h *shm) host() string      { return h.hostname }
func (h *shm) transport() string { return "shm" }
func (h *shm) fenced() bool      { return false }
func (h *shm) help(int)          {}

func (h *shm) yield() {
	futex.Yield()
	if h.crowded && h.yields.Add(1)%spreadEvery == 1 {
		h.spread()
	}
}

// spin: with a core for every rank, a wait is polled for as long as it takes to
// sleep and be woken, some 100 µs on a virtual machine: a rank that sleeps
// sooner makes its peers, which wait for it meanwhile, sleep as well. With more
// ranks than cores, the core goes to another rank at once.
func (h *shm) spin() (polls int, time time.Duration, yields int) {
	if !h.crowded {
		return 2000, wakeTime, 8
	}
	return 8, 0, 40
}

func (h *shm) cores() int {
	if cores := h.seg.Cores(); cores > 0 {
		return cores
	}
	return runtime.NumCPU()
}

func (h *shm) memory(to, from int) ring.Memory {
	control, data := h.seg.Ring(to, from)
	return ring.Memory{Tail: (*uint64)(unsafe.Pointer(&control[0])), Data: data}
}

func (h *shm) openRing(to, from int) ring.Memory {
	word := &h.seg.Active(to)[from/32]
	for {
		old := atomic.LoadUint32(word)
		if atomic.CompareAndSwapUint32(word, old, old|1<<(from%32)) {
			break
		}
	}
	atomic.AddUint32(&h.seg.Bell(to).Active, 1)
	return h.memory(to, from)
}

func (h *shm) newRings(to int, f func(from int, m ring.Memory)) {
	active := h.seg.Active(to)
	for from := range h.n {
		if !h.known[from] && atomic.LoadUint32(&active[from/32])&(1<<(from%32)) != 0 {
			h.known[from] = true
			f(from, h.memory(to, from))
		}
	}
}

func (h *shm) bell(rank int) *segment.Bell { return h.seg.Bell(rank) }

func (h *shm) wake(rank int) { h.seg.Bell(rank).Ring() }

func (h *shm) sleep(rank int, seq uint32, limit time.Duration) { h.seg.Bell(rank).Sleep(seq, limit) }

func (h *shm) claims(rank int) []uint64 { return h.seg.Claims(rank) }

func (h *shm) transfer(sender int, number uint64) *segment.Transfer {
	if i := uint32(number); i < segment.Claims && h.reach && !h.crowded {
		return &h.seg.Transfers(sender)[i]
	}
	return nil
}

func (h *shm) losses() uint32 { return h.seg.Changes() }
func (h *shm) alarm()         {} // every end is one

func (h *shm) changes() uint32 { return h.seg.Changes() }

func (h *shm) ended(_ uint32, f func(rank int)) {
	for r := range h.n {
		if h.seg.State(r) > segment.Running {
			f(r)
		}
	}
}

func (h *shm) state(rank int) segment.State { return h.seg.State(rank) }

func (h *shm) cause(rank int) string {
	if c := h.seg.Cause(rank); c != "" {
		return c
	}
	if h.seg.State(rank) == segment.Finalized {
		return "it has called Finalize"
	}
	return "it has died"
}

func (h *shm) advance(rank int, to segment.State) { h.seg.Advance(rank, to) }

func (h *shm) fail(rank int, cause string) { h.seg.MarkFailed(rank, cause) }

func (h *shm) canPull(int) bool { return h.reach }

func (h *shm) pull(dst unsafe.Pointer, rank int, addr uint64, n int) error {
	return h.reachInto(rank, addr, dst, n, readPeer)
}

func (h *shm) batches() bool { return true } // one system call

func (h *shm) pullAll(rank int, parts []part) error {
	n := 0
	for _, p := range parts {
		n += p.n
	}
	k, err := readPeerAll(h.seg.Pid(rank), parts)
	if err == nil && k != n {
		err = engine.Errorf(engine.ErrOther, "%d of %d bytes of rank %d could be copied", k, n, rank)
	}
	return err
}

func (h *shm) push(rank int, addr uint64, src unsafe.Pointer, n int) error {
	return h.reachInto(rank, addr, src, n, writePeer)
}

// pullPiece bounds one call: in it the rank's processor serves nobody else, and a
// collector that wants to stop the world waits, for some 20 to 40 µs where the
// memory is there. (Of 256 KiB, long messages take up to 5 % longer.)
const pullPiece = 512 << 10

func (h *shm) reachInto(rank int, addr uint64, local unsafe.Pointer, n int, copyPiece func(int, uint64, unsafe.Pointer, int) (int, error)) error {
	pid := h.seg.Pid(rank)
	if rank == h.rank {
		pid = os.Getpid()
	}
	for n > 0 {
		k, err := copyPiece(pid, addr, local, min(n, pullPiece))
		if err != nil {
			return engine.Errorf(engine.ErrOther, "copy between the memories of rank %d and rank %d (process %d): %w; RINGO_PULL=0 does without", h.rank, rank, pid, err)
		}
		if n -= k; n > 0 { // else local would point behind the buffer
			addr, local = addr+uint64(k), unsafe.Add(local, k)
		}
	}
	return nil
}

func (h *shm) place(p unsafe.Pointer) (uint64, bool) {
	off, ok := h.seg.Offset(p)
	return uint64(off), ok
}

func (h *shm) at(offset uint64, n int) (unsafe.Pointer, bool) {
	if offset > 1<<62 {
		return nil, false
	}
	p, ok := h.seg.Slice(int(offset), n)
	return unsafe.Pointer(unsafe.SliceData(p)), ok
}

func (h *shm) worldBoard() []byte { return h.seg.Board() }

// newBoard allocates a board in this rank's arena; its handle is its place in
// the segment.
func (h *shm) newBoard(_, size, users int) (uint64, []byte, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	kept := h.boards[:0]
	for _, b := range h.boards { // those that every member has freed
		if int(atomic.LoadUint32(b.left)) < b.users {
			kept = append(kept, b)
		} else if err := h.arena.release(b.mem); err != nil {
			return 0, nil, err
		}
	}
	h.boards = kept
	mem, err := h.arena.alloc(size + 64)
	if err != nil {
		return 0, nil, err
	}
	h.boards = append(h.boards, sharedBoard{mem, (*uint32)(unsafe.Pointer(&mem[size])), users})
	off, _ := h.seg.Offset(unsafe.Pointer(&mem[0]))
	return uint64(off), mem[:size:size], nil
}

func (h *shm) openBoard(handle uint64, size int) ([]byte, error) {
	mem, ok := h.seg.Slice(int(handle), size+64)
	if !ok {
		return nil, engine.Errorf(engine.ErrIntern, "board at %d does not lie in the segment", handle)
	}
	h.mu.Lock()
	h.boards = append(h.boards, sharedBoard{mem, (*uint32)(unsafe.Pointer(&mem[size])), 1 << 30})
	h.mu.Unlock()
	return mem[:size:size], nil
}

func (h *shm) freeBoard(_ int, handle uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, b := range h.boards {
		if off, _ := h.seg.Offset(unsafe.Pointer(&b.mem[0])); uint64(off) == handle {
			atomic.AddUint32(b.left, 1)
			if b.users == 1<<30 { // not this rank's to give back
				h.boards = append(h.boards[:i], h.boards[i+1:]...)
			}
			return
		}
	}
}

func (h *shm) alloc(_, n int) ([]byte, error) { return h.arena.alloc(n) }

func (h *shm) free(_ int, p []byte) error {
	if cap(p) == 0 {
		return engine.Errorf(engine.ErrBuffer, "the memory was not allocated by this rank")
	}
	return h.arena.release(p)
}

// abort tells the launcher, which ends all ranks, and ends this one.
func (h *shm) abort(rank, code int, reason string) {
	if reason == "" {
		reason = fmt.Sprintf("Abort(%d) was called", code)
	}
	if h.control != nil {
		text := strings.NewReplacer("%", "%25", " ", "%20", "\n", "%0A", "\r", "%0D", "\t", "%09").Replace(reason[:min(len(reason), 400)])
		fmt.Fprintf(h.control, "cmd=abort exitcode=%d message=%s\n", code, text)
	}
	h.seg.MarkFailed(rank, reason)
	os.Exit(code)
}

// leave closes the descriptors. The memory stays mapped: other goroutines of
// the process may still look at it.
func (h *shm) leave(int) error {
	err := h.seg.File().Close()
	if h.control != nil {
		if e := h.control.Close(); err == nil {
			err = e
		}
	}
	return err
}
