package object

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

// A value of which a part would not arrive is an error that names the field; one
// in which that part is zero arrives.
func TestCodecLostFields(t *testing.T) {
	type base struct{ ID int }
	type Base struct{ ID int }
	type skip struct {
		A int
		B string `json:"-"`
	}
	type two struct {
		A int `cbor:"x"`
		B int `cbor:"x"`
	}
	// vet finds two equal tags of JSON in a source.
	jsonTwo := reflect.New(reflect.StructOf([]reflect.StructField{
		{Name: "A", Type: reflect.TypeFor[int](), Tag: `json:"x"`},
		{Name: "B", Type: reflect.TypeFor[int](), Tag: `json:"x"`},
	})).Elem()
	noTwo := jsonTwo.Interface()
	jsonTwo.Field(0).SetInt(1)
	jsonTwo.Field(1).SetInt(2)
	type unexported struct {
		A int
		b int
	}
	type shadow struct {
		Base
		ID int
	}
	type embedded struct {
		*Base
		N int
	}
	type hidden struct {
		base
		N int
	}
	for _, c := range []struct {
		v    any
		cbor string // the field that is named; "": it arrives
		gob  string
	}{
		{skip{1, "secret"}, "B", ""},
		{skip{1, ""}, "", ""},
		{[]skip{{1, ""}, {2, "secret"}}, "B", ""},
		{map[string]*skip{"x": {1, "secret"}}, "B", ""},
		{struct{ V any }{skip{1, "secret"}}, "B", "-"},
		{two{1, 2}, "A", ""},
		{two{}, "", ""},
		{jsonTwo.Interface(), "A", ""},
		{noTwo, "", ""},
		{unexported{1, 2}, "b", "b"},
		{unexported{1, 0}, "", ""},
		{shadow{Base{1}, 2}, "Base", ""},
		{shadow{Base{}, 2}, "", ""},
		{embedded{&Base{7}, 3}, "", ""},
		{hidden{base{7}, 3}, "", "base"},
		{struct {
			D time.Duration
			T time.Time
		}{5 * time.Second, time.Unix(1, 2).UTC()}, "", ""},
	} {
		for codec, field := range map[Codec]string{Default: c.cbor, Gob(Limits{}): c.gob} {
			if field == "-" {
				continue
			}
			v := reflect.New(reflect.TypeOf(c.v))
			v.Elem().Set(reflect.ValueOf(c.v))
			data, parts, err := EncodeWith(codec, nil, v.Interface())
			if field != "" {
				if err == nil || !strings.Contains(err.Error(), "field "+field+" of") {
					t.Errorf("%s of %T %+v: %v, want an error that names %s", codec.Name(), c.v, c.v, err, field)
				}
				continue
			}
			got := reflect.New(v.Type().Elem())
			if err == nil {
				err = DecodeWith(codec, data, parts, got.Interface())
			}
			if err != nil || !reflect.DeepEqual(got.Elem().Interface(), c.v) {
				t.Errorf("%s of %T %+v: got %+v, %v", codec.Name(), c.v, c.v, got.Elem(), err)
			}
		}
	}
}

// A value that has nothing but what cannot be encoded is an error that names its
// type, wherever it lies.
func TestCodecOnlyUnexported(t *testing.T) {
	type hidden struct{ b int }
	type holder struct{ E error }
	for _, v := range []any{hidden{2}, errors.New("y"), holder{errors.New("x")}, []any{hidden{2}}} {
		for _, c := range []Codec{Default, Gob(Limits{})} {
			if _, _, err := EncodeWith(c, nil, &v); err == nil || !strings.Contains(err.Error(), "cannot be encoded: it has only unexported fields") {
				t.Errorf("%s of %T %+v: %v", c.Name(), v, v, err)
			}
		}
	}
}

// What arrives of values that the encoding does not tell from others: an empty
// map that its tag omits is nil, and behind an interface a number has
// the width of the encoding and a map keys of any type.
func TestCodecEqualValues(t *testing.T) {
	type omit struct {
		A int            `json:",omitempty"`
		M map[string]int `json:"m,omitempty"`
		E *struct{}      `json:"e,omitempty"`
		S []int          `json:"s,omitempty"`
	}
	type any1 struct{ V any }
	empty := omit{0, map[string]int{}, &struct{}{}, []int{}}
	for _, c := range []struct {
		codec   Codec
		v, want any
	}{
		{Default, empty, omit{E: &struct{}{}, S: []int{}}},
		{Gob(Limits{}), empty, empty},
		{Default, any1{5}, any1{int64(5)}},
		{Gob(Limits{}), any1{5}, any1{5}},
		{Default, any1{map[int]string{1: "a"}}, any1{map[any]any{int64(1): "a"}}},
	} {
		v := reflect.New(reflect.TypeOf(c.v))
		v.Elem().Set(reflect.ValueOf(c.v))
		got := reflect.New(v.Type().Elem())
		data, parts, err := EncodeWith(c.codec, nil, v.Interface())
		if err == nil {
			err = DecodeWith(c.codec, data, parts, got.Interface())
		}
		if err != nil || !reflect.DeepEqual(got.Elem().Interface(), c.want) {
			t.Errorf("%s of %#v: got %#v, %v", c.codec.Name(), c.v, got.Elem(), err)
		}
	}
	v := any1{map[int]string{1: "a"}}
	if _, _, err := EncodeWith(Gob(Limits{}), nil, &v); err == nil || !strings.Contains(err.Error(), "not registered") {
		t.Errorf("gob of a map in an interface: %v", err)
	}
}
