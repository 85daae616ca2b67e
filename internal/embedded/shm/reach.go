package shm

import (
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// Pulls implements [transport.Reach].
func (l *link) Pulls() bool { return l.reachable() }

// Pull implements [transport.Reach].
func (l *link) Pull(dst unsafe.Pointer, addr uint64, n int) error {
	return l.copy(addr, dst, n, readPeer)
}

// Push implements [transport.Reach].
func (l *link) Push(addr uint64, src unsafe.Pointer, n int) error {
	return l.copy(addr, src, n, writePeer)
}

// Batches implements [transport.Reach]: a batch is one system call.
func (l *link) Batches() bool { return true }

// PullAll implements [transport.Reach].
func (l *link) PullAll(parts []transport.Part) error {
	n := 0
	for _, p := range parts {
		n += p.N
	}
	if !l.reachable() {
		return transport.ErrUnreachable
	}
	k, err := readPeerAll(l.pid(), parts)
	if err == nil && k != n {
		err = engine.Errorf(engine.ErrOther, "%d of %d bytes of rank %d could be copied", k, n, l.rank)
	}
	if err != nil && l.retry() != nil {
		err = transport.ErrUnreachable
	}
	return err
}

// pullPiece is the most that one system call copies. Meanwhile the rank's
// processor runs no other goroutine, and a collector that wants to stop the
// world waits.
const pullPiece = 512 << 10

func (l *link) copy(addr uint64, local unsafe.Pointer, n int, piece func(int, uint64, unsafe.Pointer, int) (int, error)) error {
	if !l.reachable() {
		return transport.ErrUnreachable
	}
	pid := l.pid()
	for n > 0 {
		k, err := piece(pid, addr, local, min(n, pullPiece))
		if err != nil {
			if l.retry() != nil {
				return transport.ErrUnreachable
			}
			return engine.Errorf(engine.ErrOther, "copy between the memories of rank %d and rank %d (process %d): %w; RINGO_PULL=0 does without", l.job.rank, l.rank, pid, err)
		}
		if n -= k; n > 0 { // otherwise local would point behind the buffer
			addr, local = addr+uint64(k), unsafe.Add(local, k)
		}
	}
	return nil
}

// Place implements [transport.Reach].
func (l *link) Place(p unsafe.Pointer) (uint64, bool) {
	off, ok := l.job.seg.Offset(p)
	return uint64(off), ok
}

// At implements [transport.Reach].
func (l *link) At(offset uint64, n int) (unsafe.Pointer, bool) {
	if offset > 1<<62 {
		return nil, false
	}
	p, err := l.job.seg.Slice(int(offset), n)
	return unsafe.Pointer(unsafe.SliceData(p)), err == nil
}
