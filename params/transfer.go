package params

import (
	"bytes"
	"encoding"
	"encoding/gob"
	"fmt"
	"reflect"
	"strconv"
	"time"
)

// state is what a Set gives to another Set of the same program.
type state struct {
	Params []paramState
	Rest   []string
}

type paramState struct {
	Name, Source string
	Nil          bool     // a list that is nil
	Texts        []string // one of a single value, one for each element of a list
}

// MarshalBinary returns the values of all parameters, where they come from and
// what Rest returns, for [Set.UnmarshalBinary] in another process of the same
// program; package params/onroot gives them to the ranks of an MPI program.
// Fields that are no parameters are left out. A value with UnmarshalText has to
// have a MarshalText that UnmarshalText understands: else it is an *[Error].
func (s *Set) MarshalBinary() ([]byte, error) {
	st := state{Rest: s.rest}
	for _, p := range s.params {
		ps := paramState{Name: p.name, Source: p.source}
		values := []reflect.Value{p.value}
		if isList(p.value.Type()) {
			ps.Nil = p.value.IsNil()
			values = values[:0]
			for i := range p.value.Len() {
				values = append(values, p.value.Index(i))
			}
		}
		for _, v := range values {
			text, err := exact(v)
			if err == nil {
				_, err = parseText(v.Type(), text)
			}
			if err != nil {
				return nil, &Error{p.name, s.Source(p.name), fmt.Errorf("the value cannot be sent: %w", err)}
			}
			ps.Texts = append(ps.Texts, text)
		}
		st.Params = append(st.Params, ps)
	}
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(st)
	return b.Bytes(), err
}

// UnmarshalBinary fills the struct with what MarshalBinary returned, and Source,
// Values, Errorf and Rest say the same as there. Check is not called again. Data
// of another program's Set is an error, and the struct is as it was.
func (s *Set) UnmarshalBinary(data []byte) error {
	var st state
	if err := gob.NewDecoder(bytes.NewReader(data)).Decode(&st); err != nil {
		return fmt.Errorf("these are not the parameters of a program: %w", err)
	}
	if len(st.Params) != len(s.params) {
		return fmt.Errorf("%d parameters came for the %d of %s: this is another program", len(st.Params), len(s.params), s.Name)
	}
	values := make([]reflect.Value, len(s.params))
	for i, p := range s.params {
		ps := st.Params[i]
		if ps.Name != p.name {
			return fmt.Errorf("parameter %q came where %s has %q: this is another program", ps.Name, s.Name, p.name)
		}
		v, err := p.fromTexts(ps)
		if err != nil {
			return &Error{p.name, "value that came for --" + p.name, err}
		}
		values[i] = v
	}
	for i, p := range s.params {
		p.value.Set(values[i])
		p.source, p.inFile = st.Params[i].Source, ""
	}
	s.rest = st.Rest
	return nil
}

func (p *param) fromTexts(ps paramState) (reflect.Value, error) {
	t := p.value.Type()
	if !isList(t) {
		if len(ps.Texts) != 1 {
			return reflect.Value{}, fmt.Errorf("want one value, have %d", len(ps.Texts))
		}
		return parseText(t, ps.Texts[0])
	}
	if ps.Nil {
		return reflect.Zero(t), nil
	}
	out := reflect.MakeSlice(t, 0, len(ps.Texts))
	for _, text := range ps.Texts {
		v, err := parseText(t.Elem(), text)
		if err != nil {
			return out, err
		}
		out = reflect.Append(out, v)
	}
	return out, nil
}

// exact is the text of a single value that parseText makes the same value of.
func exact(v reflect.Value) (string, error) {
	if isText(v.Type()) {
		m, ok := v.Addr().Interface().(encoding.TextMarshaler)
		if !ok {
			return "", fmt.Errorf("type %s has no MarshalText", v.Type())
		}
		text, err := m.MarshalText()
		return string(text), err
	}
	switch {
	case v.Type() == durationType:
		return time.Duration(v.Int()).String(), nil
	case v.Kind() == reflect.Bool:
		return strconv.FormatBool(v.Bool()), nil
	case v.CanInt():
		return strconv.FormatInt(v.Int(), 10), nil
	case v.CanUint():
		return strconv.FormatUint(v.Uint(), 10), nil
	case v.CanFloat():
		return strconv.FormatFloat(v.Float(), 'g', -1, v.Type().Bits()), nil
	}
	return v.String(), nil
}
