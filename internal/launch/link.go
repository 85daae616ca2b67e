package launch

import (
	"bufio"
	"errors"
	"io"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringo-mpi/ringo/internal/launch/control"
)

// A link is one end of the control stream between mpiexec and the agent on another
// host. To send never blocks: what is long (output, input, programs) is bounded by who
// sends it.
type link struct {
	host int // the number of the agent's
	in   *bufio.Reader
	out  io.WriteCloser
	buf  []byte

	mu      sync.Mutex
	changed sync.Cond
	queue   []byte // frames that have not been written
	busy    bool   // some are being written
	closed  bool   // no more are taken
	stop    chan struct{}

	silent atomic.Int32 // seconds since something came
	away   atomic.Bool  // the other end is stopped: that it says nothing means nothing
	paused atomic.Bool  // this end is about to be
}

// anyHost is the number of an agent that has not been told its own.
const anyHost = math.MaxInt32

func newLink(host int, in *bufio.Reader, out io.WriteCloser) *link {
	l := &link{host: host, in: in, out: out, stop: make(chan struct{})}
	l.changed.L = &l.mu
	go l.write()
	go l.beat()
	return l
}

// setHost is called by an agent that has been told its number, before anything else is
// sent or received.
func (l *link) setHost(host int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.host = host
}

// send queues a message.
func (l *link) send(m control.Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.queue = control.Append(l.queue, l.host, m)
		l.changed.Broadcast()
	}
}

// most is how much of what is long is queued before its sender waits.
const most = 256 << 10

// sendLong queues a message when little is before it. It reports false if the link is
// closed.
func (l *link) sendLong(m control.Message) bool {
	l.mu.Lock()
	for len(l.queue) > most && !l.closed {
		l.changed.Wait()
	}
	open := !l.closed
	l.mu.Unlock()
	l.send(m)
	return open
}

// write writes what is queued, all at once.
func (l *link) write() {
	defer l.out.Close()
	var frames []byte
	for {
		l.mu.Lock()
		l.busy = false
		l.changed.Broadcast()
		for len(l.queue) == 0 && !l.closed {
			l.changed.Wait()
		}
		frames, l.queue = l.queue, frames[:0]
		l.busy = len(frames) > 0
		l.mu.Unlock()
		if len(frames) == 0 {
			return
		}
		if _, err := l.out.Write(frames); err != nil {
			l.close() // the reader sees the end of the other direction
			return
		}
		if cap(frames) > 1<<20 {
			frames = nil
		}
	}
}

// flush waits until what is queued has been written, for so long at most.
func (l *link) flush(limit time.Duration) {
	t := time.AfterFunc(limit, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.changed.Broadcast()
	})
	defer t.Stop()
	l.mu.Lock()
	defer l.mu.Unlock()
	for end := time.Now().Add(limit); (len(l.queue) > 0 || l.busy) && !l.closed && time.Now().Before(end); {
		l.changed.Wait()
	}
}

// close takes no more. What is queued is still written, then the stream is closed.
func (l *link) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.closed = true
		close(l.stop)
		l.changed.Broadcast()
	}
}

// receive waits for the next message. The error is io.EOF at the end of the stream.
func (l *link) receive() (control.Message, error) {
	var head [control.HeaderSize]byte
	if _, err := io.ReadFull(l.in, head[:]); err != nil {
		return nil, err
	}
	h, err := control.ParseHeader(head)
	if err != nil {
		return nil, err
	}
	if h.Host != l.host && h.Host != anyHost && l.host != anyHost {
		return nil, errors.New("a frame is for another host")
	}
	// Memory is taken as the bytes come.
	l.buf = l.buf[:0]
	for len(l.buf) < h.Length {
		at := len(l.buf)
		l.buf = append(l.buf, make([]byte, min(h.Length-at, 64<<10))...)
		if _, err := io.ReadFull(l.in, l.buf[at:]); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
	m, err := control.Decode(h.Kind, l.buf)
	if cap(l.buf) > 1<<20 {
		l.buf = nil
	}
	l.silent.Store(0)
	l.away.Store(false)
	return m, err
}

// beat says each second that this end lives.
func (l *link) beat() {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-t.C:
		}
		if l.paused.Load() {
			continue
		}
		l.mu.Lock()
		idle := len(l.queue) == 0 && !l.busy
		l.mu.Unlock()
		if idle {
			l.send(&control.Ping{})
		}
	}
}

// watch calls lost when the other end has said nothing for so many seconds. It counts
// seconds in which this process runs: one that was stopped hears at first what has
// come meanwhile.
func (l *link) watch(seconds *atomic.Int32, lost func()) {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-t.C:
		}
		if l.away.Load() {
			l.silent.Store(0)
		}
		if l.silent.Add(1) > seconds.Load() {
			lost()
			return
		}
	}
}

// puts sends keys and values in messages of a moderate length.
func (l *link) puts(pairs []control.Pair) {
	for len(pairs) > 0 {
		n, length := 0, 0
		for n < len(pairs) && length < most {
			length += len(pairs[n].Key) + len(pairs[n].Value)
			n++
		}
		l.send(&control.Puts{Pairs: pairs[:n]})
		pairs = pairs[n:]
	}
}
