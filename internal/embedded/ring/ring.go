// Package ring moves frames from one rank to another through shared memory: a
// ring of bytes with one writer and one reader.
//
// A frame is a header of 24 bytes and a payload behind it, and starts with a
// cache line, so that a short message arrives with the line that announces it.
// The writer fills in the frame and stores its first word last; the reader
// polls that word of the place where the next frame will be. Little else is
// written. The words that will be polled are cleared some frames ahead, since a
// line that is touched just before the reader polls it has to be fetched back.
// The reader says only now and then how far it is.
//
// The writer returns to the start of the ring as soon as the reader has read
// most of what was written since, however long the ring is. So messages that
// are read at once stay in a few pages, which the caches hold, and a window of
// messages has the room it needs.
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

	"github.com/ringo-mpi/ringo/internal/memory"
)

const (
	// HeaderSize is the size of a frame's header.
	HeaderSize = 24
	// LineMax is the longest payload of a frame of one cache line.
	LineMax = line - HeaderSize

	// Wrap is the kind of no frame: it marks where the reader goes on at the start
	// of the ring.
	Wrap = 0xff

	line     = 64
	claimMax = 8 << 10
	lead     = 512       // the first line is asked for before the last bytes are copied
	ahead    = 16 * line // how far ahead of short frames words are cleared

	streamAhead = 1024 // how far ahead of a frame in a stream lines are asked for

	fetch = 4 * line // how far ahead of the frame that is read lines are fetched

	// After so many bytes and frames the writer looks whether it may return to the
	// start. (The nearer it is to the reader, the more the two disturb each other,
	// and the room that it gives up is missing if the reader now stops reading.)
	lap       = 64 << 10
	lapFrames = 64
	// The reader says how far it is when it has read this much.
	tell = 4 << 10
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

	// Stream says that frames are put one after another, and not each after an
	// answer to the one before.
	Stream bool

	turn uint64 // from this place in the ring on the writer looks whether to return

	// From pos to blank the first word of every line is 0: a frame may end, and
	// so the reader poll, anywhere there. The same holds of the line at spare,
	// further ahead, where the next frame will end if it is as long as the last.
	blank, spare uint64
}

// Open makes w write to m, which is zeroed.
func (w *Writer) Open(m Memory) {
	if len(m.Data)&(len(m.Data)-1) != 0 || len(m.Data) < 512 {
		panic("ring: size is not a power of two")
	}
	size := uint64(len(m.Data))
	*w = Writer{data: unsafe.Pointer(&m.Data[0]), size: size, free: size, tail: m.Tail, blank: size}
}

// Max is the longest payload of a frame: one of twice its length would fit (the
// end of the ring may have to be left out) while up to a quarter of the ring has
// been read and not yet given back.
func (w *Writer) Max() int { return int(w.size/8*3) - 2*line }

// Reserve makes room for a frame with n bytes of payload and returns its
// header, or nil when the ring is too full; the payload lies HeaderSize behind.
// The caller fills in both, the payload first, and calls Publish.
func (w *Writer) Reserve(n int) *Header {
	off, need := w.pos&(w.size-1), frameSize(n)
	if off == 0 || off+need > w.turn || w.pos+need >= w.blank {
		return w.reserve(n, off, need)
	}
	w.len = n
	return (*Header)(unsafe.Add(w.data, off))
}

// reserve is Reserve where the frame may have to go elsewhere, or its end has
// not been cleared yet.
func (w *Writer) reserve(n int, off, need uint64) *Header {
	if off+need > w.turn || off == 0 {
		start := w.pos - off + w.size
		switch long := min(max(lap, lapFrames*need), w.size); {
		case off+need <= long:
			w.turn = long
		case off+need > w.size:
			if !w.room(start + need + line) {
				return nil
			}
			return w.wrap(n, start)
		case w.room(start + max(need+line, off/4*3)):
			return w.wrap(n, start)
		default:
			w.turn = min(max(2*w.turn, off+need), w.size)
		}
	}
	if end := w.pos + need; end >= w.blank && end != w.spare && !w.room(end+line) {
		return nil
	}
	w.len = n
	return (*Header)(unsafe.Add(w.data, off))
}

