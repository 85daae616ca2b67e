package embedded

import (
	"sync/atomic"

	"github.com/ringo-mpi/ringo/internal/embedded/proto"
	"github.com/ringo-mpi/ringo/internal/embedded/ring"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// endpoint is one rank's end of the engine. Its parts say which file looks after
// which fields; a method that needs one part only is the part's.
type endpoint struct {
	lock lock

	rank    int
	facts   transport.Facts
	job     transport.Job
	carrier transport.Self
	poller  transport.Poller // nil: what comes is in the rings by itself
	own     transport.Link   // what the others have of this rank
	shared  transport.Pool   // nil: no memory is shared
	bell    *transport.Bell

	links      // the rings from and to the other ranks
	spaces     // where messages match
	operations // what is under way
	copies     // of offered messages
	waiting    // the goroutines of this rank that wait
	departures // the ranks that have ended

	// Finalize or Fail has been called. It is here, and not in a part, for usable,
	// which the compiler inlines with nothing to spare.
	closed bool

	attention          // of the background goroutine
	looking            // calls that find nothing
	messages  *message // the pool of unexpected messages
	probed    probes

	private private // memory from Alloc, where none is shared

	world, self *comm
}

// links are the rings from and to the other ranks.
type links struct {
	ins     []*inbound
	inFew   []*inbound // by rank, in small worlds
	insSeen uint32     // Bell.Active when ins was last brought up to date
	handled uint32     // frames, ever
	outs    outTable
	directs uint32      // messages sent or received without a request
	fence   uint32      // written by atomic exchanges that are made for their order only
	sending []*outbound // those whose queue is not empty
	spare   []*outbound // the list that was in use before
}

func newEndpoint(end transport.End) *endpoint {
	f := end.Facts
	ep := &endpoint{rank: f.Rank, facts: f, job: end.Job, carrier: end.Self, own: end.Self.Link(f.Rank), shared: end.Pool}
	ep.bell = ep.own.Bell()
	ep.poller, _ = end.Self.(transport.Poller)
	ep.polls, ep.spins, ep.yields = f.Polls, f.PollTime, f.Yields
	ep.outs.init(f.Size)
	if f.Size <= fewRanks {
		ep.inFew = make([]*inbound, f.Size)
	}
	ep.carrier.Serve(ep.serve)
	return ep
}

// inbound is the reading side of the ring from a peer.
type inbound struct {
	ring ring.Reader
	peer int32           // rank in the world
	bell *transport.Bell // of the peer: it may wait for room in the ring

	// The message that is arriving in parts: to a receive, or unexpected, or
	// neither when it is to be dropped.
	to    *request
	into  *message
	src   int32
	tag   int32
	sig   engine.Sig
	have  int
	total int // 0: none

	// The part that arrives as a tail of the message that operation piece has asked
	// for; none if pieceLen is 0.
	piece    uint64
	pieceLen int

	index uint64 // in ep.ins
	link  transport.Link

	_ [40]byte // see wholeLines
}

// wholeLines: of what the ranks of one process write for each message, every
// object takes whole cache lines, for objects of two ranks may lie side by side.
// (An outbound of 160 bytes made every second run of goroutine ranks take half as
// long again.) Objects of more than 512 bytes begin 8 bytes behind a line; the
// padding is their end.
const wholeLines = 64

// outbound is the writing side of the ring to a peer.
type outbound struct {
	ring   ring.Writer
	peer   int32
	bell   *transport.Bell
	queue  requestQueue // sends that wait for room, in order
	listed bool         // in ep.sending
	pull   bool         // the two can copy out of each other's memory
	near   bool         // the peer is a goroutine of this process
	claims bool         // the two reach each other's tables of claims
	eager  int          // messages up to this length are one frame
	offer  int          // messages longer than this are offered
	fence  bool
	tailed bool // the link is a transport.Tails

	// Nonblocking sends to the peer of streamMin bytes and more since this rank
	// has handled a frame, and how many it had handled then.
	streak  int
	handled uint32

	sentAt uint32 // how many frames this rank had handled at the last send

	link  transport.Link
	reach transport.Reach // nil: none
}

// requestQueue is a first-in first-out list.
type requestQueue struct{ head, tail *request }

func (q *requestQueue) push(r *request) {
	r.next = nil
	if q.tail == nil {
		q.head = r
	} else {
		q.tail.next = r
	}
	q.tail = r
}

func (q *requestQueue) pop() {
	r := q.head
	q.head = r.next
	if q.head == nil {
		q.tail = nil
	}
	r.next = nil
}

func (q *requestQueue) remove(r *request) bool {
	for p, prev := q.head, (*request)(nil); p != nil; p, prev = p.next, p {
		if p != r {
			continue
		}
		if prev == nil {
			q.head = p.next
		} else {
			prev.next = p.next
		}
		if q.tail == p {
			q.tail = prev
		}
		p.next = nil
		return true
	}
	return false
}

// fewRanks is up to which size of the world there are tables by rank.
const fewRanks = 64

// outTable finds the ring to a peer: a table for small worlds, a map for large
// ones, where a rank talks to few of the others.
type outTable struct {
	few  []*outbound
	many map[int32]*outbound
}

func (t *outTable) init(size int) {
	if size <= fewRanks {
		t.few = make([]*outbound, size)
	} else {
		t.many = make(map[int32]*outbound)
	}
}

func (t *outTable) get(peer int32) *outbound {
	if t.few != nil {
		return t.few[peer]
	}
	return t.many[peer]
}

// outbound returns the ring to a peer and opens it at first use.
func (ep *endpoint) outbound(peer int32) *outbound {
	if o := ep.outs.get(peer); o != nil {
		return o
	}
	return ep.openOutbound(peer)
}

func (ep *endpoint) openOutbound(peer int32) *outbound {
	link := ep.carrier.Link(int(peer))
	traits := link.Traits()
	o := &outbound{
		peer: peer, link: link, bell: link.Bell(), reach: link.Reach(), eager: eagerMax,
		fence: traits.Fenced, near: traits.InProcess, claims: link.Claims() != nil,
	}
	o.ring.Open(ep.carrier.Open(int(peer)))
	_, o.tailed = link.(transport.Tails)
	o.pull = o.reach != nil && o.reach.Pulls()
	switch {
	case !o.pull:
		o.offer = offerAlways
	case o.near:
		o.offer, o.eager = offerInproc, eagerInproc
	default:
		o.offer = offerShm
	}
	o.eager = min(o.eager, o.ring.Max()-proto.NumberSize)
	o.offer = max(o.offer, o.eager/2) // where frames are short, less need not be offered
	if o.tailed {
		o.eager = min(o.eager, tailMin)
	}
	if ep.outs.few != nil {
		ep.outs.few[peer] = o
	} else {
		ep.outs.many[peer] = o
	}
	return o
}

// published lets the peer know of what has been put into its ring.
func (l *links) published(o *outbound) {
	if o.fence || atomic.LoadUint32(&o.bell.Sleeping) != 0 {
		l.wakeReader(o)
	}
}

// wakeReader wakes the peer if it sleeps. It stays a call, so that published is
// inlined.
//
//go:noinline
func (l *links) wakeReader(o *outbound) {
	if o.fence {
		atomic.SwapUint32(&l.fence, 0)
	}
	if atomic.LoadUint32(&o.bell.Sleeping) != 0 {
		o.link.Wake()
	}
}

// progress handles what has arrived and sends what has been waiting for room.
// It returns how much it did.
func (ep *endpoint) progress() int { return ep.progressBeside(nil) }

// progressBeside is progress that leaves one of the rings to the caller.
func (ep *endpoint) progressBeside(own *inbound) int {
	n := 0
	if ep.poller != nil {
		n = ep.poller.Poll() + ep.endTails()
	}
	for _, in := range ep.ins {
		if in != own && in.ring.Ready() {
			n += ep.drain(in)
		}
	}
	if atomic.LoadUint32(&ep.bell.Active) != ep.insSeen {
		ep.findRings()
		n++
	}
	if len(ep.sending) > 0 {
		n += ep.resend()
	}
	if ep.jobs.len() > 0 {
		ep.runJobs()
		n++
	}
	if len(ep.settling) > 0 {
		ep.settle()
		n++ // a rank with such work does not sleep
	}
	return n
}

// drain handles frames of one ring, a bounded number.
func (ep *endpoint) drain(in *inbound) int {
	n := 0
	for n < framesPerTurn {
		f, ok := in.ring.Next()
		if !ok {
			break
		}
		if n > 0 { // a stream
			in.ring.Fetch()
		}
		ep.arrive(in, f)
		if in.ring.Release(f) {
			in.released()
		}
		n++
	}
	ep.handled += uint32(n)
	return n
}

// released wakes the writer of a ring, who has been told of new room, if it
// sleeps.
func (in *inbound) released() {
	if atomic.LoadUint32(&in.bell.Sleeping) != 0 {
		in.link.Wake()
	}
}

// findRings takes up rings that peers have opened to this rank.
func (ep *endpoint) findRings() {
	ep.insSeen = atomic.LoadUint32(&ep.bell.Active)
	ep.carrier.NewRings(func(from int, m ring.Memory) {
		link := ep.carrier.Link(from)
		in := &inbound{peer: int32(from), link: link, bell: link.Bell(), index: uint64(len(ep.ins))}
		in.ring.Open(m)
		ep.ins = append(ep.ins, in)
		if ep.inFew != nil {
			ep.inFew[from] = in
		}
	})
}

// direct counts a message that is sent or received without a request, and so
// without a look at anything else. It reports whether it is time for that: a
// rank may do nothing but this for long.
func (l *links) direct() bool {
	l.directs++
	return l.directs%framesPerTurn == 0
}

// lookAround makes progress beside direct messages, which come from own. When
// nothing is under way, messages are better left in the rings: their receives
// may be about to start.
func (ep *endpoint) lookAround(own *inbound) {
	if ep.outstanding > 0 || ep.waiters.head != nil || ep.watchers.head != nil {
		ep.progressBeside(own)
	}
	ep.seeChanges()
	ep.serveWatchers()
}

// once makes progress without waiting. The caller holds ep.lock.
func (ep *endpoint) once() {
	ep.progress()
	ep.seeChanges()
	ep.serveWatchers()
}

// leave ends a call: it gives the lock back after making the copies that the
// call has caused, and sees to it that what is under way goes on.
func (ep *endpoint) leave() {
	ep.calls++
	if ep.jobs.len() > 0 || ep.outstanding > 0 && !ep.watched || ep.asleep {
		ep.leaveBehind()
		return
	}
	ep.lock.Unlock()
}

// leaveBehind is leave of a call that has caused something.
func (ep *endpoint) leaveBehind() {
	if ep.jobs.len() > 0 {
		ep.runJobs()
	}
	if ep.outstanding > 0 {
		ep.keepGoing()
	}
	ep.unlock()
}

// serve makes progress for this rank in the goroutine of another, unless one of
// its own polls. A rank that sleeps or polls helps itself.
func (ep *endpoint) serve() {
	if !ep.lock.TryLock() {
		return
	}
	if !ep.polling && !ep.closed {
		ep.progress()
		ep.serveWatchers()
	}
	ep.unlock() // it may have fallen asleep while a copy was made
}

// unlock gives the lock back after progress for a rank that may be asleep.
func (ep *endpoint) unlock() {
	if ep.asleep && ep.news {
		ep.news = false
		ep.own.Wake()
	}
	ep.lock.Unlock()
}
