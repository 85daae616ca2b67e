package object

import (
	"fmt"
	"hash/fnv"
	"sync"
)

// Codec is the same interface as [mpi.Codec], which describes it.
type Codec interface {
	Name() string
	Encode(dst []byte, v any) (data []byte, parts [][]byte, err error)
	Decode(data []byte, parts [][]byte, v any) error
	MaxBytes() int64
}

// Limits bound what decoding may allocate, as [mpi.Limits] says. Zero fields
// have the default values.
type Limits struct {
	MaxBytes    int64
	MaxElements int
	MaxDepth    int
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

// Default is the codec that is used where a program has named none.
var Default Codec = defaultCBOR

var defaultCBOR = newCBOR(Limits{})

// codecID is what travels of a codec's name: its FNV-1a hash.
func codecID(c Codec) uint32 {
	if c == Codec(defaultCBOR) {
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
	defaultCodecID = hashName(defaultCBOR.Name())
)

func hashName(name string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(name))
	return h.Sum32()
}

// EncodeWith encodes the value v points to. A panic of the codec, or of a
// method of the value, becomes an error.
func EncodeWith(c Codec, dst []byte, v any) (data []byte, parts [][]byte, err error) {
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

// DecodeWith is the reverse of EncodeWith.
func DecodeWith(c Codec, data []byte, parts [][]byte, v any) (err error) {
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
