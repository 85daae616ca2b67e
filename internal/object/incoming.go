package object

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// remoteError is what the sender of an object reports instead of the object.
type remoteError struct{ text string }

func (e *remoteError) Error() string { return e.text }

// Incoming is an object on its way in.
type Incoming struct {
	Tag     int      // of the messages that follow
	Parts   [][]byte // of the value
	Waiting int      // messages still to come
	Bytes   int      // encoding and parts
	Bad     error    // the object is refused; what still comes is dropped

	codec    uint32
	data     []byte // the encoding; it may lie in the first message
	lens     []int
	bulk     int // length of the bulk to come as a message of its own, or -1
	nextPart int
	encoding int
	flags    byte
}

// ErrFrame is the error of a message that is not what it should be.
var ErrFrame = errors.New("damaged message, or one that is not an object")

// Open reads a first message. most is the codec's limit.
func (in *Incoming) Open(b []byte, most int64) error {
	*in = Incoming{bulk: -1}
	if len(b) < HeadBytes || b[0] != objectMark {
		return ErrFrame
	}
	in.codec = binary.LittleEndian.Uint32(b[4:])
	form, body := b[1], b[HeadBytes:]
	in.flags = b[2]
	switch form {
	case formWhole:
		in.data, in.Bytes = body, len(body)
		return nil
	case formParts:
		return in.openParts(body)
	case formLong:
		return in.openLong(b, most)
	case formError:
		return &remoteError{string(body)}
	}
	return ErrFrame
}

func (in *Incoming) openParts(b []byte) error {
	if len(b) < 4 {
		return ErrFrame
	}
	n := int(binary.LittleEndian.Uint32(b))
	b = b[4:]
	if n > len(b)/4 {
		return ErrFrame
	}
	lens, rest := b[:4*n], b[4*n:]
	sum := 0
	for i := range n {
		k := int(binary.LittleEndian.Uint32(lens[4*i:]))
		if k > len(rest) || k > len(rest)-sum {
			return ErrFrame
		}
		sum += k
	}
	in.data, in.Bytes = rest[sum:], len(rest)
	in.Parts = make([][]byte, n)
	room := 0
	for i := range n {
		room += pad8(int(binary.LittleEndian.Uint32(lens[4*i:])))
	}
	mem := make([]byte, room)
	for i := range n {
		k := int(binary.LittleEndian.Uint32(lens[4*i:]))
		in.Parts[i] = mem[:k:k]
		copy(in.Parts[i], rest[:k])
		mem, rest = mem[pad8(k):], rest[k:]
	}
	return nil
}

func (in *Incoming) openLong(b []byte, most int64) error {
	if len(b) < longHead {
		return ErrFrame
	}
	u32 := func(at int) int { return int(binary.LittleEndian.Uint32(b[at:])) }
	u64 := func(at int) uint64 { return binary.LittleEndian.Uint64(b[at:]) }
	in.Tag, in.Waiting = objectTag(binary.LittleEndian.Uint32(b[8:])), u32(16)
	n, encoding, bulk, total := u32(12), u64(24), u64(32), u64(40)
	if in.Waiting > n+1 {
		return ErrFrame
	}
	// The lengths of the parts count as well.
	if total > math.MaxInt || total+8*uint64(n) > uint64(max(most, 0)) {
		in.Bad = fmt.Errorf("object of %d bytes, more than the limit of %d", total, most)
		return nil
	}
	if encoding > total || bulk > total+16*uint64(n) {
		in.Bad = ErrFrame
		return nil
	}
	in.encoding, in.Bytes = int(encoding), int(total)
	rest := b[longHead:]
	if in.flags&flagTable != 0 {
		if n > len(rest)/8 {
			in.Bad = ErrFrame
			return nil
		}
		in.setTable(rest[:8*n])
		rest = rest[8*n:]
	} else if 8*uint64(n) > bulk {
		in.Bad = ErrFrame
		return nil
	} else {
		in.lens = make([]int, 0)
		in.Parts = make([][]byte, 0)
	}
	switch {
	case in.Bad != nil:
	case in.flags&flagBulk != 0:
		if bulk != uint64(len(rest)) {
			in.Bad = ErrFrame
			return nil
		}
		in.setBulk(append([]byte(nil), rest...), n)
	default:
		in.bulk = int(bulk)
		if in.flags&flagTable == 0 {
			in.nextPart = -n // the table is still to come
		}
	}
	return nil
}

