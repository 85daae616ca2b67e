//go:build unix

package tcp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/ring"
)

// longRest is from which length on the rest of a frame is read to its place in
// the ring, and not by the way of the buffer.
const longRest = 4 << 10

// readsPerPoll bounds how long a rank reads one connection before it looks at what
// has come.
const readsPerPoll = 4

// receive makes frames of what has come, as many as the ring has room for, and
// returns how many. The caller holds e.mu.
func (p *peer) receive() int {
	frames := 0
	for range readsPerPoll {
		if p.e.closing {
			p.early = p.early[:0]
		}
		if len(p.early) > 0 { // the ring was full
			n, left := p.put(p.early)
			frames += n
			p.early = append(p.early[:0], left...)
			if p.state != joined || len(left) > 0 && !p.incomplete(left) {
				return frames
			}
		}
		n, whole, err := p.read()
		frames += n
		switch {
		case errors.Is(err, io.EOF):
			p.part("")
			return frames
		case err != nil:
			p.part("the connection to it was lost: " + err.Error())
			return frames
		case !whole || p.state != joined:
			return frames
		}
	}
	return frames
}

// read reads once. whole says that as much has come as was asked for, so that
// there may be more.
func (p *peer) read() (frames int, whole bool, err error) {
	if rest := p.total - p.have; p.frame != nil && rest >= longRest {
		to := unsafe.Slice((*byte)(unsafe.Add(p.frame.Payload(), p.have)), rest)
		n, err := readFD(p.fd, to)
		p.have += n
		if err == nil && n == rest {
			p.publish()
			frames = 1
		}
		return frames, n == rest, err
	}
	buf := p.e.buf
	held := copy(buf, p.early)
	n, err := readFD(p.fd, buf[held:])
	if err != nil {
		return 0, false, err
	}
	if p.e.closing {
		return 0, held+n == len(buf), nil
	}
	frames, left := p.put(buf[:held+n])
	p.early = append(p.early[:0], left...)
	return frames, held+n == len(buf), nil
}

// incomplete reports whether bytes that put has left are the beginning of a
// header, and not a frame that the ring has no room for.
func (p *peer) incomplete(left []byte) bool { return p.frame == nil && len(left) < ring.HeaderSize }

// put writes bytes of the connection into the ring, as frames. What is left is the
// beginning of a header, or there is no room for it.
func (p *peer) put(data []byte) (frames int, left []byte) {
	for {
		if p.frame == nil {
			if len(data) < ring.HeaderSize {
				return frames, data
			}
			word := binary.LittleEndian.Uint64(data)
			n := int(uint32(word))
			kind, flags := uint8(word>>32), uint8(word>>40)
			if n > p.in.Max() || kind == 0 || kind == ring.Wrap || word>>48 != 0 {
				p.part(fmt.Sprintf("what came from it is no frame: %016x", word))
				return frames, nil
			}
			h := p.in.Reserve(n)
			if h == nil {
				return frames, data
			}
			p.frame, p.kind, p.flags, p.have, p.total = h, kind, flags, 0, n
			h.Ctx = binary.LittleEndian.Uint32(data[8:])
			h.Src = int32(binary.LittleEndian.Uint32(data[12:]))
			h.Tag = int32(binary.LittleEndian.Uint32(data[16:]))
			h.Sig = binary.LittleEndian.Uint32(data[20:])
			data = data[ring.HeaderSize:]
		}
		n := copy(unsafe.Slice((*byte)(unsafe.Add(p.frame.Payload(), p.have)), p.total-p.have), data)
		p.have += n
		data = data[n:]
		if p.have < p.total {
			return frames, nil
		}
		p.publish()
		frames++
	}
}

func (p *peer) publish() {
	p.in.Publish(p.frame, p.kind, p.flags)
	p.frame = nil
}
