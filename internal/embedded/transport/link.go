package transport

import (
	"errors"
	"time"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/ring"
)

// Self is the rank's own side of a transport.
type Self interface {
	// Sleep sleeps until a wake that has come since Bell.Arm of this rank's bell
	// returned seq, or for about limit. A transport that loses no wake may sleep
	// longer.
	Sleep(seq uint32, limit time.Duration)

	// Yield gives the core to another rank that wants it.
	Yield()

	// Serve says how another rank of this process makes progress for this one
	// (Link.Help). It is called before the first operation.
	Serve(progress func())

	// Open makes the ring to a peer, and tells the peer of it. NewRings calls f
	// for every ring to this rank that has been opened since the last call;
	// Active of this rank's bell counts them.
	Open(peer int) ring.Memory
	NewRings(f func(from int, m ring.Memory))

	// Link is the way to a peer, or to this rank itself. It costs next to nothing.
	Link(peer int) Link
}

// Poller is a [Self] whose rings are filled by looking for what has come. The
// endpoint calls both methods with its lock held.
type Poller interface {
	// Poll is called wherever the endpoint makes progress. It returns how much there
	// was to do.
	Poll() int

	// NextTail returns the number of a tail that has been sent, or has come: see [Tails].
	// ok is false if there is none. The endpoint asks after every Poll, before it
	// reads a ring, and after it has published a frame with a tail.
	NextTail() (number uint64, ok bool)
}

// Tail is the flag of a frame with a tail: the last eight bytes of its payload are
// the length of the tail, in little endian order, which is not 0.
const Tail uint8 = 1 << 7

// Tails is a [Link] over which data travels behind a frame, from the memory of the
// sender straight into that of the receiver: the frame's tail. Nothing that was sent
// later comes before it.
type Tails interface {
	Link

	// Attach says where the tail of the frame lies that is published next. The memory
	// stays as it is until Poller.NextTail returns the number, which never comes once the
	// peer has ended.
	Attach(number uint64, p unsafe.Pointer, n int)

	// Land says where the tail goes of the frame that was read last: so many bytes as
	// there is room for to p, the rest nowhere. It reports whether all of it is there.
	// Otherwise Poller.NextTail returns the number later, unless the peer ends before.
	// Land is called for every frame that has a tail, before the next one is read.
	Land(number uint64, p unsafe.Pointer, room, n int) bool
}

// Link is the way to one peer. The link of a rank to itself is what its peers
// have of it: its bell, its claims, its transfers.
type Link interface {
	// Bell is what the reader of the ring to the peer, and the writer of the ring
	// from it, sleep on. Wake wakes them. What they are to see has been published
	// before.
	Bell() *Bell
	Wake()

	// Traits say what kind of peer it is.
	Traits() Traits

	// Help makes progress for a peer in this process none of whose goroutines is
	// polling. Elsewhere it does nothing.
	Help()

	// Claims is the peer's table of its sends that await an answer. It decides
	// which side has a message, the receiver or the sender that takes it back, and
	// both reach it. Where it is nil, the receiver alone decides, and neither of
	// the two ranks can take a send back before the other is in a call.
	Claims() []uint64

	// Transfer is where the two ends of a message of the peer's share out its
	// copying, by the number of its operation. nil: one end copies alone.
	Transfer(number uint64) *Transfer

	// Reach is the peer's memory, nil if nothing of it can be reached.
	Reach() Reach
}

// Traits are what an endpoint has to know of a peer for every message.
type Traits struct {
	// Fenced says that a rank that publishes something for the peer has to order
	// its look at the peer's bell after that. Otherwise the peer looks for a
	// moment longer before it sleeps.
	Fenced bool

	// InProcess says that the peer is a goroutine of this process: its memory
	// costs no system call, and Help makes its progress.
	InProcess bool
}

// Reach is the memory of a peer.
type Reach interface {
	// Pulls reports whether Pull, Push and PullAll work, which is tried with the
	// peer; before the peer has joined, whether they may. Without them, only what
	// lies in shared memory can be reached (Place, At).
	Pulls() bool

	// Pull copies n bytes at addr of the peer's memory to dst; Push copies the
	// other way. Addresses are what the peer has published. No other memory than
	// the peer's is ever read or written. All three fail with [ErrUnreachable]
	// once the peer's memory cannot be reached, which may come at any time and
	// stays so.
	Pull(dst unsafe.Pointer, addr uint64, n int) error
	Push(addr uint64, src unsafe.Pointer, n int) error

	// PullAll is Pull for at most BatchMost parts of at most BatchBytes together.
	// Batches reports whether that costs less than one Pull for each.
	PullAll(parts []Part) error
	Batches() bool

	// Place returns where in memory shared with the peer p lies, and At finds
	// again what the peer has placed.
	Place(p unsafe.Pointer) (offset uint64, ok bool)
	At(offset uint64, n int) (unsafe.Pointer, bool)
}

// ErrUnreachable is the error of a copy where the peer's memory cannot be reached,
// because the system forbids it or the peer is not to be found.
var ErrUnreachable = errors.New("the peer's memory cannot be reached")

// One system call copies several of the shorter messages of a stream: at most
// so many, and at most so many bytes together.
const (
	BatchMost  = 8
	BatchBytes = 128 << 10
)

// Part is one copy out of a peer's memory.
type Part struct {
	Dst  unsafe.Pointer
	From uint64
	N    int
}

// Transfer is where the two ends of a long message share out its copying: see
// package embedded. It lies in memory that both reach, in their byte order.
type Transfer struct {
	Next uint64 // generation of the operation, and the next piece nobody has taken
	Done uint64 // bytes copied
	Lost uint64 // 1 + the piece that the sender took and could not copy
	Addr uint64 // of the receiver's buffer
	Len  uint64 // bytes to copy
	Home uint64 // 1 + the place of the receiver's buffer in shared memory; 0: it is not there
	_    [2]uint64
}
