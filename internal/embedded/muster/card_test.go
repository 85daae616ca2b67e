package muster

import (
	"bytes"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/ringo-mpi/ringo/internal/manager"
)

func TestCard(t *testing.T) {
	for _, c := range []*card{
		{build: "b", host: "h.1", socket: "s"},
		{build: "b", host: "h.1", name: clean("a name; with = signs\n"), socket: "s", cores: []uint64{0b1011}, key: bytes.Repeat([]byte{9}, keySize),
			addresses: []netip.Addr{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("2001:db8::1")}},
		{build: "b", host: "h", socket: "s", cores: []uint64{1 << 63, 0, 7}},
	} {
		text := c.String()
		got, err := parseCard(text)
		if err != nil || !reflect.DeepEqual(got, c) && !(len(got.key)+len(c.key) == 0 && got.String() == text) {
			t.Errorf("%s is %+v, %v; want %+v", text, got, err, c)
		}
		if strings.ContainsAny(text, " \n") {
			t.Errorf("%q has blanks", text)
		}
	}
}

// The longest card fits every manager.
func TestCardFits(t *testing.T) {
	c := &card{build: "ringo1-mips64le", host: clean(strings.Repeat("h", 120)), name: clean(strings.Repeat("n", 300)), socket: strings.Repeat("5", socketDigits), key: make([]byte, keySize)}
	for range maxCores / 64 {
		c.cores = append(c.cores, ^uint64(0))
	}
	for range 9 {
		c.addresses = append(c.addresses, netip.MustParseAddr("203.0.113.201"))
	}
	if n := len(c.String()); n > manager.ValueMax {
		t.Errorf("%d bytes, at most %d", n, manager.ValueMax)
	}
}

func TestUnion(t *testing.T) {
	a, b, none := &card{cores: []uint64{3}}, &card{cores: []uint64{6, 1}}, &card{}
	if n := union([]*card{a, b}); n != 4 {
		t.Errorf("%d cores, want 4", n)
	}
	if n := union([]*card{a, none}); n != 0 {
		t.Errorf("%d cores where one does not know", n)
	}
}

func FuzzCard(f *testing.F) {
	f.Add((&card{build: "b", host: "h", socket: "s", cores: []uint64{5}}).String())
	f.Add(";;;;;;")
	f.Fuzz(func(t *testing.T, value string) {
		c, err := parseCard(value)
		if err != nil {
			return
		}
		again, err := parseCard(c.String())
		if err != nil || again.String() != c.String() {
			t.Errorf("%q is read as %q and then as %v, %v", value, c, again, err)
		}
	})
}
