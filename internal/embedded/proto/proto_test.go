package proto_test

import (
	"bytes"
	"testing"

	"github.com/ringo-mpi/ringo/internal/embedded/proto"
)

func TestRoundTrip(t *testing.T) {
	p := make([]byte, proto.OriginSize)
	o := proto.Origin{Number: 5, Total: 1 << 30, Addr: 0xc000123456, Offset: proto.NoOffset}
	o.Put(p)
	if b, err := proto.Decode(proto.Offer, 0, p); err != nil || b.Origin != o || b.Total != 1<<30 || b.Number != 5 {
		t.Errorf("offer: %+v, %v", b, err)
	}
	p = append(make([]byte, proto.FirstSize), "data"...)
	proto.PutFirst(p, 100, 9)
	if b, err := proto.Decode(proto.First, proto.Sync, p); err != nil || b.Total != 100 || b.Number != 9 || string(b.Data) != "data" {
		t.Errorf("first: %+v, %v", b, err)
	}
	p = append(make([]byte, proto.PairSize), "xyz"...)
	proto.PutPair(p, 3, 4)
	if b, err := proto.Decode(proto.Data, 0, p); err != nil || b.Number != 3 || b.Other != 4 || string(b.Data) != "xyz" {
		t.Errorf("data: %+v, %v", b, err)
	}
	if b, err := proto.Decode(proto.Placed, 0, p); err != nil || b.Number != 3 || b.Other != 4 || string(b.Data) != "xyz" {
		t.Errorf("placed: %+v, %v", b, err)
	}
	p = make([]byte, proto.FetchSize)
	proto.PutFetch(p, 7, 8, 9)
	if b, err := proto.Decode(proto.Fetch, 0, p); err != nil || b.Number != 7 || b.Other != 8 || b.Total != 9 {
		t.Errorf("fetch: %+v, %v", b, err)
	}
	if b, err := proto.Decode(proto.Eager, 0, []byte("abc")); err != nil || b.Total != 3 || string(b.Data) != "abc" {
		t.Errorf("eager: %+v, %v", b, err)
	}
}

// FuzzDecode: whatever lies in a frame, the decoder stays inside it and what
// it returns is consistent.
func FuzzDecode(f *testing.F) {
	for k := range uint8(20) {
		f.Add(k, uint8(0), []byte{})
		f.Add(k, uint8(3), bytes.Repeat([]byte{0xff}, 40))
		f.Add(k, uint8(1), bytes.Repeat([]byte{1, 0, 0, 0, 0, 0, 0, 0}, 4))
	}
	f.Fuzz(func(t *testing.T, kind, flags uint8, payload []byte) {
		b, err := proto.Decode(kind, flags, payload)
		if err != nil {
			return
		}
		if b.Total < 0 || len(b.Data) > len(payload) {
			t.Fatalf("%+v", b)
		}
		switch kind {
		case proto.Eager:
			if b.Total != len(b.Data) {
				t.Fatalf("eager of %d with %d", b.Total, len(b.Data))
			}
		case proto.First:
			if len(b.Data) > b.Total {
				t.Fatalf("first of %d with %d", b.Total, len(b.Data))
			}
		}
	})
}
