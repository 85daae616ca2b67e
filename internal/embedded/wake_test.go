package embedded

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/inproc"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// A rank that fell asleep while somebody else made progress for it is woken by
// what that progress has completed.
func TestProgressOfOthersWakes(t *testing.T) {
	end, woken := counting(inproc.New(2)[0])
	ep := New(end).(*endpoint)
	for what, progress := range map[string]func(){
		"help": func() { ep.own.Help() },
		"tick": func() { ep.tick() },
	} {
		ep.asleep, ep.news, *woken = true, true, 0
		progress()
		if *woken == 0 {
			t.Errorf("%s: the rank was not woken", what)
		}
		if ep.news {
			t.Errorf("%s: the news is still there", what)
		}
	}
}

// waking counts the wakes of a rank.
type waking struct {
	transport.Self
	rank  int
	woken *int
}

func (s waking) Link(peer int) transport.Link {
	if peer == s.rank {
		return wakingLink{s.Self.Link(peer), s.woken}
	}
	return s.Self.Link(peer)
}

type wakingLink struct {
	transport.Link
	woken *int
}

func (l wakingLink) Wake() {
	*l.woken++
	l.Link.Wake()
}

// counting makes the end of a rank count how often the rank wakes itself.
func counting(end transport.End) (transport.End, *int) {
	woken := new(int)
	end.Self = waking{end.Self, end.Facts.Rank, woken}
	return end, woken
}

// slowSender is the memory of a peer that takes the last piece of a shared copy
// at its start and needs long for it.
type slowSender struct {
	transport.Reach
	take func()
}

func (h slowSender) Pull(dst unsafe.Pointer, addr uint64, n int) error {
	h.take()
	return h.Reach.Pull(dst, addr, n)
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
	var record *transport.Transfer
	var number uint64
	at, length := 0, 0
	ends := inproc.New(2)
	end, woken := counting(ends[1])
	end.Self = reaching{end.Self, func(r transport.Reach) transport.Reach {
		return slowSender{r, func() {
			if length == 0 {
				at, length, _ = takePiece(record, number>>32, 1<<20, true)
			}
		}}
	}}
	from, to := newRank(ends[0]), newRank(end)
	src, dst := make([]byte, 1<<20), make([]byte, 1<<20)
	src[len(src)-1] = 1
	buf := func(b []byte) engine.Buf {
		return engine.Buf{Ptr: unsafe.Pointer(&b[0]), Count: len(b), Type: rawType}
	}
	sent, err := from.World().Isend(buf(src), 1, 0, engine.Standard)
	must(err)
	number = sent.(handle).r.number
	to.own.Help() // takes up the ring
	to.own.Help() // and the offer

	record = from.own.Transfer(number)
	to.pulled = true
	to.polling, to.asleep, to.news, *woken = true, true, false, 0
	received, err := to.World().Irecv(buf(dst), 0, 0)
	must(err)
	if len(to.settling) != 1 || length == 0 {
		t.Fatalf("%d copies are left with the sender, which has %d bytes", len(to.settling), length)
	}
	if *woken == 0 {
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
		end := inproc.New(2)[0]
		end.Facts.InProcess, end.Facts.Crowded = false, crowded
		if f := newBoardHost(newRank(end).world).Facts(); f.Crowded != crowded {
			t.Errorf("crowded %v: a board hears of %v", crowded, f.Crowded)
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
