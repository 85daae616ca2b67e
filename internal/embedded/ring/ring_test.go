package ring_test

import (
	"math/rand/v2"
	"runtime"
	"testing"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/ring"
)

func newRing(size int) (w ring.Writer, r ring.Reader) {
	words := make([]uint64, size/8)
	m := ring.Memory{Tail: new(uint64), Data: unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), size)}
	w.Open(m)
	r.Open(m)
	return w, r
}

// content is byte i of the payload of frame seed. Every second frame consists of
// words that would be first words of frames, or marks that send the reader to
// the start of the ring: taken for one, they would be noticed.
func content(seed uint32, i int) byte {
	if seed%2 == 0 {
		return byte(seed + uint32(i))
	}
	word := uint64(seed%300) | uint64(1+seed/2%4)<<32
	if seed%5 == 0 {
		word = 0xff << 32
	}
	return byte(word >> (i % 8 * 8))
}

func put(w *ring.Writer, kind uint8, n int, seed uint32) bool {
	return putBetween(w, kind, n, seed, func() {})
}

// whole reports whether frame seed is written by Put, in one go.
func whole(seed uint32) bool { return seed%3 == 1 }

func flagsOf(seed uint32) uint8 {
	if whole(seed) {
		return 0
	}
	return uint8(seed)
}

// putBetween is put that calls between before the frame is published.
func putBetween(w *ring.Writer, kind uint8, n int, seed uint32, between func()) bool {
	if whole(seed) {
		p := make([]byte, n)
		for i := range p {
			p[i] = content(seed, i)
		}
		w.Stream = seed%7 < 4
		f := ring.Header{Ctx: seed, Src: int32(seed + 1), Tag: int32(seed + 2), Sig: seed + 3}
		return w.Put(kind, f, unsafe.Pointer(unsafe.SliceData(p)), n)
	}
	h := w.Reserve(n)
	if h == nil {
		return false
	}
	between()
	h.Ctx, h.Src, h.Tag, h.Sig = seed, int32(seed+1), int32(seed+2), seed+3
	p := unsafe.Slice((*byte)(h.Payload()), n)
	for i := range p {
		p[i] = content(seed, i)
	}
	w.Publish(h, kind, flagsOf(seed))
	return true
}

func check(t *testing.T, r *ring.Reader, f ring.Frame, kind uint8, n int, seed uint32) {
	t.Helper()
	if !r.Valid(f) || f.Kind != kind || f.Flags != flagsOf(seed) || f.Len != n || f.Ctx != seed || f.Src != int32(seed+1) || f.Tag != int32(seed+2) || f.Sig != seed+3 {
		t.Fatalf("frame %d: %+v %+v", seed, f, *f.Header)
	}
	for i, b := range unsafe.Slice((*byte)(f.Payload()), n) {
		if b != content(seed, i) {
			t.Fatalf("frame %d byte %d: %d", seed, i, b)
		}
	}
}

// Frames of random lengths, written and read in random portions, arrive whole
// and in order, and the ring is never stuck.
func TestRandomFrames(t *testing.T) {
	for _, size := range []int{512, 1024, 4 << 10, 16 << 10, 128 << 10, 512 << 10} {
		rnd := rand.New(rand.NewPCG(1, uint64(size)))
		w, r := newRing(size)
		lens := map[uint32]int{}
		var sent, got uint32
		for got < 20000 {
			for range rnd.IntN(8) {
				n := rnd.IntN(w.Max() + 1)
				if rnd.IntN(2) == 0 {
					n = min(n, rnd.IntN(1+int(sent&0x1ff)))
				}
				if !putBetween(&w, 1+uint8(sent%5), n, sent, func() {
					if _, ok := r.Next(); ok && got == sent {
						t.Fatalf("size %d: a frame is there before frame %d is published", size, sent)
					}
				}) {
					if sent == got {
						t.Fatalf("size %d: %d bytes do not fit an empty ring", size, n)
					}
					break
				}
				lens[sent] = n
				sent++
			}
			for range rnd.IntN(8) {
				f, ok := r.Next()
				if ok != (got < sent) || ok != r.Ready() {
					t.Fatalf("size %d: frame %d there: %v, sent %d", size, got, ok, sent)
				}
				if !ok {
					break
				}
				check(t, &r, f, 1+uint8(got%5), lens[got], got)
				delete(lens, got)
				r.Release(f)
				got++
			}
		}
	}
}

// A frame that fits one cache line lies in one, whatever came before.
func TestShortFramesLieInOneLine(t *testing.T) {
	words := make([]uint64, 1024+8)
	base := uintptr(unsafe.Pointer(&words[0]))
	data := unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(&words[0]), -base&63)), 8192)
	var w ring.Writer
	var r ring.Reader
	m := ring.Memory{Tail: new(uint64), Data: data}
	w.Open(m)
	r.Open(m)
	rnd := rand.New(rand.NewPCG(2, 3))
	for i := range uint32(5000) {
		n := rnd.IntN(41)
		if !put(&w, 1, n, i) {
			t.Fatal("no room")
		}
		f, ok := r.Next()
		if !ok {
			t.Fatalf("frame %d is not there", i)
		}
		check(t, &r, f, 1, n, i)
		first := uintptr(unsafe.Pointer(f.Header))
		if last := first + uintptr(ring.HeaderSize+n) - 1; first>>6 != last>>6 {
			t.Fatalf("frame %d of %d bytes lies at %#x to %#x", i, n, first, last)
		}
		r.Release(f)
	}
}

// However much has been read before, a burst finds room when the reader stops.
func TestRoomForABurst(t *testing.T) {
	for _, size := range []int{128 << 10, 512 << 10} {
		for _, n := range []int{0, 40, 100, 1000, 4000, 8192} {
			for before := range 1500 {
				if before > 40 && before%37 != 0 {
					continue
				}
				w, r := newRing(size)
				for i := range uint32(before) {
					if !put(&w, 1, n, i) {
						t.Fatal("no room although all has been read")
					}
					f, _ := r.Next()
					r.Release(f)
				}
				bytes := 0
				for put(&w, 1, n, 0) {
					bytes += ring.HeaderSize + n
				}
				if lines := (ring.HeaderSize + n + 63) / 64 * 64; bytes/(ring.HeaderSize+n)*lines < 40<<10 {
					t.Errorf("ring of %d KiB, %d frames of %d bytes before: then %d bytes find room", size>>10, before, n, bytes)
				}
			}
		}
	}
}

func TestConcurrent(t *testing.T) {
	w, r := newRing(4096)
	const frames = 50000
	length := func(i uint32) int { return int(i*2654435761>>8) % (w.Max() + 1) / (1 + int(i%7)*40) }
	go func() {
		for i := uint32(0); i < frames; i++ {
			for !put(&w, 1, length(i), i) {
				runtime.Gosched()
			}
		}
	}()
	for i := uint32(0); i < frames; i++ {
		f, ok := r.Next()
		for !ok {
			runtime.Gosched()
			f, ok = r.Next()
		}
		check(t, &r, f, 1, length(i), i)
		r.Release(f)
	}
}

func BenchmarkRing8(b *testing.B) {
	w, r := newRing(64 << 10)
	var v uint64
	for b.Loop() {
		h := w.Reserve(8)
		*(*uint64)(h.Payload()) = v
		w.Publish(h, 1, 0)
		f, _ := r.Next()
		v += *(*uint64)(f.Payload())
		r.Release(f)
	}
}
