package embedded

import (
	"runtime"
	"testing"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/match"
	"github.com/ringo-mpi/ringo/internal/embedded/proto"
	"github.com/ringo-mpi/ringo/internal/embedded/ring"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// machine is rank 0 of 2 with a ring from rank 1 whose frames the test makes up.
type machine struct {
	ep   *endpoint
	peer *endpoint
	cx   *space
	in   *inbound
	data []byte
}

const partLength = 8 // of a message of two parts

func newMachine() *machine {
	ranks := NewInproc(2)
	ep := ranks[0].(*endpoint)
	peer := ranks[1].(*endpoint)
	peer.outbound(0)
	ep.findRings()
	return &machine{ep, peer, ep.world.contexts[pointToPoint], ep.inFew[1], make([]byte, 2*partLength)}
}

func (k *machine) frame() ring.Frame {
	return ring.Frame{Header: &ring.Header{Ctx: k.cx.remote(0), Src: 1, Tag: 5, Sig: uint32(rawType.Sig)}}
}

func (k *machine) buf() *engine.Buf {
	return &engine.Buf{Ptr: unsafe.Pointer(&k.data[0]), Count: len(k.data), Type: rawType}
}

func (k *machine) receive() *request {
	r := k.ep.newRequest()
	k.ep.startRecv(r, k.cx, k.buf(), engine.AnySource, 5)
	return r
}

func (k *machine) senderDies() {
	k.ep.noteEnd(1, true)
	k.ep.peerEnded(1, true)
}

// noClaim is the number of an operation beyond the table of claims.
const noClaim = 1<<32 | 0xffffffff

// message makes a message in a state.
func (k *machine) message(state messageState) *message {
	ep := k.ep
	part := proto.Body{Total: len(k.data), Data: k.data[:partLength]}
	switch state {
	case msgWhole:
		part.Data = k.data
		ep.arriveFirst(k.in, k.frame(), part)
	case msgOffered:
		o := proto.Origin{Number: noClaim, Total: uint64(len(k.data)), Offset: proto.NoOffset}
		ep.arriveOffer(k.in, k.frame(), proto.Body{Number: noClaim, Total: len(k.data), Origin: o})
	case msgSelf:
		ep.startSend(ep.newRequest(), k.cx, k.buf(), 0, 5, engine.Synchronous)
	default:
		ep.arriveFirst(k.in, k.frame(), part)
	}
	m := k.cx.q.Unexpected().Op
	switch state {
	case msgPromised:
		k.receive()
	case msgForgotten:
		ep.drop(m)
	case msgLost:
		k.senderDies()
	}
	return m
}

// happen lets an event happen by the means of the engine.
func (k *machine) happen(on messageEvent) {
	switch on {
	case onMatch:
		k.receive()
	case onLastPart:
		if k.in.total > 0 { // else there is no message that a part may belong to
			k.ep.arriveMore(k.in, k.data[partLength:])
		}
	case onForget:
		k.ep.revoke(k.ep.world, "the test says so")
	case onSenderEnd:
		k.senderDies()
	}
}

// The code moves messages as the table says, for every state and event, and not
// at all where the table has no move.
func TestMessageMoves(t *testing.T) {
	moves := 0
	for state := msgArriving; state <= msgLost; state++ {
		for on := onMatch; on <= onSenderEnd; on++ {
			k := newMachine()
			k.ep.lock.Lock()
			m := k.message(state)
			if m.state != state {
				t.Fatalf("the message is in state %d, not %d", m.state, state)
			}
			want, ok := messageMoves[messageMove{state, on}]
			if ok {
				moves++
			} else {
				want = state
			}
			k.happen(on)
			if m.state != want {
				t.Errorf("state %d, event %d: state %d follows, the table says %d", state, on, m.state, want)
			}
			if free := k.ep.messages == m; free != (want == msgUnused) {
				t.Errorf("state %d, event %d: the message is in the pool: %v", state, on, free)
			}
			k.ep.lock.Unlock()
		}
	}
	if moves != len(messageMoves) {
		t.Errorf("%d of the %d moves of the table were made", moves, len(messageMoves))
	}
}

// Under the race detector a move that the table does not have panics.
func TestOtherMessageMovesAreRefused(t *testing.T) {
	for state := msgUnused; state <= msgLost; state++ {
		for on := onMatch; on <= onSenderEnd; on++ {
			for to := msgUnused; to <= msgLost; to++ {
				next, ok := messageMoves[messageMove{state, on}]
				m := &message{state: state}
				refused := panics(func() { m.turn(on, to) })
				if want := checked && (!ok || next != to); refused != want {
					t.Errorf("state %d, event %d, state %d: refused %v, want %v", state, on, to, refused, want)
				}
			}
		}
	}
}

func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return false
}

