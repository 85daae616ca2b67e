package engine

import (
	"slices"
	"strings"
	"testing"
)

func TestEveryKindIsDescribed(t *testing.T) {
	var seen []string
	for k := range NumColls {
		p := k.info()
		if p.name == "" {
			t.Fatalf("kind %d has no entry in colls", uint8(k))
		}
		if slices.Contains(seen, p.name) {
			t.Errorf("two kinds are called %s", p.name)
		}
		seen = append(seen, p.name)
		if k != Barrier && p.recv == nothing {
			t.Errorf("%v receives nothing", k)
		}
		if k.Rooted() && k.Symmetric() {
			t.Errorf("%v is rooted and symmetric", k)
		}
		if one := k.Lists() == RootSend || k.Lists() == RootRecv; one && !k.Rooted() {
			t.Errorf("%v has lists on a root, and no root", k)
		}
	}
}

// The properties as the standard has them.
func TestProperties(t *testing.T) {
	for _, c := range []struct {
		property string
		has      func(CollKind) bool
		kinds    string
	}{
		{"rooted", CollKind.Rooted, "Bcast Scatter Scatterv Gather Gatherv Reduce"},
		{"a reduction", CollKind.Reduces, "Reduce Allreduce ReduceScatter ReduceScatterBlock Scan Exscan"},
		{"a vector form", CollKind.Vector, "Scatterv Gatherv Allgatherv Alltoallv Alltoallw ReduceScatter"},
		{"symmetric", CollKind.Symmetric, "Barrier Allgather Allgatherv Alltoall Alltoallv Alltoallw Allreduce ReduceScatter ReduceScatterBlock"},
		{"in place on all ranks or none", CollKind.AllInPlace, "Allgather Allgatherv Alltoall Alltoallv Alltoallw Allreduce"},
	} {
		var have []string
		for k := range NumColls {
			if c.has(k) {
				have = append(have, k.String())
			}
		}
		if got := strings.Join(have, " "); got != c.kinds {
			t.Errorf("%s are %s, want %s", c.property, got, c.kinds)
		}
	}
}

func TestUnknownKind(t *testing.T) {
	for _, k := range []CollKind{NumColls, 255} {
		if k.String() == "" || k.Rooted() || k.Reduces() || k.Vector() || k.Symmetric() || k.AllInPlace() || k.Lists() != NoLists {
			t.Errorf("kind %d, which there is not, has properties", uint8(k))
		}
	}
	if NumOps.String() == "" || OpCode(255).String() == "" {
		t.Error("an unknown reduction has no name")
	}
}

func TestEveryReductionHasAName(t *testing.T) {
	for c := range NumOps {
		if opNames[c] == "" {
			t.Errorf("reduction %d has no entry in opNames", uint8(c))
		}
	}
}

// elems is a buffer of n elements that nobody looks into.
func elems(n int) Buf { return Buf{Count: n, Type: Basic(Int32)} }