// frameSize is the room that a frame with n bytes of payload takes.
func frameSize(n int) uint64 { return (uint64(HeaderSize+n) + line - 1) &^ (line - 1) }

// word is where a frame at pos has its first word.
func (w *Writer) word(pos uint64) *uint64 { return (*uint64)(unsafe.Add(w.data, pos&(w.size-1))) }

// wrap puts a mark that sends the reader to the start of the ring, which is at
// pos and free, and reserves the frame there.
func (w *Writer) wrap(n int, pos uint64) *Header {
	memory.Set(w.word(pos), 0)
	memory.StoreRelease(w.word(w.pos), word(Wrap, 0, 0))
	w.pos, w.blank = pos, max(w.blank, pos+line)
	return w.Reserve(n)
}

// room reports whether the reader has left what lies before pos.
func (w *Writer) room(pos uint64) bool {
	if pos > w.free {
		w.free = atomic.LoadUint64(w.tail) + w.size
	}
	return pos <= w.free
}

// clear makes the lines from pos to end, which the reader has left, ready for a
// frame to start there. Between blank and pos is what will be payload.
func (w *Writer) clear(pos, end uint64) {
	for at := max(pos, w.blank); at < end; at += line {
		memory.Set(w.word(at), 0)
	}
	if pos <= w.blank {
		w.blank = end
	} else {
		w.spare = pos
	}
}

// Payload returns where the payload of a frame starts.
func (h *Header) Payload() unsafe.Pointer { return unsafe.Add(unsafe.Pointer(h), HeaderSize) }

// Fill copies n bytes to the payload of a reserved frame, off bytes behind its
// start. It is called before the header is filled in, and leaves the first line
// for last: the reader polls it, and would take it back in the middle of a copy.
func (h *Header) Fill(off int, p unsafe.Pointer, n int) {
	to, first := unsafe.Add(h.Payload(), off), line-HeaderSize-off
	if n > first {
		part := max(n-lead, first)
		memory.Copy(unsafe.Add(to, first), unsafe.Add(p, first), part-first)
		memory.Claim(unsafe.Pointer(h), 1)
		memory.Copy(unsafe.Add(to, part), unsafe.Add(p, part), n-part)
		n = first
	}
	memory.Copy(to, p, n)
}

// Publish hands the frame that was reserved to the reader.
func (w *Writer) Publish(h *Header, kind, flags uint8) {
	if w.len > LineMax || w.pos+3*line > w.blank {
		w.publish(h, kind, flags)
		return
	}
	w.pos += line // what will be polled behind it is clear
	h.release(word(kind, flags, w.len))
}

// publish is Publish for a long frame, and for a short one behind which the
// words are not cleared yet.
func (w *Writer) publish(h *Header, kind, flags uint8) {
	w.advance(frameSize(w.len))
	h.release(word(kind, flags, w.len))
	w.lookAhead(frameSize(w.len))
}

// release stores the first word of a header. (Not &h.word: the check of h for nil
// that goes with it is a load, which would fetch the line as one that cannot be
// written.)
func (h *Header) release(word uint64) { memory.StoreRelease((*uint64)(unsafe.Pointer(h)), word) }

// advance moves on by a frame, behind which the reader will poll.
func (w *Writer) advance(size uint64) {
	w.pos += size
	if w.pos >= w.blank {
		if w.pos != w.spare {
			memory.Set(w.word(w.pos), 0)
		}
		w.blank = w.pos + line
	}
}

// lookAhead prepares the places of the next frames, while the reader is busy
// with this one.
func (w *Writer) lookAhead(size uint64) {
	switch end := w.pos + size; {
	case size == line && w.blank < w.pos+2*line && w.pos+ahead <= w.free:
		w.clear(w.blank, w.pos+ahead)
		if from := w.pos + ahead; from+ahead <= w.free {
			at := from & (w.size - 1)
			memory.Claim(unsafe.Add(w.data, at), int(min(ahead, w.size-at)))
		}
	case size > line && end >= w.blank && end+line <= w.free:
		w.clear(end, end+line)
	}
	w.claim(size)
}