// block makes sends to rank 1 wait until unblock.
func (k *machine) block() (unblock func()) {
	o := k.ep.outbound(1)
	b := &request{ep: k.ep, peer: 1, stage: stageControl, owner: byCollective, control: &control{kind: proto.Matched}}
	k.ep.enqueue(o, b)
	return func() { o.queue.remove(b) }
}

// send starts a synchronous send of so many bytes.
func (k *machine) send(n int) *request {
	if n > len(k.data) {
		k.data = make([]byte, n)
	}
	r := k.ep.newRequest()
	k.ep.startSend(r, k.cx, &engine.Buf{Ptr: unsafe.Pointer(&k.data[0]), Count: n, Type: rawType}, 1, 5, engine.Synchronous)
	return r
}

const moreThanARing = 4 << 20

// operation makes an operation in a stage in which the event can happen.
func (k *machine) operation(s stage, on stageEvent) (r *request) {
	k.ep.outbound(1).offer = 1 << 30
	switch s {
	case stageNew:
		if on == onAsk {
			r = k.receive()
			k.cx.q.Withdraw(&r.post)
			r.peer = 1
			break
		}
		n := 8
		if on == onFirstPart {
			n = moreThanARing
		}
		defer k.block()()
		r = k.send(n)
	case stageStream:
		r = k.send(moreThanARing)
	case stageAnswer:
		r = k.send(8)
	case stageData:
		r = k.operation(stageAnswer, onAsked)
		k.step(r, onAsked)
	case stagePlaced:
		defer k.block()()
		k.data = make([]byte, 8)
		r = k.cx.comm.startPlacing(1, uint64(uintptr(unsafe.Pointer(&k.data[0]))), unsafe.Pointer(&k.data[0]), 8)
	case stageControl:
		defer k.block()()
		k.ep.answer(1, control{kind: proto.Matched})
		r = k.ep.outs.get(1).queue.tail
		r.owner = byProgram // else it would be in the pool after its end
	case stageReceived:
		r = k.operation(stageNew, onAsk)
		k.step(r, onAsk)
	case stageDone:
		r = k.send(8)
		k.step(r, onEnd)
	}
	return r
}

// step lets an event happen to an operation by the means of the engine.
func (k *machine) step(r *request, on stageEvent) {
	ep := k.ep
	switch on {
	case onFirstPart:
		ep.resend()
	case onAllLeft:
		for r.sent < r.n && r.stage != stageAnswer {
			if ep.resend(); r.stage == stageStream {
				k.peer.lock.Lock()
				k.peer.once()
				k.peer.lock.Unlock()
			}
		}
	case onAsked:
		defer k.block()()
		ep.arriveAnswer(k.in, proto.Send, proto.Body{Number: r.number, Other: 1 << 32})
	case onAsk:
		n := len(k.data)
		ep.askFor(job{r: r, n: n, total: n, reply: 1 << 32, src: 1, tag: 5, sig: rawType.Sig, out: ep.outbound(1)})
	case onEnd:
		switch r.stage {
		case stageNew:
			ep.cancel(r)
		case stageStream:
			k.senderDies()
		case stageAnswer:
			ep.arriveAnswer(k.in, proto.Matched, proto.Body{Number: r.number})
		case stageData, stagePlaced, stageControl:
			ep.resend()
		case stageReceived:
			ep.arriveData(k.in, proto.Body{Number: r.number, Data: k.data})
		}
	}
}

// The code moves operations as the table says.
func TestStageMoves(t *testing.T) {
	for move, want := range stageMoves {
		k := newMachine()
		k.ep.lock.Lock()
		r := k.operation(move.from, move.on)
		if r.stage != move.from {
			t.Fatalf("stage %d, event %d: the operation is in stage %d", move.from, move.on, r.stage)
		}
		if k.step(r, move.on); r.stage != want {
			t.Errorf("stage %d, event %d: stage %d follows, the table says %d", move.from, move.on, r.stage, want)
		}
		k.ep.lock.Unlock()
	}
}

// What a peer should not have asked for, or what ends twice, moves nothing.
func TestOtherStageMovesAreRefused(t *testing.T) {
	for s := stageNew; s <= stageDone; s++ {
		k := newMachine()
		k.ep.lock.Lock()
		if s != stageAnswer {
			r := k.operation(s, onEnd)
			if r.number == 0 {
				k.ep.ops.add(r)
			}
			if k.step(r, onAsked); r.stage != s {
				t.Errorf("asked for in stage %d, the operation is in stage %d", s, r.stage)
			}
		}
		r := newMachine().operation(stageDone, onEnd)
		if r.ep.complete(r, errStopped); r.err != nil || !r.done() {
			t.Errorf("a second end leaves stage %d, error %v", r.stage, r.err)
		}
		k.ep.lock.Unlock()
		for on := onFirstPart; on <= onEnd; on++ {
			for to := stageNew; to <= stageDone; to++ {
				next, ok := stageMoves[stageMove{s, on}]
				r := &request{stage: s}
				refused := panics(func() { r.turn(on, to) })
				if want := checked && (!ok || next != to); refused != want {
					t.Errorf("stage %d, event %d, stage %d: refused %v, want %v", s, on, to, refused, want)
				}
			}
		}
	}
}

