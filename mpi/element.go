package mpi

import (
	"fmt"
	"reflect"
	"strconv"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// element is what this package knows of a Go type as the element of a buffer.
// There is one for each type in a process.
type element struct {
	key unsafe.Pointer // identity of the Go type
	typ *engine.Type   // nil when the type cannot be sent
	err error          // then the reason
	ops [engine.NumOps]atomic.Pointer[boundOp]
}

// elementCache is a direct-mapped cache in front of elements: the look-up on
// the path of every call is two loads and a comparison.
var elementCache [256]atomic.Pointer[element]

// elements holds every element ever described, by reflect.Type.
var elements sync.Map

// elementOf describes T.
func elementOf[T any]() *element {
	key := typeKey((*T)(nil))
	if e := slotOf(key).Load(); e != nil && e.key == key {
		return e
	}
	return newElement[T]()
}

// newElement is elementOf for a T that is not in its slot.
func newElement[T any]() *element {
	key := typeKey((*T)(nil))
	return describeElement(key, reflect.TypeFor[T](), slotOf(key))
}

func slotOf(key unsafe.Pointer) *atomic.Pointer[element] {
	return &elementCache[(uintptr(key)>>5^uintptr(key)>>13)&255]
}

// typeKey returns the word that identifies the dynamic type of x, which an
// interface value holds first.
func typeKey(x any) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&x)) }

func describeElement(key unsafe.Pointer, t reflect.Type, slot *atomic.Pointer[element]) *element {
	v, ok := elements.Load(t)
	if !ok {
		e := &element{key: key}
		e.typ, e.err = describe(t)
		v, _ = elements.LoadOrStore(t, e)
	}
	e := v.(*element)
	slot.Store(e)
	return e
}

// unnamed starts the path of a field of a type without a name.
const unnamed = "element"

// maxFields bounds the description of one element.
const maxFields = 1 << 16

// describe makes the engine's description of t, or says why t cannot travel.
func describe(t reflect.Type) (*engine.Type, error) {
	if k := engine.KindOf(t.Kind()); k != engine.Invalid {
		if t.String() == k.String() {
			return engine.Basic(k), nil
		}
		return &engine.Type{Kind: k, Size: k.Size(), Sig: engine.Sig(k), Name: t.String()}, nil
	}
	pair := t.Implements(reflect.TypeFor[locator]())
	d := describer{merge: !pair}
	root := t.Name()
	if root == "" {
		root = unnamed
	}
	if err := d.add(t, 0, root); err != nil {
		return nil, err
	}
	kind := engine.Struct
	if pair {
		kind = engine.Pair
	}
	return engine.NewStruct(kind, t.String(), int(t.Size()), d.fields), nil
}

// describer flattens a type into runs of equal basic elements.
type describer struct {
	fields []engine.Field
	merge  bool
}

func (d *describer) add(t reflect.Type, offset int, path string) error {
	if k := engine.KindOf(t.Kind()); k != engine.Invalid {
		return d.run(k, 1, offset, path)
	}
	switch t.Kind() {
	case reflect.Array:
		if k := engine.KindOf(t.Elem().Kind()); k != engine.Invalid {
			return d.run(k, t.Len(), offset, path)
		}
		if t.Len() == 0 || t.Size() == 0 {
			return d.probe(t.Elem(), path+"[]")
		}
		for i := range t.Len() {
			if err := d.add(t.Elem(), offset+i*int(t.Elem().Size()), path+"["+strconv.Itoa(i)+"]"); err != nil {
				return err
			}
		}
		return nil
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			if err := d.add(f.Type, offset+int(f.Offset), path+"."+f.Name); err != nil {
				return err
			}
		}
		return nil
	}
	what := kindName(t)
	if path == t.Name() || path == unnamed {
		path, what = t.String(), "not an element type"
	}
	return fmt.Errorf("%s is %s: elements hold fixed-size values only (SendObject and its kin send any value)", path, what)
}

// probe checks a type of which there are no elements.
func (d *describer) probe(t reflect.Type, path string) error {
	var none describer
	return none.add(t, 0, path)
}

func (d *describer) run(k engine.Kind, count, offset int, path string) error {
	if count == 0 {
		return nil
	}
	if n := len(d.fields); d.merge && n > 0 {
		last := &d.fields[n-1]
		if last.Kind == k && last.Offset+last.Count*k.Size() == offset {
			last.Count += count
			return nil
		}
	}
	if len(d.fields) == maxFields {
		return fmt.Errorf("%s: more than %d separate fields in one element", path, maxFields)
	}
	d.fields = append(d.fields, engine.Field{Offset: offset, Kind: k, Count: count, Name: path})
	return nil
}

func kindName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer, reflect.UnsafePointer:
		return "a pointer"
	case reflect.Func:
		return "a function"
	case reflect.Chan:
		return "a channel"
	case reflect.Interface:
		return "an interface"
	}
	return "a " + t.Kind().String()
}

// bufOf describes buf for the engine; e is elementOf[T]().
func bufOf[T any](e *element, buf []T) engine.Buf {
	return engine.Buf{Ptr: unsafe.Pointer(unsafe.SliceData(buf)), Count: len(buf), Type: e.typ}
}
