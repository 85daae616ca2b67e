package mpi

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"sync"
	"unsafe"

	"github.com/fxamacker/cbor/v2"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// CBOR returns the codec of RFC 8949, the default. What encoding/json can
// carry it carries, by the same rules (exported fields, struct tags cbor or
// json), and byte slices, big integers, times to the nanosecond, NaN, the
// difference between nil and empty, and maps with keys of any type. Types that
// marshal themselves (MarshalCBOR, MarshalBinary, MarshalText) do.
//
// The receiver's type need not be the sender's: fields are found by name and
// numbers converted where they fit. Into an any come map[string]any (map[any]any
// where there are other keys), []any, string, []byte, int64 (*big.Int for what
// it cannot hold), float64, bool, time.Time, nil, and for the numeric slices
// of the sender slices of the same kind of number: []float64, []int64 …
//
// Numeric slices of any length and byte slices from 8 KiB travel beside the
// encoding, without being copied into it.
func CBOR(l Limits) Codec {
	if l == (Limits{}) {
		return defaultCodec
	}
	return newCBOR(l)
}

type cborCodec struct {
	enc      cbor.UserBufferEncMode
	dec      cbor.DecMode
	decAny   cbor.DecMode // maps in an any may have any key
	maxBytes int64
	maxDepth int
}

func newCBOR(l Limits) *cborCodec {
	l = l.withDefaults()
	c := &cborCodec{maxBytes: l.MaxBytes, maxDepth: l.MaxDepth}
	var err error
	c.enc, err = cbor.EncOptions{
		NaNConvert:    cbor.NaNConvertNone,
		InfConvert:    cbor.InfConvertNone,
		BigIntConvert: cbor.BigIntConvertShortest,
		Time:          cbor.TimeRFC3339Nano,
		TimeTag:       cbor.EncTagRequired,
		TextMarshaler: cbor.TextMarshalerTextString,
	}.UserBufferEncMode()
	if err != nil {
		panic(err) // the options are constant
	}
	options := cbor.DecOptions{
		MaxNestedLevels:  l.MaxDepth,
		MaxArrayElements: l.MaxElements,
		MaxMapPairs:      l.MaxElements,
		IntDec:           cbor.IntDecConvertSignedOrBigInt,
		BigIntDec:        cbor.BigIntDecodePointer,
		DefaultMapType:   reflect.TypeFor[map[string]any](),
		UTF8:             cbor.UTF8DecodeInvalid,
		TextUnmarshaler:  cbor.TextUnmarshalerTextString,
	}
	if c.dec, err = options.DecMode(); err != nil {
		panic(err)
	}
	options.DefaultMapType = reflect.TypeFor[map[any]any]()
	if c.decAny, err = options.DecMode(); err != nil {
		panic(err)
	}
	return c
}

func (c *cborCodec) Name() string    { return "cbor" }
func (c *cborCodec) MaxBytes() int64 { return c.maxBytes }

// Encode does basic values and slices by itself: reflection would cost more
// than sending them.
func (c *cborCodec) Encode(dst []byte, v any) ([]byte, [][]byte, error) {
	if b, ok := appendBasic(dst, v); ok {
		return b, nil, nil
	}
	if k, b, ok := basicSlice(v); ok {
		return append(dst, byte(k), 0, headNull), [][]byte{b}, nil
	}
	return c.encodeValue(dst, v)
}

// appendBasic encodes the value v points to if it is of a basic type. v does
// not escape.
func appendBasic(dst []byte, v any) ([]byte, bool) {
	switch x := v.(type) {
	case *int:
		return appendInt(dst, int64(*x)), true
	case *int64:
		return appendInt(dst, *x), true
	case *int32:
		return appendInt(dst, int64(*x)), true
	case *uint64:
		return appendHead(dst, majorUint, *x), true
	case *uint8:
		return appendHead(dst, majorUint, uint64(*x)), true
	case *float64:
		return binary.BigEndian.AppendUint64(append(dst, headFloat64), math.Float64bits(*x)), true
	case *bool:
		if *x {
			return append(dst, headTrue), true
		}
		return append(dst, headFalse), true
	case *string:
		return append(appendHead(dst, majorText, uint64(len(*x))), *x...), true
	case *struct{}:
		return append(dst, majorMap), true
	case *[]byte:
		if *x == nil || len(*x) >= alonePart {
			return dst, false
		}
		return append(appendHead(dst, majorBytes, uint64(len(*x))), *x...), true
	}
	return dst, false
}

