package object

import (
	"bytes"
	"encoding/gob"
	"errors"
	"reflect"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// Gob returns the codec of package encoding/gob.
func Gob(l Limits) Codec { return gobCodec{l.withDefaults()} }

type gobCodec struct{ limits Limits }

func (g gobCodec) Name() string    { return "gob" }
func (g gobCodec) MaxBytes() int64 { return g.limits.MaxBytes }

func (g gobCodec) Encode(dst []byte, v any) ([]byte, [][]byte, error) {
	rv := reflect.ValueOf(v).Elem()
	x := extractor{maxDepth: g.limits.MaxDepth, outer: true}
	if p := planOf(rv.Type()); p != nil {
		s, changed, err := x.strip(p, rv, 0)
		if err != nil {
			return dst, nil, err
		}
		if changed {
			n := reflect.New(rv.Type())
			n.Elem().Set(s)
			rv = n.Elem()
			dst = append(dst, x.table...)
		}
	}
	var w bytes.Buffer
	if err := gob.NewEncoder(&w).EncodeValue(gobBox(rv)); err != nil {
		return dst, nil, err
	}
	return append(dst, w.Bytes()...), x.parts, nil
}

func (g gobCodec) Decode(data []byte, parts [][]byte, v any) error {
	r := tableReader{data}
	kinds := make([]engine.Kind, len(parts))
	paths := make([][]pathStep, len(parts))
	for i := range parts {
		var err error
		if kinds[i], paths[i], err = r.entry(nil, g.limits.MaxDepth); err != nil {
			return err
		}
	}
	rv := reflect.ValueOf(v).Elem()
	box := reflect.New(boxType(rv.Type()))
	in := bytes.NewReader(r.b)
	if err := gob.NewDecoder(in).DecodeValue(box); err != nil {
		return err
	}
	if in.Len() != 0 {
		return errors.New("bytes left over after the value")
	}
	rv.Set(box.Elem().Field(0))
	for i := range parts {
		if err := implant(rv, paths[i], kinds[i], parts[i]); err != nil {
			return err
		}
	}
	return nil
}

// gobBox puts a value into a struct: gob sends no nil pointer, no interface
// and no zero value of some types outside of one.
func gobBox(v reflect.Value) reflect.Value {
	b := reflect.New(boxType(v.Type())).Elem()
	b.Field(0).Set(v)
	return b
}

func boxType(t reflect.Type) reflect.Type {
	return reflect.StructOf([]reflect.StructField{{Name: "V", Type: t}})
}
