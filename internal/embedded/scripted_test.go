package embedded

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/proto"
	"github.com/ringo-mpi/ringo/internal/embedded/ring"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/embedded/transport/hosttest"
)

// scripted is the transport of a story. It writes down what ranks do to each
// other, in order, and holds a rank where it sleeps, yields its core or copies
// until the story lets it go on. One rank runs at a time.
type scripted struct {
	mu      sync.Mutex
	lines   []string
	actors  []*actor
	rings   []*tap
	buffers [][]byte // of all operations
	claims  int      // how many of a rank's sends are in the table that both ends reach
	closing bool     // the story is over: no rank is held any more
}

// actor is what the story holds of a rank.
type actor struct {
	rank      int
	bell      *transport.Bell
	asleep    chan struct{} // closed to end its sleep
	yielding  chan struct{} // closed to give it the core again
	hold      bool          // its copies wait for the story
	copying   []chan struct{}
	forbidden bool // its copies fail
	failed    bool // what it has begun need not end
	transfers [8]transport.Transfer
}

// tap reads along what is written into a ring.
type tap struct {
	from, to int
	reader   ring.Reader
	frames   []tapped // that were not read when last looked at
}

type tapped struct {
	at   *ring.Header
	text string
}

// newScripted makes the ends of ranks that are processes of the hosts of the
// list. yields is how often a rank that waits yields its core before it sleeps.
func newScripted(hosts []int, yields int) (*scripted, []transport.End) {
	s := &scripted{claims: math.MaxInt}
	ends := hosttest.New(hosts)
	for r := range ends {
		a := &actor{rank: r, bell: ends[r].Self.Link(r).Bell()}
		s.actors = append(s.actors, a)
		ends[r].Self = scriptedSelf{ends[r].Self, s, a}
		f := &ends[r].Facts
		f.InProcess, f.Crowded, f.Fenced = false, false, true
		f.Polls, f.PollTime, f.Yields = 1, 0, yields
	}
	return s, ends
}

// note writes a line down, after the frames that have been written before.
func (s *scripted) note(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readAlong()
	s.lines = append(s.lines, fmt.Sprintf(format, args...))
}

// readAlong notes the frames that are new. The caller holds s.mu.
func (s *scripted) readAlong() {
	for _, t := range s.rings {
		kind, n, bytes, first := "", 0, 0, ""
		flush := func() {
			switch {
			case n == 1:
				s.lines = append(s.lines, fmt.Sprintf("%d>%d %s", t.from, t.to, first))
			case n > 1:
				s.lines = append(s.lines, fmt.Sprintf("%d>%d %d × %s: %d bytes", t.from, t.to, n, kind, bytes))
			}
			n, bytes = 0, 0
		}
		for {
			f, ok := t.reader.Next()
			if !ok {
				break
			}
			text, length, several := frameText(f)
			t.frames = append(t.frames, tapped{f.Header, text})
			t.reader.Release(f)
			if name := proto.KindName(f.Kind); !several || name != kind {
				flush()
				kind = name
			}
			if n == 0 {
				first = text
			}
			n++
			bytes += length
			if !several {
				flush()
			}
		}
		flush()
	}
}

// frameText describes a frame; several says that it is one of many that need no
// line each, with so many bytes.
func frameText(f ring.Frame) (text string, bytes int, several bool) {
	name := proto.KindName(f.Kind)
	b, err := proto.Decode(f.Kind, f.Flags, unsafe.Slice((*byte)(f.Payload()), f.Len))
	if err != nil {
		return err.Error(), 0, false
	}
	switch f.Flags {
	case proto.Sync:
		name += ", synchronous"
	case proto.Ready:
		name += ", ready"
	}
	switch f.Kind {
	case proto.Eager, proto.Offer:
		return fmt.Sprintf("%s: tag %d, %d bytes", name, f.Tag, b.Total), 0, false
	case proto.First:
		return fmt.Sprintf("%s: tag %d, %d of %d bytes", name, f.Tag, len(b.Data), b.Total), 0, false
	case proto.More, proto.Data:
		return fmt.Sprintf("%s: %d bytes", name, len(b.Data)), len(b.Data), true
	case proto.Revoke:
		return fmt.Sprintf("%s: %s", name, b.Data), 0, false
	}
	return name, 0, false
}

