package embedded

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"
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

// slowSender is a hub whose peer takes the last piece of a shared copy at its
// start and needs long for it.
type slowSender struct {
	*inproc
	take func()
}

func (h slowSender) pull(dst unsafe.Pointer, rank int, addr uint64, n int) error {
	h.take()
	return h.inproc.pull(dst, rank, addr, n)
}

// A goroutine that leaves a copy with its sender, while another goroutine of
// the rank sleeps, wakes that one: nobody else would complete the receive.
func TestCopyLeftWithTheSenderWakes(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2)) // copies are shared where both ranks have a core
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	engines := NewInproc(2)
	from, to := engines[0].(*endpoint), engines[1].(*endpoint)
	from.watched, to.watched = true, true // nothing happens in the background
	h := to.hub.(*inproc)
	src, dst := make([]byte, 1<<20), make([]byte, 1<<20)
	src[len(src)-1] = 1
	buf := func(b []byte) engine.Buf {
		return engine.Buf{Ptr: unsafe.Pointer(&b[0]), Count: len(b), Type: rawType}
	}
	sent, err := from.World().Isend(buf(src), 1, 0, engine.Standard)
	must(err)
	number := sent.(handle).r.number
	h.help(1) // takes up the ring
	h.help(1) // and the offer

	record := h.transfer(0, number)
	at, length := 0, 0
	to.hub, to.pulled = slowSender{h, func() {
		if length == 0 {
			at, length, _ = takePiece(record, number>>32, len(src), true)
		}
	}}, true
	to.polling, to.asleep, to.news = true, true, false
	received, err := to.World().Irecv(buf(dst), 0, 0)
	must(err)
	if len(to.settling) != 1 || length == 0 {
		t.Fatalf("%d copies are left with the sender, which has %d bytes", len(to.settling), length)
	}
	select {
	case <-h.members[1].wake:
	default:
		t.Error("the rank was not woken")
	}
	to.polling, to.asleep = false, false
	copy(dst[at:], src[at:at+length])
	atomic.AddUint64(&record.Done, uint64(length))
	for _, r := range []engine.Request{received, sent} {
		_, err := r.Wait(nil)
		must(err)
	}
	if dst[len(dst)-1] != 1 {
		t.Error("the last byte is missing")
	}
}

// A board has other ways where ranks outnumber cores.
func TestBoardKnowsOfACrowd(t *testing.T) {
	for _, crowded := range []bool{false, true} {
		if spin := boardSpin(&shm{crowded: crowded}); (spin == 0) != crowded {
			t.Errorf("crowded %v: a board polls %d times", crowded, spin)
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

// A receive whose message has been offered copies it although the goroutine that
// polls for the rank is asleep, waiting for something else.
func TestReceiveBesideASleeper(t *testing.T) {
	ranks := NewInproc(2)
	to, from := ranks[0].(*endpoint), ranks[1].(*endpoint)
	buf := func(n int) engine.Buf {
		p := make([]byte, n+1)
		return engine.Buf{Ptr: unsafe.Pointer(&p[0]), Count: n, Type: rawType}
	}
	results := make(chan error)
	receive := func(n, tag int) {
		_, err := to.world.Recv(buf(n), 1, tag, nil)
		results <- err
	}
	asleep := func(holds func() bool) {
		for seen := false; !seen; time.Sleep(time.Millisecond) {
			to.lock.Lock()
			seen = to.asleep && holds()
			to.lock.Unlock()
		}
	}
	end := func() {
		t.Helper()
		select {
		case err := <-results:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(30 * time.Second):
			t.Fatal("the receive does not end")
		}
	}
	const long = 300 << 10
	go receive(8, 9)
	asleep(func() bool { return true })
	sent, err := from.world.Isend(buf(long), 0, 1, engine.Standard)
	if err != nil {
		t.Fatal(err)
	}
	asleep(func() bool { return !to.world.contexts[0].q.Empty() }) // it has been told of the message
	go receive(long, 1)
	end()
	if err := from.world.Send(buf(8), 0, 9, engine.Standard, nil); err != nil {
		t.Fatal(err)
	}
	end()
	if _, err := sent.Wait(nil); err != nil {
		t.Error(err)
	}
}
