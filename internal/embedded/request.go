package embedded

import (
	"fmt"
	"sync/atomic"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/coll"
	"github.com/ringo-mpi/ringo/internal/embedded/match"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/memory"
)

// request is a running operation: a send, a receive, or a control frame that
// waits for room in a ring. The endpoint's lock guards it. What a receive of one
// frame needs lies in the first two cache lines.
type request struct {
	ep   *endpoint
	cx   *space
	ptr  unsafe.Pointer // the memory that travels, contiguous
	n    int
	next *request // in the queue of an outbound ring, or in the pool
	peer int32    // rank in the world
	tag  int32
	sig  engine.Sig

	recv     bool
	blocking bool // a call waits for it
	counted  bool // in ep.outstanding: nobody may be waiting for it
	stage    stage
	owner    owner
	flags    uint8 // proto.Sync, proto.Ready
	stream   bool  // one of several sends: offered where a single one would not be
	giveUp   bool  // take it back as soon as all of it has left

	out   *engine.Outcome // where the outcome may be left, if
	state *uint32         // nobody is in a call on it
	post  match.Recv[request]

	dest   int32 // peer's rank in the communicator
	vertex int32 // of the schedule
	sent   int   // bytes that have left, or arrived as Data
	total  int   // length of the message being received as Data
	number uint64
	other  uint64 // the receiver's operation, in stageData

	status engine.Status
	err    error

	transfer *transport.Transfer // where this rank may help to copy its message
	schedule *coll.Schedule      // the collective it belongs to

	packed []byte         // contiguous copy of a layout
	layout *engine.Layout // where packed goes when received
	user   engine.Buf

	parked *parked // the goroutine that waits for it

	control *control // stageControl

	_ [8]byte // see wholeLines
}

// control is a frame without user data.
type control struct {
	kind     uint8
	ctx      uint32
	src, tag int32
	a, b, n  uint64
	text     string // Revoke, Decline
}

// operations are what is under way on a rank.
type operations struct {
	ops         numbers  // those that await an answer of a peer
	outstanding int      // those that no call may be waiting for
	pool        *request // requests for others to come
}

// done reports whether the operation has ended, with status and err.
func (r *request) done() bool { return r.stage == stageDone }

// newRequest takes a request from the pool of the endpoint.
func (ep *endpoint) newRequest() *request {
	if r := ep.pool; r != nil {
		ep.pool = r.next
		r.next = nil
		return r
	}
	return &request{ep: ep}
}

// recycle gives a request back that nothing refers to any more.
func (t *operations) recycle(r *request) {
	*r = request{ep: r.ep, next: t.pool}
	t.pool = r
}

// recycleReceive is recycle of a receive that was complete with one frame, and
// into contiguous memory: the rest of it has not been used, but for what every
// receive sets.
func (t *operations) recycleReceive(r *request) {
	r.recv, r.counted, r.blocking = false, false, false
	r.cx, r.ptr, r.out, r.state, r.next = nil, nil, nil, nil, t.pool
	t.pool = r
}

// retire gives a request back if its owner is one that does so at this moment.
func (t *operations) retire(r *request, at moment) {
	switch {
	case at == onHandedAtOnce:
		t.recycleReceive(r)
	case retires[r.owner]&at != 0:
		t.recycle(r)
	}
}

// complete ends an operation. For a receive, status has been set.
func (ep *endpoint) complete(r *request, err error) {
	if r.done() {
		return
	}
	r.turn(onEnd, stageDone)
	r.err = err
	ep.news = true
	if r.transfer != nil {
		ep.offered.remove(r)
	}
	if r.counted {
		r.counted = false
		ep.outstanding--
	}
	if r.number != 0 {
		ep.ops.remove(r.number)
		r.number = 0
	}
	if r.layout != nil && r.recv && r.packed != nil {
		r.layout.Unpack(r.user.Ptr, r.packed[:min(len(r.packed), r.status.Bytes)], r.user.Type.Size)
	}
	if r.out != nil && err == nil && !r.status.Cancelled && ep.hand(r, r.status.Bytes, int32(r.status.Source), int32(r.status.Tag)) {
		ep.retire(r, onHanded)
		return
	}
	if s := r.schedule; s != nil {
		n := r.n
		if r.recv {
			n = r.status.Bytes
		}
		v := int(r.vertex)
		ep.retire(r, onDone)
		s.Done(v, n, err)
		return
	}
	if p := r.parked; p != nil {
		r.parked = nil
		p.signal()
	}
	ep.retire(r, onDone)
}

// hand leaves the outcome of a receive that has succeeded where its caller looks
// for it, if nobody is in a call on it. Nobody refers to the request then.
func (ep *endpoint) hand(r *request, n int, src, tag int32) bool {
	o := r.out
	if !atomic.CompareAndSwapUint32(r.state, 0, engine.OutcomeReserved) {
		return false
	}
	ep.news = true
	if r.counted {
		ep.outstanding--
	}
	o.Bytes, o.Source, o.Tag = n, src, tag
	memory.StoreRelease32(r.state, engine.OutcomeDone)
	return true
}

// received ends a receive with the first n bytes of a message of total bytes
// from src (rank in the communicator).
func (ep *endpoint) received(r *request, src, tag int32, sig engine.Sig, total int, err error) {
	r.status.Source, r.status.Tag, r.status.Sig = int(src), int(tag), sig
	r.status.Bytes = total
	if err == nil && total > r.n {
		r.status.Bytes = r.n
		err = engine.PeerErrorf(engine.ErrTruncate, int(src), int(tag),
			"rank %d sent %s with tag %d, the buffer holds %s", src, amount(total, sig), tag, amount(r.n, r.sig))
	}
	ep.complete(r, err)
}

