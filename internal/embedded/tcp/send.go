//go:build unix

package tcp

import (
	"encoding/binary"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/ring"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
)

const (
	// sendMost is how much is handed to one system call, so that the runtime need not
	// be told of it.
	sendMost = 256 << 10

	// Frames up to shortFrame are copied together, up to gatherSize.
	shortFrame = 1 << 10
	gatherSize = 16 << 10

	// So many bytes of frames that follow one another are held at most: few enough that
	// the ring has room for one more of any length.
	holdMost = 4 << 10
)

// littleEndian says that a header lies in memory as it does on the wire.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// hold reports whether the frames that are in the ring can wait: the last one was
// sent a moment ago, and the rank has not looked since whether there is an answer.
// So it has more to send, or is about to look, which sends them. The watcher sends
// them if it does neither. The caller holds e.mu.
func (p *peer) hold() bool {
	if p.polled != p.e.polls || p.e.watcher.asleep || p.e.dozing.Load() {
		return false
	}
	for {
		f, ok := p.ahead.Next()
		if !ok {
			break
		}
		p.ahead.Skip(f)
		p.held += ring.HeaderSize + f.Len
		if f.Flags&transport.Tail != 0 {
			p.held = holdMost
		}
	}
	if p.held >= holdMost {
		return false
	}
	p.e.watcher.holds()
	return true
}

// send sends what is in the ring, as much as the connection takes, and reports
// whether it took anything. The caller holds e.mu.
func (p *peer) send() (moved bool) {
	v := &p.e.vec
	for {
		want := p.gather(v)
		if want == 0 {
			p.setUnsent(false)
			break
		}
		n, err := v.send(p.fd)
		v.reset()
		if err != nil {
			p.deafen(err)
			return true
		}
		moved = moved || n > 0
		p.took(n)
		if n < want {
			p.setUnsent(true)
			break
		}
	}
	p.ahead, p.held, p.polled = p.out, 0, p.e.polls
	return moved
}

// deafen notes that the connection takes no more. What has come may still be read,
// up to its end.
func (p *peer) deafen(err error) {
	p.deaf = true
	p.noteCut(err)
	if p.why == "" {
		p.why = "the connection to it was lost: " + err.Error()
	}
	p.drop()
}

// drop forgets what can no longer be sent.
func (p *peer) drop() {
	p.tails, p.sent, p.held = nil, 0, 0
	for {
		f, ok := p.out.Next()
		if !ok {
			break
		}
		p.out.Release(f)
	}
	p.ahead = p.out
	p.setUnsent(false)
}

func (p *peer) setUnsent(on bool) {
	if p.unsent != on {
		p.unsent = on
		p.e.watcher.unsent(p)
	}
}

// Attach implements [transport.Tails].
func (p *peer) Attach(number uint64, at unsafe.Pointer, n int) {
	p.e.mu.Lock()
	if p.state != parted && !p.deaf {
		p.tails = append(p.tails, tail{number, at, n})
	}
	p.e.mu.Unlock()
}

// gather finds the bytes to be sent next, and returns how many there are.
func (p *peer) gather(v *vector) (total int) {
	if p.deaf {
		p.drop()
		return 0
	}
	at, tails, skip := p.out, p.tails, p.sent
	room := p.e.short[:0]
	for total < sendMost && v.room() {
		f, ok := at.Next()
		if !ok {
			break
		}
		at.Skip(f)
		b := bytesOf(f)
		next, more := at.Next()
		alone := len(room) == 0 && (!more || next.Len > shortFrame)
		if !littleEndian || f.Len <= shortFrame && !alone {
			if len(room)+len(b) > cap(room) {
				break
			}
			from := len(room)
			room = appendFrame(room, f)
			b = room[from:]
		}
		if skip < len(b) {
			v.add(b[skip:])
			total += len(b) - skip
			skip = 0
		} else {
			skip -= len(b)
		}
		if f.Flags&transport.Tail != 0 {
			t := tails[0]
			tails = tails[1:]
			n := min(t.n-skip, sendMost)
			v.add(unsafe.Slice((*byte)(unsafe.Add(t.p, skip)), n))
			total += n
			if skip+n < t.n {
				break
			}
		}
		skip = 0
	}
	return total
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
		if !ok {
			break
		}
		size := ring.HeaderSize + f.Len
		if f.Flags&transport.Tail != 0 {
			size += p.tails[0].n
		}
		if n < size {
			break
		}
		n -= size
		if f.Flags&transport.Tail != 0 {
			p.e.ended(p.tails[0].number)
			p.tails[0] = tail{}
			if p.tails = p.tails[1:]; len(p.tails) == 0 {
				p.tails = nil
			}
		}
		p.out.Release(f)
	}
	p.sent = n
}
