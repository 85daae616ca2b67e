package confile

import (
	"errors"
	"fmt"
	"slices"

	"github.com/BurntSushi/toml"
)

func parseTOML(path string, data []byte) ([]Entry, error) {
	var top map[string]toml.Primitive
	md, err := toml.Decode(string(data), &top)
	if err != nil {
		return nil, tomlError(path, err)
	}
	p := tomlReader{path: path, md: md}
	if err := p.table(nil, top); err != nil {
		return nil, err
	}
	sortByLine(p.entries)
	return p.entries, nil
}

type tomlReader struct {
	path    string
	md      toml.MetaData
	entries []Entry
}

func (p *tomlReader) table(prefix []string, t map[string]toml.Primitive) error {
	for key, prim := range t {
		path := append(slices.Clone(prefix), key)
		if p.md.Type(path...) == "Hash" {
			var sub map[string]toml.Primitive
			if err := p.md.PrimitiveDecode(prim, &sub); err != nil {
				return tomlError(p.path, err)
			}
			if err := p.table(path, sub); err != nil {
				return err
			}
			continue
		}
		var v any
		if err := p.md.PrimitiveDecode(prim, &v); err != nil {
			return tomlError(p.path, err)
		}
		e := Entry{Path: path, Line: p.line(prim), Value: neutral(v)}
		p.entries = append(p.entries, e)
	}
	return nil
}

// line finds the line of a key. The decoder knows it but tells it in errors
// only, so an unmarshaler that always fails asks for one.
func (p *tomlReader) line(prim toml.Primitive) int {
	var pe toml.ParseError
	if errors.As(p.md.PrimitiveDecode(prim, new(refuse)), &pe) {
		return pe.Position.Line
	}
	return 0
}

type refuse struct{}

var errRefused = errors.New("refused")

func (*refuse) UnmarshalTOML(any) error { return errRefused }

func tomlError(path string, err error) error {
	var pe toml.ParseError
	if errors.As(err, &pe) {
		return &Error{File: path, Line: pe.Position.Line, Msg: "not valid TOML: " + oneLine(pe.Message)}
	}
	return &Error{File: path, Msg: "not valid TOML: " + oneLine(err.Error())}
}

// neutral brings a decoded value to the types that Entry promises; a date
// becomes a string, as in YAML.
func neutral(v any) any {
	switch v := v.(type) {
	case nil, bool, int64, float64, string:
		return v
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = neutral(v[i])
		}
		return out
	case []map[string]any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = neutral(v[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[k] = neutral(x)
		}
		return out
	}
	return fmt.Sprint(v)
}
