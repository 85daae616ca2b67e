package object

import (
	"encoding/binary"
	"math"
	"reflect"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// Values of basic types and slices of them are encoded and decoded here, without
// reflection, which would cost more than sending them.

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
		k := engine.KindOf(reflect.Int)
		return k, sliceBytes(unsafe.Pointer(unsafe.SliceData(*x)), len(*x), k), *x != nil && !bigEndian
	}
	return engine.Invalid, nil, false
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
		k = engine.KindOf(reflect.Int)
	default:
		return false
	}
	if engine.Kind(data[0]) != k || len(part)%k.Size() != 0 {
		return false
	}
	setSlice(reflect.ValueOf(v).Elem(), part, len(part)/k.Size(), k)
	return true
}
