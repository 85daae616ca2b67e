package embedded

import (
	"reflect"
	"testing"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/match"
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