// setTable reads the lengths of the parts, and checks them against what was
// announced.
func (in *Incoming) setTable(table []byte) {
	n := len(table) / 8
	lens := make([]int, n)
	sum, own := uint64(in.encoding), 0
	for i := range lens {
		k := binary.LittleEndian.Uint64(table[8*i:])
		if k > uint64(in.Bytes) {
			in.Bad = ErrFrame
			return
		}
		if sum += k; sum > uint64(in.Bytes) {
			in.Bad = ErrFrame
			return
		}
		if lens[i] = int(k); k >= ownMessage {
			own++
		}
	}
	if sum != uint64(in.Bytes) {
		in.Bad = ErrFrame
		return
	}
	in.lens, in.Parts = lens, make([][]byte, n)
}

// setBulk cuts the bulk, which the object may keep, into table, small parts
// and encoding.
func (in *Incoming) setBulk(b []byte, n int) {
	if in.flags&flagTable == 0 {
		if n > len(b)/8 {
			in.Bad = ErrFrame
			return
		}
		in.setTable(b[:8*n])
		if b = b[8*n:]; in.Bad != nil {
			return
		}
	}
	for i, k := range in.lens {
		if k >= ownMessage {
			continue
		}
		if pad8(k) > len(b) {
			in.Bad = ErrFrame
			return
		}
		in.Parts[i], b = b[:k:k], b[pad8(k):]
	}
	if len(b) != in.encoding {
		in.Bad = ErrFrame
		return
	}
	in.data = b
}

// Next returns the memory for the message that comes next, nil when there is
// none. A message of an object that is refused is received into no memory.
func (in *Incoming) Next() ([]byte, bool) {
	if in.Waiting == 0 {
		in.Finish()
		return nil, false
	}
	if in.Bad != nil {
		return nil, true
	}
	if in.bulk >= 0 {
		return make([]byte, in.bulk), true
	}
	for in.nextPart < len(in.lens) && in.lens[in.nextPart] < ownMessage {
		in.nextPart++
	}
	if in.nextPart >= len(in.lens) {
		in.Bad = ErrFrame
		return nil, true
	}
	return make([]byte, in.lens[in.nextPart]), true
}

// Got takes the message of n bytes that has arrived in b.
func (in *Incoming) Got(b []byte, n int) {
	in.Waiting--
	switch {
	case in.Bad != nil:
	case n != len(b):
		in.Bad = ErrFrame
	case in.bulk >= 0:
		in.bulk = -1
		parts := 0
		if in.flags&flagTable == 0 {
			parts, in.nextPart = -in.nextPart, 0
		}
		in.setBulk(b, parts)
	default:
		in.Parts[in.nextPart] = b
		in.nextPart++
	}
}

// Finish checks that nothing is missing.
func (in *Incoming) Finish() {
	if in.Bad != nil {
		return
	}
	if in.bulk >= 0 {
		in.Bad = ErrFrame
		return
	}
	for i, k := range in.lens {
		if k >= ownMessage && in.Parts[i] == nil {
			in.Bad = ErrFrame
			return
		}
	}
}

// Decode makes the value v points to.
func (in *Incoming) Decode(c Codec, v any) error {
	if in.Bad != nil {
		return in.Bad
	}
	if in.codec != codecID(c) {
		return fmt.Errorf("the sender uses another codec than %s", c.Name())
	}
	return DecodeWith(c, in.data, in.Parts, v)
}
