package object

import (
	"bytes"
	"encoding/gob"
	"errors"
	"math"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"
	"unsafe"
)

// inner, tree and record are the shapes that the round trips below carry.
type inner struct {
	Name   string
	Vector []float64
}

type tree struct {
	Value       int
	Left, Right *tree
	Weights     []float32
}

type record struct {
	ID      int64 `json:"id"`
	Tags    []string
	Blob    []byte
	Matrix  [][]float64
	Inner   inner
	Pointer *inner
	List    []inner
	Map     map[string][]int64
	Any     any
	When    time.Time
	Big     *big.Int
	Flags   []bool
	Fixed   [3]int16
	ByInt   map[int][]float64
}

func makeRecord(blob int) record {
	return record{
		ID: -7, Tags: []string{"a", "", "ä\xff"}, Blob: bytes.Repeat([]byte{1, 2, 3}, blob),
		Matrix: [][]float64{{1, 2}, nil, {}, {math.Inf(1), math.Copysign(0, -1)}},
		Inner:  inner{Name: "x", Vector: []float64{1.5, 2.5}}, Pointer: &inner{Vector: make([]float64, 100)},
		List: []inner{{Name: "only a name"}, {Vector: []float64{9}}},
		Map:  map[string][]int64{"none": nil, "some": {1, 2, 3}},
		Any:  []float64{3, 4}, When: time.Date(2026, 2, 3, 4, 5, 6, 123456789, time.UTC),
		Big: new(big.Int).Lsh(big.NewInt(1), 100), Flags: []bool{true, false}, Fixed: [3]int16{1, -2, 3},
		ByInt: map[int][]float64{3: {1, 2}},
	}
}

func roundTrip[T, R any](t *testing.T, c Codec, v T) (R, [][]byte) {
	t.Helper()
	var got R
	data, parts, err := EncodeWith(c, []byte("head"), &v)
	if err != nil {
		t.Fatalf("encoding %T: %v", v, err)
	}
	if !bytes.HasPrefix(data, []byte("head")) {
		t.Fatalf("encoding %T overwrote what it was to append to", v)
	}
	arrived := make([][]byte, len(parts))
	for i, p := range parts {
		arrived[i] = bytes.Clone(p)
	}
	if err := DecodeWith(c, data[4:], arrived, &got); err != nil {
		t.Fatalf("decoding %T into %T: %v", v, got, err)
	}
	return got, parts
}

func same[T any](t *testing.T, c Codec, v T) {
	t.Helper()
	if got, _ := roundTrip[T, T](t, c, v); !reflect.DeepEqual(got, v) {
		t.Errorf("%s: %T came back as %#v, want %#v", c.Name(), v, got, v)
	}
}

func TestCodecRoundTrip(t *testing.T) {
	for _, c := range []Codec{CBOR(Limits{}), CBOR(Limits{MaxDepth: 50}), Gob(Limits{})} {
		for _, i := range []int{0, 1, -1, 23, 24, -25, 255, 256, 65535, 65536, 1 << 30, math.MaxInt32, math.MaxInt, math.MinInt} {
			same(t, c, i)
			same(t, c, int64(i))
			same(t, c, int32(i))
			same(t, c, uint64(i))
			same(t, c, uint8(i))
			same(t, c, int16(i))
		}
		same(t, c, 1.5)
		same(t, c, float32(-2.25))
		same(t, c, true)
		same(t, c, false)
		for _, n := range []int{0, 1, 23, 24, 255, 256, 70000} {
			same(t, c, strings.Repeat("x", n))
			if n > 0 || c.Name() != "gob" { // gob makes no difference between nil and empty
				same(t, c, bytes.Repeat([]byte("x"), n))
			}
			same(t, c, make([]float64, n))
			same(t, c, make([]int, n))
			same(t, c, make([]int32, n))
			same(t, c, make([]float32, n))
			same(t, c, make([]int64, n))
			same(t, c, make([]uint16, n))
			same(t, c, make([]bool, n))
		}
		same(t, c, []string{"a", "b"})
		same(t, c, map[string]int{"a": 1})
		same(t, c, map[int]string{1: "a"})
		same(t, c, time.Date(2026, 2, 3, 4, 5, 6, 7, time.UTC))
		same(t, c, 90*time.Second)
		same(t, c, inner{Name: "n", Vector: []float64{1}})
		same(t, c, &inner{Name: "n"})
		same(t, c, (*inner)(nil))
		same(t, c, tree{1, &tree{Value: 2, Weights: []float32{1, 2}}, nil, nil})
	}
	same(t, CBOR(Limits{}), struct{}{})
	same(t, CBOR(Limits{}), makeRecord(0+1))
	same(t, CBOR(Limits{}), makeRecord(100000))
	same(t, CBOR(Limits{}), []byte(nil))
	same(t, CBOR(Limits{}), []float64(nil))
	same(t, Gob(Limits{}), complex(1, 2))
	same(t, CBOR(Limits{}), []complex128{1i, 2})
}

