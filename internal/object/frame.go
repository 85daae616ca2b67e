package object

import (
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// How an object travels. Its first message is at most FirstBytes long, so that
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
	// FirstBytes is the greatest length of a first message: one frame of the
	// embedded engine.
	FirstBytes = 8 << 10

	// HeadBytes is the length of what comes before the body of a first message.
	HeadBytes = 8

	objectMark = 0xb7

	formWhole = 0
	formParts = 1
	formLong  = 2
	formError = 3

	flagTable = 1
	flagBulk  = 2

	longHead = 48

	ownMessage = 8 << 10
)

// Frame is pooled memory for a first message.
type Frame struct{ B []byte }

var frames = sync.Pool{New: func() any { return &Frame{make([]byte, 0, FirstBytes)} }}

// NewFrame takes a frame out of the pool.
func NewFrame() *Frame { return frames.Get().(*Frame) }

// Free gives the memory back.
func (f *Frame) Free() {
	if f != nil && cap(f.B) <= maxPooled {
		frames.Put(f)
	}
}

// Packed is an object on its way out: its first message, and those that follow
// under Tag.
type Packed struct {
	First []byte
	Rest  [][]byte
	Tag   int
	Bytes int // encoding and parts

	buf *Frame
}

// Keep leaves the memory of the first message to the send that still uses it.
func (p *Packed) Keep() { p.buf = nil }

// Free gives the memory of the first message back.
func (p *Packed) Free() {
	p.buf.Free()
	p.buf = nil
}

// Pack encodes the value v points to, beginning in buf, which it takes over. The
// first message is at most limit long. seq counts the objects of a sender that
// need more than one.
func Pack(buf *Frame, codec Codec, seq *atomic.Uint32, v any, limit int) (Packed, error) {
	id := codecID(codec)
	data, parts, err := EncodeWith(codec, putHead(buf.B[:0], formWhole, id), v)
	if err == nil && (len(data) < HeadBytes || binary.LittleEndian.Uint64(data) != objectMark|uint64(id)<<32) {
		err = fmt.Errorf("%s: Encode has not appended to the slice it was given", codec.Name())
	}
	if err != nil {
		buf.Free()
		return Packed{}, err
	}
	return packEncoded(codec, seq, buf, data, parts, limit)
}

// packEncoded is Pack of what the codec has appended to a head, with data in
// buf.
func packEncoded(codec Codec, seq *atomic.Uint32, buf *Frame, data []byte, parts [][]byte, limit int) (Packed, error) {
	buf.B = data
	total := len(data) - HeadBytes
	for _, p := range parts {
		if total += len(p); total < 0 {
			break
		}
	}
	if most := codec.MaxBytes(); total < 0 || int64(total)+8*int64(len(parts)) > most {
		buf.Free()
		return Packed{}, fmt.Errorf("%s: object of %d bytes, more than the limit of %d", codec.Name(), uint(total), most)
	}
	if len(parts) == 0 && len(data) <= limit {
		return Packed{buf: buf, First: data, Bytes: total}, nil
	}
	out := Packed{Bytes: total}
	if HeadBytes+4+4*len(parts)+total <= limit {
		out.buf = NewFrame()
		out.First = appendParts(putHead(out.buf.B[:0], formParts, codecID(codec)), parts, data[HeadBytes:])
		out.buf.B = out.First
		buf.Free()
		return out, nil
	}
	packLong(&out, seq, buf, data, parts, limit)
	return out, nil
}

// PackBasic is Pack for a value of a basic type and the default codec, without
// memory of its own. Where v points to a value of another type it does nothing,
// and ok is false. v does not escape.
func PackBasic(buf *Frame, seq *atomic.Uint32, v any) (p Packed, ok bool, err error) {
	data, ok := appendBasic(binary.LittleEndian.AppendUint64(buf.B[:0], defaultHead), v)
	if !ok {
		return Packed{}, false, nil
	}
	p, err = packEncoded(Default, seq, buf, data, nil, FirstBytes)
	return p, true, err
}

// UnpackBasic makes the value v points to of a message that PackBasic may have
// made. Any other message is left for [Incoming]. v does not escape.
func UnpackBasic(b []byte, v any) bool {
	return len(b) >= HeadBytes && binary.LittleEndian.Uint64(b) == defaultHead && decodeBasic(b[HeadBytes:], v)
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
func packLong(out *Packed, seq *atomic.Uint32, buf *Frame, data []byte, parts [][]byte, limit int) {
	number := seq.Add(1)
	out.Tag = objectTag(number)
	encoding := data[HeadBytes:]
	table := make([]byte, 0, 8*len(parts))
	bulk := len(encoding)
	for _, p := range parts {
		table = binary.LittleEndian.AppendUint64(table, uint64(len(p)))
		if len(p) < ownMessage {
			bulk += pad8(len(p))
		} else {
			out.Rest = append(out.Rest, p)
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
		out.Rest = append([][]byte{mass}, out.Rest...)
	}
	first := NewFrame()
	b := append(first.B[:0], data[:HeadBytes]...)
	b[1], b[2] = formLong, flags
	b = binary.LittleEndian.AppendUint32(b, number)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(parts)))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(out.Rest)))
	b = binary.LittleEndian.AppendUint32(b, 0)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(encoding)))
	b = binary.LittleEndian.AppendUint64(b, uint64(bulk))
	b = binary.LittleEndian.AppendUint64(b, uint64(out.Bytes))
	if flags&flagTable != 0 {
		b = append(b, table...)
	}
	if flags&flagBulk != 0 {
		b = append(b, mass...)
	}
	first.B, out.buf, out.First = b, first, b
	// mass may lie in buf, which therefore is not pooled again.
}

var zeros [8]byte

func pad8(n int) int { return (n + 7) &^ 7 }

// objectTag is the tag of the messages that follow the first of an object.
func objectTag(seq uint32) int { return engine.InternalTag | int(seq&(1<<29-1)) }

// PackError makes the message that stands for an object that could not be made.
func PackError(err error, limit int) Packed {
	buf := NewFrame()
	b := append(putHead(buf.B[:0], formError, 0), err.Error()...)
	buf.B = b[:min(len(b), limit)]
	return Packed{buf: buf, First: buf.B}
}
