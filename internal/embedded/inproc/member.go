package inproc

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/ring"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/memory"
)

// wholeLines is a cache line. An object that a rank writes for each message
// takes whole lines, since objects of two ranks of one process may lie side by
// side.
const wholeLines = 64

const (
	claims    = 64  // sends of a rank that can be taken back at a time
	transfers = 512 // long messages of a rank that two ends copy at a time
)

// member is a rank as its peers see it: their link to it.
type member struct {
	bell   transport.Bell
	wake   chan struct{}
	mu     sync.Mutex
	rings  []opened // not yet taken up by the reader
	claims atomic.Pointer[[claims]uint64]

	transfers atomic.Pointer[[transfers]transport.Transfer]

	state atomic.Uint32
	cause string

	job   *job
	serve atomic.Pointer[func()]

	_ [32]byte // see wholeLines
}

// opened is a ring to a member.
type opened struct {
	from int
	m    ring.Memory
}

// Bell implements [transport.Link].
func (m *member) Bell() *transport.Bell { return &m.bell }

// Wake implements [transport.Link].
func (m *member) Wake() {
	m.bell.Disarm()
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// Traits implements [transport.Link].
func (m *member) Traits() transport.Traits { return transport.Traits{Fenced: true, InProcess: true} }

// Help implements [transport.Link].
func (m *member) Help() {
	if f := m.serve.Load(); f != nil {
		(*f)()
	}
}

// Claims implements [transport.Link].
func (m *member) Claims() []uint64 {
	if t := m.claims.Load(); t != nil {
		return t[:]
	}
	m.claims.CompareAndSwap(nil, new([claims]uint64))
	return m.claims.Load()[:]
}

// Transfer implements [transport.Link]: with more ranks than processors a
// second copier takes its time from another rank.
func (m *member) Transfer(number uint64) *transport.Transfer {
	i := uint32(number)
	if i >= transfers || m.job.crowded {
		return nil
	}
	if m.transfers.Load() == nil {
		m.transfers.CompareAndSwap(nil, new([transfers]transport.Transfer))
	}
	return &m.transfers.Load()[i]
}

// Reach implements [transport.Link].
func (m *member) Reach() transport.Reach { return heap{} }

// heap is the memory of all ranks of the process.
type heap struct{}

// Pulls implements [transport.Reach].
func (heap) Pulls() bool { return true }

// Pull implements [transport.Reach].
func (heap) Pull(dst unsafe.Pointer, addr uint64, n int) error {
	memory.Copy(dst, memory.Pointer(uintptr(addr)), n)
	return nil
}

// Push implements [transport.Reach].
func (heap) Push(addr uint64, src unsafe.Pointer, n int) error {
	memory.Copy(memory.Pointer(uintptr(addr)), src, n)
	return nil
}

// Batches implements [transport.Reach].
func (heap) Batches() bool { return false }

// PullAll implements [transport.Reach].
func (heap) PullAll(parts []transport.Part) error {
	for _, p := range parts {
		memory.Copy(p.Dst, memory.Pointer(uintptr(p.From)), p.N)
	}
	return nil
}

// Place implements [transport.Reach]: addresses need no place, since all ranks
// use the same.
func (heap) Place(unsafe.Pointer) (uint64, bool) { return 0, false }

// At implements [transport.Reach].
func (heap) At(uint64, int) (unsafe.Pointer, bool) { return nil, false }
