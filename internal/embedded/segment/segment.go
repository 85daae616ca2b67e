package segment

import (
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"os"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/futex"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
)

const (
	magic      = 0x52494e474f000007 // "RINGO" and the version of this layout
	headerSize = 4096
	memberSize = 1024
	causeMax   = 248

	// MaxRanks is the most ranks of a job: the rings of every pair of a host have
	// a place in its segment.
	MaxRanks = 4096
)

// ErrTooMany is returned by Create for more than MaxRanks ranks.
var ErrTooMany = errors.New("too many ranks")

// header is the start of the segment. Sizes are fixed at creation.
type header struct {
	magic   uint64
	ranks   uint32 // of the job
	here    uint32 // of them on this host
	cores   uint32
	host    uint32 // the number of this host
	total   uint64
	ring    uint64 // bytes of a ring's data
	board   uint64 // bytes of the world's board
	arena   uint64 // bytes of a rank's arena
	_       [8]byte
	changes uint32 // counts every change of a state to Finalizing or beyond
	_       [60]byte

	failures uint32        // numbers the failures
	key      [keySize]byte // of the job
	_        [60 - keySize]byte

	news news

	reachedLen uint32 // at which addresses the other hosts reach this one
	reached    [reachedMax]byte
}

type member struct {
	bell     transport.Bell
	state    uint32
	pid      uint32
	causeLen uint32
	order    uint32 // the number of its failure
	cause    [causeMax]byte
	mark     Mark
	home     home
	meeting  meeting
	_        [memberSize - 64 - 16 - causeMax - unsafe.Sizeof(Mark{}) - unsafe.Sizeof(home{}) - unsafe.Sizeof(meeting{})]byte
}

// Mark is what a rank's peers recognise its memory by. The rank fills it in
// before it joins; nobody changes it after that.
type Mark struct {
	Token   [2]uint64 // random
	Secret  uint64    // where in the rank's own memory the same token lies
	Scratch uint64    // where a word for each peer to write to lies
}

// Segment is a mapped segment.
type Segment struct {
	file  *os.File
	mem   []byte // all in front of the arenas
	head  *header
	sizes layout

	placed uint32 // in the launcher: the ranks of this host that have their place

	mu      sync.Mutex // of whoever maps
	windows atomic.Pointer[[]window]
}

// layout holds the offsets that follow from the numbers of ranks. A member is kept
// of every rank of the job; everything else is of the ranks of this host.
type layout struct {
	job, ranks                      int // ranks of the job, and of this host
	ring, board, arena              int // sizes of one; without arenas, 0
	questionsAt                     int
	activeAt, claimsAt, transfersAt int
	ringAt, boardAt, arenaAt, size  int
}

// ringControl is the part of a ring's memory in front of its data.
const ringControl = 1024

// wide says that addresses are of 64 bits.
const wide = math.MaxInt > math.MaxInt32

// arenaFor is the length of an arena where nothing limits it.
func arenaFor(ranks int) int {
	if wide {
		return int(max(1<<30, int64(1<<36)/int64(ranks)) &^ (arenaAlign - 1))
	}
	return max(1<<20, (256<<20)/ranks&^0xfff)
}

const arenaAlign = 2 << 20

// layoutFor returns the layout with arenas of a length.
func layoutFor(job, ranks, board, arena int) layout {
	l := layout{job: job, ranks: ranks, board: align(board, 4096), arena: arena}
	// A ring that holds a window of messages lets both ends copy all the time. So
	// it is as long as the memory of all pairs allows.
	switch {
	case ranks <= 4:
		l.ring = 512 << 10
	case ranks <= 8:
		l.ring = 256 << 10
	case ranks <= 32:
		l.ring = 128 << 10
	case ranks <= 128:
		l.ring = 32 << 10
	default:
		l.ring = 8 << 10
	}
	if !wide {
		l.ring = min(l.ring, 32<<10)
	}
	l.questionsAt = headerSize + job*memberSize
	l.activeAt = l.questionsAt + ranks*questionSize
	l.claimsAt = align(l.activeAt+ranks*align((ranks+7)/8, 64), 4096)
	l.transfersAt = l.claimsAt + ranks*Claims*8
	l.ringAt = l.transfersAt + ranks*Claims*int(unsafe.Sizeof(transport.Transfer{}))
	l.boardAt = align(l.ringAt+ranks*ranks*(ringControl+l.ring), 4096)
	l.arenaAt = l.boardAt + l.board
	if arena > 0 {
		l.arenaAt = align(l.arenaAt, arenaAlign)
	}
	l.size = l.arenaAt + ranks*l.arena
	return l
}

