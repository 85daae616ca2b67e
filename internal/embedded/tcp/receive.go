//go:build unix

package tcp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/ringo-mpi/ringo/internal/embedded/ring"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/memory"
)

const (
	// receiveMost is how much one system call reads, so that the runtime need not be
	// told of it.
	receiveMost = 256 << 10

	// Behind a tail of longTail bytes the next frame is expected to have one as well,
	// which is better read to its place than by the way of the buffer: so that frame
	// is read alone.
	longTail  = 16 << 10
	aloneSize = ring.HeaderSize + 24

	// readsPerPoll bounds how long a rank reads one connection before it looks at what
	// has come.
	readsPerPoll = 4
)

// receive makes frames of what has come, as many as the ring has room for. It
// returns how much there was. The caller holds e.mu.
func (p *peer) receive() (moved int) {
	if p.e.closing {
		return p.discard()
	}
	for range readsPerPoll {
		if p.landing.waits {
			return moved
		}
		var n, want int
		var err error
		if p.landing.left > 0 {
			n, want, err = p.readTail()
		} else {
			if frames := p.put(); frames > 0 {
				moved += frames
			}
			if p.state != joined || p.landing.waits || p.landing.left > 0 || p.hi-p.lo >= ring.HeaderSize {
				return moved // it has a tail, or the ring is full
			}
			if n, want, err = p.read(); n > 0 {
				p.put()
			}
		}
		moved += n
		switch {
		case errors.Is(err, io.EOF):
			p.part("")
			return moved
		case err != nil:
			p.lost(err)
			return moved
		case n < want || p.state != joined:
			return moved
		}
	}
	return moved
}

// lost ends a connection that cannot be read any more.
func (p *peer) lost(err error) {
	p.noteCut(err)
	p.part("the connection to it was lost: " + err.Error())
}

// noteCut notes that the peer was out of reach for too long, if that is what err says.
func (p *peer) noteCut(err error) {
	if errors.Is(err, unix.ETIMEDOUT) || errors.Is(err, unix.EHOSTUNREACH) || errors.Is(err, unix.ENETUNREACH) {
		p.cut = true
	}
}

// read reads into the buffer. It returns how much, and how much it would have
// taken.
func (p *peer) read() (n, want int, err error) {
	if p.lo == p.hi {
		p.lo, p.hi = 0, 0
	} else if p.lo > 0 {
		p.hi = copy(p.buf, p.buf[p.lo:p.hi])
		p.lo = 0
	}
	to := p.buf[p.hi:]
	if p.long {
		p.long = false
		to = to[:min(aloneSize, len(to))]
	}
	n, err = readFD(p.fd, to)
	p.hi += n
	return n, len(to), err
}

// readTail reads the tail that comes to its place.
func (p *peer) readTail() (n, want int, err error) {
	l := &p.landing
	var to []byte
	if l.room > 0 {
		to = unsafe.Slice((*byte)(l.to), min(l.room, receiveMost))
	} else {
		to = p.e.waste()[:min(l.left, wasteSize)]
	}
	n, err = readFD(p.fd, to)
	if p.advance(n); l.left == 0 {
		p.e.ended(l.number)
	}
	return n, len(to), err
}

// advance notes that n bytes more of the tail have come.
func (p *peer) advance(n int) {
	l := &p.landing
	l.left -= n
	if l.room -= min(n, l.room); l.room > 0 {
		l.to = unsafe.Add(l.to, n)
	} else {
		l.to = nil
	}
}

// Land implements [transport.Tails].
func (p *peer) Land(number uint64, to unsafe.Pointer, room, n int) bool {
	p.e.mu.Lock()
	defer p.e.mu.Unlock()
	l := &p.landing
	if p.state != joined || p.e.closing {
		return false
	}
	if !l.waits || l.left != n {
		p.part(fmt.Sprintf("a frame from it announces %d bytes, of which %d follow", n, l.left))
		return false
	}
	l.waits, l.number, l.to, l.room = false, number, to, min(room, n)
	p.long = n >= longTail
	k := min(p.hi-p.lo, n)
	if in := min(k, l.room); in > 0 {
		memory.Copy(to, unsafe.Pointer(&p.buf[p.lo]), in)
	}
	p.lo += k
	p.advance(k)
	return l.left == 0
}

// put writes what has come into the ring, as frames, and returns how many. What is
// left is a part of a header, or of a tail, or there is no room for it.
func (p *peer) put() (frames int) {
	for {
		data := p.buf[p.lo:p.hi]
		if p.frame == nil {
			if len(data) < ring.HeaderSize {
				return frames
			}
			word := binary.LittleEndian.Uint64(data)
			n := int(uint32(word))
			kind, flags := uint8(word>>32), uint8(word>>40)
			if n > p.in.Max() || kind == 0 || kind == ring.Wrap || word>>48 != 0 || flags&transport.Tail != 0 && n < 8 {
				p.part(fmt.Sprintf("what came from it is no frame: %016x", word))
				return frames
			}
			h := p.in.Reserve(n)
			if h == nil {
				return frames
			}
			p.frame, p.kind, p.flags, p.have, p.total = h, kind, flags, 0, n
			h.Ctx = binary.LittleEndian.Uint32(data[8:])
			h.Src = int32(binary.LittleEndian.Uint32(data[12:]))
			h.Tag = int32(binary.LittleEndian.Uint32(data[16:]))
			h.Sig = binary.LittleEndian.Uint32(data[20:])
			p.lo += ring.HeaderSize
			data = data[ring.HeaderSize:]
		}
		n := copy(unsafe.Slice((*byte)(unsafe.Add(p.frame.Payload(), p.have)), p.total-p.have), data)
		p.have += n
		p.lo += n
		if p.have < p.total {
			return frames
		}
		tail := p.flags&transport.Tail != 0
		if tail {
			n := binary.LittleEndian.Uint64(unsafe.Slice((*byte)(unsafe.Add(p.frame.Payload(), p.total-8)), 8))
			if n == 0 || uint64(int(n)) != n || int(n) < 0 {
				p.part(fmt.Sprintf("what came from it is no frame: it has a tail of %d bytes", n))
				return frames
			}
			p.landing = landing{waits: true, left: int(n)}
		}
		p.in.Publish(p.frame, p.kind, p.flags)
		p.frame = nil
		frames++
		if tail {
			return frames
		}
	}
}

// wasteSize is how much is read at once of what nobody wants.
const wasteSize = 64 << 10

// waste is memory for what nobody wants.
func (e *end) waste() []byte {
	if e.unwanted == nil {
		e.unwanted = make([]byte, wasteSize)
	}
	return e.unwanted
}

// discard reads what comes in to drop it.
func (p *peer) discard() (n int) {
	p.lo, p.hi = 0, 0
	for range readsPerPoll {
		k, err := readFD(p.fd, p.e.waste())
		n += k
		switch {
		case errors.Is(err, io.EOF):
			p.part("")
			return n
		case err != nil:
			p.lost(err)
			return n
		case k < wasteSize:
			return n
		}
	}
	return n
}
