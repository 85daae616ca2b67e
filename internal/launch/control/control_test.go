package control

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
)

// examples is one of each message, with every field set.
func examples() []Message {
	return []Message{
		&Hello{"v1", "10.0.0.1", "10.0.0.2"},
		&Job{
			ID: "ff", Key: []byte{1, 2}, Table: "kvs", Host: 1, Hosts: []string{"a", "b"}, Place: []int{0, 1, 1},
			Apps:     []App{{"/bin/x", []string{"", "a b"}, "x", []string{"K=V"}, "/tmp", 3}, {Path: "y", Ranks: 1}},
			Universe: 9, Stdin: -2, Output: 3, Preload: true, Silence: 10, Listen: "10.0.0.2", Interface: "eth0",
			Bind: Bind{"core", "numa", []Slot{{1, -1, 0, 3, "f", 1}}, true, true},
		},
		&Need{1}, &Program{"abc", 1 << 40, "no such file"}, &Send{}, &Piece{[]byte("data")},
		&Started{[]int{7, 8}, []string{"bound"}}, &NotStarted{-1, "x", "y", 2},
		&Exit{3, End{0, 9, true, 1 << 33}}, &Init{1}, &Join{2}, &Abort{1, -5, "no"}, &Closed{1, true, "broken"},
		&Stray{2, End{Code: 3}, true}, &News{[]Fact{{1, 4, "died", "10.0.0.2:1"}, {Rank: 2}}},
		&Output{1, 2, []byte("line\n")}, &Taken{1 << 20}, &Shut{1, 1}, &Input{0, nil}, &InputTaken{0, -1},
		&Waiting{}, &Puts{[]Pair{{"k", "v"}, {"l", ""}}}, &Arrived{}, &Release{},
		&Names{4, "cmd=lookup_name"}, &Named{4, "cmd=lookup_result"}, &Signal{-1, 3, 15},
		&Ask{1, true, 250}, &Told{1, []Stand{{true, false, true, "in mpi.Recv"}}}, &Finish{}, &Finished{}, &Ping{},
	}
}

// next takes the first frame off a stream.
func next(stream []byte) (host int, m Message, rest []byte, err error) {
	if len(stream) < HeaderSize {
		return 0, nil, nil, errors.New("it ends in a header")
	}
	h, err := ParseHeader([HeaderSize]byte(stream))
	if err != nil {
		return 0, nil, nil, err
	}
	if stream = stream[HeaderSize:]; len(stream) < h.Length {
		return 0, nil, nil, errors.New("it ends in a payload")
	}
	m, err = Decode(h.Kind, stream[:h.Length])
	return h.Host, m, stream[h.Length:], err
}

// TestMessages: each message arrives as it was sent.
func TestMessages(t *testing.T) {
	var stream []byte
	kinds := map[Kind]bool{}
	for i, m := range examples() {
		stream = Append(stream, i, m)
		kinds[m.kind()] = true
	}
	for k := range Kind(math.MaxUint8) {
		if m := newMessage(k); m != nil && (m.kind() != k || !kinds[k]) {
			t.Errorf("kind %d: %T, in the examples %v", k, m, kinds[k])
		}
	}
	for i, want := range examples() {
		host, got, rest, err := next(stream)
		if err != nil || host != i || !reflect.DeepEqual(got, want) {
			t.Fatalf("%#v from %d came as %#v from %d, %v", want, i, got, host, err)
		}
		stream = rest
	}
	if len(stream) > 0 {
		t.Errorf("%d bytes are left", len(stream))
	}
}

// TestCutShort: a frame that is cut short at any place is an error, in the stream and
// in its payload.
func TestCutShort(t *testing.T) {
	for _, m := range examples() {
		frame := Append(nil, 0, m)
		for n := range len(frame) {
			if _, got, _, err := next(frame[:n]); err == nil {
				t.Errorf("%d of %d bytes of %T: %#v", n, len(frame), m, got)
			}
		}
		for n := HeaderSize; n < len(frame); n++ {
			if got, err := Decode(m.kind(), frame[HeaderSize:n]); err == nil {
				t.Errorf("%d of %d bytes of the payload of %T: %#v", n-HeaderSize, len(frame)-HeaderSize, m, got)
			}
		}
		if _, err := Decode(m.kind(), append(frame[HeaderSize:], 0)); err == nil {
			t.Errorf("%T is read with a byte behind it", m)
		}
	}
}

func TestBadFrames(t *testing.T) {
	for text, want := range map[string]string{
		"\xff\xff\xff\x7f\x01\x00\x00\x00\x00":                                                         "too long",
		"\x00\x00\x00\x00\xee\x00\x00\x00\x00":                                                         "unknown kind, 238",
		"\x02\x00\x00\x00\x06\x00\x00\x00\x00\xfe\x01":                                                 "does not fit",
		"\x0b\x00\x00\x00\x03\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01":             "64 bits",
		"\x04\x00\x00\x00\x0d\x00\x00\x00\x00\x02\x06\x00\x00":                                         "neither true nor false",
		"\x01\x00\x00\x00\x20\x00\x00\x00\x00\x00":                                                     "1 bytes follow",
		"\x0b\x00\x00\x00\x04\x00\x00\x00\x00\x00\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00": "64 bits",
	} {
		_, m, _, err := next([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is %#v, %v, want %s", text, m, err, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, m := range examples() {
		f.Add(byte(m.kind()), Append(nil, 0, m)[HeaderSize:])
	}
	f.Fuzz(func(t *testing.T, kind byte, payload []byte) {
		m, err := Decode(Kind(kind), payload)
		if err != nil {
			return
		}
		again, err := Decode(Kind(kind), Append(nil, 1, m)[HeaderSize:])
		if err != nil || !reflect.DeepEqual(m, again) {
			t.Errorf("%#v becomes %#v, %v", m, again, err)
		}
	})
}

func FuzzStream(f *testing.F) {
	var all []byte
	for _, m := range examples() {
		all = Append(all, 3, m)
	}
	f.Add(all)
	f.Add(all[:len(all)/2])
	f.Fuzz(func(t *testing.T, stream []byte) {
		for {
			_, _, rest, err := next(stream)
			if err != nil {
				return
			}
			stream = rest
		}
	})
}

func TestSystem(t *testing.T) {
	for uname, want := range map[string]string{
		"Linux x86_64": "linux/amd64", "Linux aarch64": "linux/arm64", "Linux armv7l": "linux/arm", "Linux i686": "linux/386",
		"Darwin arm64": "darwin/arm64", "FreeBSD amd64": "freebsd/amd64", "Linux riscv64": "linux/riscv64",
		"Linux vax": "/", "Plan9 x86_64": "/", "": "/", "armv7l": "/",
	} {
		goos, goarch := System(uname)
		if got := goos + "/" + goarch; got != want {
			t.Errorf("%q is %s, want %s", uname, got, want)
		}
	}
	if uname, ok := ParseMissing(Missing("Linux x86_64") + "\r"); !ok || uname != "Linux x86_64" {
		t.Errorf("%q, %v", uname, ok)
	}
	if _, ok := ParseMissing("Welcome"); ok {
		t.Error("a greeting is taken for a mark")
	}
}
