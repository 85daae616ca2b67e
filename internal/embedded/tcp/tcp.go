//go:build unix

package tcp

import (
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ringo-mpi/ringo/internal/embedded/ring"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// Config is what a rank has to know to find the far ones and to be found.
type Config struct {
	// Key is known to the ranks of the job alone.
	Key []byte

	// Listen is where this rank waits for others: an address and a port, which may
	// be 0, or several with commas between them. Publish tells the others where that is.
	Listen  string
	Publish func(addr string)

	// Ports is where a port 0 of Listen is looked for; the zero value leaves it to the
	// system.
	Ports Ports

	// Timeout is how long a peer may be out of reach before it counts as lost. The
	// default is 10 seconds.
	Timeout time.Duration

	// Find returns where a rank waits, as Publish was told, "" as long as that is not
	// known. Of several addresses the first at which the rank proves itself counts.
	Find func(rank int) string

	// Near says which ranks the transport below reaches. nil: this one alone.
	Near func(rank int) bool

	// Host returns where a rank runs. nil: where the transport below says.
	Host func(rank int) transport.Host
}

// Ports is a range of ports.
type Ports struct{ First, Last uint16 }

// defaultTimeout is how long a peer may be out of reach.
const defaultTimeout = 10 * time.Second

// end is one rank's end.
type end struct {
	base transport.End
	cfg  Config
	rank int
	size int
	bell *transport.Bell // this rank's own, of the transport below

	listeners []int        // the sockets
	stop      [2]int       // a pipe whose end ends the listening
	busy      atomic.Int32 // strangers that have not proved anything yet

	// mu guards everything of the connections. The endpoint's lock may be held
	// when it is taken, never the other way round.
	mu       sync.Mutex
	peers    map[int]*peer
	joined   []*peer        // those with a connection, which are polled
	fresh    []*peer        // of them, those whose rings NewRings has not told yet
	closing  bool           // what still comes is dropped
	polls    uint32         // how often the rank has looked for what has come
	finished []uint64       // tails that have been sent or have come
	overs    atomic.Int32   // how many
	set      readySet       // of the connections, where there are many
	vec      vector         // what is sent by one system call
	short    []byte         // short frames, to be sent together
	unwanted []byte         // for what nobody wants
	naps     []unix.PollFd  // what a nap waits for
	alarm    [2]int         // a pipe that ends a nap
	dozing   atomic.Bool    // the rank naps
	alone    bool           // no other rank is near, and the rank naps
	belled   bool           // hearBell runs
	gone     atomic.Bool    // hearBell is to end
	own      transport.Link // the rank's own

	watcher watcher
	ends
}

// Over returns an end with connections to the ranks that are not near, in the
// place of what base has of them.
func Over(base transport.End, cfg Config) (transport.End, error) {
	f := base.Facts
	e := &end{
		base: base, cfg: cfg, rank: f.Rank, size: f.Size, bell: base.Self.Link(f.Rank).Bell(),
		peers: make(map[int]*peer), short: make([]byte, 0, gatherSize), polls: 1,
	}
	e.own = &own{base.Self.Link(f.Rank), e}
	e.alone = !f.InProcess
	for r := range f.Size {
		e.alone = e.alone && (r == f.Rank || !e.near(r))
	}
	e.watcher.wanted.L = &e.mu
	if f.Size == 1 {
		return base, nil
	}
	var addr string
	var err error
	if e.cfg.Timeout <= 0 {
		e.cfg.Timeout = defaultTimeout
	}
	if e.listeners, addr, err = listenAll(cfg.Listen, cfg.Ports); err != nil {
		return transport.End{}, engine.Errorf(engine.ErrLaunch, "rank %d cannot wait for connections at %s: %w", f.Rank, cfg.Listen, err)
	}
	if err = pipeCloexec(e.stop[:]); err == nil {
		err = pipeCloexec(e.alarm[:])
	}
	if err == nil {
		err = e.watcher.open()
	}
	if err != nil {
		for _, fd := range e.listeners {
			closeFD(fd)
		}
		return transport.End{}, engine.Errorf(engine.ErrLaunch, "rank %d: %w", f.Rank, err)
	}
	cfg.Publish(addr)
	go e.accept()
	go e.watch()
	return transport.End{Facts: e.facts(), Job: e, Self: e, Pool: e.pool()}, nil
}

// facts are those of the transport below, of the ranks that are near.
func (e *end) facts() transport.Facts {
	f := e.base.Facts
	if e.cfg.Near == nil {
		f.Name, f.InProcess = "tcp", false
		f.Fenced = true // a connection keeps what has come
		return f
	}
	f.Name = "tcp+" + f.Name
	f.LocalRank, f.LocalSize = 0, 0
	for r := range e.size {
		if e.near(r) {
			if r == e.rank {
				f.LocalRank = f.LocalSize
			}
			f.LocalSize++
		}
	}
	return f
}

func (e *end) pool() transport.Pool {
	if e.cfg.Near == nil || e.base.Pool == nil {
		return nil
	}
	return pool{e.base.Pool}
}

// pool is that of the ranks of one host: no board reaches all.
type pool struct{ transport.Pool }

// WorldBoard implements [transport.Pool].
func (pool) WorldBoard() []byte { return nil }

func (e *end) near(rank int) bool {
	return rank == e.rank || e.cfg.Near != nil && e.cfg.Near(rank)
}

// Serve implements [transport.Self].
func (e *end) Serve(progress func()) { e.base.Self.Serve(progress) }

// Yield implements [transport.Self].
func (e *end) Yield() { e.base.Self.Yield() }

// Link implements [transport.Self].
func (e *end) Link(rank int) transport.Link {
	switch {
	case rank == e.rank:
		return e.own
	case e.near(rank):
		return e.base.Self.Link(rank)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.peer(rank)
}

// Open implements [transport.Self]. The connection is made beside: what is sent
// before it is there waits in the ring.
func (e *end) Open(rank int) ring.Memory {
	if e.near(rank) {
		return e.base.Self.Open(rank)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	p := e.peer(rank)
	if p.state == apart {
		p.state = calling
		go e.call(p)
	}
	return p.openOut()
}

// NewRings implements [transport.Self].
func (e *end) NewRings(f func(from int, m ring.Memory)) {
	e.base.Self.NewRings(f)
	e.mu.Lock()
	fresh := e.fresh
	e.fresh = nil
	e.mu.Unlock()
	for _, p := range fresh {
		f(p.rank, p.inMem)
	}
}

// fewPeers is how many connections are looked at by reading them; more are asked for
// together which of them have something.
const fewPeers = 3

// Poll implements [transport.Poller].
func (e *end) Poll() (n int) {
	e.mu.Lock()
	e.polls++
	all := len(e.joined) <= fewPeers || !e.set.look(e)
	for _, p := range e.joined {
		if (p.unsent || p.held > 0) && p.send() {
			n++
		}
		if p.state == joined && (all || p.ready || p.hi > p.lo) {
			p.ready = false
			n += p.receive()
		}
	}
	e.mu.Unlock()
	return n
}

// ended notes that a tail has been sent or has come. The caller holds e.mu.
func (e *end) ended(number uint64) {
	e.finished = append(e.finished, number)
	e.overs.Add(1)
}

// NextTail implements [transport.Poller].
func (e *end) NextTail() (number uint64, ok bool) {
	if e.overs.Load() == 0 {
		return 0, false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	number = e.finished[0]
	if e.finished = e.finished[1:]; len(e.finished) == 0 {
		e.finished = nil
	}
	e.overs.Add(-1)
	return number, true
}
