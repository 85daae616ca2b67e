package object

import (
	"encoding"
	"encoding/binary"
	"reflect"
	"slices"
	"strings"
	"sync"

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
	lost   []lostField
}

// lostField is a field that an encoding leaves out. A value in which it is not
// zero would not arrive whole.
type lostField struct {
	index int
	why   string
	gob   bool // also by gob; else by CBOR alone
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
		p.lost = lostFields(t)
		useful = len(p.fields) > 0 || p.lossy != "" || len(p.lost) > 0
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

// lostFields returns the fields of t that do not travel: unexported ones, those
// that a tag leaves out, and those that share a name.
func lostFields(t reflect.Type) (lost []lostField) {
	names, direct := map[string]int{}, map[string]int{} // a name here hides one of an embedded struct
	for i := range t.NumField() {
		f := t.Field(i)
		for _, name := range namesOf(f, nil) {
			if names[name]++; !f.Anonymous {
				direct[name]++
			}
		}
	}
	for i := range t.NumField() {
		f := t.Field(i)
		embedded := f.Anonymous && structBelow(f.Type) != nil
		tag, ok := f.Tag.Lookup("cbor")
		if !ok || tag == "" {
			tag = f.Tag.Get("json")
		}
		switch {
		case f.Name == "_":
		case !f.IsExported():
			lost = append(lost, lostField{i, "it is not exported", true})
			if embedded { // its exported fields travel with CBOR
				lost[len(lost)-1].why, lost[len(lost)-1].gob = "gob leaves out what is embedded and not exported", true
			}
		case tag == "-":
			lost = append(lost, lostField{i, "its tag leaves it out", false})
		default:
			for _, name := range namesOf(f, nil) {
				if direct[name] > 1 || f.Anonymous && names[name] > 1 {
					lost = append(lost, lostField{i, "another field is named " + name + " as well", false})
					break
				}
			}
		}
	}
	return lost
}

// structBelow returns the struct type that t is or points to, nil if it is none.
func structBelow(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	return t
}

// namesOf returns the names under which a field, or the fields of an embedded
// struct, are encoded. within are the types that it is embedded in.
func namesOf(f reflect.StructField, within []reflect.Type) (names []string) {
	s := structBelow(f.Type)
	tag := f.Tag.Get("cbor") + f.Tag.Get("json")
	if !f.Anonymous || s == nil || opaque(s) || tag != "" {
		g := f
		g.Anonymous = false
		if name, ok := fieldKey(g); ok {
			names = append(names, name)
		}
		return names
	}
	if slices.Contains(within, s) {
		return nil
	}
	for i := range s.NumField() {
		names = append(names, namesOf(s.Field(i), append(within, s))...)
	}
	return names
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
	k := engine.KindOf(elem.Kind())
	if k == engine.Invalid || opaque(elem) || bigEndian && k.Size() > 1 {
		return engine.Invalid
	}
	return k
}
