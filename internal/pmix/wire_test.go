package pmix

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

// reply is a reply to a get with some values.
func reply(values ...byte) []byte {
	var object packer
	object.count(1)
	object.text("job")
	object.u32(2)
	object.b = append(object.b, values...)
	var p packer
	p.count(1)
	p.length(len(object.b))
	p.b = append(p.b, object.b...)
	return p.b
}

func TestFind(t *testing.T) {
	var kv packer
	kv.keyString("a", "first")
	kv.count(1)
	kv.text("flag")
	kv.u16(typeBool)
	kv.u8(1)
	kv.count(1)
	kv.text("size")
	kv.u16(typeUint32)
	kv.u32(7)
	two := append(reply(), reply(kv.b...)...)
	for key, want := range map[string]any{"a": "first", "flag": true, "size": uint64(7)} {
		u := unpacker{b: two}
		if v, err := u.find(key); v != want || err != nil {
			t.Errorf("%s: %v, %v", key, v, err)
		}
	}
	u := unpacker{b: two}
	if _, err := u.find("b"); !errors.Is(err, statusNotFound) {
		t.Errorf("a key that is not there: %v", err)
	}
	for n := 1; n < len(two); n++ { // cut short anywhere it is no other value
		u := unpacker{b: two[:n]}
		if v, err := u.find("size"); err == nil {
			t.Errorf("%d of %d bytes: %v", n, len(two), v)
		}
	}
}

// What a server of Open MPI 5 passes on of a rank of another host.
func TestFindCompact(t *testing.T) {
	text := func(s string) []byte { return append(append([]byte{byte(2 * (len(s) + 1))}, s...), 0) }
	long := strings.Repeat("x", 100) // its length takes two bytes
	object := bytes.Join([][]byte{{2}, text("job@1"), {5}, {2}, text("key"), {0, 3, 0xca, 1}, []byte(long), {0}, {2}, text("head"), {0, 3}, text("0")}, nil)
	b := append([]byte{2, byte(len(object)) | 0x80, byte(len(object) >> 7)}, object...)
	for key, want := range map[string]string{"key": long, "head": "0"} {
		if v, err := find(b, key); v != want || err != nil {
			t.Errorf("%s: %v, %v", key, v, err)
		}
	}
	if _, err := find(b, "other"); !errors.Is(err, statusNotFound) {
		t.Errorf("a key that is not there: %v", err)
	}
}

// Whatever a server sends is read to an end.
func FuzzReply(f *testing.F) {
	var kv packer
	kv.keyString("key", "value")
	f.Add(reply(kv.b...))
	f.Add([]byte{0, 0, 0, 1, 0, 0, 0, 0})
	f.Add(bytes.Repeat([]byte{255}, 64))
	f.Fuzz(func(t *testing.T, data []byte) {
		u := unpacker{b: data}
		_ = u.status()
		if v, err := find(u.b, "key"); err == nil && v == nil {
			t.Error("neither a value nor an error")
		}
	})
}

// stream is a server that has said all already.
type stream struct{ io.Reader }

func (stream) Write(p []byte) (int, error) { return len(p), nil }

// Whatever follows the connection, calls come to an end.
func FuzzStream(f *testing.F) {
	var m packer
	m.u32(0)
	m.u32(101)
	m.u32(8)
	m.u32(0)
	m.count(1)
	m.u32(0)
	f.Add(append(make([]byte, 8), m.b...))
	f.Add(make([]byte, 8))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Connect(stream{bytes.NewReader(data)}, Server{Namespace: "n"}, 0, 0)
		if err != nil {
			return
		}
		if v, err := c.Get(0, "key"); err == nil && v == "" && len(data) < 16 {
			t.Error("a value out of nothing")
		}
		_ = c.Fence()
	})
}

func FuzzURI(f *testing.F) {
	f.Add("prterun-host-1@0.0;tcp4://127.0.0.1:4000")
	f.Add(";tcp6://[::1]:1")
	f.Fuzz(func(t *testing.T, uri string) {
		if a, err := parseURI(uri); err == nil && !a.IsValid() {
			t.Errorf("%q is %v", uri, a)
		}
	})
}
