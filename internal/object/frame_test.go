package object

import (
	"bytes"
	"encoding/binary"
	"errors"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"unsafe"
)

var seq atomic.Uint32

func pack(c Codec, v any, limit int) (Packed, error) { return Pack(NewFrame(), c, &seq, v, limit) }

// unpack takes an object apart as a receiver does.
func unpack[T any](c Codec, p Packed) (v T, err error) {
	var in Incoming
	if err := in.Open(p.First, c.MaxBytes()); err != nil {
		return v, err
	}
	rest := p.Rest
	for b, more := in.Next(); more; b, more = in.Next() {
		if len(rest) == 0 {
			return v, errors.New("more messages expected than were sent")
		}
		n := copy(b, rest[0])
		if n < len(rest[0]) && in.Bad == nil {
			return v, errors.New("message longer than expected")
		}
		in.Got(b, n)
		rest = rest[1:]
	}
	if len(rest) != 0 {
		return v, errors.New("messages left over")
	}
	if in.Bad == nil && in.Bytes != p.Bytes {
		return v, errors.New("the lengths differ")
	}
	return v, in.Decode(c, &v)
}

// Every length of object and every mixture of parts arrives as it was, in one
// message if it fits.
func TestObjectFrame(t *testing.T) {
	type object struct {
		Text  string
		Small []float64
		Large []float64
		Blobs [][]byte
		Many  [][]int16
	}
	for _, limit := range []int{CollFirst, FirstBytes} {
		for _, text := range []int{0, 1, limit - 200, limit, limit + 1, 10 * limit, 100000} {
			for _, small := range []int{-1, 0, 1, 100, ownMessage/8 - 1} {
				for _, large := range []int{0, ownMessage / 8, 3*ownMessage/8 + 1} {
					for _, many := range []int{0, 3, 600} {
						v := object{Text: strings.Repeat("x", text), Many: make([][]int16, many)}
						if small >= 0 {
							v.Small = numbered(small)
						}
						if large > 0 {
							v.Large = numbered(large)
							v.Blobs = [][]byte{bytes.Repeat([]byte("y"), ownMessage+1), []byte("z")}
						}
						for i := range v.Many {
							v.Many[i] = []int16{int16(i), 1, 2}[:i%4]
						}
						p, err := pack(Default, &v, limit)
						if err != nil {
							t.Fatal(err)
						}
						if len(p.First) > limit {
							t.Fatalf("first message of %d bytes, at most %d allowed", len(p.First), limit)
						}
						if p.Bytes+100+4*many < limit && len(p.Rest) != 0 {
							t.Errorf("object of %d bytes in %d messages", p.Bytes, 1+len(p.Rest))
						}
						got, err := unpack[object](Default, p)
						if err != nil {
							t.Fatalf("text %d, small %d, large %d, many %d: %v", text, small, large, many, err)
						}
						if !reflect.DeepEqual(got, v) {
							t.Fatalf("text %d, small %d, large %d, many %d came back different", text, small, large, many)
						}
						for _, b := range p.Rest {
							if large > 0 && len(b) == 8*large && &b[0] != (*byte)(unsafe.Pointer(&v.Large[0])) {
								t.Error("a large slice was copied")
							}
						}
						p.Free()
					}
				}
			}
		}
	}
}

func numbered(n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = float64(i)
	}
	return v
}

func TestObjectFrameErrors(t *testing.T) {
	small := CBOR(Limits{MaxBytes: 1000})
	v := make([]byte, 2000)
	if _, err := pack(small, &v, FirstBytes); err == nil {
		t.Error("an object longer than the limit was Packed")
	}
	p, err := pack(Default, &v, CollFirst)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := unpack[[]byte](small, p); err == nil || !strings.Contains(err.Error(), "limit") {
		t.Errorf("an object longer than the receiver's limit gives %v", err)
	}
	p, _ = pack(Default, &v, FirstBytes)
	if _, err := unpack[[]byte](Gob(Limits{}), p); err == nil || !strings.Contains(err.Error(), "another codec") {
		t.Errorf("an object of another codec gives %v", err)
	}
	p = PackError(errors.New("what went wrong"), CollFrame)
	if _, err := unpack[int](Default, p); err == nil || err.Error() != "what went wrong" {
		t.Errorf("an error arrives as %v", err)
	}
	if _, err := pack(careless{}, &v, FirstBytes); err == nil || !strings.Contains(err.Error(), "appended") {
		t.Errorf("a codec that does not append gives %v", err)
	}
}

// careless returns a slice of its own instead of appending.
type careless struct{ panicky }

func (careless) Encode([]byte, any) ([]byte, [][]byte, error) {
	return []byte("all my own bytes"), nil, nil
}

// FuzzObjectFrame takes arbitrary first messages, and what follows them, apart:
// the first two bytes are the length of the first message, what is left is cut
// into messages of any length.
func FuzzObjectFrame(f *testing.F) {
	for _, v := range []any{1, strings.Repeat("x", 5000), numbered(10), numbered(10000), [][]byte{make([]byte, 40000), {1}}, make([][]byte, 600)} {
		for _, limit := range []int{CollFirst, FirstBytes} {
			p, err := pack(Default, &v, limit)
			if err != nil {
				f.Fatal(err)
			}
			in := binary.LittleEndian.AppendUint16(nil, uint16(len(p.First)))
			in = append(in, p.First...)
			for _, b := range p.Rest {
				in = append(in, b...)
			}
			f.Add(in, uint32(1<<16))
		}
	}
	const limit = 1 << 20
	f.Fuzz(func(t *testing.T, in []byte, size uint32) {
		if len(in) < 2 {
			return
		}
		n := min(int(binary.LittleEndian.Uint16(in)), len(in)-2, FirstBytes)
		first, rest := in[2:2+n], in[2+n:]
		var o Incoming
		if o.Open(first, limit) != nil {
			return
		}
		taken := 0
		for b, more := o.Next(); more && taken < 1000; b, more = o.Next() {
			if len(b) > 4*limit {
				t.Fatalf("%d bytes are to be received, limit %d", len(b), limit)
			}
			k := min(len(b), len(rest))
			copy(b, rest[:k])
			rest = rest[k:]
			if size%7 == 0 {
				k = len(b)
			}
			o.Got(b, k)
			taken++
		}
		var v any
		o.Decode(Default, &v)
	})
}
