package params

import (
	"cmp"
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ringo-mpi/ringo/internal/confile"
)

// param is one parameter: a field of the program's struct.
type param struct {
	name, short, env, help string
	label                  string // what the help text calls the value

	value   reflect.Value // the field
	preset  string        // the default as text, for the help text
	initial reflect.Value // a copy of the default
	choices []string
	lo, hi  reflect.Value // bounds, of the element type; invalid if there is none

	given  []string // texts of the option, in the order given; nil if it was not
	source string
	inFile string // file and line, if a file had it
}

var (
	textType     = reflect.TypeFor[encoding.TextUnmarshaler]()
	durationType = reflect.TypeFor[time.Duration]()
)

func isText(t reflect.Type) bool { return reflect.PointerTo(t).Implements(textType) }

func isList(t reflect.Type) bool { return t.Kind() == reflect.Slice && !isText(t) }

// elem is the type of one element: the field's own, or that of a list.
func (p *param) elem() reflect.Type {
	if t := p.value.Type(); isList(t) {
		return t.Elem()
	} else {
		return t
	}
}

func (p *param) isBool() bool {
	t := p.value.Type()
	return t.Kind() == reflect.Bool && !isText(t)
}

func (p *param) prepare(tag reflect.StructTag) error {
	t := p.elem()
	if !isText(t) {
		switch t.Kind() {
		case reflect.Bool, reflect.String,
			reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
			reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64,
			reflect.Float32, reflect.Float64:
		default:
			return fmt.Errorf("type %s cannot be a parameter", p.value.Type())
		}
	}
	if len(p.short) > 1 {
		return fmt.Errorf("the short name %q is longer than one letter", p.short)
	}
	if c := tag.Get("choices"); c != "" {
		p.choices = strings.Split(c, ",")
	}
	for key, bound := range map[string]*reflect.Value{"min": &p.lo, "max": &p.hi} {
		text := tag.Get(key)
		if text == "" {
			continue
		}
		v, err := parseText(t, text)
		if err == nil && order(v, v) == incomparable {
			err = fmt.Errorf("type %s has no order", t)
		}
		if err != nil {
			return fmt.Errorf("tag %s: %w", key, err)
		}
		*bound = v
	}
	p.initial = reflect.New(p.value.Type()).Elem()
	p.initial.Set(p.value)
	return nil
}

// reset puts the default back. The fields of the flags stay.
func (p *param) reset() {
	if p.initial.IsValid() {
		p.value.Set(p.initial)
	}
	p.source, p.inFile = "", ""
}

// fromText makes the value out of what an option or a variable says.
func (p *param) fromText(texts []string) (reflect.Value, error) {
	t := p.value.Type()
	if !isList(t) {
		return p.checked(parseText(t, texts[len(texts)-1]))
	}
	out := reflect.MakeSlice(t, 0, len(texts))
	for _, text := range texts {
		if strings.TrimSpace(text) == "" {
			continue
		}
		for part := range strings.SplitSeq(text, ",") {
			v, err := p.checked(parseText(t.Elem(), strings.TrimSpace(part)))
			if err != nil {
				return out, err
			}
			out = reflect.Append(out, v)
		}
	}
	return out, nil
}

// fromFile makes the value out of what a file holds, whose type must fit.
func (p *param) fromFile(x any) (reflect.Value, error) {
	t := p.value.Type()
	if !isList(t) {
		return p.checked(convert(t, x))
	}
	list, ok := x.([]any)
	if !ok {
		return reflect.Value{}, fmt.Errorf("want a list, have %s %s", confile.Kind(x), confile.Show(x))
	}
	out := reflect.MakeSlice(t, 0, len(list))
	for i, x := range list {
		v, err := p.checked(convert(t.Elem(), x))
		if err != nil {
			return out, fmt.Errorf("element %d: %w", i+1, err)
		}
		out = reflect.Append(out, v)
	}
	return out, nil
}