// basicSlice views a non-nil slice of one of the usual numeric types as bytes.
func basicSlice(v any) (engine.Kind, []byte, bool) {
	switch x := v.(type) {
	case *[]byte:
		return engine.Uint8, *x, *x != nil
	case *[]float64:
		return engine.Float64, sliceBytes(unsafe.Pointer(unsafe.SliceData(*x)), len(*x), engine.Float64), *x != nil && !bigEndian
	case *[]float32:
		return engine.Float32, sliceBytes(unsafe.Pointer(unsafe.SliceData(*x)), len(*x), engine.Float32), *x != nil && !bigEndian
	case *[]int64:
		return engine.Int64, sliceBytes(unsafe.Pointer(unsafe.SliceData(*x)), len(*x), engine.Int64), *x != nil && !bigEndian
	case *[]int32:
		return engine.Int32, sliceBytes(unsafe.Pointer(unsafe.SliceData(*x)), len(*x), engine.Int32), *x != nil && !bigEndian
	case *[]int:
		k := basicKind(reflect.Int)
		return k, sliceBytes(unsafe.Pointer(unsafe.SliceData(*x)), len(*x), k), *x != nil && !bigEndian
	}
	return engine.Invalid, nil, false
}

// encodeValue encodes any value. If parts are taken out of it, the encoding
// starts with the table that says where they belong.
func (c *cborCodec) encodeValue(dst []byte, v any) ([]byte, [][]byte, error) {
	rv := reflect.ValueOf(v).Elem()
	var x *extractor
	if p := planOf(rv.Type()); p != nil {
		x = &extractor{maxDepth: c.maxDepth}
		s, changed, err := x.strip(p, rv, 0)
		if err != nil {
			return dst, nil, err
		}
		if changed {
			dst = append(dst, x.table...)
			if p.leaf != engine.Invalid {
				return append(dst, headNull), x.parts, nil
			}
			v = s.Interface()
		}
	}
	w := encodeBuffers.Get().(*bytes.Buffer)
	err := c.enc.MarshalToBuffer(v, w)
	if err == nil {
		dst = append(dst, w.Bytes()...)
	}
	if w.Cap() <= maxPooled {
		w.Reset()
		encodeBuffers.Put(w)
	}
	if err != nil {
		return dst, nil, err
	}
	if x == nil {
		return dst, nil, nil
	}
	return dst, x.parts, nil
}

// maxPooled is the largest buffer that is kept for later use.
const maxPooled = 64 << 10

var encodeBuffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Decode is the reverse of Encode.
func (c *cborCodec) Decode(data []byte, parts [][]byte, v any) error {
	if len(parts) == 0 {
		if decodeBasic(data, v) {
			return nil
		}
		return c.decodeItem(data, v)
	}
	if len(parts) == 1 && decodeSlice(data, parts[0], v) {
		return nil
	}
	r := tableReader{data}
	type place struct {
		kind engine.Kind
		path []pathStep
	}
	places := make([]place, len(parts))
	for i := range places {
		k, path, err := r.entry(nil, c.maxDepth)
		if err != nil {
			return err
		}
		places[i] = place{k, path}
	}
	if err := c.decodeItem(r.b, v); err != nil {
		return err
	}
	for i, p := range places {
		if err := implant(reflect.ValueOf(v).Elem(), p.path, p.kind, parts[i]); err != nil {
			return err
		}
	}
	return nil
}

// decodeItem decodes one data item. Into an any, maps become map[string]any; if
// there is one with another kind of key, the decoding is repeated.
func (c *cborCodec) decodeItem(data []byte, v any) error {
	err := c.dec.Unmarshal(data, v)
	var mismatch *cbor.UnmarshalTypeError
	if !errors.As(err, &mismatch) || mismatch.GoType != "string" && !strings.HasPrefix(mismatch.GoType, "map[string]") {
		return err
	}
	again := reflect.New(reflect.TypeOf(v).Elem())
	if c.decAny.Unmarshal(data, again.Interface()) != nil {
		return err
	}
	stringKeys(again.Elem())
	reflect.ValueOf(v).Elem().Set(again.Elem())
	return nil
}

// stringKeys turns every map[any]any in an interface below v, which is
// settable, whose keys are all strings into a map[string]any.
func stringKeys(v reflect.Value) {
	switch v.Kind() {
	case reflect.Interface:
		switch x := v.Interface().(type) {
		case map[any]any:
			v.Set(reflect.ValueOf(stringKeyed(x)))
		case []any:
			stringKeys(reflect.ValueOf(x))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			stringKeys(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				stringKeys(v.Field(i))
			}
		}
	case reflect.Slice, reflect.Array:
		if planOf(v.Type()) == nil {
			return
		}
		for i := range v.Len() {
			stringKeys(v.Index(i))
		}
	case reflect.Map:
		if planOf(v.Type()) == nil {
			return
		}
		for it := v.MapRange(); it.Next(); {
			e := reflect.New(v.Type().Elem()).Elem()
			e.Set(it.Value())
			stringKeys(e)
			v.SetMapIndex(it.Key(), e)
		}
	}
}

