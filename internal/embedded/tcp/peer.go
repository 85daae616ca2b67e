//go:build unix

package tcp

import (
	"slices"
	"sync/atomic"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/ring"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/memory"
)

// ringSize is the length of a ring of one direction, readSize that of the bytes of a
// connection that are not in the ring yet. Together they are what a further peer
// costs. Short messages alone move through them: longer ones are tails.
const (
	ringSize = 16 << 10
	readSize = 16 << 10
)

// state is how far the connection to a peer has come.
type state int

const (
	apart   state = iota // neither has called
	calling              // this rank has, or waits for the call of the other
	joined               // there is a connection
	parted               // it has ended, and all that came by it is in the ring
)

// peer is a far rank: the link to it.
type peer struct {
	e    *end
	rank int
	bell transport.Bell // always asks to be woken: to wake is to send

	state state
	fd    int
	why   string // the connection could not be made, or was lost
	cut   bool   // because the peer was out of reach for too long

	// The ring from the endpoint, made when that opens it or there is a connection,
	// how much has been sent of its first frame and the tail of that, and the tails of
	// its frames.
	out    ring.Reader
	outMem ring.Memory
	sent   int
	tails  []tail
	unsent bool // the connection takes no more for now
	deaf   bool // it never takes any more, but there may be something to read

	// Frames are held that follow one another while the rank does not look for what
	// has come: how many bytes of them, and how often it had looked at the last send.
	held   int
	ahead  ring.Reader // behind the last of them
	polled uint32

	// The ring to the endpoint. Of the frame that comes in parts, the header and
	// how much of the payload is there.
	in    ring.Writer
	inMem ring.Memory
	frame *ring.Header
	kind  uint8
	flags uint8
	have  int
	total int

	// buf[lo:hi] has come and is in no frame yet.
	buf    []byte
	lo, hi int
	long   bool // the last tail was long, so that the next frame is read alone

	landing landing

	inSet bool // the connection is in e.set
	ready bool // there is something to read
}

// tail is the tail of a frame that is to be sent.
type tail struct {
	number uint64
	p      unsafe.Pointer
	n      int
}

// landing is the tail that comes.
type landing struct {
	waits  bool // the endpoint has not said yet where it goes
	number uint64
	left   int            // bytes that are still to come
	to     unsafe.Pointer // where the next ones go
	room   int            // how many of them
}

// peer returns the peer of a rank. The caller holds e.mu.
func (e *end) peer(rank int) *peer {
	p := e.peers[rank]
	if p == nil {
		p = &peer{e: e, rank: rank, fd: -1, bell: transport.Bell{Sleeping: 1}}
		e.peers[rank] = p
	}
	return p
}

func newRing() ring.Memory {
	return ring.Memory{Tail: (*uint64)(unsafe.Pointer(unsafe.SliceData(memory.Zeroed(64)))), Data: memory.Zeroed(ringSize)}
}

// openOut returns the ring from the endpoint.
func (p *peer) openOut() ring.Memory {
	if p.outMem.Data == nil {
		p.outMem = newRing()
		p.out.Open(p.outMem)
		p.ahead = p.out
	}
	return p.outMem
}

// join takes a connection up. The caller holds e.mu.
func (p *peer) join(fd int) {
	e := p.e
	p.fd, p.state = fd, joined
	p.openOut()
	p.buf = make([]byte, readSize)
	p.inMem = newRing()
	p.in.Open(p.inMem)
	e.joined = append(e.joined, p)
	e.fresh = append(e.fresh, p)
	e.watcher.kick()
	atomic.AddUint32(&e.bell.Active, 1)
	p.send()
	if e.failed {
		shutdownFD(fd) // the peer is to see the end
	}
	if e.dozing.Load() {
		e.wakeSelf() // it sleeps on the other connections
	}
}

// part ends the connection: the peer sends no more, or it is lost. The caller
// holds e.mu.
func (p *peer) part(why string) {
	e := p.e
	if p.state == joined {
		e.watcher.remove(p)
		// A copy, since the list may be gone through just now.
		e.joined = slices.DeleteFunc(slices.Clone(e.joined), func(q *peer) bool { return q == p })
		closeFD(p.fd)
	}
	p.fd, p.state, p.unsent, p.held, p.buf, p.lo, p.hi = -1, parted, false, 0, nil, 0, 0
	p.tails, p.landing = nil, landing{}
	if p.why == "" {
		p.why = why
	}
	e.parted(p)
}

// Bell implements [transport.Link].
func (p *peer) Bell() *transport.Bell { return &p.bell }

// Wake implements [transport.Link]: it sends what is in the ring, or holds it for
// a moment if it is one of many messages.
func (p *peer) Wake() {
	p.e.mu.Lock()
	if p.state == joined && !p.unsent && !p.hold() {
		p.send()
	}
	p.e.mu.Unlock()
}

// Traits implements [transport.Link].
func (p *peer) Traits() transport.Traits { return transport.Traits{} }

// Help implements [transport.Link].
func (p *peer) Help() {}

// Claims implements [transport.Link].
func (p *peer) Claims() []uint64 { return nil }

// Transfer implements [transport.Link].
func (p *peer) Transfer(uint64) *transport.Transfer { return nil }

// Reach implements [transport.Link].
func (p *peer) Reach() transport.Reach { return nil }