func TestCodecGobRecord(t *testing.T) {
	v := makeRecord(100000)
	v.Matrix = [][]float64{{1}, {2, 3}}
	v.Map = map[string][]int64{"some": {1, 2, 3}}
	gob.Register([]float64{})
	same(t, Gob(Limits{}), v)
	type shape any
	same(t, Gob(Limits{}), shape([]float64{1}))
}

// Into an any come the plain Go types, numeric slices as themselves.
func TestCodecAny(t *testing.T) {
	type point struct{ X, Y int }
	in := map[string]any{
		"int": 1, "neg": int8(-3), "uint": uint64(7), "float": float32(0.5), "string": "s", "nil": nil, "bool": true,
		"bytes": []byte{1, 2}, "floats": []float64{1, 2}, "ints": []int{1, 2}, "list": []any{1, "a", []float32{5}},
		"struct": point{1, 2}, "map": map[string]any{"k": []int16{3}}, "strings": []string{"x"},
		"when": time.Unix(5, 6).UTC(),
	}
	want := map[string]any{
		"int": int64(1), "neg": int64(-3), "uint": int64(7), "float": 0.5, "string": "s", "nil": nil, "bool": true,
		"bytes": []byte{1, 2}, "floats": []float64{1, 2}, "ints": []int64{1, 2}, "list": []any{int64(1), "a", []float32{5}},
		"struct": map[string]any{"X": int64(1), "Y": int64(2)}, "map": map[string]any{"k": []int16{3}}, "strings": []any{"x"},
		"when": time.Unix(5, 6).UTC(),
	}
	got, _ := roundTrip[map[string]any, any](t, CBOR(Limits{}), in)
	if !reflect.DeepEqual(got, any(want)) {
		t.Errorf("got  %#v\nwant %#v", got, want)
	}
	mixed := map[any]any{1: "one", "two": map[string]any{"deep": []float64{2}}, "three": []any{map[string]any{"x": 1}}}
	got, _ = roundTrip[map[any]any, any](t, CBOR(Limits{}), mixed)
	wantMixed := map[any]any{int64(1): "one", "two": map[string]any{"deep": []float64{2}}, "three": []any{map[string]any{"x": int64(1)}}}
	if !reflect.DeepEqual(got, any(wantMixed)) {
		t.Errorf("got  %#v\nwant %#v", got, wantMixed)
	}
	if got, _ := roundTrip[uint64, any](t, CBOR(Limits{}), math.MaxUint64); got.(*big.Int).String() != "18446744073709551615" {
		t.Errorf("the greatest uint64 became %v", got)
	}
}

