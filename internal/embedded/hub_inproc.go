package embedded

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
	"github.com/ringo-mpi/ringo/internal/embedded/segment"
	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/memory"
)

// inproc is the hub of goroutine ranks: heap memory, and channels to wake
// them.
type inproc struct {
	n         int
	hostname  string
	endpoints []*endpoint
	members   []inprocMember
	ringSize  int

	mu      sync.Mutex
	ends    []int32 // ranks in the order in which they left or died
	boards  map[uint64]*heapBoard
	handles uint64
	given   map[*byte]int // memory from alloc, and the rank that has it
	world   []byte
	changed atomic.Uint32
	lost    atomic.Uint32 // of the ends, those in failure, and alarms
}

type inprocMember struct {
	bell   segment.Bell
	wake   chan struct{}
	mu     sync.Mutex
	rings  []opened // not yet taken up by the reader
	claims atomic.Pointer[[64]uint64]

	transfers atomic.Pointer[[segment.Claims]segment.Transfer]

	state atomic.Uint32
	cause string

	_ [48]byte // see wholeLines
}

type opened struct {
	from int
	m    ring.Memory
}

type heapBoard struct {
	mem   []byte
	users int
}

// NewInproc makes n ranks for goroutines of this process. The engine with
// index r is the end of rank r; any goroutine may use it.
func NewInproc(n int) []engine.Engine {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	h := &inproc{n: n, hostname: host, members: make([]inprocMember, n), boards: make(map[uint64]*heapBoard)}
	switch {
	case n <= 8:
		h.ringSize = 64 << 10
	case n <= 16:
		h.ringSize = 16 << 10
	case n <= 128:
		h.ringSize = 8 << 10
	default:
		h.ringSize = 4 << 10
	}
	for r := range h.members {
		h.members[r].wake = make(chan struct{}, 1)
		h.members[r].state.Store(uint32(segment.Running))
	}
	if n > 1 {
		h.world = zeroed(board.SizeInProcess(n))
	}
	engines := make([]engine.Engine, n)
	h.endpoints = make([]*endpoint, n)
	for r := range engines {
		h.endpoints[r] = newEndpoint(h, r)
	}
	for r, ep := range h.endpoints {
		ep.newWorld()
		engines[r] = ep
	}
	return engines
}

// zeroed allocates n bytes at the start of a cache line, and of none that
// belongs to something else when n is a multiple of a line.
func zeroed(n int) []byte {
	words := make([]uint64, n/8+8)
	p := unsafe.Pointer(&words[0])
	skip := -uintptr(p) & 63
	return unsafe.Slice((*byte)(unsafe.Add(p, skip)), n)
}

func (h *inproc) size() int         { return h.n }
func (h *inproc) host() string      { return h.hostname }
func (h *inproc) transport() string { return "inproc" }
func (h *inproc) fenced() bool      { return true }
func (h *inproc) yield()            { runtime.Gosched() }

// spin: a rank that has a processor of its own polls for some microseconds;
// otherwise it parks soon, since waking a goroutine is cheap.
func (h *inproc) spin() (polls int, time time.Duration, yields int) {
	if h.n <= runtime.GOMAXPROCS(0) {
		return 2000, wakeTime, 2
	}
	return 20, 0, 1
}

func (h *inproc) openRing(to, from int) ring.Memory {
	m := ring.Memory{Tail: (*uint64)(unsafe.Pointer(unsafe.SliceData(zeroed(wholeLines)))), Data: zeroed(h.ringSize)}
	t := &h.members[to]
	t.mu.Lock()
	t.rings = append(t.rings, opened{from, m})
	t.mu.Unlock()
	atomic.AddUint32(&t.bell.Active, 1)
	return m
}

func (h *inproc) newRings(to int, f func(from int, m ring.Memory)) {
	t := &h.members[to]
	t.mu.Lock()
	rings := t.rings
	t.rings = nil
	t.mu.Unlock()
	for _, o := range rings {
		f(o.from, o.m)
	}
}

func (h *inproc) bell(rank int) *segment.Bell { return &h.members[rank].bell }

