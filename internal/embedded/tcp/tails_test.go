//go:build unix

package tcp

import (
	"bytes"
	"encoding/binary"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/ring"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
)

// putTailed sends a frame with a tail as an endpoint does.
func (s *sender) putTailed(number uint64, h ring.Header, payload, data []byte) {
	frame := binary.LittleEndian.AppendUint64(bytes.Clone(payload), uint64(len(data)))
	s.link.(transport.Tails).Attach(number, unsafe.Pointer(unsafe.SliceData(data)), len(data))
	s.putFlagged(2, transport.Tail, h, frame)
}

// tailed polls until a tail has ended and returns its number.
func (e *end) tailed(t *testing.T) uint64 {
	t.Helper()
	for begin := time.Now(); time.Since(begin) < time.Minute; {
		e.Poll()
		if n, ok := e.NextTail(); ok {
			return n
		}
		time.Sleep(20 * time.Microsecond)
	}
	t.Fatal("no tail ends")
	return 0
}

// Tails of all lengths arrive behind their frames, where the receiver says, beside
// short frames, and in both directions at once. What there is no room for is dropped.
func TestTails(t *testing.T) {
	ends := world(t, 2)
	lengths := []int{1, 7, 8, 9, 100, 4096, 16 << 10, 20 << 10, 64<<10 + 1, 300 << 10, 1<<20 + 13}
	const rounds = 10
	var all sync.WaitGroup
	for me := range 2 {
		sent := make(chan struct{})
		all.Go(func() {
			defer close(sent)
			s := ends[me].sender(1 - me)
			for i := range rounds {
				for k, n := range lengths {
					s.put(1, ring.Header{Tag: int32(k)}, pattern(40*k, i))
					s.putTailed(uint64(i*100+k), ring.Header{Tag: int32(k)}, pattern(16, k), pattern(n, i+k))
				}
			}
		})
		all.Go(func() {
			e := ends[me]
			r := &receiver{e: e, from: 1 - me}
			link := e.Link(1 - me).(transport.Tails)
			sends := 0
			count := func(number uint64) {
				if want := uint64(sends/len(lengths)*100 + sends%len(lengths)); number != want {
					t.Errorf("tail %d has been sent, %d is next", number, want)
				}
				sends++
			}
			const mine = 1 << 63
			for i := range rounds {
				for k, n := range lengths {
					if kind, h, data := r.next(t); kind != 1 || h.Tag != int32(k) || !bytes.Equal(data, pattern(40*k, i)) {
						t.Errorf("round %d: frame %d is of kind %d, tag %d, %d bytes", i, k, kind, h.Tag, len(data))
						return
					}
					if kind, h, data := r.next(t); kind != 2 || h.Tag != int32(k) || !bytes.Equal(data[:16], pattern(16, k)) {
						t.Errorf("round %d: frame %d with a tail is of kind %d, tag %d, %d bytes", i, k, kind, h.Tag, len(data))
						return
					}
					room := n
					if i%3 == 1 {
						room = n / 2
					} else if i%3 == 2 {
						room = n + 10
					}
					to := bytes.Repeat([]byte{0xee}, n+20)
					if !link.Land(mine, unsafe.Pointer(&to[0]), room, n) {
						for {
							number := e.tailed(t)
							if number == mine {
								break
							}
							count(number)
						}
					}
					in := min(room, n)
					if !bytes.Equal(to[:in], pattern(n, i+k)[:in]) || bytes.Count(to[in:], []byte{0xee}) != len(to)-in {
						t.Errorf("round %d: tail %d of %d bytes with room for %d is wrong", i, k, n, room)
						return
					}
				}
			}
			<-sent
			for sends < rounds*len(lengths) {
				count(e.tailed(t))
			}
		})
	}
	all.Wait()
}

// A receiver that expects another length than the frame has ends the connection.
func TestTailOfAnotherLength(t *testing.T) {
	ends := world(t, 2)
	s := ends[0].sender(1)
	s.putTailed(1, ring.Header{}, nil, pattern(100, 1))
	r := &receiver{e: ends[1], from: 0}
	r.next(t)
	var to [200]byte
	link := ends[1].Link(0).(transport.Tails)
	if link.Land(1, unsafe.Pointer(&to), len(to), 101) {
		t.Error("a tail of 100 bytes is taken for one of 101")
	}
	ends[1].mu.Lock()
	defer ends[1].mu.Unlock()
	if p := ends[1].peers[0]; p.state != parted || p.why == "" {
		t.Errorf("the connection is in state %d: %s", p.state, p.why)
	}
}

// Frames that are held for others to follow leave although the rank does nothing more.
func TestHeldFramesLeave(t *testing.T) {
	ends := world(t, 2)
	s := ends[0].sender(1)
	s.put(1, ring.Header{Tag: 0}, nil)
	r := &receiver{e: ends[1], from: 0}
	r.next(t)
	const frames = 20
	held := false
	for i := range frames {
		s.put(1, ring.Header{Tag: int32(i)}, pattern(8, i))
		ends[0].mu.Lock()
		held = held || ends[0].peers[1].held > 0
		ends[0].mu.Unlock()
	}
	for i := range frames {
		if _, h, _ := r.next(t); h.Tag != int32(i) {
			t.Fatalf("frame %d has tag %d", i, h.Tag)
		}
	}
	if !held {
		t.Error("no frame was held")
	}
}

// Many connections are looked at together.
func TestManyPeers(t *testing.T) {
	const n, rounds = fewPeers + 4, 5
	ends := world(t, n)
	var all sync.WaitGroup
	for r := 1; r < n; r++ {
		all.Go(func() {
			s := ends[r].sender(0)
			for i := range rounds {
				s.put(1, ring.Header{Tag: int32(i)}, pattern(100, r))
			}
		})
	}
	rings := map[int]*ring.Reader{}
	got := make([]int, n)
	for begin, left := time.Now(), (n-1)*rounds; left > 0; {
		if time.Since(begin) > time.Minute {
			t.Fatalf("frames of the ranks: %v", got)
		}
		ends[0].Poll()
		ends[0].NewRings(func(from int, m ring.Memory) { rings[from] = new(ring.Reader); rings[from].Open(m) })
		for from, r := range rings {
			for f, ok := r.Next(); ok; f, ok = r.Next() {
				if f.Tag != int32(got[from]) || f.Len != 100 {
					t.Fatalf("frame %d of rank %d has tag %d and %d bytes", got[from], from, f.Tag, f.Len)
				}
				got[from]++
				left--
				r.Release(f)
			}
		}
	}
	all.Wait()
}
