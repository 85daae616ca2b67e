package params

import (
	"errors"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// loud has a String method that is not its value.
type loud string

func (l loud) String() string { return strings.ToUpper(string(l)) + "!" }

type everything struct {
	Bool     bool
	Int      int64
	Byte     uint8
	Small    float32
	Large    float64
	Text     string
	Loud     loud
	Wait     time.Duration
	Addr     netip.Addr
	List     []float64
	Words    []string
	Empty    []int
	None     []int
	Addrs    []netip.Addr
	Inner    struct{ X float64 }
	NotGiven int `param:"-"`
}

// What one Set has, another has after the transfer, to the last bit.
func TestTransferIsExact(t *testing.T) {
	from := everything{
		Bool: true, Int: math.MinInt64, Byte: 255, Small: 0.1, Large: math.Nextafter(1, 2),
		Text: "a, b\x00\xff\"", Loud: "quiet", Wait: 3*time.Hour + 7,
		Addr: netip.MustParseAddr("::1"), List: []float64{math.Inf(-1), math.NaN(), math.Copysign(0, -1), 1e-320},
		Words: []string{"", "a,b", " c "}, Empty: []int{}, Addrs: []netip.Addr{{}, netip.MustParseAddr("10.0.0.1")},
		NotGiven: 5,
	}
	from.Inner.X = 1.0 / 3
	data, err := New("a", &from).MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	to := everything{Int: 3, None: []int{1}, NotGiven: 9}
	if err := New("a", &to).UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	if to.NotGiven != 9 {
		t.Errorf("a field that is no parameter was changed to %d", to.NotGiven)
	}
	from.NotGiven = 9
	if diff := cmp.Diff(from, to, cmpopts.EquateNaNs(), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("(-sent +came)\n%s", diff)
	}
	if math.Signbit(from.List[2]) != math.Signbit(to.List[2]) {
		t.Error("-0 became 0")
	}
}

func TestTransferKeepsSourcesAndRest(t *testing.T) {
	cfg, other := defaults(), defaults()
	s, o := newSet(&cfg, map[string]string{"COUNT_MAX": "7"}), newSet(&other, nil)
	s.Args = "FILE..."
	s.Check = func() error { cfg.Ratio *= 2; return nil }
	if err := s.Parse([]string{"--n", "4", "x", "y"}); err != nil {
		t.Fatal(err)
	}
	data, err := s.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	if err := o.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s.Values(), o.Values()); diff != "" {
		t.Error(diff)
	}
	if other.Ratio != 3 || !cmp.Equal(o.Rest(), []string{"x", "y"}) {
		t.Errorf("ratio %g, rest %q", other.Ratio, o.Rest())
	}
	if err := o.Errorf("max", "too small"); err.Error() != "environment variable COUNT_MAX: too small" {
		t.Error(err)
	}
}

// oneWay can be read and not written.
type oneWay struct{ n int }

func (o *oneWay) UnmarshalText(b []byte) error { o.n = len(b); return nil }

// picky does not understand its own zero value.
type picky struct{ Name string }

func (p *picky) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		return errors.New("empty")
	}
	p.Name = string(b)
	return nil
}
func (p *picky) MarshalText() ([]byte, error) { return []byte(p.Name), nil }

func TestTransferRefuses(t *testing.T) {
	for _, c := range []struct {
		cfg  any
		want string
	}{
		{&struct{ Way oneWay }{}, "default of --way: the value cannot be sent: type params.oneWay has no MarshalText"},
		{&struct{ P picky }{}, `default of --p: the value cannot be sent: "": empty`},
	} {
		_, err := New("a", c.cfg).MarshalBinary()
		var e *Error
		if !errors.As(err, &e) || err.Error() != c.want {
			t.Errorf("error %v, want %s", err, c.want)
		}
	}

	good := struct{ A, B int }{1, 2}
	data, err := New("a", &good).MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		cfg  any
		data []byte
		want string
	}{
		{&struct{ A int }{}, data, "2 parameters came for the 1 of b: this is another program"},
		{&struct{ A, C int }{}, data, `parameter "b" came where b has "c": this is another program`},
		{&struct {
			A int
			B time.Duration
		}{}, data, `value that came for --b: want a duration such as 1m30s, have "2"`},
		{&struct {
			A int
			B []int
		}{}, data, ""},
		{&struct{ A, B int }{}, data[:len(data)/2], "these are not the parameters of a program: unexpected EOF"},
		{&struct{ A, B int }{}, nil, "these are not the parameters of a program: EOF"},
	} {
		err := New("b", c.cfg).UnmarshalBinary(c.data)
		if c.want == "" {
			if err != nil {
				t.Error(err)
			}
		} else if err == nil || err.Error() != c.want {
			t.Errorf("error %v, want %s", err, c.want)
		}
	}
}

func TestCheck(t *testing.T) {
	cfg := defaults()
	s := newSet(&cfg, nil)
	s.Check = func() error {
		if cfg.N > int(cfg.Max) {
			return s.Errorf("n", "%d is greater than max, %d", cfg.N, cfg.Max)
		}
		return nil
	}
	err := s.Parse([]string{"--n", "12"})
	var e *Error
	if !errors.As(err, &e) || e.Name != "n" || e.Source != "option --n" || err.Error() != "option --n: 12 is greater than max, 10" {
		t.Errorf("error %v", err)
	}
	if cfg.N != 20 {
		t.Errorf("after the error n is %d, not the default", cfg.N)
	}
	if err := s.Parse([]string{"--n", "5"}); err != nil || cfg.N != 5 {
		t.Errorf("n = %d, %v", cfg.N, err)
	}
}
