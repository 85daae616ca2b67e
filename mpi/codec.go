package mpi

import (
	"fmt"
	"hash/fnv"
	"sync"
)

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

const (
	defaultMaxElements = 1 << 27
	defaultMaxDepth    = 1000
	greatestMaxDepth   = 65535
)

func (l Limits) withDefaults() Limits {
	if l.MaxBytes <= 0 {
		l.MaxBytes = 1 << 30
		if ^uint(0)>>32 != 0 {
			l.MaxBytes = 8 << 30
		}
	}
	if l.MaxElements <= 0 {
		l.MaxElements = defaultMaxElements
	}
	if l.MaxDepth <= 0 {
		l.MaxDepth = defaultMaxDepth
	}
	l.MaxElements = min(max(l.MaxElements, 16), 1<<31-1)
	l.MaxDepth = min(max(l.MaxDepth, 4), greatestMaxDepth)
	return l
}

// defaultCodec is the codec of a communicator that WithCodec gave none.
var defaultCodec = newCBOR(Limits{})

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
		return defaultCodec
	}
	return c.codec
}

// codecID is what travels of a codec's name: its FNV-1a hash.
func codecID(c Codec) uint32 {
	if c == Codec(defaultCodec) {
		return defaultCodecID
	}
	name := c.Name()
	if id, ok := codecIDs.Load(name); ok {
		return id.(uint32)
	}
	id := hashName(name)
	codecIDs.Store(name, id)
	return id
}

var (
	codecIDs       sync.Map // name → uint32
	defaultCodecID = hashName(defaultCodec.Name())
)

func hashName(name string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(name))
	return h.Sum32()
}

// encodeWith encodes the value v points to. What a codec, or a method of the
// value that it calls, panics with becomes an error.
func encodeWith(c Codec, dst []byte, v any) (data []byte, parts [][]byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			data, parts, err = dst, nil, fmt.Errorf("%s: panic while encoding %T: %v", c.Name(), v, p)
		}
	}()
	data, parts, err = c.Encode(dst, v)
	if err != nil {
		return dst, nil, fmt.Errorf("%s: %w", c.Name(), err)
	}
	return data, parts, nil
}

// decodeWith is the reverse of encodeWith.
func decodeWith(c Codec, data []byte, parts [][]byte, v any) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: panic while decoding %T: %v", c.Name(), v, p)
		}
	}()
	if err := c.Decode(data, parts, v); err != nil {
		return fmt.Errorf("%s: %w", c.Name(), err)
	}
	return nil
}
