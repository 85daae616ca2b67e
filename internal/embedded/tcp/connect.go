//go:build unix

package tcp

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ringo-mpi/ringo/internal/embedded/transport"
)

// Either of two ranks calls the other when it first sends to it. If both do at the
// same time, the call of the lower rank counts: the other one is told to wait for
// it.

const (
	wordTime = 5 * time.Second // how long a caller may take to prove itself
	mostBusy = 64              // callers at a time

	// How long one address of a peer is tried alone before the next one is as well.
	headStart = 100 * time.Millisecond
)

// call connects to a peer. It runs beside the rank.
func (e *end) call(p *peer) {
	pause := 100 * time.Microsecond
	var since time.Time // it is known where it waits
	for {
		e.mu.Lock()
		gone := e.base.Job.State(p.rank) > transport.Finalizing
		if p.state != calling || gone || e.left {
			if p.state == calling {
				p.part("it ended before it was reached")
				e.wakeSelf()
			}
			e.mu.Unlock()
			return
		}
		e.mu.Unlock()
		addr := e.cfg.Find(p.rank)
		if addr != "" {
			if since.IsZero() {
				since = time.Now()
			}
			verdict, err := e.callAt(p, addr)
			switch {
			case err == nil && verdict == verdictYes:
				return
			case err == nil: // it calls this rank, or has ended: that is seen in a moment
			case time.Since(since) > e.cfg.Timeout:
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

// greeted is a connection whose other end has proved that it is the peer.
type greeted struct {
	c             *talk
	hello, number []byte
	err           error
}

// reach connects to a peer that has several addresses, with commas between them: they
// are tried one after another, each with a short start before the next, and the
// first at which the peer proves itself counts.
func (e *end) reach(rank int, addrs string) greeted {
	list := strings.Split(addrs, ",")
	results := make(chan greeted, len(list))
	until := time.Now().Add(e.cfg.Timeout)
	try := func(addr string) {
		g := greeted{}
		if g.c, g.err = dial(addr, until); g.err == nil {
			if g.hello, g.number, g.err = e.greet(g.c, rank); g.err != nil {
				g.c.Close()
			}
		}
		if g.err != nil && len(list) > 1 {
			g.err = fmt.Errorf("%s: %w", addr, g.err)
		}
		results <- g
	}
	if len(list) == 1 {
		try(list[0])
		return <-results
	}
	var failed []string
	next, under := 0, 0
	start := time.NewTimer(0)
	defer start.Stop()
	for {
		select {
		case <-start.C:
			if next < len(list) {
				go try(list[next])
				next++
				under++
				start.Reset(headStart)
			}
		case g := <-results:
			under--
			if g.err == nil {
				go func() { // those that are still under way
					for range under {
						if late := <-results; late.err == nil {
							late.c.Close()
						}
					}
				}()
				return g
			}
			if failed = append(failed, g.err.Error()); len(failed) == len(list) {
				return greeted{err: fmt.Errorf("%s", strings.Join(failed, "; "))}
			}
			start.Reset(0)
		}
	}
}

// callAt calls a peer at its addresses and takes the connection up if it says yes.
func (e *end) callAt(p *peer, addrs string) (byte, error) {
	g := e.reach(p.rank, addrs)
	if g.err != nil {
		return 0, g.err
	}
	c := g.c
	defer c.Close()
	verdict, err := e.conclude(c, g.hello, g.number)
	if err != nil || verdict != verdictYes {
		return verdict, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if p.state != calling || e.left {
		return 0, fmt.Errorf("there is a connection already")
	}
	p.join(e.take(c))
	return verdictYes, nil
}

// accept waits for calls until the rank leaves.
func (e *end) accept() {
	defer closeFD(e.stop[0])
	fds := []unix.PollFd{{Fd: int32(e.stop[0]), Events: unix.POLLIN}}
	for _, fd := range e.listeners {
		defer closeFD(fd)
		fds = append(fds, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
	}
	for {
		_, _ = unix.Poll(fds, -1)
		if fds[0].Revents != 0 {
			return
		}
		for _, f := range fds[1:] {
			if f.Revents != 0 {
				e.acceptAt(int(f.Fd))
			}
		}
	}
}

// acceptAt takes a call.
func (e *end) acceptAt(listener int) {
	fd, err := acceptFD(listener)
	if err != nil {
		time.Sleep(time.Millisecond) // no descriptors are left, or the caller has gone
		return
	}
	if e.busy.Add(1) > mostBusy {
		e.busy.Add(-1)
		closeFD(fd)
		return
	}
	go func() {
		defer e.busy.Add(-1)
		c := &talk{fd, time.Now().Add(wordTime)}
		defer c.Close()
		e.answer(c)
	}()
}

// answer takes up the connection of a caller that is a rank of the job.
func (e *end) answer(c *talk) {
	rank, err := e.examine(c)
	if err != nil {
		return // a stranger: it learns nothing, and the rank is not bothered
	}
	e.mu.Lock()
	p := e.peer(rank)
	verdict := verdictYes
	switch {
	case e.left || e.failed || p.state >= joined:
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
	e.mu.Lock()
	defer e.mu.Unlock()
	if p.state != calling || e.left { // the peer sees the connection end
		return
	}
	p.join(e.take(c))
	e.base.Self.Link(e.rank).Wake()
}

// forget takes back that a peer has called.
func (e *end) forget(p *peer) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if p.state == calling {
		p.state = apart
		if p.outMem.Data != nil { // this rank has something to send
			p.state = calling
			go e.call(p)
		}
	}
}
