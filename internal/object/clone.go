package object

import (
	"bytes"
	"reflect"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// Clone returns a copy of v that shares no memory with it.
func Clone[T any](codec Codec, v T) (T, error) {
	var w T
	if planOf(reflect.TypeFor[T]()) == nil && !shares(reflect.TypeFor[T]()) {
		return v, nil
	}
	data, parts, err := EncodeWith(codec, nil, &v)
	if err == nil {
		for i, p := range parts {
			parts[i] = bytes.Clone(p)
		}
		err = DecodeWith(codec, data, parts, &w)
	}
	return w, err
}

// shares reports whether a copy of a value of type t shares memory with it.
func shares(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Array:
		return shares(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if shares(t.Field(i).Type) {
				return true
			}
		}
		return false
	case reflect.String:
		return false
	}
	return engine.KindOf(t.Kind()) == engine.Invalid
}
