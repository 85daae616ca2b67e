package control

import (
	"encoding/binary"
	"errors"
	"fmt"
)

const (
	// HeaderSize is the length of what stands before the payload of a frame.
	HeaderSize = 9

	// MaxPayload is the most bytes of a payload: the environments of many programs.
	MaxPayload = 16 << 20

	// MaxData is the most bytes of output, input or a program in one message.
	MaxData = 32 << 10
)

// ErrTooLong is returned for a frame that is longer than any.
var ErrTooLong = errors.New("a frame of the control stream is too long")

// Append appends the frame of a message for or from a host to dst.
func Append(dst []byte, host int, m Message) []byte {
	start := len(dst)
	dst = append(dst, make([]byte, HeaderSize)...)
	c := codec{b: dst}
	m.fields(&c)
	dst = c.b
	h := dst[start:]
	binary.LittleEndian.PutUint32(h, uint32(len(h)-HeaderSize))
	h[4] = byte(m.kind())
	binary.LittleEndian.PutUint32(h[5:], uint32(host))
	return dst
}

// A Header is what stands before the payload of a frame.
type Header struct {
	Length int // of the payload
	Kind   Kind
	Host   int
}

// ParseHeader reads the header of a frame. What it claims may never come.
func ParseHeader(b [HeaderSize]byte) (Header, error) {
	h := Header{int(binary.LittleEndian.Uint32(b[:])), Kind(b[4]), int(binary.LittleEndian.Uint32(b[5:]))}
	if h.Length < 0 || h.Length > MaxPayload {
		return h, ErrTooLong
	}
	return h, nil
}

// Decode reads the payload of a frame.
func Decode(kind Kind, payload []byte) (Message, error) {
	m := newMessage(kind)
	if m == nil {
		return nil, fmt.Errorf("the control stream has a frame of an unknown kind, %d", kind)
	}
	c := codec{b: payload, reading: true}
	m.fields(&c)
	if c.err == nil && len(c.b) > 0 {
		c.fail("%d bytes follow its fields", len(c.b))
	}
	if c.err != nil {
		return nil, fmt.Errorf("the control stream has a broken frame of kind %d: %w", kind, c.err)
	}
	return m, nil
}
