//go:build unix

package tcp

import (
	"fmt"
	"net"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ringo-mpi/ringo/internal/embedded/transport"
)

// Either of two ranks calls the other when it first sends to it. If both do at the
// same time, the call of the lower rank counts: the other one is told to wait for
// it.

const (
	callTime = 10 * time.Second // how long a peer may be out of reach
	wordTime = 5 * time.Second  // how long a caller may take to prove itself
	mostBusy = 64               // callers at a time
)

// call connects to a peer. It runs beside the rank.
func (e *end) call(p *peer) {
	pause := 100 * time.Microsecond
	var since time.Time // it is out of reach
	for {
		e.mu.Lock()
		gone := e.base.Job.State(p.rank) > transport.Finalizing
		if p.state != calling || gone || e.left {
			if p.state == calling {
				p.part("it ended before it was reached")
			}
			e.mu.Unlock()
			return
		}
		e.mu.Unlock()
		addr := e.cfg.Find(p.rank)
		if addr != "" {
			verdict, err := e.callAt(p, addr)
			switch {
			case err == nil && verdict == verdictYes:
				return
			case err == nil: // it calls this rank
				e.mu.Lock()
				for p.state == calling && !e.left && e.base.Job.State(p.rank) <= transport.Finalizing {
					e.changed.Wait()
				}
				e.mu.Unlock()
				continue
			case since.IsZero():
				since = time.Now()
			case time.Since(since) > callTime:
				e.mu.Lock()
				if p.state == calling {
					p.part(fmt.Sprintf("it cannot be reached at %s: %v", addr, err))
					e.giveUp(p)
				}
				e.mu.Unlock()
				return
			}
		}
		time.Sleep(pause)
		pause = min(2*pause, 20*time.Millisecond)
	}
}

// callAt calls a peer at an address and takes the connection up if it says yes.
func (e *end) callAt(p *peer, addr string) (byte, error) {
	c, err := net.DialTimeout("tcp", addr, callTime)
	if err != nil {
		return 0, err
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(callTime))
	verdict, err := e.introduce(c, p.rank)
	if err != nil || verdict != verdictYes {
		return verdict, err
	}
	fd, err := takeFD(c.(*net.TCPConn))
	if err != nil {
		return 0, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if p.state != calling {
		closeFD(fd)
		return 0, fmt.Errorf("there is a connection already")
	}
	p.join(fd)
	return verdictYes, nil
}

// accept waits for calls until the rank leaves.
func (e *end) accept() {
	for {
		c, err := e.listener.AcceptTCP()
		if err != nil {
			e.mu.Lock()
			left := e.left
			e.mu.Unlock()
			if left {
				return
			}
			time.Sleep(time.Millisecond) // no descriptors are left, or the caller has gone
			continue
		}
		if e.busy.Add(1) > mostBusy {
			e.busy.Add(-1)
			_ = c.Close()
			continue
		}
		go func() {
			defer e.busy.Add(-1)
			defer func() { _ = c.Close() }()
			_ = c.SetDeadline(time.Now().Add(wordTime))
			e.answer(c)
		}()
	}
}

// answer takes up the connection of a caller that is a rank of the job.
func (e *end) answer(c *net.TCPConn) {
	rank, err := e.examine(c)
	if err != nil {
		return // a stranger: it learns nothing, and the rank is not bothered
	}
	e.mu.Lock()
	p := e.peer(rank)
	verdict := verdictYes
	switch {
	case e.left || p.state >= joined:
		verdict = verdictNo
	case p.state == calling && e.rank < rank:
		verdict = verdictWait
	default:
		p.state = calling // the caller may be done before this goroutine goes on
	}
	e.mu.Unlock()
	if _, err := c.Write([]byte{verdict}); err != nil || verdict != verdictYes {
		if verdict == verdictYes {
			e.forget(p)
		}
		return
	}
	fd, err := takeFD(c)
	if err != nil {
		e.forget(p)
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if p.state != calling {
		closeFD(fd)
		return
	}
	p.join(fd)
	e.base.Self.Link(e.rank).Wake()
}

// forget takes back that a peer has called.
func (e *end) forget(p *peer) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if p.state == calling {
		p.state = apart
		if p.opened {
			p.state = calling
			go e.call(p)
		}
		e.changed.Broadcast()
	}
}

// takeFD takes the descriptor of a connection over from package net, whose poller
// would otherwise be told of all that comes.
func takeFD(c *net.TCPConn) (int, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return -1, err
	}
	fd := -1
	if e := raw.Control(func(from uintptr) { fd, err = unix.FcntlInt(from, unix.F_DUPFD_CLOEXEC, 0) }); e != nil {
		return -1, e
	}
	return fd, err
}
