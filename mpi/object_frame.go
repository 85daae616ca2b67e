package mpi

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// How an object travels. Its first message is at most firstBytes long, so that
// a receive can be posted before the length is known. An object that fits is
// that one message; of a longer one it says what follows, under an internal
// tag of the object's own: the encoding and the small parts as one message
// (the bulk), then each part of ownMessage bytes or more as one that is sent
// from and received into the memory of the value.
//
//	byte 0   mark
//	     1   form
//	     2   flags
//	     3   0
//	     4   u32 id of the codec
//
//	formWhole   encoding
//	formParts   u32 n, n × u32 length, the parts, the encoding
//	formLong    u32 sequence number, u32 n, u32 messages that follow, u32 0,
//	            u64 length of the encoding, u64 of the bulk, u64 of encoding
//	            and parts; the table, if flagTable; the bulk, if flagBulk
//	formError   text: the sender could not make its object
//
// The table is n × u64, the lengths of the parts. The bulk is the table, unless
// flagTable, the parts shorter than ownMessage, each filled up to a multiple of
// 8 bytes, and the encoding. Numbers are little-endian.
const (
	objectMark = 0xb7

	formWhole = 0
	formParts = 1
	formLong  = 2
	formError = 3

	flagTable = 1
	flagBulk  = 2

	frameHead = 8
	longHead  = 48

	firstBytes = 8 << 10 // one frame of the embedded engine
	ownMessage = 8 << 10
)

// frameBuf is pooled memory for a first message.
type frameBuf struct{ b []byte }

var frames = sync.Pool{New: func() any { return &frameBuf{make([]byte, 0, firstBytes)} }}

func getFrame() *frameBuf { return frames.Get().(*frameBuf) }

func (f *frameBuf) free() {
	if f != nil && cap(f.b) <= maxPooled {
		frames.Put(f)
	}
}

// packed is an object on its way out: its first message, and those that follow
// under tag.
type packed struct {
	buf   *frameBuf
	first []byte
	rest  [][]byte
	tag   int
	bytes int // encoding and parts
}

func (p *packed) free() {
	p.buf.free()
	p.buf = nil
}

// pack encodes the value v points to; the first message is at most limit long.
func (c *Comm) pack(v any, limit int) (packed, error) { return c.packIn(getFrame(), v, limit) }

// packIn is pack with a frame to begin in, which it takes over.
func (c *Comm) packIn(buf *frameBuf, v any, limit int) (packed, error) {
	codec := c.objectCodec()
	id := codecID(codec)
	data, parts, err := encodeWith(codec, putHead(buf.b[:0], formWhole, id), v)
	if err == nil && (len(data) < frameHead || binary.LittleEndian.Uint64(data) != objectMark|uint64(id)<<32) {
		err = fmt.Errorf("%s: Encode has not appended to the slice it was given", codec.Name())
	}
	if err != nil {
		buf.free()
		return packed{}, err
	}
	return c.packEncoded(codec, buf, data, parts, limit)
}

// packEncoded is pack of what the codec has appended to a head, with data in
// buf.
func (c *Comm) packEncoded(codec Codec, buf *frameBuf, data []byte, parts [][]byte, limit int) (packed, error) {
	buf.b = data
	total := len(data) - frameHead
	for _, p := range parts {
		if total += len(p); total < 0 {
			break
		}
	}
	if most := codec.MaxBytes(); total < 0 || int64(total)+8*int64(len(parts)) > most {
		buf.free()
		return packed{}, fmt.Errorf("%s: object of %d bytes, more than the limit of %d", codec.Name(), uint(total), most)
	}
	if len(parts) == 0 && len(data) <= limit {
		return packed{buf: buf, first: data, bytes: total}, nil
	}
	out := packed{bytes: total}
	if frameHead+4+4*len(parts)+total <= limit {
		out.buf = getFrame()
		out.first = appendParts(putHead(out.buf.b[:0], formParts, codecID(codec)), parts, data[frameHead:])
		out.buf.b = out.first
		buf.free()
		return out, nil
	}
	c.packLong(&out, buf, data, parts, limit)
	return out, nil
}

// packBasic is packIn for a value of a basic type and the default codec, without
// memory of its own. Where v points to something else it does nothing, and ok is
// false. v does not escape.
func (c *Comm) packBasic(buf *frameBuf, v any) (p packed, ok bool, err error) {
	if c.codec != nil {
		return packed{}, false, nil
	}
	data, ok := appendBasic(binary.LittleEndian.AppendUint64(buf.b[:0], defaultHead), v)
	if !ok {
		return packed{}, false, nil
	}
	p, err = c.packEncoded(defaultCodec, buf, data, nil, firstBytes)
	return p, true, err
}

// unpackBasic makes the value v points to of a message that packBasic may have
// made. Whatever else it may be is left for [incoming]. v does not escape.
func (c *Comm) unpackBasic(b []byte, sig engine.Sig, v any) bool {
	return c.codec == nil && ofObject(sig) && len(b) >= frameHead &&
		binary.LittleEndian.Uint64(b) == defaultHead && decodeBasic(b[frameHead:], v)
}