// numbers gives operations that await an answer a number that a peer can send
// back: the place in a table, and a count that tells a late answer from one
// that is meant for the operation now in that place.
type numbers struct {
	slots []*request
	gens  []uint32 // 31 bits
	near  int      // places that the table of claims has too: taken before others
	free  []uint32 // of those
	far   []uint32 // of the others, when they are free
}

func (t *numbers) add(r *request) uint64 {
	var i uint32
	list := &t.free
	if len(*list) == 0 {
		list = &t.far
	}
	if n := len(*list); n > 0 {
		i = (*list)[n-1]
		*list = (*list)[:n-1]
	} else {
		i = uint32(len(t.slots))
		t.slots = append(t.slots, nil)
		t.gens = append(t.gens, 1)
	}
	t.slots[i] = r
	r.number = uint64(t.gens[i])<<32 | uint64(i)
	return r.number
}

// get returns the operation with a number, nil when it has ended.
func (t *numbers) get(number uint64) *request {
	i := uint32(number)
	if int(i) >= len(t.slots) || t.gens[i] != uint32(number>>32) {
		return nil
	}
	return t.slots[i]
}

func (t *numbers) remove(number uint64) {
	if t.get(number) == nil {
		return
	}
	i := uint32(number)
	t.slots[i] = nil
	t.gens[i] = t.gens[i]%(1<<31-1) + 1
	if int(i) < t.near {
		t.free = append(t.free, i)
	} else {
		t.far = append(t.far, i)
	}
}

// each calls f for every operation that is under way. f may end it.
func (t *numbers) each(f func(*request)) {
	for _, r := range t.slots {
		if r != nil {
			f(r)
		}
	}
}

// handle is the engine.Request of a point-to-point operation.
type handle struct{ r *request }

// Test implements [engine.Request].
func (h handle) Test() (engine.Status, bool, error) {
	ep := h.r.ep
	ep.lock.Lock()
	if !h.r.done() {
		ep.once()
	}
	if !h.r.done() {
		ep.leaveInVain()
		return engine.Status{}, false, nil
	}
	st, err := h.r.status, h.r.err
	ep.retire(h.r, onRelease)
	ep.leave()
	return st, true, err
}

// Wait implements [engine.Request].
func (h handle) Wait(done <-chan struct{}) (engine.Status, error) {
	ep := h.r.ep
	ep.lock.Lock()
	if !h.r.done() {
		ep.waitedFor(h.r)
		if err := ep.await(cond{req: h.r}, done); err != nil {
			ep.leave()
			return engine.Status{}, err
		}
	}
	ep.leave()
	return h.r.status, h.r.err
}

// Recycle implements [engine.Recycler].
func (ep *endpoint) Recycle(r engine.Request) {
	h, ok := r.(handle)
	if !ok {
		if h, ok = engine.Unwrap(r).(handle); !ok {
			return
		}
	}
	if !ep.lock.TryLock() { // rather the collector's than a wait
		return
	}
	ep.retire(h.r, onRelease)
	ep.lock.Unlock()
}

// waitedFor notes that a call waits for r, and ends r if that is in vain.
func (ep *endpoint) waitedFor(r *request) {
	r.blocking = true
	if r.post.Posted() && len(ep.gone) > 0 {
		if err := ep.hopeless(r.cx, int(r.post.Source), true); err != nil {
			r.cx.q.Withdraw(&r.post)
			ep.complete(r, err)
		}
	}
}

// Cancel implements [engine.Request].
func (h handle) Cancel() error {
	ep := h.r.ep
	ep.lock.Lock()
	defer ep.leave()
	if h.r.owner == byCollective {
		return engine.Errorf(engine.ErrUnsupported, "a collective cannot be cancelled (MPI 5.0 §6.13)")
	}
	ep.cancel(h.r)
	return nil
}

// cancel withdraws a receive that has not matched, or asks for a send back.
func (ep *endpoint) cancel(r *request) {
	switch {
	case r.done():
	case r.recv:
		if r.cx.q.Withdraw(&r.post) {
			r.status = engine.Status{Detail: engine.Detail{Cancelled: true}}
			ep.complete(r, nil)
		}
	case r.stage == stageNew:
		if o := ep.outs.get(r.peer); o != nil && o.queue.remove(r) {
			r.status.Cancelled = true
			ep.complete(r, nil)
		}
	case r.stage == stageStream:
		r.giveUp = true
	case r.stage == stageAnswer && int(r.peer) == ep.rank: // a synchronous send to itself
		for m := r.cx.q.Unexpected(); m != nil; m = m.NextOfAll() {
			if m.Op.self == r {
				r.cx.q.Take(m)
				ep.freeMessage(m.Op, onForget)
				r.status.Cancelled = true
				ep.complete(r, nil)
				return
			}
		}
	case r.stage == stageAnswer && r.number != 0 && ep.takeBack(r):
		r.status.Cancelled = true
		ep.complete(r, r.err)
	}
}

// amount says in words how many elements of a signature n bytes are.
func amount(n int, sig engine.Sig) string {
	if size := sig.Kind().Size(); size > 0 && sig.Kind() != engine.Raw && n%size == 0 {
		return fmt.Sprintf("%d×%v", n/size, sig)
	}
	return fmt.Sprintf("%d bytes", n)
}