func (h *inproc) wake(rank int) {
	m := &h.members[rank]
	atomic.StoreUint32(&m.bell.Sleeping, 0)
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// sleep parks the goroutine. A wake that came since Arm ends it at once.
func (h *inproc) sleep(rank int, _ uint32, _ time.Duration) {
	m := &h.members[rank]
	<-m.wake
	atomic.StoreUint32(&m.bell.Sleeping, 0)
}

// help polls for a rank none of whose goroutines is polling. A rank that
// sleeps or polls helps itself.
func (h *inproc) help(rank int) {
	ep := h.endpoints[rank]
	if !ep.lock.TryLock() {
		return
	}
	if !ep.polling && !ep.closed {
		ep.progress()
		ep.serveWatchers()
	}
	ep.unlock() // it may have fallen asleep while a copy was made
}

func (h *inproc) claims(rank int) []uint64 {
	m := &h.members[rank]
	if t := m.claims.Load(); t != nil {
		return t[:]
	}
	m.claims.CompareAndSwap(nil, new([64]uint64))
	return m.claims.Load()[:]
}

// transfer: with more ranks than processors a second copier takes its time from
// somebody.
func (h *inproc) transfer(sender int, number uint64) *segment.Transfer {
	i := uint32(number)
	if i >= segment.Claims || h.n > runtime.GOMAXPROCS(0) {
		return nil
	}
	m := &h.members[sender]
	if m.transfers.Load() == nil {
		m.transfers.CompareAndSwap(nil, new([segment.Claims]segment.Transfer))
	}
	return &m.transfers.Load()[i]
}

func (h *inproc) losses() uint32 { return h.lost.Load() }

func (h *inproc) changes() uint32 { return h.changed.Load() }

func (h *inproc) ended(seen uint32, f func(rank int)) {
	h.mu.Lock()
	ends := slices.Clone(h.ends[min(int(seen), len(h.ends)):])
	h.mu.Unlock()
	for _, r := range ends {
		f(int(r))
	}
}

func (h *inproc) state(rank int) segment.State { return segment.State(h.members[rank].state.Load()) }

func (h *inproc) cause(rank int) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c := h.members[rank].cause; c != "" {
		return c
	}
	return "it has called Finalize"
}

func (h *inproc) advance(rank int, to segment.State) {
	m := &h.members[rank]
	h.mu.Lock()
	if segment.State(m.state.Load()) >= to || h.state(rank) == segment.Finalized {
		h.mu.Unlock()
		return
	}
	m.state.Store(uint32(to))
	h.ends = append(h.ends, int32(rank))
	if to > segment.Finalized {
		h.lost.Add(1)
	}
	h.changed.Store(uint32(len(h.ends)))
	h.mu.Unlock()
	h.wakeAll()
}

func (h *inproc) wakeAll() {
	for r := range h.members {
		if atomic.LoadUint32(&h.members[r].bell.Sleeping) != 0 {
			h.wake(r)
		}
	}
}

func (h *inproc) alarm() {
	h.lost.Add(1)
	h.wakeAll()
}

func (h *inproc) fail(rank int, cause string) {
	h.mu.Lock()
	if h.members[rank].cause == "" {
		h.members[rank].cause = cause
	}
	h.mu.Unlock()
	h.advance(rank, segment.Failed)
}

func (h *inproc) canPull(int) bool { return true }

// pointer turns an address of this process back into a pointer. The memory is
// kept alive by the operation of the rank that published the address.
func pointer(addr uint64) unsafe.Pointer {
	a := uintptr(addr)
	return *(*unsafe.Pointer)(unsafe.Pointer(&a))
}

func (h *inproc) pull(dst unsafe.Pointer, _ int, addr uint64, n int) error {
	memory.Copy(dst, pointer(addr), n)
	return nil
}

func (h *inproc) push(_ int, addr uint64, src unsafe.Pointer, n int) error {
	memory.Copy(pointer(addr), src, n)
	return nil
}

func (h *inproc) batches() bool { return false }

func (h *inproc) pullAll(_ int, parts []part) error {
	for _, p := range parts {
		memory.Copy(p.dst, pointer(p.from), p.n)
	}
	return nil
}

func (h *inproc) place(unsafe.Pointer) (uint64, bool)   { return 0, false }
func (h *inproc) at(uint64, int) (unsafe.Pointer, bool) { return nil, false }

func (h *inproc) worldBoard() []byte { return h.world }

func (h *inproc) newBoard(_, size, users int) (uint64, []byte, error) {
	b := &heapBoard{mem: zeroed(size), users: users}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.handles++
	h.boards[h.handles] = b
	return h.handles, b.mem, nil
}

func (h *inproc) openBoard(handle uint64, size int) ([]byte, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	b := h.boards[handle]
	if b == nil || len(b.mem) != size {
		return nil, engine.Errorf(engine.ErrIntern, "no board %d of %d bytes", handle, size)
	}
	return b.mem, nil
}

func (h *inproc) freeBoard(_ int, handle uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if b := h.boards[handle]; b != nil {
		if b.users--; b.users == 0 {
			delete(h.boards, handle)
		}
	}
}

func (h *inproc) alloc(rank, n int) ([]byte, error) {
	if n < 0 {
		return nil, engine.Errorf(engine.ErrArg, "%d bytes", n)
	}
	p := zeroed(n)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.given == nil {
		h.given = make(map[*byte]int)
	}
	h.given[unsafe.SliceData(p)] = rank
	return p, nil
}

func (h *inproc) free(rank int, p []byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r, ok := h.given[unsafe.SliceData(p)]; !ok || r != rank {
		return engine.Errorf(engine.ErrBuffer, "the memory was not allocated by this rank, or has been freed")
	}
	delete(h.given, unsafe.SliceData(p))
	return nil
}

// abort ends the process, and so all ranks. The caller has reported why.
func (h *inproc) abort(rank, code int, reason string) {
	if reason != "" {
		fmt.Fprintf(os.Stderr, "ringo: rank %d aborted the job: %s\n", rank, reason)
	}
	os.Exit(code)
}

func (h *inproc) leave(int) error { return nil }
