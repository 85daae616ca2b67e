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

// ringSize is the length of a ring of one direction. Only what is under way
// touches memory: the writer goes back to the start when the reader keeps up.
const ringSize = 64 << 10

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

	// The ring from the endpoint, made when that opens it or there is a connection,
	// and how much of its first frame has been sent.
	out    ring.Reader
	outMem ring.Memory
	sent   int
	unsent bool // the connection takes no more for now

	// The ring to the endpoint. Of the frame that comes in parts, the header and
	// how much of the payload is there.
	in    ring.Writer
	inMem ring.Memory
	frame *ring.Header
	kind  uint8
	flags uint8
	have  int
	total int
	early []byte // bytes that have come and are not in the ring yet
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
	}
	return p.outMem
}

// join takes a connection up. The caller holds e.mu.
func (p *peer) join(fd int) {
	e := p.e
	p.fd, p.state = fd, joined
	p.openOut()
	p.inMem = newRing()
	p.in.Open(p.inMem)
	e.joined = append(e.joined, p)
	e.fresh = append(e.fresh, p)
	e.watcher.kick()
	atomic.AddUint32(&e.bell.Active, 1)
	p.send()
	e.changed.Broadcast()
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
	p.fd, p.state, p.unsent, p.early = -1, parted, false, nil
	if p.why == "" {
		p.why = why
	}
	e.parted(p)
	e.changed.Broadcast()
}

// Bell implements [transport.Link].
func (p *peer) Bell() *transport.Bell { return &p.bell }

// Wake implements [transport.Link]: it sends what is in the ring.
func (p *peer) Wake() {
	p.e.mu.Lock()
	if p.state == joined && !p.unsent {
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