// defaultHead is the head of an object of the default codec in one message.
var defaultHead = objectMark | formWhole<<8 | uint64(defaultCodecID)<<32

func putHead(b []byte, form byte, id uint32) []byte {
	return binary.LittleEndian.AppendUint32(append(b, objectMark, form, 0, 0), id)
}

func appendParts(b []byte, parts [][]byte, data []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(parts)))
	for _, p := range parts {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(p)))
	}
	for _, p := range parts {
		b = append(b, p...)
	}
	return append(b, data...)
}

// packLong makes the messages of an object that does not fit into one. data is
// the encoding behind room for a head, in buf.
func (c *Comm) packLong(out *packed, buf *frameBuf, data []byte, parts [][]byte, limit int) {
	seq := c.st.objects.Add(1)
	out.tag = objectTag(seq)
	encoding := data[frameHead:]
	table := make([]byte, 0, 8*len(parts))
	bulk := len(encoding)
	for _, p := range parts {
		table = binary.LittleEndian.AppendUint64(table, uint64(len(p)))
		if len(p) < ownMessage {
			bulk += pad8(len(p))
		} else {
			out.rest = append(out.rest, p)
		}
	}
	var flags byte
	room := limit - longHead
	if len(table) <= room {
		flags |= flagTable
		room -= len(table)
	} else {
		bulk += len(table)
	}
	if bulk <= room {
		flags |= flagBulk
	}
	var mass []byte
	if flags == flagTable && bulk == len(encoding) {
		mass = encoding // as it lies
	} else if bulk > 0 {
		mass = make([]byte, 0, bulk)
		if flags&flagTable == 0 {
			mass = append(mass, table...)
		}
		for _, p := range parts {
			if len(p) < ownMessage {
				mass = append(mass, p...)
				mass = append(mass, zeros[:pad8(len(p))-len(p)]...)
			}
		}
		mass = append(mass, encoding...)
	}
	if flags&flagBulk == 0 {
		out.rest = append([][]byte{mass}, out.rest...)
	}
	first := getFrame()
	b := append(first.b[:0], data[:frameHead]...)
	b[1], b[2] = formLong, flags
	b = binary.LittleEndian.AppendUint32(b, seq)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(parts)))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(out.rest)))
	b = binary.LittleEndian.AppendUint32(b, 0)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(encoding)))
	b = binary.LittleEndian.AppendUint64(b, uint64(bulk))
	b = binary.LittleEndian.AppendUint64(b, uint64(out.bytes))
	if flags&flagTable != 0 {
		b = append(b, table...)
	}
	if flags&flagBulk != 0 {
		b = append(b, mass...)
	}
	first.b, out.buf, out.first = b, first, b
	// mass may lie in buf, which therefore is not pooled again.
}

var zeros [8]byte

func pad8(n int) int { return (n + 7) &^ 7 }

// objectTag is the tag of the messages that follow the first of an object.
func objectTag(seq uint32) int { return engine.InternalTag | int(seq&(1<<29-1)) }

// packError makes the message that stands for an object that could not be made.
func packError(err error, limit int) packed {
	buf := getFrame()
	b := append(putHead(buf.b[:0], formError, 0), err.Error()...)
	buf.b = b[:min(len(b), limit)]
	return packed{buf: buf, first: buf.b}
}

// remoteError is what the sender of an object reports instead of the object.
type remoteError struct{ text string }

func (e *remoteError) Error() string { return e.text }

// incoming is an object on its way in.
type incoming struct {
	codec    uint32
	tag      int
	data     []byte // the encoding; it may lie in the first message
	parts    [][]byte
	lens     []int
	waiting  int // messages still to come
	bulk     int // length of the bulk to come as a message of its own, or -1
	nextPart int
	encoding int
	bytes    int
	flags    byte
	bad      error // the object is refused; what still comes is dropped
}

var errFrame = errors.New("damaged message, or one that is not an object")

// open reads a first message. most is the codec's limit.
func (in *incoming) open(b []byte, most int64) error {
	*in = incoming{bulk: -1}
	if len(b) < frameHead || b[0] != objectMark {
		return errFrame
	}
	in.codec = binary.LittleEndian.Uint32(b[4:])
	form, body := b[1], b[frameHead:]
	in.flags = b[2]
	switch form {
	case formWhole:
		in.data, in.bytes = body, len(body)
		return nil
	case formParts:
		return in.openParts(body)
	case formLong:
		return in.openLong(b, most)
	case formError:
		return &remoteError{string(body)}
	}
	return errFrame
}

func (in *incoming) openParts(b []byte) error {
	if len(b) < 4 {
		return errFrame
	}
	n := int(binary.LittleEndian.Uint32(b))
	b = b[4:]
	if n > len(b)/4 {
		return errFrame
	}
	lens, rest := b[:4*n], b[4*n:]
	sum := 0
	for i := range n {
		k := int(binary.LittleEndian.Uint32(lens[4*i:]))
		if k > len(rest) || k > len(rest)-sum {
			return errFrame
		}
		sum += k
	}
	in.data, in.bytes = rest[sum:], len(rest)
	in.parts = make([][]byte, n)
	room := 0
	for i := range n {
		room += pad8(int(binary.LittleEndian.Uint32(lens[4*i:])))
	}
	mem := make([]byte, room)
	for i := range n {
		k := int(binary.LittleEndian.Uint32(lens[4*i:]))
		in.parts[i] = mem[:k:k]
		copy(in.parts[i], rest[:k])
		mem, rest = mem[pad8(k):], rest[k:]
	}
	return nil
}

