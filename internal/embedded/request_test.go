package embedded

import (
	"reflect"
	"testing"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/inproc"
	"github.com/ringo-mpi/ringo/internal/embedded/match"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// A receive whose outcome the engine leaves in the program's request goes back
// to the pool as new, also after a call on it that ended because of another.
func TestRecycledReceiveIsNew(t *testing.T) {
	for _, n := range []int{0, 8, 1000} {
		ranks := NewInproc(2)
		to, from := ranks[0].(*endpoint), ranks[1].(*endpoint)
		data := make([]byte, n+1)
		buf := func() *engine.Buf {
			return &engine.Buf{Ptr: unsafe.Pointer(&data[0]), Count: n, Type: rawType}
		}
		var out engine.Outcome
		var state uint32
		r, _ := to.irecvNow(to.world.contexts[0], buf(), 1, 5, &out, &state)
		to.lock.Lock()
		to.waitedFor(r.(handle).r)
		to.lock.Unlock()
		if err := from.send(from.world.contexts[0], buf(), 0, 5, engine.Standard, nil); err != nil {
			t.Fatal(err)
		}
		to.lock.Lock()
		for range 2 { // finds the ring, then the frame
			to.once()
		}
		if to.pool == nil {
			t.Fatal("the receive is not complete")
		}
		got := *to.pool
		to.lock.Unlock()
		if state != engine.OutcomeDone || out.Bytes != n {
			t.Fatalf("state %d, %d bytes; want %d, %d", state, out.Bytes, engine.OutcomeDone, n)
		}
		// Every receive sets these.
		got.n, got.tag, got.sig, got.post, got.next = 0, 0, 0, match.Recv[request]{}, nil
		if want := (request{ep: to}); !reflect.DeepEqual(got, want) {
			t.Errorf("%d bytes: the pool holds %+v, want %+v", n, got, want)
		}
	}
}

// Sends to a rank that has ended, or ends while they wait for room in its ring,
// leave nothing of themselves in the pool of requests.
func TestSendsToARankThatEnds(t *testing.T) {
	ends := inproc.New(3)
	ep := New(ends[0]).(*endpoint)
	cx := ep.world.contexts[0]
	data := make([]byte, 100<<10)
	ep.lock.Lock()
	defer ep.lock.Unlock()
	const spare = 5 // requests in the pool at the start
	for range spare {
		ep.recycle(&request{ep: ep})
	}
	send := func(n, to int, mode engine.SendMode) {
		r := ep.newRequest()
		r.owner = byEngine
		ep.startSend(r, cx, &engine.Buf{Ptr: unsafe.Pointer(&data[0]), Count: n, Type: rawType}, to, 0, mode)
	}
	sends := func(to int) {
		for _, n := range []int{100 << 10, 1000, 8, 0} {
			for range 50 {
				send(n, to, engine.Synchronous)
				send(n, to, engine.Standard)
			}
		}
	}
	sends(1)
	if ep.outs.get(1).queue.head == nil {
		t.Fatal("no send waits for room")
	}
	ends[1].Job.Advance(transport.Finalized)
	ends[2].Job.Advance(transport.Finalized)
	ep.seeChanges()
	sends(1)                          // its ring is full
	send(100<<10, 2, engine.Standard) // there is room
	send(8, 2, engine.Synchronous)
	send(8, 2, engine.Standard)
	seen := map[*request]bool{}
	for r := ep.pool; r != nil; r = r.next {
		if r.done() || r.err != nil || seen[r] {
			t.Fatalf("the pool holds a request that is in use: done %v, error %v, twice %v", r.done(), r.err, seen[r])
		}
		seen[r] = true
	}
	if len(seen) < spare {
		t.Errorf("%d requests are in the pool, there were %d", len(seen), spare)
	}
}
