//go:build unix

package tcp

import (
	"encoding/binary"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/ring"
)

// bufferSize is how much is sent, or read, by one system call.
const bufferSize = 64 << 10

// littleEndian says that a header lies in memory as it does on the wire.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// send sends what is in the ring, as much as the connection takes. The caller
// holds e.mu.
func (p *peer) send() {
	for {
		data, frames := p.take()
		if frames == 0 {
			p.setUnsent(false)
			return
		}
		n, err := writeFD(p.fd, data)
		switch {
		case err != nil:
			p.part("the connection to it was lost: " + err.Error())
			return
		}
		p.took(n)
		if n < len(data) {
			p.setUnsent(true)
			return
		}
	}
}

func (p *peer) setUnsent(on bool) {
	if p.unsent != on {
		p.unsent = on
		p.e.watcher.unsent(p)
	}
}

// take returns the next bytes to send and how many frames they are of: the rest
// of a long frame where it lies, or several short ones together.
func (p *peer) take() ([]byte, int) {
	first, ok := p.out.Next()
	if !ok {
		return nil, 0
	}
	at := p.out
	at.Skip(first)
	next, more := at.Next()
	if littleEndian && (!more || first.Len > bufferSize/4) {
		return bytesOf(first)[p.sent:], 1
	}
	out, frames := appendFrame(p.e.gather[:0], first)[p.sent:], 1
	for more && len(out)+ring.HeaderSize+next.Len <= cap(out) {
		out = appendFrame(out, next)
		frames++
		at.Skip(next)
		next, more = at.Next()
	}
	return out, frames
}

// bytesOf is a frame as it lies in the ring.
func bytesOf(f ring.Frame) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(f.Header)), ring.HeaderSize+f.Len)
}

func appendFrame(to []byte, f ring.Frame) []byte {
	if littleEndian {
		return append(to, bytesOf(f)...)
	}
	to = binary.LittleEndian.AppendUint64(to, uint64(uint32(f.Len))|uint64(f.Kind)<<32|uint64(f.Flags)<<40)
	to = binary.LittleEndian.AppendUint32(to, f.Ctx)
	to = binary.LittleEndian.AppendUint32(to, uint32(f.Src))
	to = binary.LittleEndian.AppendUint32(to, uint32(f.Tag))
	to = binary.LittleEndian.AppendUint32(to, f.Sig)
	return append(to, bytesOf(f)[ring.HeaderSize:]...)
}

// took gives the places of frames back of which n bytes more have been sent.
func (p *peer) took(n int) {
	n += p.sent
	for {
		f, ok := p.out.Next()
		if !ok || n < ring.HeaderSize+f.Len {
			break
		}
		n -= ring.HeaderSize + f.Len
		p.out.Release(f)
	}
	p.sent = n
}