// checked refuses an element that is out of bounds or not among the choices.
func (p *param) checked(v reflect.Value, err error) (reflect.Value, error) {
	if err != nil {
		return v, err
	}
	if p.lo.IsValid() && order(v, p.lo) != above && order(v, p.lo) != equal {
		return v, fmt.Errorf("%s is below the smallest value allowed, %s", show(v), show(p.lo))
	}
	if p.hi.IsValid() && order(v, p.hi) != below && order(v, p.hi) != equal {
		return v, fmt.Errorf("%s is above the largest value allowed, %s", show(v), show(p.hi))
	}
	if len(p.choices) > 0 && !slices.Contains(p.choices, show(v)) {
		return v, fmt.Errorf("%q is none of %s", show(v), strings.Join(p.choices, ", "))
	}
	return v, nil
}

const (
	below        = -1
	equal        = 0
	above        = 1
	incomparable = 2 // no order, or a NaN
)

func order(a, b reflect.Value) int {
	switch {
	case a.CanInt():
		return cmp.Compare(a.Int(), b.Int())
	case a.CanUint():
		return cmp.Compare(a.Uint(), b.Uint())
	case a.CanFloat() && !math.IsNaN(a.Float()) && !math.IsNaN(b.Float()):
		return cmp.Compare(a.Float(), b.Float())
	}
	return incomparable
}

// parseText makes a single value of type t out of text.
func parseText(t reflect.Type, text string) (reflect.Value, error) {
	v := reflect.New(t).Elem()
	wrong := func() error { return fmt.Errorf("want %s, have %s", want(t), confile.Show(text)) }
	if isText(t) {
		if err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)); err != nil {
			return v, fmt.Errorf("%s: %w", confile.Show(text), err)
		}
		return v, nil
	}
	if t == durationType {
		d, err := time.ParseDuration(text)
		if err != nil {
			return v, wrong()
		}
		v.SetInt(int64(d))
		return v, nil
	}
	switch {
	case t.Kind() == reflect.String:
		v.SetString(text)
	case t.Kind() == reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return v, wrong()
		}
		v.SetBool(b)
	case v.CanInt():
		n, err := parseInt(text)
		if errors.Is(err, strconv.ErrRange) || err == nil && v.OverflowInt(n) {
			return v, fmt.Errorf("%s is outside the range of the parameter", confile.Show(text))
		}
		if err != nil {
			return v, wrong()
		}
		v.SetInt(n)
	case v.CanUint():
		n, err := parseUint(text)
		if errors.Is(err, strconv.ErrRange) || err == nil && v.OverflowUint(n) {
			return v, fmt.Errorf("%s is outside the range of the parameter", confile.Show(text))
		}
		if err != nil {
			return v, wrong()
		}
		v.SetUint(n)
	case v.CanFloat():
		f, err := strconv.ParseFloat(strings.ReplaceAll(text, "_", ""), t.Bits())
		if errors.Is(err, strconv.ErrRange) {
			return v, fmt.Errorf("%s is outside the range of the parameter", confile.Show(text))
		}
		if err != nil {
			return v, wrong()
		}
		v.SetFloat(f)
	}
	return v, nil
}

// parseInt reads a decimal integer, also written 1_000_000 or 1e6.
func parseInt(text string) (int64, error) {
	text = strings.ReplaceAll(text, "_", "")
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil && strings.ContainsAny(text, "eE") {
		if f, ok := integral(text); ok {
			if f < -1<<63 || f >= 1<<63 {
				return 0, strconv.ErrRange
			}
			return int64(f), nil
		}
	}
	return n, err
}

func parseUint(text string) (uint64, error) {
	text = strings.ReplaceAll(text, "_", "")
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil && strings.HasPrefix(text, "-") {
		if _, intErr := strconv.ParseInt(text, 10, 64); intErr == nil {
			return 0, strconv.ErrRange
		}
	}
	if err != nil && strings.ContainsAny(text, "eE") {
		if f, ok := integral(text); ok {
			if f < 0 || f >= 1<<64 {
				return 0, strconv.ErrRange
			}
			return uint64(f), nil
		}
	}
	return n, err
}

func integral(text string) (float64, bool) {
	f, err := strconv.ParseFloat(text, 64)
	return f, err == nil && f == math.Trunc(f)
}

