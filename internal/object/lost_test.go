package object

import (
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
