//go:build unix

package tcp

import (
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ringo-mpi/ringo/internal/embedded/transport"
)

// watcher sends what a rank leaves behind that goes on with something else: frames
// that were held, and what the connections did not take. And while a rank sleeps
// that has peers on its host, it looks at the connections and wakes the rank. (A
// rank without any looks at them itself: see nap.)
type watcher struct {
	read, write int // ends of a pipe that interrupts poll
	wanted      sync.Cond
	asleep      bool // the rank sleeps, and does not look at the connections itself
	sending     int  // connections that take no more
	holding     bool // frames have been held since the last look
	polling     bool
	kicked      bool
}

// glance is how often the watcher looks whether the rank sends what it has held.
const glance = 100 * time.Microsecond

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
	if !p.unsent {
		w.sending--
		return
	}
	w.sending++
	w.wanted.Signal()
}

// holds has the watcher look soon whether frames are still held.
func (w *watcher) holds() {
	if !w.holding {
		w.holding = true
		w.wanted.Signal()
	}
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
	for !e.left {
		switch {
		case w.asleep:
			e.watchConnections(-1)
		case w.sending > 0 || w.holding:
			polls := e.polls
			w.holding = false
			e.mu.Unlock()
			time.Sleep(glance)
			e.mu.Lock()
			if e.polls != polls || w.asleep { // the rank sees to it
				continue
			}
			for _, p := range e.joined {
				if p.held > 0 && !p.unsent {
					p.send()
				}
			}
			if w.sending > 0 {
				e.watchConnections(10)
			}
		default:
			w.wanted.Wait()
		}
	}
	closeFD(w.read)
	closeFD(w.write)
}

// watchConnections waits until a connection takes more, or, if the rank is asleep,
// something has come. limit is in milliseconds, or -1.
func (e *end) watchConnections(limit int) {
	w := &e.watcher
	fds := []unix.PollFd{{Fd: int32(w.read), Events: unix.POLLIN}}
	var of []*peer
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
	_, _ = unix.Poll(fds, limit)
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
	if wake = wake || e.overs.Load() > 0; wake && (w.asleep || e.dozing.Load()) {
		w.asleep = false
		e.wakeSelf()
	}
}

func (e *end) wakeSelf() { e.own.Wake() }

// Sleep implements [transport.Self].
func (e *end) Sleep(seq uint32, limit time.Duration) {
	if e.alone {
		e.nap(seq, limit)
		return
	}
	e.mu.Lock()
	e.watcher.asleep = true
	e.watcher.kick()
	e.mu.Unlock()
	e.base.Self.Sleep(seq, limit)
	e.mu.Lock()
	e.watcher.asleep = false
	e.mu.Unlock()
}

// nap is the sleep of a rank that has no peers on its host: it waits in poll(2) for
// its connections, and for a pipe by which others wake it.
func (e *end) nap(seq uint32, limit time.Duration) {
	e.mu.Lock()
	if !e.belled {
		e.belled = true
		go e.hearBell()
	}
	e.naps = append(e.naps[:0], unix.PollFd{Fd: int32(e.alarm[0]), Events: unix.POLLIN})
	for _, p := range e.joined {
		if p.held > 0 && !p.unsent {
			p.send()
		}
		var events int16 = unix.POLLIN
		if p.unsent {
			events |= unix.POLLOUT
		}
		e.naps = append(e.naps, unix.PollFd{Fd: int32(p.fd), Events: events})
	}
	fds := e.naps
	e.dozing.Store(true)
	e.mu.Unlock()
	if atomic.LoadUint32(&e.bell.Seq) == seq && e.overs.Load() == 0 {
		_, _ = unix.Poll(fds, int(limit.Milliseconds())+1)
	}
	e.dozing.Store(false)
	e.bell.Disarm()
	if fds[0].Revents != 0 {
		var b [64]byte
		_, _ = unix.Read(e.alarm[0], b[:])
	}
}

// hearBell wakes a rank that naps when the bell of the transport below rings, which
// is rare: a rank has ended, or the rank is to look around.
func (e *end) hearBell() {
	const longest = time.Minute // that ends without a wake, which would take back that the rank sleeps
	for seq := atomic.LoadUint32(&e.bell.Seq); !e.gone.Load(); {
		e.base.Self.Sleep(seq, longest)
		if now := atomic.LoadUint32(&e.bell.Seq); now != seq {
			seq = now
			e.ringAlarm()
		}
	}
}

// ringAlarm wakes the rank if it naps.
func (e *end) ringAlarm() {
	if e.dozing.Load() {
		_, _ = unix.Write(e.alarm[1], []byte{0})
	}
}

// own is the rank's link to itself.
type own struct {
	transport.Link
	e *end
}

// Wake implements [transport.Link].
func (o *own) Wake() {
	o.Link.Wake()
	if o.e.alone {
		o.e.ringAlarm()
	}
}
