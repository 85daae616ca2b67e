package object

// In a collective the first messages have one length on all ranks.
const (
	// CollFrame is the length of a first message that has been Framed.
	CollFrame = 256

	// CollFirst is the greatest length of one before that.
	CollFirst = CollFrame - 4
)

// Framed brings a first message of at most CollFirst bytes to the length
// CollFrame: its own length stands in the last two bytes.
func (p Packed) Framed() Packed {
	n := len(p.First)
	if cap(p.First) < CollFrame { // memory of the codec's
		p.First = append(make([]byte, 0, CollFrame), p.First...)
	}
	p.First = p.First[:CollFrame]
	clear(p.First[n:])
	p.First[CollFrame-2], p.First[CollFrame-1] = byte(n>>8), byte(n)
	return p
}

// Unframed is the reverse of Framed.
func (p Packed) Unframed() Packed {
	p.First = p.First[:framedLen(p.First)]
	return p
}

func framedLen(b []byte) int { return int(b[CollFrame-2])<<8 | int(b[CollFrame-1]) }

// OpenFramed is Open of a first message that has been Framed.
func (in *Incoming) OpenFramed(b []byte, most int64) error {
	n := framedLen(b)
	if n > CollFirst {
		return ErrFrame
	}
	return in.Open(b[:n], most)
}
