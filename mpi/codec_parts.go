package mpi

import (
	"encoding"
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

// The memory of numeric slices and of long byte slices does not go through an
// encoder. The extractor makes a copy of a value, as shallow as it can be, in
// which these slices are missing, notes the path to each, and hands out their
// memory as parts; the implanter puts arrived parts back. So a codec encodes
// only what is left, and megabytes are neither copied nor parsed.

// alonePart is the length from which a byte slice inside a value becomes a
// part: shorter ones are copied into the encoding faster than their path is
// noted. Numeric slices, which encoders take apart element by element, are
// always parts; so a []float64 that is received as an any is a []float64 at
// any length.
const alonePart = 8 << 10

// bigEndian: parts are little-endian; on a big-endian machine only bytes are.
var bigEndian = binary.NativeEndian.Uint16([]byte{0, 1}) == 1

// partPlan says where inside values of a type parts can be, and where a cycle
// of pointers can: an encoder would follow it until the stack ends. A type that
// has neither has a nil plan.
type partPlan struct {
	typ    reflect.Type
	kind   reflect.Kind
	leaf   engine.Kind // of the elements of a slice that becomes a part
	elem   *partPlan
	fields []planField
	lossy  string // the type cannot be encoded without loss: why
}

type planField struct {
	index int
	key   string
	plan  *partPlan
	blind bool // the field has no name of its own in an encoding
}

var partPlans sync.Map // reflect.Type → *partPlan, a nil one included

// planOf returns the plan for t.
func planOf(t reflect.Type) *partPlan {
	if p, ok := partPlans.Load(t); ok {
		return p.(*partPlan)
	}
	b := planner{made: map[reflect.Type]*partPlan{}}
	p := b.plan(t)
	partPlans.Store(t, p)
	return p
}

type planner struct{ made map[reflect.Type]*partPlan }

func (b *planner) plan(t reflect.Type) *partPlan {
	if p, ok := b.made[t]; ok {
		return p
	}
	if opaque(t) {
		return nil
	}
	p := &partPlan{typ: t, kind: t.Kind()}
	b.made[t] = p // a recursive type meets its own plan
	useful := false
	switch t.Kind() {
	case reflect.Interface:
		useful = true
	case reflect.Slice, reflect.Pointer, reflect.Array, reflect.Map:
		if t.Kind() == reflect.Slice {
			p.leaf = partKind(t.Elem())
		}
		if p.leaf == engine.Invalid {
			p.elem = b.plan(t.Elem())
		}
		useful = p.leaf != engine.Invalid || p.elem != nil
	case reflect.Struct:
		p.fields = b.structFields(t)
		if t.NumField() > 0 && !encodesFields(t) {
			p.lossy = "it has only unexported fields"
		}
		useful = len(p.fields) > 0 || p.lossy != ""
	}
	if !useful {
		b.made[t] = nil
		return nil
	}
	return p
}

// structFields returns the fields of t that are encoded and have a plan.
func (b *planner) structFields(t reflect.Type) []planField {
	asArray := false
	if f, ok := t.FieldByName("_"); ok {
		asArray = f.Tag.Get("cbor") != ""
	}
	var fields []planField
	seen := map[string]int{}
	for i := range t.NumField() {
		f := t.Field(i)
		key, named := fieldKey(f)
		if !f.IsExported() && !f.Anonymous {
			continue
		}
		seen[key]++
		p := b.plan(f.Type)
		if p == nil || f.Anonymous && p.lossy != "" {
			continue
		}
		fields = append(fields, planField{i, key, p, !named || asArray})
	}
	for i := range fields {
		fields[i].blind = fields[i].blind || seen[fields[i].key] > 1
	}
	return fields
}

// encodesFields reports whether anything of a struct type is encoded.
func encodesFields(t reflect.Type) bool {
	for i := range t.NumField() {
		if f := t.Field(i); f.IsExported() || f.Anonymous {
			return true
		}
	}
	return false
}

// fieldKey is the name under which a struct field is encoded.
func fieldKey(f reflect.StructField) (string, bool) {
	if !f.IsExported() || f.Anonymous {
		return "", false
	}
	tag, ok := f.Tag.Lookup("cbor")
	if !ok || tag == "" {
		tag = f.Tag.Get("json")
	}
	if tag == "-" {
		return "", false
	}
	name, options, _ := strings.Cut(tag, ",")
	if strings.Contains(","+options+",", ",keyasint,") {
		return "", false
	}
	if name == "" {
		name = f.Name
	}
	return name, true
}

// opaque reports that values of t encode themselves.
func opaque(t reflect.Type) bool {
	if t.Kind() == reflect.Interface {
		return false
	}
	p := reflect.PointerTo(t)
	for _, m := range []reflect.Type{
		reflect.TypeFor[cbor.Marshaler](), reflect.TypeFor[encoding.BinaryMarshaler](), reflect.TypeFor[encoding.TextMarshaler](),
		reflect.TypeFor[cbor.Unmarshaler](), reflect.TypeFor[encoding.BinaryUnmarshaler](), reflect.TypeFor[encoding.TextUnmarshaler](),
		reflect.TypeFor[gobEncoder](), reflect.TypeFor[gobDecoder](),
	} {
		if p.Implements(m) {
			return true
		}
	}
	return false
}

type (
	gobEncoder interface{ GobEncode() ([]byte, error) }
	gobDecoder interface{ GobDecode([]byte) error }
)

// partKind is the kind of the elements of a slice that can be a part.
func partKind(elem reflect.Type) engine.Kind {
	k := basicKind(elem.Kind())
	if k == engine.Invalid || opaque(elem) || bigEndian && k.Size() > 1 {
		return engine.Invalid
	}
	return k
}

// extractor takes parts out of one value.
type extractor struct {
	table    []byte // an entry for each part: kind, number of steps, steps
	parts    [][]byte
	path     []byte // steps to where the extractor is
	steps    int
	blind    int // > 0: inside something where nothing can be taken out
	maxDepth int
	outer    bool // take nothing out of interfaces and maps
}

// Steps of a path.
const (
	stepIndex = 0 // followed by a uvarint
	stepKey   = 1 // followed by a uvarint length and the key
)

var errTooDeep = errors.New("value nested too deep (a cycle of pointers?)")

// strip returns v without the parts in it, and whether it differs from v.
func (x *extractor) strip(p *partPlan, v reflect.Value, depth int) (reflect.Value, bool, error) {
	if depth > x.maxDepth {
		return v, false, fmt.Errorf("%w: more than %d levels", errTooDeep, x.maxDepth)
	}
	if p.lossy != "" {
		return v, false, fmt.Errorf("%v cannot be encoded: %s", p.typ, p.lossy)
	}
	if p.leaf != engine.Invalid {
		if v.IsNil() || x.blind > 0 || p.leaf == engine.Uint8 && v.Len() < alonePart {
			return v, false, nil
		}
		x.add(p.leaf, sliceBytes(v.UnsafePointer(), v.Len(), p.leaf))
		return reflect.Zero(p.typ), true, nil
	}
	switch p.kind {
	case reflect.Interface:
		if v.IsNil() {
			return v, false, nil
		}
		q := planOf(v.Elem().Type())
		if q == nil {
			return v, false, nil
		}
		s, changed, err := x.hidden(x.outer, q, v.Elem(), depth+1)
		if changed && q.leaf != engine.Invalid {
			s = reflect.Zero(p.typ)
		}
		return s, changed, err
	case reflect.Pointer:
		if v.IsNil() {
			return v, false, nil
		}
		if p.elem.kind != reflect.Struct {
			depth++
		}
		s, changed, err := x.strip(p.elem, v.Elem(), depth)
		if !changed {
			return v, false, err
		}
		n := reflect.New(p.typ.Elem())
		n.Elem().Set(s)
		return n.Convert(p.typ), true, err
	case reflect.Struct:
		return x.stripStruct(p, v, depth)
	case reflect.Slice, reflect.Array:
		return x.stripList(p, v, depth)
	case reflect.Map:
		return x.stripMap(p, v, depth)
	}
	return v, false, nil
}

// hidden is strip for a place that no path leads to if blind is set: then it
// looks for cycles and loss only.
func (x *extractor) hidden(blind bool, p *partPlan, v reflect.Value, depth int) (reflect.Value, bool, error) {
	if !blind {
		return x.strip(p, v, depth)
	}
	x.blind++
	_, _, err := x.strip(p, v, depth)
	x.blind--
	return v, false, err
}

func (x *extractor) stripStruct(p *partPlan, v reflect.Value, depth int) (reflect.Value, bool, error) {
	out := v
	changed := false
	for _, f := range p.fields {
		mark, steps := x.key(f.key)
		s, ch, err := x.hidden(f.blind, f.plan, v.Field(f.index), depth+1)
		x.back(mark, steps)
		if err != nil {
			return v, false, err
		}
		if ch {
			if !changed {
				out = reflect.New(p.typ).Elem()
				out.Set(v)
				changed = true
			}
			out.Field(f.index).Set(s)
		}
	}
	return out, changed, nil
}

func (x *extractor) stripList(p *partPlan, v reflect.Value, depth int) (reflect.Value, bool, error) {
	out := v
	changed := false
	for i := range v.Len() {
		mark, steps := x.index(i)
		s, ch, err := x.strip(p.elem, v.Index(i), depth+1)
		x.back(mark, steps)
		if err != nil {
			return v, false, err
		}
		if ch {
			if !changed {
				if p.kind == reflect.Slice {
					out = reflect.MakeSlice(p.typ, v.Len(), v.Len())
					reflect.Copy(out, v)
				} else {
					out = reflect.New(p.typ).Elem()
					out.Set(v)
				}
				changed = true
			}
			out.Index(i).Set(s)
		}
	}
	return out, changed, nil
}

func (x *extractor) stripMap(p *partPlan, v reflect.Value, depth int) (reflect.Value, bool, error) {
	out := v
	changed := false
	for it := v.MapRange(); it.Next(); {
		mark, steps := len(x.path), x.steps
		k := it.Key()
		if k.Kind() == reflect.Interface {
			k = k.Elem()
		}
		named := k.Kind() == reflect.String // else no path leads to the element
		if named {
			x.key(k.String())
		}
		s, ch, err := x.hidden(!named || x.outer, p.elem, it.Value(), depth+1)
		x.back(mark, steps)
		if err != nil {
			return v, false, err
		}
		if ch {
			if !changed {
				out = reflect.MakeMapWithSize(p.typ, v.Len())
				for all := v.MapRange(); all.Next(); {
					out.SetMapIndex(all.Key(), all.Value())
				}
				changed = true
			}
			out.SetMapIndex(it.Key(), s)
		}
	}
	return out, changed, nil
}

func (x *extractor) add(k engine.Kind, part []byte) {
	x.table = append(x.table, byte(k))
	x.table = binary.AppendUvarint(x.table, uint64(x.steps))
	x.table = append(x.table, x.path...)
	x.parts = append(x.parts, part)
}

func (x *extractor) key(k string) (mark, steps int) {
	mark, steps = len(x.path), x.steps
	x.path = append(x.path, stepKey)
	x.path = binary.AppendUvarint(x.path, uint64(len(k)))
	x.path = append(x.path, k...)
	x.steps++
	return mark, steps
}

func (x *extractor) index(i int) (mark, steps int) {
	mark, steps = len(x.path), x.steps
	x.path = append(x.path, stepIndex)
	x.path = binary.AppendUvarint(x.path, uint64(i))
	x.steps++
	return mark, steps
}

func (x *extractor) back(mark, steps int) { x.path, x.steps = x.path[:mark], steps }

// sliceBytes views n elements of kind k as bytes.
func sliceBytes(p unsafe.Pointer, n int, k engine.Kind) []byte {
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(p), n*k.Size())
}

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
	b, err := defaultCodec.enc.Marshal(s.Interface())
	if err != nil {
		return fmt.Errorf("%v does not fit into a %v: %w", s.Type(), v.Type(), err)
	}
	if err := defaultCodec.dec.Unmarshal(b, v.Addr().Interface()); err != nil {
		return fmt.Errorf("%v does not fit into a %v: %w", s.Type(), v.Type(), err)
	}
	return nil
}