func (ep *endpoint) inPool(r *request) bool {
	n := 0
	for p, left := ep.pool, 100; p != nil && left > 0; p, left = p.next, left-1 { // a loop is no end
		if p == r {
			n++
		}
	}
	if n > 1 {
		panic("a request is in the pool twice")
	}
	return n == 1
}

// A request goes back to the pool at the moment that the table has for its
// owner.
func TestRetirement(t *testing.T) {
	posted := func(cx *space) (r *request) {
		cx.q.Each(func(p *match.Recv[request]) bool { r = p.Op; return false }, nil)
		return r
	}
	arrives := func(k *machine) { // in two parts
		k.ep.arriveFirst(k.in, k.frame(), proto.Body{Total: len(k.data), Data: k.data[:partLength]})
		k.ep.arriveMore(k.in, k.data[partLength:])
	}
	check := func(r *request, name string, want bool) {
		t.Helper()
		if got := r.ep.inPool(r); got != want {
			t.Errorf("%s: in the pool %v, want %v", name, got, want)
		}
	}
	released := func(r *request, name string, want bool) {
		t.Helper()
		r.ep.lock.Unlock()
		if _, ok, err := (handle{r}).Test(); !ok || err != nil {
			t.Errorf("%s: over %v, error %v", name, ok, err)
		}
		r.ep.lock.Lock()
		check(r, name+", released", want)
	}
	each := map[owner]func(k *machine){
		byProgram: func(k *machine) {
			k.ep.lock.Unlock()
			r := k.ep.irecv(k.cx, k.buf(), 1, 5).(handle).r
			k.ep.lock.Lock()
			arrives(k)
			check(r, "program, done", false)
			released(r, "program", true)

			var out engine.Outcome
			var state uint32
			k.ep.lock.Unlock()
			h, _ := k.ep.irecvNow(k.cx, k.buf(), 1, 5, &out, &state)
			k.ep.lock.Lock()
			r = h.(handle).r
			check(r, "program, under way", false)
			arrives(k)
			check(r, "program, handed", true)
		},
		byCall: func(k *machine) {
			returned := make(chan struct{})
			go func() {
				defer close(returned)
				if _, err := k.ep.recv(k.cx, k.buf(), 1, 5, nil); err != nil {
					t.Error(err)
				}
			}()
			var r *request
			for ; r == nil; r = posted(k.cx) {
				k.ep.lock.Unlock()
				runtime.Gosched()
				k.ep.lock.Lock()
			}
			arrives(k)
			check(r, "call, done", false)
			k.ep.lock.Unlock()
			<-returned
			k.ep.lock.Lock()
			check(r, "call, released", true)
		},
		bySchedule: func(k *machine) {
			k.ep.lock.Unlock()
			if _, err := k.ep.world.Icollective(engine.Coll{Kind: engine.Barrier}); err != nil {
				t.Fatal(err)
			}
			k.ep.lock.Lock()
			r := posted(k.ep.world.contexts[collectives])
			check(r, "schedule, under way", false)
			r.cx.q.Withdraw(&r.post)
			k.ep.complete(r, nil)
			check(r, "schedule, done", true)
		},
		byEngine: func(k *machine) {
			unblock := k.block()
			k.ep.lock.Unlock()
			k.ep.isend(k.cx, k.buf(), 1, 5, engine.Buffered)
			k.ep.lock.Lock()
			r := k.ep.outs.get(1).queue.tail
			unblock()
			check(r, "engine, under way", false)
			k.ep.resend()
			check(r, "engine, done", true)
		},
		byCollective: func(k *machine) {
			k.ep.lock.Unlock()
			h, err := k.ep.world.Icollective(engine.Coll{Kind: engine.Barrier})
			if err != nil {
				t.Fatal(err)
			}
			k.ep.lock.Lock()
			r := h.(handle).r
			k.ep.complete(r, nil)
			check(r, "collective, done", false)
			released(r, "collective", false)
			k.ep.lock.Unlock()
			k.ep.Recycle(h)
			k.ep.lock.Lock()
			check(r, "collective, recycled", false)
		},
	}
	for who := range owner(len(retires)) {
		k := newMachine()
		k.ep.lock.Lock()
		each[who](k)
		k.ep.lock.Unlock()
	}
}