// What a rank of three gives as its block is the same in every form of a call.
func TestBlockLen(t *testing.T) {
	const p, rank, n = 3, 1, 4
	counts := []int{7, n, 9}
	for _, k := range []Coll{
		{Kind: Bcast, Recv: elems(n)},
		{Kind: Scatter, Send: elems(p * n), Recv: elems(n)},
		{Kind: Scatter, Recv: elems(n), Root: 2},
		{Kind: Scatter, Send: elems(p * n), Root: rank, InPlace: true},
		{Kind: Scatterv, Recv: elems(n)},
		{Kind: Scatterv, Send: elems(20), Recv: elems(n), Root: rank, V: &Vector{SendCounts: counts}},
		{Kind: Scatterv, Send: elems(20), Root: rank, InPlace: true, V: &Vector{SendCounts: counts}},
		{Kind: Gather, Send: elems(n)},
		{Kind: Gather, Send: elems(n), Recv: elems(p * n), Root: rank},
		{Kind: Gather, Recv: elems(p * n), Root: rank, InPlace: true},
		{Kind: Gatherv, Send: elems(n)},
		{Kind: Gatherv, Send: elems(n), Recv: elems(20), Root: rank, V: &Vector{RecvCounts: counts}},
		{Kind: Gatherv, Recv: elems(20), Root: rank, InPlace: true, V: &Vector{RecvCounts: counts}},
		{Kind: Allgather, Send: elems(n), Recv: elems(p * n)},
		{Kind: Allgather, Recv: elems(p * n), InPlace: true},
		{Kind: Allgatherv, Send: elems(n), Recv: elems(20), V: &Vector{RecvCounts: counts}},
		{Kind: Allgatherv, Recv: elems(20), InPlace: true, V: &Vector{RecvCounts: counts}},
		{Kind: Alltoall, Send: elems(p * n), Recv: elems(p * n)},
		{Kind: Alltoall, Recv: elems(p * n), InPlace: true},
		{Kind: Alltoallv, Send: elems(20), Recv: elems(n), V: &Vector{SendCounts: counts, RecvCounts: []int{0, 0, n}}},
		{Kind: Reduce, Send: elems(n)},
		{Kind: Reduce, Send: elems(n), Recv: elems(n), Root: rank},
		{Kind: Reduce, Recv: elems(n), Root: rank, InPlace: true},
		{Kind: Allreduce, Send: elems(n), Recv: elems(n)},
		{Kind: Allreduce, Recv: elems(n), InPlace: true},
		{Kind: ReduceScatter, Send: elems(20), Recv: elems(n), V: &Vector{RecvCounts: counts}},
		{Kind: ReduceScatter, Recv: elems(20), InPlace: true, V: &Vector{RecvCounts: counts}},
		{Kind: ReduceScatterBlock, Send: elems(p * n), Recv: elems(n)},
		{Kind: ReduceScatterBlock, Recv: elems(p * n), InPlace: true},
		{Kind: Scan, Send: elems(n), Recv: elems(n)},
		{Kind: Scan, Recv: elems(n), InPlace: true},
		{Kind: Exscan, Send: elems(n), Recv: elems(n)},
		{Kind: Exscan, Recv: elems(n), InPlace: true},
	} {
		if got := k.BlockLen(rank, p); got != n {
			t.Errorf("%v, root %d, in place %v: a block of %d elements, want %d", k.Kind, k.Root, k.InPlace, got, n)
		}
		if k.Type() != Basic(Int32) {
			t.Errorf("%v has elements of type %v", k.Kind, k.Type())
		}
		in := &k.Send
		if k.Send.Type == nil {
			in = &k.Recv
		}
		if k.Input() != in {
			t.Errorf("%v, in place %v: the wrong input", k.Kind, k.InPlace)
		}
	}
	for _, k := range []Coll{{Kind: Barrier}, {Kind: Alltoallw, V: &Vector{SendBufs: make([]Buf, p), RecvBufs: make([]Buf, p)}}} {
		if k.BlockLen(rank, p) != 0 || k.Type() != nil {
			t.Errorf("%v has elements in common", k.Kind)
		}
	}
}

func TestListsFit(t *testing.T) {
	const p, rank = 3, 1
	good, bufs := make([]int, p), make([]Buf, p)
	for _, c := range []struct {
		fit bool
		k   Coll
	}{
		{true, Coll{Kind: Allreduce}},
		{true, Coll{Kind: Scatterv, Root: 0}},
		{false, Coll{Kind: Scatterv, Root: rank}},
		{true, Coll{Kind: Scatterv, Root: rank, V: &Vector{SendCounts: good}}},
		{false, Coll{Kind: Scatterv, Root: rank, V: &Vector{RecvCounts: good}}},
		{true, Coll{Kind: Gatherv, Root: 2}},
		{true, Coll{Kind: Gatherv, Root: rank, V: &Vector{RecvCounts: good}}},
		{false, Coll{Kind: Gatherv, Root: rank, V: &Vector{RecvCounts: good[1:]}}},
		{false, Coll{Kind: Allgatherv}},
		{true, Coll{Kind: Allgatherv, V: &Vector{RecvCounts: good}}},
		{false, Coll{Kind: ReduceScatter, V: &Vector{RecvCounts: append(good, 1)}}},
		{true, Coll{Kind: ReduceScatter, V: &Vector{RecvCounts: good}}},
		{false, Coll{Kind: Alltoallv, V: &Vector{RecvCounts: good}}},
		{true, Coll{Kind: Alltoallv, InPlace: true, V: &Vector{RecvCounts: good}}},
		{true, Coll{Kind: Alltoallv, V: &Vector{SendCounts: good, RecvCounts: good}}},
		{false, Coll{Kind: Alltoallw, V: &Vector{RecvBufs: bufs}}},
		{true, Coll{Kind: Alltoallw, InPlace: true, V: &Vector{RecvBufs: bufs}}},
		{true, Coll{Kind: Alltoallw, V: &Vector{SendBufs: bufs, RecvBufs: bufs}}},
	} {
		if c.k.ListsFit(rank, p) != c.fit {
			t.Errorf("%v, root %d, in place %v: the lists %+v fit: %v, want %v", c.k.Kind, c.k.Root, c.k.InPlace, c.k.V, !c.fit, c.fit)
		}
	}
}

func TestHash(t *testing.T) {
	seen := map[Hash][]int{}
	for a := range 40 {
		for b := range 40 {
			h := NewHash.Add(a - 20).Add(b << a)
			if old, ok := seen[h]; ok {
				t.Fatalf("%v and %v have one hash", old, []int{a, b})
			}
			seen[h] = []int{a, b}
		}
	}
}
