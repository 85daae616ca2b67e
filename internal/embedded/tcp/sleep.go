//go:build unix

package tcp

import (
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// watcher looks at the connections while the rank sleeps, and wakes it; and at
// those that take no more, until they do.
type watcher struct {
	read, write int // ends of a pipe that interrupts poll
	wanted      sync.Cond
	asleep      bool // the rank sleeps
	sending     int  // connections that take no more
	polling     bool
	kicked      bool
}

func (w *watcher) open() error {
	var fds [2]int
	if err := pipeCloexec(fds[:]); err != nil {
		return err
	}
	w.read, w.write = fds[0], fds[1]
	return nil
}

func (w *watcher) remove(p *peer) {
	if p.unsent {
		w.sending--
	}
	w.kick() // before its descriptor is another one's
}

func (w *watcher) unsent(p *peer) {
	if p.unsent {
		w.sending++
	} else {
		w.sending--
	}
	w.kick()
}

// kick has the watcher look what it is to do. The caller holds e.mu.
func (w *watcher) kick() {
	if w.polling && !w.kicked {
		w.kicked = true
		_, _ = unix.Write(w.write, []byte{0})
	}
	w.wanted.Signal()
}

// watch is the watcher's goroutine.
func (e *end) watch() {
	w := &e.watcher
	e.mu.Lock()
	defer e.mu.Unlock()
	var fds []unix.PollFd
	var of []*peer
	for !e.left {
		if !w.asleep && w.sending == 0 {
			w.wanted.Wait()
			continue
		}
		fds = append(fds[:0], unix.PollFd{Fd: int32(w.read), Events: unix.POLLIN})
		of = of[:0]
		for _, p := range e.joined {
			var events int16
			if w.asleep {
				events = unix.POLLIN
			}
			if p.unsent {
				events |= unix.POLLOUT
			}
			if events != 0 {
				fds, of = append(fds, unix.PollFd{Fd: int32(p.fd), Events: events}), append(of, p)
			}
		}
		w.polling = true
		e.mu.Unlock()
		_, _ = unix.Poll(fds, -1)
		e.mu.Lock()
		w.polling = false
		if w.kicked {
			w.kicked = false
			var b [16]byte
			_, _ = unix.Read(w.read, b[:])
		}
		wake := false
		for i, p := range of {
			got := fds[i+1].Revents
			if got&unix.POLLOUT != 0 && p.state == joined && p.unsent {
				p.send()
			}
			wake = wake || got&^unix.POLLOUT != 0
		}
		if wake && w.asleep {
			w.asleep = false
			e.wakeSelf()
		}
	}
	closeFD(w.read)
	closeFD(w.write)
}

func (e *end) wakeSelf() { e.base.Self.Link(e.rank).Wake() }

// Sleep implements [transport.Self].
func (e *end) Sleep(seq uint32, limit time.Duration) {
	e.mu.Lock()
	e.watcher.asleep = true
	e.watcher.kick()
	e.mu.Unlock()
	e.base.Self.Sleep(seq, limit)
	e.mu.Lock()
	e.watcher.asleep = false
	e.mu.Unlock()
}
