package embedded

import (
	"testing"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/segment"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// A rank that fell asleep while somebody else made progress for it is woken by
// what that progress has completed.
func TestProgressOfOthersWakes(t *testing.T) {
	ep := NewInproc(2)[0].(*endpoint)
	h := ep.hub.(*inproc)
	for what, progress := range map[string]func(){
		"help": func() { h.help(0) },
		"tick": func() { ep.tick() },
	} {
		ep.asleep, ep.news = true, true
		progress()
		select {
		case <-h.members[0].wake:
		default:
			t.Errorf("%s: the rank was not woken", what)
		}
		if ep.news {
			t.Errorf("%s: the news is still there", what)
		}
	}
}

// Sends to a rank that has ended, or ends while they wait for room in its ring,
// leave nothing of themselves in the pool of requests.
func TestSendsToARankThatEnds(t *testing.T) {
	ep := NewInproc(3)[0].(*endpoint)
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
		r.pooled = true
		ep.startSend(r, cx, engine.Buf{Ptr: unsafe.Pointer(&data[0]), Count: n, Type: rawType}, to, 0, mode)
	}
	sends := func(to int) {
		for _, n := range []int{100 << 10, 1000, 8, 0} {
			for range 20 {
				send(n, to, engine.Synchronous)
				send(n, to, engine.Standard)
			}
		}
	}
	sends(1)
	if ep.outs.get(1).queue.head == nil {
		t.Fatal("no send waits for room")
	}
	ep.hub.advance(1, segment.Finalized)
	ep.hub.advance(2, segment.Finalized)
	ep.seeChanges()
	sends(1)                          // its ring is full
	send(100<<10, 2, engine.Standard) // there is room
	send(8, 2, engine.Synchronous)
	send(8, 2, engine.Standard)
	seen := map[*request]bool{}
	for r := ep.pool; r != nil; r = r.next {
		if r.done || r.err != nil || seen[r] {
			t.Fatalf("the pool holds a request that is in use: done %v, error %v, twice %v", r.done, r.err, seen[r])
		}
		seen[r] = true
	}
	if len(seen) < spare {
		t.Errorf("%d requests are in the pool, there were %d", len(seen), spare)
	}
}
