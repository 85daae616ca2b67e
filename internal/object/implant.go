package object

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// tableReader reads the table of an encoding with parts.
type tableReader struct{ b []byte }

var errTable = errors.New("damaged table of parts")

func (r *tableReader) uvarint(limit uint64) (int, error) {
	v, n := binary.Uvarint(r.b)
	if n <= 0 || v > limit || v > math.MaxInt {
		return 0, errTable
	}
	r.b = r.b[n:]
	return int(v), nil
}

// pathStep is one step of a path: a key, or an index where key is not set.
type pathStep struct {
	key   string
	index int
	isKey bool
}

// entry reads one entry of the table into path[:0].
func (r *tableReader) entry(path []pathStep, maxDepth int) (engine.Kind, []pathStep, error) {
	if len(r.b) == 0 {
		return 0, nil, errTable
	}
	kind := engine.Kind(r.b[0])
	r.b = r.b[1:]
	if kind.Size() == 0 || kind > engine.Bool || bigEndian && kind.Size() > 1 {
		return 0, nil, errTable
	}
	n, err := r.uvarint(uint64(len(r.b)))
	if err != nil || n > maxDepth {
		return 0, nil, errTable
	}
	path = path[:0]
	for range n {
		if len(r.b) == 0 {
			return 0, nil, errTable
		}
		step := r.b[0]
		r.b = r.b[1:]
		switch step {
		case stepIndex:
			i, err := r.uvarint(math.MaxInt)
			if err != nil {
				return 0, nil, err
			}
			path = append(path, pathStep{index: i})
		case stepKey:
			l, err := r.uvarint(uint64(len(r.b)))
			if err != nil {
				return 0, nil, err
			}
			if l > len(r.b) {
				return 0, nil, errTable
			}
			path = append(path, pathStep{key: string(r.b[:l]), isKey: true})
			r.b = r.b[l:]
		default:
			return 0, nil, errTable
		}
	}
	return kind, path, nil
}

// implant puts a part of elements of kind k at the end of path below v, which
// is addressable. A struct without a field of that name ignores the part, as
// it would have ignored the field.
func implant(v reflect.Value, path []pathStep, k engine.Kind, part []byte) error {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		return implant(v.Elem(), path, k, part)
	case reflect.Interface:
		if len(path) == 0 {
			break
		}
		if v.IsNil() {
			return errTable
		}
		inner := reflect.New(v.Elem().Type()).Elem()
		inner.Set(v.Elem())
		if err := implant(inner, path, k, part); err != nil {
			return err
		}
		v.Set(inner)
		return nil
	}
	if len(path) == 0 {
		return assignPart(v, k, part)
	}
	step, rest := path[0], path[1:]
	switch {
	case v.Kind() == reflect.Struct && step.isKey:
		f, ok := fieldByKey(v, step.key)
		if !ok {
			return nil
		}
		return implant(f, rest, k, part)
	case v.Kind() == reflect.Map && step.isKey:
		return implantMap(v, step.key, rest, k, part)
	case (v.Kind() == reflect.Slice || v.Kind() == reflect.Array) && !step.isKey:
		if step.index >= v.Len() {
			return errTable
		}
		return implant(v.Index(step.index), rest, k, part)
	}
	return fmt.Errorf("a part of %v values does not fit into a %v", k, v.Type())
}

func implantMap(v reflect.Value, key string, rest []pathStep, k engine.Kind, part []byte) error {
	t := v.Type()
	var kv reflect.Value
	switch {
	case t.Key().Kind() == reflect.String:
		kv = reflect.ValueOf(key).Convert(t.Key())
	case t.Key().Kind() == reflect.Interface && t.Key().NumMethod() == 0:
		kv = reflect.ValueOf(key)
	default:
		return fmt.Errorf("a part of %v values does not fit into a %v", k, t)
	}
	if v.IsNil() {
		v.Set(reflect.MakeMap(t))
	}
	elem := reflect.New(t.Elem()).Elem()
	if old := v.MapIndex(kv); old.IsValid() {
		elem.Set(old)
	}
	if err := implant(elem, rest, k, part); err != nil {
		return err
	}
	v.SetMapIndex(kv, elem)
	return nil
}

