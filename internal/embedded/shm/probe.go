package shm

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// Whether a copy between two processes is one between these two ranks, nothing
// but the copy tells: a process number means another process in another PID
// namespace, and a user namespace, a security module or a filter of system calls
// forbids a copy at any time. So every rank has a secret in its own memory and in
// the segment. A peer that reads the one in the rank's memory has found the rank;
// nothing is ever written before that.

// What a rank knows of the way to a peer's memory.
const (
	untried uint32 = iota
	reached
	unreached
)

// secret is the memory of this process that its peers look for.
type secret struct {
	token   [2]uint64
	scratch []uint64 // a word for each peer to write to
}

// tell makes the secret of this rank and publishes where it lies.
func (j *job) tell() error {
	var random [16]byte
	if _, err := rand.Read(random[:]); err != nil {
		return engine.Errorf(engine.ErrLaunch, "join the job: %w", err)
	}
	s := &secret{scratch: make([]uint64, j.n)}
	s.token = [2]uint64{binary.NativeEndian.Uint64(random[:]), binary.NativeEndian.Uint64(random[8:])}
	j.secret = s
	mark := j.seg.Mark(j.rank)
	mark.Token = s.token
	mark.Secret = uint64(uintptr(unsafe.Pointer(&s.token)))
	mark.Scratch = uint64(uintptr(unsafe.Pointer(unsafe.SliceData(s.scratch))))
	return nil
}

// reachable reports whether copies to and from the peer's memory are possible.
// Before the peer has joined, they may be.
func (l *link) reachable() bool {
	return l.state.Load() == reached || l.try() == nil
}

// try finds out whether the peer's memory can be reached, if that is not known.
func (l *link) try() error {
	j := l.job
	if !j.reach {
		return transport.ErrUnreachable
	}
	j.trying.Lock()
	defer j.trying.Unlock()
	switch {
	case l.state.Load() == reached:
		return nil
	case l.state.Load() == unreached:
		return transport.ErrUnreachable
	case j.seg.State(l.rank) == transport.Absent:
		return nil
	}
	if err := l.find(); err != nil {
		l.state.Store(unreached)
		if !l.found || !errors.Is(err, syscall.ESRCH) { // else it has just ended
			j.reportUnreached(l.rank, err)
		}
		return transport.ErrUnreachable
	}
	l.found = true
	l.state.Store(reached)
	return nil
}

// retry is try after a copy that has failed.
func (l *link) retry() error {
	l.state.CompareAndSwap(reached, untried)
	return l.try()
}

var errOther = errors.New("its process number is that of another process here")

// find reads the peer's secret, and writes to its scratch word.
func (l *link) find() error {
	j, pid := l.job, l.pid()
	mark := j.seg.Mark(l.rank)
	var token [2]uint64
	n, err := readPeer(pid, mark.Secret, unsafe.Pointer(&token), 16)
	switch {
	case errors.Is(err, syscall.EFAULT), err == nil && (n != 16 || token != mark.Token):
		return errOther
	case err != nil:
		return err
	}
	j.challenge++
	sent, back := j.secret.token[0]^mark.Token[1]+j.challenge, uint64(0)
	word := mark.Scratch + 8*uint64(j.rank)
	if n, err = writePeer(pid, word, unsafe.Pointer(&sent), 8); err == nil && n == 8 {
		n, err = readPeer(pid, word, unsafe.Pointer(&back), 8)
	}
	if err == nil && (n != 8 || back != sent) {
		err = errOther
	}
	return err
}

// pid is the process of the peer, as the peer knows it.
func (l *link) pid() int {
	if l.rank == l.job.rank {
		return os.Getpid()
	}
	return l.job.seg.Pid(l.rank)
}

// reportUnreached says, once and under RINGO_VERBOSE, that long messages take the
// longer way.
func (j *job) reportUnreached(rank int, err error) {
	if on, e := strconv.ParseBool(os.Getenv("RINGO_VERBOSE")); e != nil || !on || atomic.SwapUint32(&j.reported, 1) != 0 {
		return
	}
	fmt.Fprintf(os.Stderr, "ringo: rank %d cannot reach the memory of rank %d (%v): long messages between such ranks are copied twice, through shared memory\n", j.rank, rank, err)
}