// untilHeld lets the ranks run until each has ended its calls or is held, and
// returns what has happened. busy says that a goroutine still waits for a lock.
func (s *scripted) untilHeld(busy func() bool) []string {
	for again := true; again; {
		synctest.Wait()
		for busy() {
			time.Sleep(time.Millisecond) // of the bubble: a goroutine that waits for a lock may sleep
			synctest.Wait()
		}
		again = false
		for _, a := range s.actors {
			s.mu.Lock()
			c := a.asleep
			if c != nil && (s.closing || atomic.LoadUint32(&a.bell.Sleeping) == 0) {
				a.asleep, again = nil, true
			} else {
				c = nil
			}
			s.mu.Unlock()
			if c != nil {
				close(c)
				break
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readAlong()
	lines := s.lines
	s.lines = nil
	return lines
}

// unreadFrames lists what lies in the ring between two ranks.
func (s *scripted) unreadFrames(from, to int, next any, known bool) (list []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.rings {
		if t.from != from || t.to != to {
			continue
		}
		if known {
			read := len(t.frames)
			for i := len(t.frames) - 1; i >= 0; i-- {
				if t.frames[i].at == next {
					read = i
					break
				}
			}
			t.frames = t.frames[read:]
		}
		for _, f := range t.frames {
			list = append(list, f.text)
		}
	}
	return list
}

// place says where in the buffer of an operation a copy begins, if not at its
// start.
func (s *scripted) place(addr uint64) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.buffers {
		if at := addr - uint64(uintptr(unsafe.Pointer(&b[0]))); at > 0 && at < uint64(len(b)) {
			return fmt.Sprintf(", from byte %d on", at)
		}
	}
	return ""
}

// copyGate is where a rank stops before it copies, if the story holds it. It
// returns why the rank may not copy.
func (s *scripted) copyGate(a *actor, what string) error {
	s.mu.Lock()
	var c chan struct{}
	if a.hold && !s.closing {
		c = make(chan struct{})
		a.copying = append(a.copying, c)
	}
	s.mu.Unlock()
	if c != nil {
		s.note("%d is about to copy %s", a.rank, what)
		<-c
	}
	if a.forbidden {
		s.note("%d may not copy %s", a.rank, what)
		return errors.New("operation not permitted")
	}
	s.note("%d copies %s", a.rank, what)
	return nil
}

// letCopy lets the oldest copy that is held go on.
func (s *scripted) letCopy(a *actor) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(a.copying) == 0 {
		return false
	}
	close(a.copying[0])
	a.copying = a.copying[1:]
	return true
}

// letRun gives a rank that has yielded its core the core again.
func (s *scripted) letRun(a *actor) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.yielding == nil {
		return false
	}
	close(a.yielding)
	a.yielding = nil
	return true
}

// close lets every rank go on, from now on.
func (s *scripted) close() {
	s.mu.Lock()
	s.closing = true
	s.mu.Unlock()
	for _, a := range s.actors {
		for s.letCopy(a) {
		}
		s.letRun(a)
	}
}

type scriptedSelf struct {
	transport.Self
	s *scripted
	a *actor
}

// Sleep implements [transport.Self].
func (e scriptedSelf) Sleep(uint32, time.Duration) {
	e.s.note("%d sleeps", e.a.rank)
	c := make(chan struct{})
	e.s.mu.Lock()
	e.a.asleep = c
	e.s.mu.Unlock()
	<-c
	e.a.bell.Disarm()
	e.s.note("%d is awake", e.a.rank)
}

// Yield implements [transport.Self].
func (e scriptedSelf) Yield() {
	c := make(chan struct{})
	e.s.mu.Lock()
	closing := e.s.closing
	if !closing {
		e.a.yielding = c
	}
	e.s.mu.Unlock()
	if !closing {
		e.s.note("%d yields its core", e.a.rank)
		<-c
	}
}

// Open implements [transport.Self].
func (e scriptedSelf) Open(peer int) ring.Memory {
	m := e.Self.Open(peer)
	t := &tap{from: e.a.rank, to: peer}
	t.reader.Open(ring.Memory{Tail: new(uint64), Data: m.Data})
	e.s.mu.Lock()
	e.s.rings = append(e.s.rings, t)
	e.s.mu.Unlock()
	return m
}

// Link implements [transport.Self].
func (e scriptedSelf) Link(peer int) transport.Link {
	return scriptedLink{e.Self.Link(peer), e.s, e.a, e.s.actors[peer]}
}

type scriptedLink struct {
	transport.Link
	s    *scripted
	a    *actor // whose link it is
	peer *actor
}

// Wake implements [transport.Link].
func (l scriptedLink) Wake() {
	if l.peer == l.a {
		l.s.note("%d wakes itself", l.a.rank)
	} else {
		l.s.note("%d wakes %d", l.a.rank, l.peer.rank)
	}
	l.Link.Wake()
}

// Traits implements [transport.Link].
func (l scriptedLink) Traits() transport.Traits { return transport.Traits{} }

// Claims implements [transport.Link].
func (l scriptedLink) Claims() []uint64 {
	t := l.Link.Claims()
	return t[:min(len(t), l.s.claims)]
}

// Transfer implements [transport.Link].
func (l scriptedLink) Transfer(number uint64) *transport.Transfer {
	if i := uint32(number); l.Link.Reach() != nil && int(i) < len(l.peer.transfers) {
		return &l.peer.transfers[i]
	}
	return nil
}

// Reach implements [transport.Link].
func (l scriptedLink) Reach() transport.Reach {
	if r := l.Link.Reach(); r != nil {
		return scriptedReach{r, l}
	}
	return nil
}

type scriptedReach struct {
	transport.Reach
	l scriptedLink
}

// Pull implements [transport.Reach].
func (r scriptedReach) Pull(dst unsafe.Pointer, addr uint64, n int) error {
	if err := r.l.s.copyGate(r.l.a, fmt.Sprintf("%d bytes from %d%s", n, r.l.peer.rank, r.l.s.place(addr))); err != nil {
		return err
	}
	return r.Reach.Pull(dst, addr, n)
}

// Push implements [transport.Reach].
func (r scriptedReach) Push(addr uint64, src unsafe.Pointer, n int) error {
	if err := r.l.s.copyGate(r.l.a, fmt.Sprintf("%d bytes to %d%s", n, r.l.peer.rank, r.l.s.place(addr))); err != nil {
		return err
	}
	return r.Reach.Push(addr, src, n)
}