func (in *incoming) openLong(b []byte, most int64) error {
	if len(b) < longHead {
		return errFrame
	}
	u32 := func(at int) int { return int(binary.LittleEndian.Uint32(b[at:])) }
	u64 := func(at int) uint64 { return binary.LittleEndian.Uint64(b[at:]) }
	in.tag, in.waiting = objectTag(binary.LittleEndian.Uint32(b[8:])), u32(16)
	n, encoding, bulk, total := u32(12), u64(24), u64(32), u64(40)
	if in.waiting > n+1 {
		return errFrame
	}
	// The lengths of the parts count as well.
	if total > math.MaxInt || total+8*uint64(n) > uint64(max(most, 0)) {
		in.bad = fmt.Errorf("object of %d bytes, more than the limit of %d", total, most)
		return nil
	}
	if encoding > total || bulk > total+16*uint64(n) {
		in.bad = errFrame
		return nil
	}
	in.encoding, in.bytes = int(encoding), int(total)
	rest := b[longHead:]
	if in.flags&flagTable != 0 {
		if n > len(rest)/8 {
			in.bad = errFrame
			return nil
		}
		in.setTable(rest[:8*n])
		rest = rest[8*n:]
	} else if 8*uint64(n) > bulk {
		in.bad = errFrame
		return nil
	} else {
		in.lens = make([]int, 0)
		in.parts = make([][]byte, 0)
	}
	switch {
	case in.bad != nil:
	case in.flags&flagBulk != 0:
		if bulk != uint64(len(rest)) {
			in.bad = errFrame
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
func (in *incoming) setTable(table []byte) {
	n := len(table) / 8
	lens := make([]int, n)
	sum, own := uint64(in.encoding), 0
	for i := range lens {
		k := binary.LittleEndian.Uint64(table[8*i:])
		if k > uint64(in.bytes) {
			in.bad = errFrame
			return
		}
		if sum += k; sum > uint64(in.bytes) {
			in.bad = errFrame
			return
		}
		if lens[i] = int(k); k >= ownMessage {
			own++
		}
	}
	if sum != uint64(in.bytes) {
		in.bad = errFrame
		return
	}
	in.lens, in.parts = lens, make([][]byte, n)
}

// setBulk cuts the bulk, which the object may keep, into table, small parts
// and encoding.
func (in *incoming) setBulk(b []byte, n int) {
	if in.flags&flagTable == 0 {
		if n > len(b)/8 {
			in.bad = errFrame
			return
		}
		in.setTable(b[:8*n])
		if b = b[8*n:]; in.bad != nil {
			return
		}
	}
	for i, k := range in.lens {
		if k >= ownMessage {
			continue
		}
		if pad8(k) > len(b) {
			in.bad = errFrame
			return
		}
		in.parts[i], b = b[:k:k], b[pad8(k):]
	}
	if len(b) != in.encoding {
		in.bad = errFrame
		return
	}
	in.data = b
}

// next returns the memory for the message that comes next, nil when there is
// none. A message of an object that is refused is received into no memory.
func (in *incoming) next() ([]byte, bool) {
	if in.waiting == 0 {
		in.finish()
		return nil, false
	}
	if in.bad != nil {
		return nil, true
	}
	if in.bulk >= 0 {
		return make([]byte, in.bulk), true
	}
	for in.nextPart < len(in.lens) && in.lens[in.nextPart] < ownMessage {
		in.nextPart++
	}
	if in.nextPart >= len(in.lens) {
		in.bad = errFrame
		return nil, true
	}
	return make([]byte, in.lens[in.nextPart]), true
}

// got takes the message of n bytes that has arrived in b.
func (in *incoming) got(b []byte, n int) {
	in.waiting--
	switch {
	case in.bad != nil:
	case n != len(b):
		in.bad = errFrame
	case in.bulk >= 0:
		in.bulk = -1
		parts := 0
		if in.flags&flagTable == 0 {
			parts, in.nextPart = -in.nextPart, 0
		}
		in.setBulk(b, parts)
	default:
		in.parts[in.nextPart] = b
		in.nextPart++
	}
}

// finish checks that nothing is missing.
func (in *incoming) finish() {
	if in.bad != nil {
		return
	}
	if in.bulk >= 0 {
		in.bad = errFrame
		return
	}
	for i, k := range in.lens {
		if k >= ownMessage && in.parts[i] == nil {
			in.bad = errFrame
			return
		}
	}
}

// decode makes the value v points to.
func (in *incoming) decode(c Codec, v any) error {
	if in.bad != nil {
		return in.bad
	}
	if in.codec != codecID(c) {
		return fmt.Errorf("the sender uses another codec than %s", c.Name())
	}
	return decodeWith(c, in.data, in.parts, v)
}
