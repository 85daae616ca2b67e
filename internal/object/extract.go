package object

import (
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

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
	for _, f := range p.lost {
		if field := p.typ.Field(f.index); (f.gob || !x.outer) && !v.Field(f.index).IsZero() {
			if !x.outer && !field.IsExported() && field.Anonymous && structBelow(field.Type) != nil {
				continue // CBOR sends the exported fields of an embedded struct
			}
			return v, false, fmt.Errorf("field %s of %v would not arrive: %s", field.Name, p.typ, f.why)
		}
	}
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
