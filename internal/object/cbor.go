package object

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/fxamacker/cbor/v2"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// CBOR returns the codec of RFC 8949.
func CBOR(l Limits) Codec {
	if l == (Limits{}) {
		return Default
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

// String names the codec and its limits.
func (c *cborCodec) String() string { return fmt.Sprintf("CBOR (at most %d bytes)", c.maxBytes) }
