package embedded

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

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

// batching is a hub of goroutine ranks that counts batches and can fail.
type batching struct {
	*inproc
	batched []int
	broken  error // of every second batch
}

func (h *batching) batches() bool { return true }

func (h *batching) pullAll(rank int, parts []part) error {
	h.batched = append(h.batched, len(parts))
	if h.broken != nil && len(h.batched)%2 == 1 {
		return h.broken
	}
	return h.inproc.pullAll(rank, parts)
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
		engines := NewInproc(2)
		from, to := engines[0].(*endpoint), engines[1].(*endpoint)
		from.watched, to.watched = true, true // nothing happens in the background
		h := &batching{inproc: to.hub.(*inproc), broken: c.broken}
		to.hub = h
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
		if string(src) != string(dst) {
			t.Errorf("%d × %d B: what arrives is not what was sent", c.count, c.size)
		}
		if !slices.Equal(h.batched, c.batches) {
			t.Errorf("%d × %d B: batches of %v messages instead of %v", c.count, c.size, h.batched, c.batches)
		}
	}
}