func stringKeyed(m map[any]any) any {
	all := true
	for k, e := range m {
		box := e
		stringKeys(reflect.ValueOf(&box).Elem())
		m[k] = box
		if _, ok := k.(string); !ok {
			all = false
		}
	}
	if !all {
		return m
	}
	s := make(map[string]any, len(m))
	for k, e := range m {
		s[k.(string)] = e
	}
	return s
}

// Heads of CBOR data items (RFC 8949 §3).
const (
	majorUint   = 0 << 5
	majorNeg    = 1 << 5
	majorBytes  = 2 << 5
	majorText   = 3 << 5
	majorMap    = 5 << 5
	headFalse   = 0xf4
	headTrue    = 0xf5
	headNull    = 0xf6
	headFloat64 = 0xfb
)

func appendInt(dst []byte, v int64) []byte {
	if v < 0 {
		return appendHead(dst, majorNeg, uint64(^v))
	}
	return appendHead(dst, majorUint, uint64(v))
}

// appendHead appends the shortest head with argument v.
func appendHead(dst []byte, major byte, v uint64) []byte {
	switch {
	case v < 24:
		return append(dst, major|byte(v))
	case v <= math.MaxUint8:
		return append(dst, major|24, byte(v))
	case v <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, major|25), uint16(v))
	case v <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(dst, major|26), uint32(v))
	}
	return binary.BigEndian.AppendUint64(append(dst, major|27), v)
}

// readHead reads the head of a data item of definite length.
func readHead(b []byte) (major byte, v uint64, rest []byte, ok bool) {
	if len(b) == 0 {
		return 0, 0, nil, false
	}
	major, info := b[0]&0xe0, b[0]&0x1f
	b = b[1:]
	switch {
	case info < 24:
		return major, uint64(info), b, true
	case info == 24 && len(b) >= 1:
		return major, uint64(b[0]), b[1:], true
	case info == 25 && len(b) >= 2:
		return major, uint64(binary.BigEndian.Uint16(b)), b[2:], true
	case info == 26 && len(b) >= 4:
		return major, uint64(binary.BigEndian.Uint32(b)), b[4:], true
	case info == 27 && len(b) >= 8:
		return major, binary.BigEndian.Uint64(b), b[8:], true
	}
	return 0, 0, nil, false
}

// readInt reads a whole message that is one integer.
func readInt(data []byte) (int64, bool) {
	major, u, rest, ok := readHead(data)
	if !ok || len(rest) != 0 || u > math.MaxInt64 {
		return 0, false
	}
	switch major {
	case majorUint:
		return int64(u), true
	case majorNeg:
		return ^int64(u), true
	}
	return 0, false
}

// decodeBasic decodes a message that is one basic value of the receiver's
// type. It leaves everything out of the ordinary to the decoder proper. v does
// not escape.
func decodeBasic(data []byte, v any) bool {
	switch p := v.(type) {
	case *int:
		i, ok := readInt(data)
		if ok = ok && int64(int(i)) == i; ok {
			*p = int(i)
		}
		return ok
	case *int64:
		i, ok := readInt(data)
		if ok {
			*p = i
		}
		return ok
	case *int32:
		i, ok := readInt(data)
		if ok = ok && int64(int32(i)) == i; ok {
			*p = int32(i)
		}
		return ok
	case *float64:
		if len(data) != 9 || data[0] != headFloat64 {
			return false
		}
		*p = math.Float64frombits(binary.BigEndian.Uint64(data[1:]))
		return true
	case *bool:
		if len(data) != 1 || data[0]&^1 != headFalse {
			return false
		}
		*p = data[0] == headTrue
		return true
	case *string:
		major, n, rest, ok := readHead(data)
		if !ok || major != majorText || n != uint64(len(rest)) {
			return false
		}
		*p = string(rest)
		return true
	case *[]byte:
		major, n, rest, ok := readHead(data)
		if !ok || major != majorBytes || n != uint64(len(rest)) {
			return false
		}
		*p = append(make([]byte, 0, len(rest)), rest...)
		return true
	}
	return false
}

// decodeSlice takes over a part that is the whole of a message and of the
// receiver's type.
func decodeSlice(data, part []byte, v any) bool {
	if len(data) != 3 || data[1] != 0 || data[2] != headNull {
		return false
	}
	var k engine.Kind
	switch v.(type) {
	case *[]byte:
		k = engine.Uint8
	case *[]float64:
		k = engine.Float64
	case *[]float32:
		k = engine.Float32
	case *[]int64:
		k = engine.Int64
	case *[]int32:
		k = engine.Int32
	case *[]int:
		k = basicKind(reflect.Int)
	default:
		return false
	}
	if engine.Kind(data[0]) != k || len(part)%k.Size() != 0 {
		return false
	}
	setSlice(reflect.ValueOf(v).Elem(), part, len(part)/k.Size(), k)
	return true
}

// String names the codec and its limits.
func (c *cborCodec) String() string { return fmt.Sprintf("CBOR (at most %d bytes)", c.maxBytes) }