// Sender's and receiver's types may differ where the values fit.
func TestCodecOtherType(t *testing.T) {
	c := CBOR(Limits{})
	type left struct {
		Name  string
		V     []float64
		Extra []int32
	}
	type right struct {
		NAME string
		V    []float32
		More int
	}
	got, _ := roundTrip[left, right](t, c, left{"n", []float64{1, 2.5}, []int32{1}})
	if want := (right{"n", []float32{1, 2.5}, 0}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	type wrapped struct{ left }
	if got, _ := roundTrip[left, wrapped](t, c, left{"n", []float64{1}, nil}); !reflect.DeepEqual(got, wrapped{left{"n", []float64{1}, nil}}) {
		t.Errorf("got %+v", got)
	}
	if got, _ := roundTrip[[]int32, []int64](t, c, []int32{1, -2}); !reflect.DeepEqual(got, []int64{1, -2}) {
		t.Errorf("got %v", got)
	}
	if got, _ := roundTrip[[]float64, [2]float64](t, c, []float64{1, -2}); got != [2]float64{1, -2} {
		t.Errorf("got %v", got)
	}
	if got, _ := roundTrip[int, float64](t, c, 3); got != 3 {
		t.Errorf("got %v", got)
	}
	type celsius float64
	if got, _ := roundTrip[[]celsius, []float64](t, c, []celsius{1.5}); got[0] != 1.5 {
		t.Errorf("got %v", got)
	}
	for name, f := range map[string]func() error{
		"too large": func() error { return transcode[[]int64, []int8](c, []int64{1000}) },
		"wrong":     func() error { return transcode[string, int](c, "x") },
		"int8":      func() error { return transcode[int, int8](c, 128) },
		"no slice":  func() error { return transcode[[]float64, int](c, []float64{1}) },
		"gob type":  func() error { return transcode[string, int](Gob(Limits{}), "x") },
	} {
		if f() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func transcode[T, R any](c Codec, v T) error {
	data, parts, err := EncodeWith(c, nil, &v)
	if err != nil {
		return err
	}
	var r R
	return DecodeWith(c, data, parts, &r)
}

// Large slices are not copied: the parts are the value's own memory, and the
// decoded value is made of the parts.
func TestCodecOutOfBand(t *testing.T) {
	for _, c := range []Codec{CBOR(Limits{}), Gob(Limits{})} {
		v := record{Blob: make([]byte, 1<<20), Inner: inner{Vector: make([]float64, 1000)}, Map: map[string][]int64{"a": make([]int64, 2000)}}
		data, parts, err := EncodeWith(c, nil, &v)
		if err != nil {
			t.Fatal(err)
		}
		own := 0
		for _, p := range parts {
			switch unsafe.Pointer(&p[0]) {
			case unsafe.Pointer(&v.Blob[0]), unsafe.Pointer(&v.Inner.Vector[0]), unsafe.Pointer(&v.Map["a"][0]):
				own++
			}
		}
		if want := len(parts); own != want || own < 2 {
			t.Errorf("%s: %d of %d parts are the value's own memory", c.Name(), own, want)
		}
		if c.Name() == "cbor" && (len(parts) != 3 || len(data) > 1000) {
			t.Errorf("%d parts, %d bytes encoded", len(parts), len(data))
		}
		var got record
		if err := DecodeWith(c, data, parts, &got); err != nil {
			t.Fatal(err)
		}
		if &got.Blob[0] != &v.Blob[0] || &got.Inner.Vector[0] != &v.Inner.Vector[0] {
			t.Errorf("%s: the decoded slices are copies", c.Name())
		}
	}
}

// What cannot be encoded is an error, never a loss and never a crash.
func TestCodecErrors(t *testing.T) {
	type loop struct {
		Next *loop
		Any  any
	}
	cycle := &loop{}
	cycle.Next = cycle
	var self any
	self = &self
	mapCycle := map[string]any{}
	mapCycle["me"] = mapCycle
	type hidden struct{ x int }
	type byInt struct{ Kids map[int]*byInt }
	kids := &byInt{map[int]*byInt{}}
	kids.Kids[1] = kids
	for name, v := range map[string]any{
		"channel": make(chan int), "function": func() {}, "cycle": cycle, "interface cycle": self, "map cycle": mapCycle,
		"unexported": hidden{1}, "int map cycle": kids, "in a list": []any{1, hidden{2}},
	} {
		for _, c := range []Codec{CBOR(Limits{}), Gob(Limits{})} {
			if _, _, err := EncodeWith(c, nil, &v); err == nil {
				t.Errorf("%s: %s: no error", c.Name(), name)
			}
		}
	}
	if _, _, err := EncodeWith(CBOR(Limits{}), nil, &cycle); !errors.Is(err, errTooDeep) {
		t.Errorf("a cycle gives %v", err)
	}
	if _, _, err := EncodeWith(panicky{}, nil, new(int)); err == nil || !strings.Contains(err.Error(), "boom") {
		t.Errorf("a panic in Encode gives %v", err)
	}
	if err := DecodeWith(panicky{}, nil, nil, new(int)); err == nil || !strings.Contains(err.Error(), "boom") {
		t.Errorf("a panic in Decode gives %v", err)
	}
}

type panicky struct{}

func (panicky) Name() string                                 { return "panicky" }
func (panicky) Encode([]byte, any) ([]byte, [][]byte, error) { panic("boom") }
func (panicky) Decode([]byte, [][]byte, any) error           { panic("boom") }
func (panicky) MaxBytes() int64                              { return 1 << 20 }

func TestCodecLimits(t *testing.T) {
	c := CBOR(Limits{MaxElements: 100, MaxDepth: 8})
	if err := transcode[[]string, []string](c, make([]string, 101)); err == nil {
		t.Error("101 elements pass a limit of 100")
	}
	deep := any(1)
	for range 9 {
		deep = []any{deep}
	}
	if err := transcode[any, any](c, deep); err == nil {
		t.Error("9 levels pass a limit of 8")
	}
	if err := transcode[any, any](CBOR(Limits{}), deep); err != nil {
		t.Error(err)
	}
}

// FuzzCodecCBOR decodes arbitrary bytes as every kind of target. The first
// byte says how many parts to cut off the end.
func FuzzCodecCBOR(f *testing.F) { fuzzCodec(f, CBOR(Limits{MaxElements: 1000, MaxDepth: 16})) }

// FuzzCodecGob is the same for gob.
func FuzzCodecGob(f *testing.F) { fuzzCodec(f, Gob(Limits{MaxDepth: 16})) }

func fuzzCodec(f *testing.F, c Codec) {
	seed := func(v any) {
		rv := reflect.New(reflect.TypeOf(v))
		rv.Elem().Set(reflect.ValueOf(v))
		data, parts, err := EncodeWith(c, []byte{0}, rv.Interface())
		if err != nil {
			f.Fatal(err)
		}
		data[0] = byte(len(parts))
		for _, p := range parts {
			data = append(data, make([]byte, 8)...)
			copy(data[len(data)-8:], p)
		}
		f.Add(data)
	}
	r := makeRecord(10)
	r.Any = nil
	seed(r)
	seed([]float64{1, 2})
	seed(map[string][]bool{"a": {true}})
	seed(tree{Left: &tree{Weights: []float32{1}}})
	seed("text")
	seed(-5)
	f.Fuzz(func(t *testing.T, in []byte) {
		if len(in) == 0 {
			return
		}
		n, data := int(in[0]), in[1:]
		var parts [][]byte
		for range min(n, 64) {
			k := min(8, len(data))
			parts = append(parts, bytes.Clone(data[len(data)-k:]))
			data = data[:len(data)-k]
		}
		for _, v := range []any{
			new(any), new(int), new(string), new([]byte), new([]float64), new(record), new(*tree), new(map[string][]bool),
			new(map[any]any), new([4]int32), new([]string),
		} {
			if err := c.Decode(data, parts, v); err != nil {
				continue
			}
			// What decodes encodes again.
			if _, _, err := EncodeWith(c, nil, v); err != nil && c.Name() == "cbor" && !errors.Is(err, errTooDeep) {
				t.Errorf("%T decoded from % x does not encode: %v", v, in, err)
			}
		}
	})
}

func BenchmarkCodecCBOR(b *testing.B) {
	c := defaultCBOR
	buf := make([]byte, 0, 4096)
	run := func(name string, encode func() ([]byte, [][]byte, error), decode func([]byte, [][]byte) error) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				d, p, err := encode()
				if err == nil {
					err = decode(d, p)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	x, in := 12345, inner{Name: "name", Vector: []float64{1, 2, 3}}
	m := map[string]int{"a": 1, "b": 2}
	run("int", func() ([]byte, [][]byte, error) { return c.Encode(buf, &x) }, func(d []byte, p [][]byte) error { return c.Decode(d, p, &x) })
	run("struct", func() ([]byte, [][]byte, error) { return c.Encode(buf, &in) }, func(d []byte, p [][]byte) error { return c.Decode(d, p, &in) })
	run("map", func() ([]byte, [][]byte, error) { return c.Encode(buf, &m) }, func(d []byte, p [][]byte) error { return c.Decode(d, p, &m) })
}
