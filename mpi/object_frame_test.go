package mpi

import (
	"bytes"
	"encoding/binary"
	"errors"
	"reflect"
	"strings"
	"testing"
	"unsafe"
)

// alone is a communicator without an engine: enough to pack objects.
func alone() *Comm { return &Comm{st: &commState{}, size: 1} }

// unpack takes an object apart as a receiver does.
func unpack[T any](c *Comm, p packed) (v T, err error) {
	var in incoming
	if err := in.open(p.first, c.objectCodec().MaxBytes()); err != nil {
		return v, err
	}
	rest := p.rest
	for b, more := in.next(); more; b, more = in.next() {
		if len(rest) == 0 {
			return v, errors.New("more messages expected than were sent")
		}
		n := copy(b, rest[0])
		if n < len(rest[0]) && in.bad == nil {
			return v, errors.New("message longer than expected")
		}
		in.got(b, n)
		rest = rest[1:]
	}
	if len(rest) != 0 {
		return v, errors.New("messages left over")
	}
	if in.bad == nil && in.bytes != p.bytes {
		return v, errors.New("the lengths differ")
	}
	return v, in.decode(c.objectCodec(), &v)
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
	for _, limit := range []int{collFrame - 4, firstBytes} {
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
						p, err := alone().pack(&v, limit)
						if err != nil {
							t.Fatal(err)
						}
						if len(p.first) > limit {
							t.Fatalf("first message of %d bytes, at most %d allowed", len(p.first), limit)
						}
						if p.bytes+100+4*many < limit && len(p.rest) != 0 {
							t.Errorf("object of %d bytes in %d messages", p.bytes, 1+len(p.rest))
						}
						got, err := unpack[object](alone(), p)
						if err != nil {
							t.Fatalf("text %d, small %d, large %d, many %d: %v", text, small, large, many, err)
						}
						if !reflect.DeepEqual(got, v) {
							t.Fatalf("text %d, small %d, large %d, many %d came back different", text, small, large, many)
						}
						for _, b := range p.rest {
							if large > 0 && len(b) == 8*large && &b[0] != (*byte)(unsafe.Pointer(&v.Large[0])) {
								t.Error("a large slice was copied")
							}
						}
						p.free()
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
	small := alone().WithCodec(CBOR(Limits{MaxBytes: 1000}))
	v := make([]byte, 2000)
	if _, err := small.pack(&v, firstBytes); err == nil {
		t.Error("an object longer than the limit was packed")
	}
	p, err := alone().pack(&v, collFrame-4)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := unpack[[]byte](small, p); err == nil || !strings.Contains(err.Error(), "limit") {
		t.Errorf("an object longer than the receiver's limit gives %v", err)
	}
	p, _ = alone().pack(&v, firstBytes)
	if _, err := unpack[[]byte](alone().WithCodec(Gob(Limits{})), p); err == nil || !strings.Contains(err.Error(), "another codec") {
		t.Errorf("an object of another codec gives %v", err)
	}
	p = packError(errors.New("what went wrong"), collFrame)
	if _, err := unpack[int](alone(), p); err == nil || err.Error() != "what went wrong" {
		t.Errorf("an error arrives as %v", err)
	}
	if _, err := alone().WithCodec(careless{}).pack(&v, firstBytes); err == nil || !strings.Contains(err.Error(), "appended") {
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
		for _, limit := range []int{collFrame - 4, firstBytes} {
			p, err := alone().pack(&v, limit)
			if err != nil {
				f.Fatal(err)
			}
			in := binary.LittleEndian.AppendUint16(nil, uint16(len(p.first)))
			in = append(in, p.first...)
			for _, b := range p.rest {
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
		n := min(int(binary.LittleEndian.Uint16(in)), len(in)-2, firstBytes)
		first, rest := in[2:2+n], in[2+n:]
		var o incoming
		if o.open(first, limit) != nil {
			return
		}
		taken := 0
		for b, more := o.next(); more && taken < 1000; b, more = o.next() {
			if len(b) > 4*limit {
				t.Fatalf("%d bytes are to be received, limit %d", len(b), limit)
			}
			k := min(len(b), len(rest))
			copy(b, rest[:k])
			rest = rest[k:]
			if size%7 == 0 {
				k = len(b)
			}
			o.got(b, k)
			taken++
		}
		var v any
		o.decode(defaultCodec, &v)
	})
}