// fitting returns the layout with the longest arenas that a file of limit bytes
// has room for.
func fitting(job, ranks, board int, limit int64) (layout, error) {
	l := layoutFor(job, ranks, board, arenaFor(ranks))
	if int64(l.size) <= limit {
		return l, nil
	}
	l = layoutFor(job, ranks, board, max(0, int(limit)-l.arenaAt)/ranks&^(arenaAlign-1))
	if int64(l.size) > limit {
		return l, fmt.Errorf("shared memory of the job: a file of %d KiB is needed, the limit on the size of files (ulimit -f) is %d KiB", l.size>>10, limit>>10)
	}
	return l, nil
}

func align(n, to int) int { return (n + to - 1) / to * to }

// Create makes the segment for a job of ranks ranks that all run on this host,
// whose world communicator needs board bytes for its board. The launcher passes
// File to the ranks and keeps the segment until the job has ended.
func Create(ranks, board, cores int) (*Segment, error) {
	s, err := CreateFor(ranks, ranks, board, cores)
	if err != nil {
		return nil, err
	}
	for rank := range ranks {
		s.SetHome(rank, Home{})
	}
	return s, nil
}

// CreateFor makes the segment of one of several hosts, on which here of the ranks
// of the job run. The launcher then says by SetHome of every rank where it runs.
func CreateFor(ranks, here, board, cores int) (*Segment, error) {
	if ranks < 1 || ranks > MaxRanks || here < 1 || here > ranks {
		return nil, fmt.Errorf("%w: %d, %d of them here, at most %d", ErrTooMany, ranks, here, MaxRanks)
	}
	l, err := fitting(ranks, here, board, fileLimit())
	if err != nil {
		return nil, err
	}
	f, err := createFile(int64(l.size))
	if err != nil {
		return nil, fmt.Errorf("shared memory of the job: %w", err)
	}
	s, err := mapStart(f, l.boardAt+l.board)
	if err != nil {
		f.Close()
		return nil, err
	}
	s.sizes = l
	h := s.head
	h.ranks, h.here, h.cores, h.total = uint32(ranks), uint32(here), uint32(cores), uint64(l.size)
	h.ring, h.board, h.arena = uint64(l.ring), uint64(l.board), uint64(l.arena)
	rand.Read(h.key[:])
	atomic.StoreUint64(&h.magic, magic)
	return s, nil
}