// Put is Reserve, Fill and Publish of the n bytes at p. It reports whether
// there was room. All of the first line is written at once: the reader polls
// it, and would take it out of this core's cache in between.
func (w *Writer) Put(kind uint8, f Header, p unsafe.Pointer, n int) bool {
	h := w.Reserve(n)
	if h == nil {
		return false
	}
	to := h.Payload()
	if n <= LineMax {
		if w.pos+3*line <= w.blank { // what will be polled is clear
			w.pos += line
			memory.Copy(to, p, n)
			h.Ctx, h.Src, h.Tag, h.Sig = f.Ctx, f.Src, f.Tag, f.Sig
			h.release(word(kind, 0, n))
			return true
		}
		w.advance(line)
		memory.Copy(to, p, n)
		h.Ctx, h.Src, h.Tag, h.Sig = f.Ctx, f.Src, f.Tag, f.Sig
		h.release(word(kind, 0, n))
		w.lookAhead(line)
		return true
	}
	size := frameSize(n)
	part := max(n-lead, LineMax)
	memory.Copy(unsafe.Add(to, LineMax), unsafe.Add(p, LineMax), part-LineMax)
	memory.Claim(unsafe.Pointer(h), 1)
	memory.Copy(unsafe.Add(to, part), unsafe.Add(p, part), n-part)
	w.advance(size)
	*(*[LineMax]byte)(to) = *(*[LineMax]byte)(p)
	h.Ctx, h.Src, h.Tag, h.Sig = f.Ctx, f.Src, f.Tag, f.Sig
	h.release(word(kind, 0, n))
	w.lookAhead(size)
	return true
}

// claim gets the next frame's place out of the reader's cache while the reader
// works on this frame: the next one is probably as long. The first line, which
// the reader polls, stays there, and so does what the reader has not read yet.
// In a stream of short frames the next frame is written before its lines would
// come, so lines further on are asked for.
func (w *Writer) claim(n uint64) {
	from := w.pos + line
	if w.Stream && n > line && n <= streamAhead {
		from = w.pos + streamAhead
	}
	at := from & (w.size - 1)
	n = min(n, claimMax, w.size-at)
	if from+n+line <= w.free {
		memory.Claim(unsafe.Add(w.data, at), int(n))
	}
}

// Prepare gets the line of the next frame out of the reader's cache.
func (w *Writer) Prepare() { memory.Claim(unsafe.Add(w.data, w.pos&(w.size-1)), 1) }

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
	if w>>32&0xff == Wrap {
		r.pos += r.size - r.pos&(r.size-1)
		r.next = (*uint64)(r.data)
		w = atomic.LoadUint64(r.next)
	}
	if w == 0 {
		return Frame{}, false
	}
	return Frame{(*Header)(unsafe.Pointer(r.next)), uint8(w >> 32), uint8(w >> 40), int(uint32(w))}, true
}

// Fetch asks for a line some way behind the frame that is there: in a stream of
// short frames, one of those that follow.
func (r *Reader) Fetch() { memory.Fetch(unsafe.Add(r.data, (r.pos+fetch)&(r.size-1))) }

// Release gives the frame's place back. It reports whether the writer has just
// been told of new room, and may be waiting for it.
func (r *Reader) Release(f Frame) bool {
	r.pos += frameSize(f.Len)
	r.next = (*uint64)(unsafe.Add(r.data, r.pos&(r.size-1)))
	if r.pos-r.told < min(tell, r.size/4) {
		return false
	}
	r.told = r.pos
	atomic.StoreUint64(r.tail, r.pos) // before the reader looks whether the writer sleeps
	return true
}

// Skip goes on to the frame behind f without giving its place back. It is for a
// copy of a reader, which looks ahead.
func (r *Reader) Skip(f Frame) {
	r.pos += frameSize(f.Len)
	r.next = (*uint64)(unsafe.Add(r.data, r.pos&(r.size-1)))
}

// Valid reports whether the frame lies inside the ring: a writer with other
// ideas of the format, or a defect, must not lead the reader out of it.
func (r *Reader) Valid(f Frame) bool {
	off := r.pos & (r.size - 1)
	return uint64(HeaderSize)+uint64(uint32(f.Len)) <= r.size-off
}