// convert makes a single value of type t out of a value of a file.
func convert(t reflect.Type, x any) (reflect.Value, error) {
	v := reflect.New(t).Elem()
	wrong := fmt.Errorf("want %s, have %s", want(t), confile.Kind(x))
	if x != nil {
		wrong = fmt.Errorf("%w %s", wrong, confile.Show(x))
	}
	outside := fmt.Errorf("%s is outside the range of the parameter", confile.Show(x))
	if isText(t) || t == durationType {
		s, ok := x.(string)
		if !ok {
			return v, wrong
		}
		return parseText(t, s)
	}
	switch x := x.(type) {
	case bool:
		if t.Kind() == reflect.Bool {
			v.SetBool(x)
			return v, nil
		}
	case string:
		if t.Kind() == reflect.String {
			v.SetString(x)
			return v, nil
		}
	case int64:
		switch {
		case v.CanInt():
			if v.OverflowInt(x) {
				return v, outside
			}
			v.SetInt(x)
			return v, nil
		case v.CanUint():
			if x < 0 || v.OverflowUint(uint64(x)) {
				return v, outside
			}
			v.SetUint(uint64(x))
			return v, nil
		case v.CanFloat():
			v.SetFloat(float64(x))
			return v, nil
		}
	case uint64: // above the range of int64
		switch {
		case v.CanInt():
			return v, outside
		case v.CanUint():
			if v.OverflowUint(x) {
				return v, outside
			}
			v.SetUint(x)
			return v, nil
		case v.CanFloat():
			v.SetFloat(float64(x))
			return v, nil
		}
	case float64:
		if v.CanFloat() {
			if v.OverflowFloat(x) {
				return v, outside
			}
			v.SetFloat(x)
			return v, nil
		}
	}
	return v, wrong
}

// want names a type as a message says it.
func want(t reflect.Type) string {
	switch {
	case t == durationType:
		return "a duration such as 1m30s"
	case isText(t):
		return "a string"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.String:
		return "a string"
	case reflect.Zero(t).CanInt(), reflect.Zero(t).CanUint():
		return "an integer"
	}
	return "a number"
}

// show is the text of a single value.
func show(v reflect.Value) string {
	if v.CanAddr() {
		if m, ok := v.Addr().Interface().(encoding.TextMarshaler); ok {
			if b, err := m.MarshalText(); err == nil {
				return string(b)
			}
		}
	}
	return fmt.Sprint(v.Interface())
}

// text is the text of the whole value, lists joined with commas.
func (p *param) text() string {
	if !isList(p.value.Type()) {
		return show(p.value)
	}
	parts := make([]string, p.value.Len())
	for i := range parts {
		parts[i] = show(p.value.Index(i))
	}
	return strings.Join(parts, ",")
}

// flagValue is an option for flag and pflag. It keeps the text only: Load
// checks options, variables and files by the same rules.
type flagValue struct{ p *param }

func (f *flagValue) Set(text string) error {
	f.p.given = append(f.p.given, text)
	return nil
}

func (f *flagValue) String() string {
	if f == nil || f.p == nil { // package flag asks a zero value for its text
		return ""
	}
	if f.p.given == nil && f.p.preset == "false" && f.p.isBool() {
		return "" // no "(default false)" in the help text of package flag
	}
	if f.p.given == nil {
		return f.p.preset
	}
	return strings.Join(f.p.given, ",")
}

// Type names the value in pflag's help text.
func (f *flagValue) Type() string {
	if f.p.label != "" {
		return f.p.label
	}
	t := f.p.elem()
	name := "number"
	switch {
	case t == durationType:
		name = "duration"
	case isText(t), t.Kind() == reflect.String:
		name = "string"
	case t.Kind() == reflect.Bool:
		name = "bool"
	case reflect.Zero(t).CanInt(), reflect.Zero(t).CanUint():
		name = "int"
	}
	if isList(f.p.value.Type()) {
		return name + ",..."
	}
	return name
}

// IsBoolFlag tells package flag that the option needs no value.
func (f *flagValue) IsBoolFlag() bool { return f.p.isBool() }
