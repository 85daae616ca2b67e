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

// callAt calls a peer at one of some addresses, with commas between, and takes the
// connection up if it says yes.
func (e *end) callAt(p *peer, list string) (verdict byte, err error) {
	limit := callTime / time.Duration(1+strings.Count(list, ","))
	for addr := range strings.SplitSeq(list, ",") {
		if verdict, err = e.callOne(p, addr, limit); err == nil {
			return verdict, nil
		}
	}
	return 0, err
}

func (e *end) callOne(p *peer, addr string, limit time.Duration) (byte, error) {
	c, err := dial(addr, time.Now().Add(limit))
	if err != nil {
		return 0, err
	}
	defer c.Close()
	verdict, err := e.introduce(c, p.rank)
	if err != nil || verdict != verdictYes {
		return verdict, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if p.state != calling {
		return 0, fmt.Errorf("there is a connection already")
	}
	p.join(c.take())
	return verdictYes, nil
}

// accept waits for calls until the rank leaves.
func (e *end) accept() {
	defer closeFD(e.listener)
	defer closeFD(e.stop[0])
	fds := []unix.PollFd{{Fd: int32(e.listener), Events: unix.POLLIN}, {Fd: int32(e.stop[0]), Events: unix.POLLIN}}
	for {
		_, _ = unix.Poll(fds, -1)
		if fds[1].Revents != 0 {
			return
		}
		fd, err := acceptFD(e.listener)
		if err != nil {
			time.Sleep(time.Millisecond) // no descriptors are left, or the caller has gone
			continue
		}
		if e.busy.Add(1) > mostBusy {
			e.busy.Add(-1)
			closeFD(fd)
			continue
		}
		go func() {
			defer e.busy.Add(-1)
			c := &talk{fd, time.Now().Add(wordTime)}
			defer c.Close()
			e.answer(c)
		}()
	}
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
	e.mu.Lock()
	defer e.mu.Unlock()
	if p.state != calling {
		return
	}
	p.join(c.take())
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
		e.changed.Broadcast()
	}
}
