package embedded

import (
	"time"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/ring"
	"github.com/ringo-mpi/ringo/internal/embedded/segment"
)

// hub is what the ranks of one host share, and the only thing that differs
// between goroutine ranks and processes. Ranks are ranks in the world.
type hub interface {
	size() int
	host() string
	transport() string

	// spin returns how often, and after that how long, a rank polls before it
	// yields, and how often it yields before it sleeps.
	spin() (polls int, time time.Duration, yields int)
	yield()

	// openRing makes the ring that from writes and to reads, and tells to of it.
	openRing(to, from int) ring.Memory
	// newRings calls f for each ring to this rank that has been opened since
	// the last call.
	newRings(to int, f func(from int, m ring.Memory))

	// bell is what a rank sleeps on; wake rings it; sleep waits for it after
	// Bell.Arm returned seq. fenced says that a publisher must order its look
	// at a bell after what it published; otherwise the sleeper waits it out.
	bell(rank int) *segment.Bell
	wake(rank int)
	sleep(rank int, seq uint32, limit time.Duration)
	fenced() bool

	// help makes progress for another rank if this process can.
	help(rank int)

	// claims is a table that all ranks reach: see claim.go.
	claims(rank int) []uint64

	// transfer is where this rank and another share out the copying of a long
	// message of the sender's operation number; nil when one end copies alone.
	transfer(sender int, number uint64) *segment.Transfer

	// changes counts ranks that have left or died. state and cause say how.
	changes() uint32
	ended(seen uint32, f func(rank int))
	// losses counts those that did not leave properly, or all that have ended;
	// alarm has everybody look, as after a loss.
	losses() uint32
	alarm()
	state(rank int) segment.State
	cause(rank int) string
	advance(rank int, to segment.State)
	fail(rank int, cause string)

	// pull copies n bytes at addr in a rank's memory to dst; push the other way.
	canPull(rank int) bool
	pull(dst unsafe.Pointer, rank int, addr uint64, n int) error
	push(rank int, addr uint64, src unsafe.Pointer, n int) error
	// pullAll is pull for at most batchMost copies of at most batchBytes
	// together. batches reports whether that costs less than one pull for each.
	pullAll(rank int, parts []part) error
	batches() bool
	// place returns where in memory shared by all p lies, and at finds it again.
	place(p unsafe.Pointer) (offset uint64, ok bool)
	at(offset uint64, n int) (unsafe.Pointer, bool)

	// worldBoard is the memory of the world's board. newBoard makes another,
	// which openBoard finds; freeBoard says that one of users no longer needs it.
	worldBoard() []byte
	newBoard(rank, size, users int) (handle uint64, mem []byte, err error)
	openBoard(handle uint64, size int) ([]byte, error)
	freeBoard(rank int, handle uint64)

	// alloc gives a rank memory that all ranks reach; free takes it back.
	alloc(rank, n int) ([]byte, error)
	free(rank int, p []byte) error

	abort(rank, code int, reason string)
	leave(rank int) error
}
