package embedded

import (
	"testing"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/proto"
	"github.com/ringo-mpi/ringo/internal/embedded/ring"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// machine is rank 0 of 2 with a ring from rank 1 whose frames the test makes up.
type machine struct {
	ep   *endpoint
	cx   *space
	in   *inbound
	data []byte
}

const partLength = 8 // of a message of two parts

func newMachine() *machine {
	ranks := NewInproc(2)
	ep := ranks[0].(*endpoint)
	ranks[1].(*endpoint).outbound(0)
	ep.findRings()
	return &machine{ep, ep.world.contexts[pointToPoint], ep.inFew[1], make([]byte, 2*partLength)}
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
