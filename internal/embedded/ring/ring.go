// Package ring moves frames from one rank to another through shared memory: a
// ring of bytes with one writer and one reader.
//
// A frame is a header of 24 bytes and a payload behind it, at a multiple of
// 32 bytes, so that an 8-byte message is half a cache line and arrives with
// the line that announces it. The writer fills in the frame and stores its
// first word last; the reader polls that word of the place where the next
// frame will be. Nothing else is written for a frame: the reader gives back
// space only once it has read a quarter of the ring.
//
// A crash of either side leaves the other in a defined state: nothing is
// locked, and a frame is there wholly or not at all. (The single-writer
// rings of Open MPI's btl/sm "fast boxes" are the model.)
//
// The package does no system call and knows nothing of ranks. Used by the
// embedded engine only.
package ring

import (
	"sync/atomic"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/memory"
)

const (
	// HeaderSize is the size of a frame's header.
	HeaderSize = 24
	align      = 32
	wrapKind   = 0xff
	claimMax   = 8 << 10
)

// Header is the header of a frame as it lies in the ring.
type Header struct {
	word uint64 // length, kind and flags: see Word
	Ctx  uint32 // context of the communicator
	Src  int32  // rank of the sender in the communicator
	Tag  int32
	Sig  uint32 // type signature
}

// word is the first word of a header: the length of the payload in the low 32
// bits, the kind above it, then flags. It is never 0.
func word(kind, flags uint8, n int) uint64 {
	return uint64(uint32(n)) | uint64(kind)<<32 | uint64(flags)<<40
}

// Memory is what the two sides share: the reader's progress, and the data,
// whose length is a power of two.
type Memory struct {
	Tail *uint64
	Data []byte
}

// Writer is the writing side. It is used by one goroutine at a time.
type Writer struct {
	data unsafe.Pointer
	size uint64
	pos  uint64 // bytes written since the start
	free uint64 // position up to which the reader is known to have left room
	tail *uint64
	len  int // of the payload reserved
}

// Open makes w write to m, which is zeroed.
func (w *Writer) Open(m Memory) {
	if len(m.Data)&(len(m.Data)-1) != 0 || len(m.Data) < 256 {
		panic("ring: size is not a power of two")
	}
	*w = Writer{data: unsafe.Pointer(&m.Data[0]), size: uint64(len(m.Data)), free: uint64(len(m.Data)), tail: m.Tail}
}

// Max is the longest payload of a frame: a frame of twice its length fits (it
// may have to skip the end of the ring) while a quarter of the ring has been
// read and not yet given back.
func (w *Writer) Max() int { return int(w.size/8*3) - 2*align }

// Reserve makes room for a frame with n bytes of payload and returns its
// header, or nil when the ring is too full; the payload lies HeaderSize behind.
// The caller fills in both and calls Publish.
func (w *Writer) Reserve(n int) *Header {
	need := (uint64(HeaderSize+n) + align - 1) &^ (align - 1)
	off := w.pos & (w.size - 1)
	if off+need > w.size {
		return w.wrap(n, need, off)
	}
	// The place of the next header is cleared before this frame is published.
	if w.pos+need+align > w.free && !w.refresh(need+align) {
		return nil
	}
	w.len = n
	return (*Header)(unsafe.Add(w.data, off))
}

func (w *Writer) refresh(need uint64) bool {
	w.free = atomic.LoadUint64(w.tail) + w.size
	return w.pos+need <= w.free
}

// wrap puts a mark at the end of the ring that sends the reader to its start.
func (w *Writer) wrap(n int, need, off uint64) *Header {
	skip := w.size - off
	if w.pos+skip+need+align > w.free && !w.refresh(skip+need+align) {
		return nil
	}
	memory.Set((*uint64)(w.data), 0)
	memory.StoreRelease((*uint64)(unsafe.Add(w.data, off)), word(wrapKind, 0, 0))
	w.pos += skip
	w.len = n
	return (*Header)(w.data)
}

// Payload returns where the payload of a frame starts.
func (h *Header) Payload() unsafe.Pointer { return unsafe.Add(unsafe.Pointer(h), HeaderSize) }

// Publish hands the frame that was reserved to the reader.
func (w *Writer) Publish(h *Header, kind, flags uint8) {
	w.pos += (uint64(HeaderSize+w.len) + align - 1) &^ (align - 1)
	memory.Set((*uint64)(unsafe.Add(w.data, w.pos&(w.size-1))), 0)
	memory.StoreRelease(&h.word, word(kind, flags, w.len))
	w.claim()
}

// claim gets the next frame's place out of the reader's cache while the reader
// works on this frame: the next one is probably as long. The first line stays,
// which the reader polls, and so does what it has not read yet.
func (w *Writer) claim() {
	from := (w.pos&(w.size-1))&^63 + 64
	n := min(uint64(w.len), claimMax, w.size-min(from, w.size))
	if n > 0 && w.pos+n+2*64 <= w.free {
		memory.Claim(unsafe.Add(w.data, from), int(n))
	}
}

// Reader is the reading side. It is used by one goroutine at a time.
type Reader struct {
	next *uint64 // first word of the next frame
	data unsafe.Pointer
	size uint64
	pos  uint64
	told uint64 // progress published to the writer
	tail *uint64
}

// Open makes r read from m.
func (r *Reader) Open(m Memory) {
	*r = Reader{next: (*uint64)(unsafe.Pointer(&m.Data[0])), data: unsafe.Pointer(&m.Data[0]), size: uint64(len(m.Data)), tail: m.Tail}
}

// Frame is a frame that has arrived; it is valid until Release.
type Frame struct {
	*Header
	Kind  uint8
	Flags uint8
	Len   int
}

// Ready reports whether a frame is there. It is one load.
func (r *Reader) Ready() bool { return atomic.LoadUint64(r.next) != 0 }

// Next returns the next frame, if it is there.
func (r *Reader) Next() (Frame, bool) {
	w := atomic.LoadUint64(r.next)
	if w>>32&0xff == wrapKind {
		r.pos += r.size - r.pos&(r.size-1)
		r.next = (*uint64)(r.data)
		w = atomic.LoadUint64(r.next)
	}
	if w == 0 {
		return Frame{}, false
	}
	return Frame{(*Header)(unsafe.Pointer(r.next)), uint8(w >> 32), uint8(w >> 40), int(uint32(w))}, true
}

// Release gives the frame's place back. It reports whether the writer has just
// been told of new room, and may be waiting for it.
func (r *Reader) Release(f Frame) bool {
	r.pos += (uint64(HeaderSize+f.Len) + align - 1) &^ (align - 1)
	r.next = (*uint64)(unsafe.Add(r.data, r.pos&(r.size-1)))
	if r.pos-r.told < r.size/4 {
		return false
	}
	r.told = r.pos
	atomic.StoreUint64(r.tail, r.pos) // before the reader looks whether the writer sleeps
	return true
}

// Valid reports whether the frame lies inside the ring: a writer with other
// ideas of the format, or a defect, must not lead the reader out of it.
func (r *Reader) Valid(f Frame) bool {
	off := r.pos & (r.size - 1)
	return uint64(HeaderSize)+uint64(uint32(f.Len)) <= r.size-off
}