// fieldByKey finds the field of v that is encoded under key, in the way of the
// CBOR decoder: the exact name first, then one that differs in case only, then
// the fields of embedded structs.
func fieldByKey(v reflect.Value, key string) (reflect.Value, bool) {
	t := v.Type()
	fold := -1
	for i := range t.NumField() {
		name, ok := fieldKey(t.Field(i))
		if !ok {
			continue
		}
		if name == key {
			return v.Field(i), true
		}
		if fold < 0 && strings.EqualFold(name, key) {
			fold = i
		}
	}
	if fold >= 0 {
		return v.Field(fold), true
	}
	for i := range t.NumField() {
		if f := t.Field(i); f.Anonymous && f.Type.Kind() == reflect.Struct {
			if in, ok := fieldByKey(v.Field(i), key); ok {
				return in, true
			}
		} else if f.Anonymous && f.Type.Kind() == reflect.Pointer && f.Type.Elem().Kind() == reflect.Struct && !v.Field(i).IsNil() {
			if in, ok := fieldByKey(v.Field(i).Elem(), key); ok {
				return in, true
			}
		}
	}
	return reflect.Value{}, false
}

// naturalSlices are the types that parts have in an any.
var naturalSlices = map[engine.Kind]reflect.Type{
	engine.Int8: reflect.TypeFor[[]int8](), engine.Int16: reflect.TypeFor[[]int16](),
	engine.Int32: reflect.TypeFor[[]int32](), engine.Int64: reflect.TypeFor[[]int64](),
	engine.Uint8: reflect.TypeFor[[]uint8](), engine.Uint16: reflect.TypeFor[[]uint16](),
	engine.Uint32: reflect.TypeFor[[]uint32](), engine.Uint64: reflect.TypeFor[[]uint64](),
	engine.Float32: reflect.TypeFor[[]float32](), engine.Float64: reflect.TypeFor[[]float64](),
	engine.Complex64: reflect.TypeFor[[]complex64](), engine.Complex128: reflect.TypeFor[[]complex128](),
	engine.Bool: reflect.TypeFor[[]bool](),
}

// assignPart makes v, which is addressable, a slice of the elements in part:
// without a copy where v's elements are of that kind, else by conversion.
func assignPart(v reflect.Value, k engine.Kind, part []byte) error {
	natural, ok := naturalSlices[k]
	if !ok || len(part)%k.Size() != 0 {
		return errTable
	}
	n := len(part) / k.Size()
	if err := checkBools(k, part); err != nil {
		return err
	}
	switch {
	case v.Kind() == reflect.Slice && partKind(v.Type().Elem()) == k:
		setSlice(v, part, n, k)
		return nil
	case v.Kind() == reflect.Interface && v.NumMethod() == 0:
		s := reflect.New(natural).Elem()
		setSlice(s, part, n, k)
		v.Set(s)
		return nil
	}
	s := reflect.New(natural).Elem()
	setSlice(s, part, n, k)
	return convertInto(v, s)
}

// checkBools refuses bytes that are no Go bool.
func checkBools(k engine.Kind, part []byte) error {
	if k == engine.Bool {
		for _, b := range part {
			if b > 1 {
				return errors.New("a bool that is neither 0 nor 1")
			}
		}
	}
	return nil
}

// setSlice points the slice v at the memory of part.
func setSlice(v reflect.Value, part []byte, n int, k engine.Kind) {
	part = aligned(part, k)
	*(*sliceHeader)(v.Addr().UnsafePointer()) = sliceHeader{unsafe.Pointer(unsafe.SliceData(part)), n, n}
}

// sliceHeader is the memory of a slice.
type sliceHeader struct {
	ptr      unsafe.Pointer
	len, cap int
}

// aligned returns part, or a copy of it where its place in memory does not
// suit elements of kind k. It is never nil.
func aligned(part []byte, k engine.Kind) []byte {
	if len(part) == 0 {
		return []byte{}
	}
	if uintptr(unsafe.Pointer(unsafe.SliceData(part)))%uintptr(min(k.Size(), 8)) == 0 {
		return part
	}
	words := make([]uint64, (len(part)+7)/8)
	c := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), len(part))
	copy(c, part)
	return c
}

// convertInto stores the numbers of the slice s in v, whose type differs:
// another width, an array, a slice of interfaces. What does not fit is an error.
func convertInto(v, s reflect.Value) error {
	b, err := defaultCBOR.enc.Marshal(s.Interface())
	if err != nil {
		return fmt.Errorf("%v does not fit into a %v: %w", s.Type(), v.Type(), err)
	}
	if err := defaultCBOR.dec.Unmarshal(b, v.Addr().Interface()); err != nil {
		return fmt.Errorf("%v does not fit into a %v: %w", s.Type(), v.Type(), err)
	}
	return nil
}
