package mpi

import "github.com/ringo-mpi/ringo/internal/object"

// A Codec turns Go values into bytes and back; the object functions
// ([SendObject], [BcastObject] …) use the codec of their communicator, see
// [Comm.WithCodec]. [CBOR] is the default, [Gob] the second; a program may
// bring its own. Both ends of a message must use codecs of the same name.
//
// A Codec is used from many goroutines at once.
type Codec interface {
	// Name identifies the encoding; it is compared when an object arrives.
	Name() string

	// Encode appends the encoding of *v to dst and returns the longer slice;
	// v is a pointer to the value, a *T. Large pieces of memory may be left
	// out of the encoding and returned as parts: they are sent as they are,
	// and Decode gets them back in the same order. Parts may be memory of the
	// value itself: it is only read, until the send is complete.
	Encode(dst []byte, v any) (data []byte, parts [][]byte, err error)

	// Decode makes the value that v, a *T, points to. data is valid during the
	// call only; the parts are the value's to keep. Bytes that Encode did not
	// make must end in an error, not in a panic and not in an allocation that
	// their number does not justify.
	Decode(data []byte, parts [][]byte, v any) error

	// MaxBytes is the longest object, encoding and parts together, for which a
	// receive allocates memory. A longer one ends in an error of class ErrCodec.
	MaxBytes() int64
}

// Limits bound what decoding an object may allocate, so that a damaged message
// cannot exhaust the memory. Zero fields have the default values.
type Limits struct {
	// MaxBytes is the longest object in bytes, parts included, that is sent or
	// received. The default is 8 GiB, on 32-bit systems 1 GiB.
	MaxBytes int64

	// MaxElements is the greatest number of elements of one slice, array or map
	// inside an encoding (numeric slices travel beside it and count in bytes
	// only). The default is 134217728 (2²⁷).
	MaxElements int

	// MaxDepth is how deep structs, slices, arrays and maps may be nested; a
	// cycle of pointers runs into it. The default is 1000, the greatest value
	// 65535.
	MaxDepth int
}

// WithCodec returns a view of c whose object functions use the given codec; nil
// stands for the default, [CBOR]. Local; it allocates the view only.
func (c *Comm) WithCodec(codec Codec) *Comm {
	if c == nil {
		return nil
	}
	v := *c
	v.codec = codec
	return &v
}

func (c *Comm) objectCodec() Codec {
	if c.codec == nil {
		return object.Default
	}
	return c.codec
}

// CBOR returns the codec of RFC 8949, the default. What encoding/json can
// carry it carries, by the same rules (exported fields, struct tags cbor or
// json), and byte slices, big integers, times to the nanosecond, NaN, the
// difference between nil and empty, and maps with keys of any type. Types that
// marshal themselves (MarshalCBOR, MarshalBinary, MarshalText) do.
//
// A value that would not arrive whole is an error that names the field: an
// unexported field, one whose tag is "-", or two fields of one name, where they
// are not zero. (A type that marshals itself says what travels of it.)
//
// The receiver's type need not be the sender's: fields are found by name and
// numbers converted where they fit. Into an any come map[string]any (map[any]any
// where there are other keys), []any, string, []byte, int64 (*big.Int for what
// it cannot hold), float64, bool, time.Time, nil, and for the numeric slices
// of the sender slices of the same kind of number: []float64, []int64 …
//
// Numeric slices of any length and byte slices from 8 KiB travel beside the
// encoding, without being copied into it.
func CBOR(l Limits) Codec { return object.CBOR(object.Limits(l)) }

// Gob returns the codec of package encoding/gob. It carries complex numbers
// and, for types given to [gob.Register], the concrete type of what an
// interface holds; sender and receiver must use matching types. It describes
// the types in every message and is many times slower than [CBOR].
//
// A value that would not arrive whole is an error that names the field: an
// unexported field that is not zero. (Gob does not look at tags.)
//
// Package gob is not made to withstand messages that were forged; it bounds
// what it allocates by the length of the message.
//
// Numeric slices and byte slices from 8 KiB that are reached through structs,
// pointers and slices travel beside the encoding.
func Gob(l Limits) Codec { return object.Gob(object.Limits(l)) }
