package manager

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ringo-mpi/ringo/internal/pmi"
	"github.com/ringo-mpi/ringo/internal/proof"
)

// slurmServer is the process manager that rank 0 is.
type slurmServer struct {
	pmi      *pmi.Server
	step     step
	listener int
	busy     atomic.Int32 // callers that have not said who they are

	mu     sync.Mutex
	conns  map[int]*os.File // of the ranks that have come
	open   int              // ranks that have not left
	status int              // of an abort
	over   chan struct{}    // closed: no rank is left, or one has aborted
	ended  bool
}

// mostCallers is how many callers may be about to say who they are.
const mostCallers = 64

// serveStep begins to serve, and returns a connection for this rank.
func serveStep(s step) (*slurmServer, int, error) {
	v := &slurmServer{
		pmi: &pmi.Server{Size: s.size, Name: "step-" + s.id}, step: s,
		conns: map[int]*os.File{}, open: s.size, status: -1, over: make(chan struct{}),
	}
	v.pmi.Handler = pmi.Handler{
		Abort:  func(rank, code int, _ string) { v.abort(rank, code) },
		Closed: func(rank int, _ bool, _ error) { v.left(rank) },
	}
	var err error
	if s.nodes > 1 {
		v.listener, err = proof.ListenPort(s.port)
	} else {
		v.listener, err = proof.Listen(unix.AF_UNIX, socketOf(s))
	}
	if err != nil {
		return nil, -1, fmt.Errorf("rank 0 cannot wait for the others (port %d; RINGO_PORT chooses another): %w", s.port, err)
	}
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, -1, os.NewSyscallError("socketpair", err)
	}
	v.serve(0, fds[0])
	go v.accept()
	return v, fds[1], nil
}

// accept takes the calls of the other ranks until all have come.
func (v *slurmServer) accept() {
	defer unix.Close(v.listener)
	for {
		v.mu.Lock()
		all := len(v.conns) == v.step.size || v.ended
		v.mu.Unlock()
		if all {
			return
		}
		fds := []unix.PollFd{{Fd: int32(v.listener), Events: unix.POLLIN}}
		if n, _ := unix.Poll(fds, 100); n <= 0 {
			continue
		}
		fd, _, err := unix.Accept4(v.listener, unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK)
		if err != nil {
			time.Sleep(time.Millisecond)
			continue
		}
		if v.busy.Add(1) > mostCallers {
			v.busy.Add(-1)
			unix.Close(fd)
			continue
		}
		go func() {
			defer v.busy.Add(-1)
			if rank, err := v.examine(fd); err != nil || !v.serve(rank, fd) {
				unix.Close(fd)
			}
		}()
	}
}

// examine finds out which rank a caller is.
func (v *slurmServer) examine(fd int) (rank int, err error) {
	if v.step.nodes > 1 {
		return proof.Answer(proof.Within(fd, firstWords), v.step.key, v.step.size)
	}
	if err := sameUser(fd); err != nil {
		return 0, err
	}
	line, err := proof.Within(fd, firstWords).Line(64)
	if err != nil {
		return 0, err
	}
	m, err := pmi.Parse(line)
	if err == nil {
		rank, err = m.Int("pmiid")
	}
	if err == nil && (rank < 1 || rank >= v.step.size) {
		err = proof.ErrStranger
	}
	return rank, err
}

// serve serves a rank that has come, once.
func (v *slurmServer) serve(rank, fd int) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.conns[rank] != nil || v.ended {
		return false
	}
	c := os.NewFile(uintptr(fd), "rank")
	v.conns[rank] = c
	go v.pmi.Serve(rank, c)
	return true
}

// left takes note of a rank whose connection has ended.
func (v *slurmServer) left(rank int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.conns[rank].Close()
	if v.open--; v.open == 0 {
		v.end()
	}
}

func (v *slurmServer) end() {
	if !v.ended {
		v.ended = true
		close(v.over)
	}
}

// abort tells all ranks with which status to end. The one that has aborted comes last:
// its end is to be news to nobody; and this one, which all others lose, before it.
func (v *slurmServer) abort(by, code int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.status >= 0 {
		return
	}
	v.status = code & 0xff
	for rank := range v.step.size {
		if rank != 0 && rank != by {
			v.tell(rank)
		}
	}
	v.tell(0)
	if by != 0 {
		v.tell(by)
	}
	v.end()
}

// tell tells a rank of an abort, and hangs up.
func (v *slurmServer) tell(rank int) {
	c := v.conns[rank]
	if c == nil {
		return
	}
	_ = c.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = c.Write(pmi.NewMessage("abort", "exitcode", fmt.Sprint(v.status)).Append(nil))
	if raw, err := c.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { _ = unix.Shutdown(int(fd), unix.SHUT_WR) })
	}
}

// wait waits until all ranks have left. If one aborts, it does not return.
func (v *slurmServer) wait() {
	<-v.over
	v.mu.Lock()
	status := v.status
	v.mu.Unlock()
	if status >= 0 {
		os.Exit(status)
	}
}