// Open maps the segment behind descriptor fd, which it takes over.
func Open(fd uintptr) (*Segment, error) {
	f := os.NewFile(fd, "ringo-segment")
	if f == nil {
		return nil, fmt.Errorf("descriptor %d is not open", fd)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	size := info.Size()
	if size < headerSize || size > math.MaxInt {
		f.Close()
		return nil, fmt.Errorf("descriptor %d is not a segment of a job: %d bytes", fd, size)
	}
	l, err := readLayout(f, fd, int(size))
	if err != nil {
		f.Close()
		return nil, err
	}
	s, err := mapStart(f, l.boardAt+l.board)
	if err != nil {
		f.Close()
		return nil, err
	}
	s.sizes = l
	return s, nil
}

// readLayout finds the layout of a segment of size bytes in its header.
func readLayout(f *os.File, fd uintptr, size int) (l layout, err error) {
	s, err := mapStart(f, headerSize)
	if err != nil {
		return l, err
	}
	defer func() { err = errors.Join(err, unmap(s.mem)) }()
	h := s.head
	if atomic.LoadUint64(&h.magic) != magic || h.total != uint64(size) || h.ranks < 1 || h.ranks > MaxRanks || h.here < 1 || h.here > h.ranks {
		return l, fmt.Errorf("descriptor %d is not a segment of this version of the engine: launcher and program must be built from the same version", fd)
	}
	if h.board <= h.total && h.arena <= h.total {
		l = layoutFor(int(h.ranks), int(h.here), int(h.board), int(h.arena))
	}
	if l.size != size || l.ring != int(h.ring) {
		return l, fmt.Errorf("descriptor %d is a segment of another layout: launcher and program must be built from the same version for the same architecture", fd)
	}
	return l, nil
}

// File is the descriptor to pass to the ranks.
func (s *Segment) File() *os.File { return s.file }

// Ranks is the number of ranks of the job.
func (s *Segment) Ranks() int { return s.sizes.job }

// RanksHere is the number of its ranks on this host.
func (s *Segment) RanksHere() int { return s.sizes.ranks }

// Cores is how many cores the ranks of this host may use together.
func (s *Segment) Cores() int { return int(s.head.cores) }

func (s *Segment) member(rank int) *member {
	return (*member)(unsafe.Pointer(&s.mem[headerSize+rank*memberSize]))
}

// Bell returns the words that a rank sleeps on.
func (s *Segment) Bell(rank int) *transport.Bell { return &s.member(rank).bell }

// Ring returns the memory of the ring from one rank of this host to another: the
// control part and the data.
func (s *Segment) Ring(to, from int) (control, data []byte) {
	at := s.sizes.ringAt + (s.Place(to)*s.sizes.ranks+s.Place(from))*(ringControl+s.sizes.ring)
	end := at + ringControl + s.sizes.ring
	return s.mem[at : at+ringControl : at+ringControl], s.mem[at+ringControl : end : end]
}

// Active returns the bit map of the ranks of this host, by their places, that have
// opened a ring to rank to.
func (s *Segment) Active(to int) []uint32 {
	words := align((s.sizes.ranks+7)/8, 64) / 4
	p := (*uint32)(unsafe.Pointer(&s.mem[s.sizes.activeAt+s.Place(to)*words*4]))
	return unsafe.Slice(p, words)
}

// Claims is how many of a rank's sends can be taken back at a time.
const Claims = 512

// Claims returns the table in which a rank and the receivers of its messages
// decide which side has a message: see package embedded.
func (s *Segment) Claims(rank int) []uint64 {
	p := (*uint64)(unsafe.Pointer(&s.mem[s.sizes.claimsAt+s.Place(rank)*Claims*8]))
	return unsafe.Slice(p, Claims)
}

// Transfers returns the transfers of the sends of a rank.
func (s *Segment) Transfers(rank int) []transport.Transfer {
	size := Claims * int(unsafe.Sizeof(transport.Transfer{}))
	return unsafe.Slice((*transport.Transfer)(unsafe.Pointer(&s.mem[s.sizes.transfersAt+s.Place(rank)*size])), Claims)
}

// Board returns the memory of the world's board.
func (s *Segment) Board() []byte {
	return s.mem[s.sizes.boardAt : s.sizes.boardAt+s.sizes.board : s.sizes.boardAt+s.sizes.board]
}

// State returns how far a rank has come.
func (s *Segment) State(rank int) transport.State {
	return transport.State(atomic.LoadUint32(&s.member(rank).state))
}

// Pid returns the process of a rank, 0 before it has opened the segment.
func (s *Segment) Pid(rank int) int { return int(atomic.LoadUint32(&s.member(rank).pid)) }

// Mark returns what a rank is recognised by. It is complete once the rank has
// joined.
func (s *Segment) Mark(rank int) *Mark { return &s.member(rank).mark }

// Changes counts the ranks' steps towards their ends: a rank that sees it
// change looks at the states of its peers.
func (s *Segment) Changes() uint32 { return atomic.LoadUint32(&s.head.changes) }

// Join marks this process as the given rank.
func (s *Segment) Join(rank int) {
	m := s.member(rank)
	atomic.StoreUint32(&m.pid, uint32(os.Getpid()))
	atomic.CompareAndSwapUint32(&m.state, uint32(transport.Absent), uint32(transport.Running))
	s.tellNews()
}

// Advance moves a rank to a later state, never back, and tells all ranks. It
// reports whether the state changed.
func (s *Segment) Advance(rank int, to transport.State) bool {
	m := s.member(rank)
	for {
		old := atomic.LoadUint32(&m.state)
		if old >= uint32(to) || transport.State(old) == transport.Finalized {
			return false
		}
		if atomic.CompareAndSwapUint32(&m.state, old, uint32(to)) {
			break
		}
	}
	atomic.AddUint32(&s.head.changes, 1)
	s.WakeAll()
	s.tellNews()
	return true
}

// Order returns the number of a rank's failure, 0 for a rank that has not
// failed. Of two ranks the one with the smaller number failed earlier: a rank
// that fails because it saw another fail has the larger one.
func (s *Segment) Order(rank int) uint32 { return atomic.LoadUint32(&s.member(rank).order) }

// MarkFailed records that a rank is ending with an error.
func (s *Segment) MarkFailed(rank int, cause string) { s.end(rank, transport.Failed, cause) }

// MarkDead records that a rank has died, and why; all others are woken, and
// what they wait for from that rank ends with an error. The launcher calls it.
func (s *Segment) MarkDead(rank int, cause string) { s.end(rank, transport.Dead, cause) }

// MarkLeft records that a rank has ended well without having joined: nothing
// has failed, but nothing will come from the rank any more. The launcher calls
// it.
func (s *Segment) MarkLeft(rank int, cause string) {
	s.setCause(rank, cause)
	s.Advance(rank, transport.Finalized)
}

func (s *Segment) end(rank int, to transport.State, cause string) {
	m := s.member(rank)
	// The failure is numbered before any rank can see it.
	if atomic.LoadUint32(&m.order) == 0 {
		atomic.CompareAndSwapUint32(&m.order, 0, atomic.AddUint32(&s.head.failures, 1))
	}
	s.setCause(rank, cause)
	s.Advance(rank, to)
}

func (s *Segment) setCause(rank int, cause string) {
	m := s.member(rank)
	if transport.State(atomic.LoadUint32(&m.state)) < transport.Failed && atomic.LoadUint32(&m.causeLen) == 0 {
		n := copy(m.cause[:], cause)
		atomic.StoreUint32(&m.causeLen, uint32(n))
	}
}

// Cause says why a rank failed or died.
func (s *Segment) Cause(rank int) string {
	m := s.member(rank)
	return string(m.cause[:min(atomic.LoadUint32(&m.causeLen), causeMax)])
}

// WakeAll wakes every rank that sleeps. A rank that has not joined yet does not
// sleep: it looks at everything once it has joined.
func (s *Segment) WakeAll() {
	for r := range s.sizes.job {
		if s.State(r) == transport.Absent || !s.Near(r) {
			continue
		}
		b := s.Bell(r)
		atomic.StoreUint32(&b.Sleeping, 0)
		atomic.AddUint32(&b.Seq, 1)
		futex.Wake(&b.Seq, math.MaxInt32)
	}
}

// Wake wakes the rank that sleeps on a bell, if one does. The caller has
// published before what the rank is to see.
func Wake(b *transport.Bell) {
	if atomic.LoadUint32(&b.Sleeping) != 0 && atomic.SwapUint32(&b.Sleeping, 0) != 0 {
		atomic.AddUint32(&b.Seq, 1)
		futex.Wake(&b.Seq, 1)
	}
}

// Sleep sleeps on a bell until Wake, or until the time-out. Bell.Arm has returned
// seq.
func Sleep(b *transport.Bell, seq uint32, timeout time.Duration) {
	futex.Wait(&b.Seq, seq, timeout)
	b.Disarm()
}
