package embedded

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/inproc"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/engine"
)

func TestJobQueue(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var q jobQueue
	var model []int
	for i := range 10000 {
		if rng.IntN(2) == 0 || len(model) == 0 {
			q.push(job{n: i})
			model = append(model, i)
		} else {
			first := q.first().n
			if j := q.pop(); j.n != model[0] || first != j.n {
				t.Fatalf("step %d: job %d comes (and %d is first) instead of %d", i, j.n, first, model[0])
			}
			model = model[1:]
		}
		if q.len() != len(model) {
			t.Fatalf("step %d: %d jobs instead of %d", i, q.len(), len(model))
		}
	}
	if cap(q.list) > 1024 {
		t.Errorf("the list has grown to %d jobs", cap(q.list))
	}
}

// batching is the memory of goroutine ranks that counts batches and can fail.
type batching struct {
	transport.Reach
	batched []int
	broken  error // of every second batch
	check   func(batch int)
}

func (h *batching) Batches() bool { return true }

func (h *batching) PullAll(parts []transport.Part) error {
	h.batched = append(h.batched, len(parts))
	h.check(len(parts))
	if h.broken != nil && len(h.batched)%2 == 1 {
		return h.broken
	}
	return h.Reach.PullAll(parts)
}

// reaching is an end whose peers' memory is what wrap makes of it.
type reaching struct {
	transport.Self
	wrap func(transport.Reach) transport.Reach
}

func (s reaching) Link(peer int) transport.Link { return reachingLink{s.Self.Link(peer), s.wrap} }

type reachingLink struct {
	transport.Link
	wrap func(transport.Reach) transport.Reach
}

func (l reachingLink) Reach() transport.Reach { return l.wrap(l.Link.Reach()) }

// batchingEnd makes the end of a rank count its batches.
func batchingEnd(end transport.End) (transport.End, *batching) {
	h := &batching{}
	end.Self = reaching{end.Self, func(r transport.Reach) transport.Reach {
		h.Reach = r
		return h
	}}
	return end, h
}

// newRank makes the endpoint of a rank with nothing in the background.
func newRank(end transport.End) *endpoint {
	ep := New(end).(*endpoint)
	ep.watched = true
	return ep
}

// Messages of a stream are copied several at a time, no more than batchMost and
// batchBytes; a batch that fails is copied message by message.
func TestBatches(t *testing.T) {
	for _, c := range []struct {
		size, count int
		broken      error
		batches     []int // after the first message, which shows that copies work
	}{
		{32 << 10, 10, nil, []int{4, 4}}, // and one alone
		{32 << 10, 10, errors.New("forbidden"), []int{4, 4}},
		{9 << 10, 18, nil, []int{8, 8}},
		{256 << 10, 4, nil, nil},
	} {
		ends := inproc.New(2)
		end, h := batchingEnd(ends[1])
		h.broken = c.broken
		from, to := newRank(ends[0]), newRank(end)
		h.check = func(batch int) { // their senders cannot have them back
			if len(to.running) != batch {
				t.Errorf("%d × %d B: %d messages are marked as being copied, of a batch of %d", c.count, c.size, len(to.running), batch)
			}
		}
		buf := func(b []byte) engine.Buf {
			return engine.Buf{Ptr: unsafe.Pointer(&b[0]), Count: len(b), Type: rawType}
		}
		src, dst := make([]byte, c.size*c.count), make([]byte, c.size*c.count)
		for i := range src {
			src[i] = byte(i * 7 >> 3)
		}
		piece := func(b []byte, i int) engine.Buf { return buf(b[i*c.size : (i+1)*c.size]) }
		stream := func(first, end int) {
			var requests []engine.Request
			for i := first; i < end; i++ {
				r, err := to.World().Irecv(piece(dst, i), 0, 0)
				if err != nil {
					t.Fatal(err)
				}
				requests = append(requests, r)
			}
			for i := first; i < end; i++ {
				r, err := from.World().Isend(piece(src, i), 1, 0, engine.Standard)
				if err != nil {
					t.Fatal(err)
				}
				requests = append(requests, r)
			}
			for _, r := range requests {
				if _, err := r.Wait(nil); err != nil {
					t.Fatal(err)
				}
			}
		}
		stream(0, 1)
		stream(1, c.count)
		if len(to.running) != 0 {
			t.Errorf("%d × %d B: %d messages are still marked as being copied", c.count, c.size, len(to.running))
		}
		if string(src) != string(dst) {
			t.Errorf("%d × %d B: what arrives is not what was sent", c.count, c.size)
		}
		if !slices.Equal(h.batched, c.batches) {
			t.Errorf("%d × %d B: batches of %v messages instead of %v", c.count, c.size, h.batched, c.batches)
		}
	}
}

// Of several nonblocking sends in a row, those after the first few are offered
// where as many receives are posted; a rank that only sends is not made to wait.
func TestStreamsAreOffered(t *testing.T) {
	for _, c := range []struct {
		name          string
		source        int
		posted, sends int
		size          int
		handled       bool // something comes between the sends
		offered       int
	}{
		{"an exchange", 1, 8, 6, streamMin, false, 4},
		{"nothing posted", 1, 0, 6, streamMin, false, 0},
		{"few posted", 1, 4, 6, streamMin, false, 2},
		{"posted for others", 2, 8, 6, streamMin, false, 0},
		{"posted for anybody", engine.AnySource, 8, 6, streamMin, false, 0},
		{"short", 1, 8, 6, streamMin - 1, false, 0},
		{"one by one", 1, 8, 6, streamMin, true, 0},
	} {
		end, _ := batchingEnd(inproc.New(3)[0])
		ep := newRank(end)
		ep.outbound(1).offer = 1 << 20 // as between processes: longer than these
		b := make([]byte, c.size)
		buf := engine.Buf{Ptr: unsafe.Pointer(&b[0]), Count: len(b), Type: rawType}
		for range c.posted {
			if _, err := ep.World().Irecv(buf, c.source, 1); err != nil {
				t.Fatal(err)
			}
		}
		offered := 0
		for range c.sends {
			r, err := ep.World().Isend(buf, 1, 0, engine.Standard)
			if err != nil {
				t.Fatal(err)
			}
			if h, ok := r.(handle); ok && h.r.stream {
				offered++
			}
			if c.handled {
				ep.handled++
			}
		}
		if offered != c.offered {
			t.Errorf("%s: %d of %d sends are offered, not %d", c.name, offered, c.sends, c.offered)
		}
	}
	// A rank that has ended does not answer an offer.
	end, _ := batchingEnd(inproc.New(2)[0])
	ep := newRank(end)
	ep.outbound(1).offer = 1 << 20
	ep.gone = map[int]string{1: "it has ended"}
	b := make([]byte, streamMin)
	buf := engine.Buf{Ptr: unsafe.Pointer(&b[0]), Count: len(b), Type: rawType}
	cx := ep.world.contexts[0]
	r := ep.newRequest()
	r.stream = true
	ep.startSend(r, cx, &buf, 1, 0, engine.Standard)
	if r.stage == stageAnswer {
		t.Error("a send to a rank that has ended waits for an answer")
	}
}
