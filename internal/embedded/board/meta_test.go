package board

import (
	"testing"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// What a member packs into a word is what the others read out of it.
func TestCallMeta(t *testing.T) {
	f64 := engine.Basic(engine.Float64)
	for k := range engine.NumColls {
		for _, root := range []int{0, 1, 1<<16 - 1} {
			for op := range engine.NumOps {
				c := engine.Coll{Kind: k, Root: root, Recv: engine.Buf{Count: 1, Type: f64}, Op: &engine.Op{Code: op}}
				if k == engine.ReduceScatter {
					c.V = &engine.Vector{RecvCounts: []int{0, 3, 2}}
				}
				m := metaOf(&c)
				if m.kind() != k || m.op() != op || m.sig() != f64.Sig || k.Rooted() && m.root() != root || m.sole() != -1 {
					t.Fatalf("%v with %v, root %d: kind %v, op %v, type %v, root %d, sole receiver %d",
						k, op, root, m.kind(), m.op(), m.sig(), m.root(), m.sole())
				}
				other := m.withSig(^engine.Sig(0))
				if other.sig() != ^engine.Sig(0) || other.untyped() != m.untyped() {
					t.Fatalf("%v: the type cannot be set alone", m)
				}
			}
		}
	}
}

// The sole receiver of a ReduceScatter may be any rank, and is part of the call.
func TestSoleReceiver(t *testing.T) {
	const members = 1 << 16
	counts := make([]int, members)
	c := engine.Coll{Kind: engine.ReduceScatter, V: &engine.Vector{RecvCounts: counts}, Op: &engine.Op{Code: engine.OpSum}}
	if none := metaOf(&c); none.sole() != -1 {
		t.Errorf("nobody receives anything, and %d is the sole receiver", none.sole())
	}
	for _, r := range []int{0, 1, members - 1} {
		counts[r] = 1
		if m := metaOf(&c); m.sole() != r {
			t.Errorf("the sole receiver is %d, want %d", m.sole(), r)
		}
		counts[r] = 0
	}
	counts[0], counts[5] = 1, 1
	if m := metaOf(&c); m.sole() != -1 {
		t.Errorf("two members receive something, and %d is the sole receiver", m.sole())
	}
}

func TestCallMetaSays(t *testing.T) {
	op := &engine.Op{Code: engine.OpMax}
	for want, c := range map[string]engine.Coll{
		"Barrier":                     {Kind: engine.Barrier},
		"Bcast with root 3":           {Kind: engine.Bcast, Root: 3},
		"Allreduce with Max":          {Kind: engine.Allreduce, Op: op},
		"Reduce with Max with root 2": {Kind: engine.Reduce, Op: op, Root: 2},
		"ReduceScatter with Max": {Kind: engine.ReduceScatter, Op: op,
			V: &engine.Vector{RecvCounts: []int{1, 1}}},
		"ReduceScatter with Max for rank 1 alone": {Kind: engine.ReduceScatter, Op: op,
			V: &engine.Vector{RecvCounts: []int{0, 1}}},
		"an unknown collective": {Kind: engine.NumColls},
	} {
		if got := metaOf(&c).String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if unsafe.Sizeof(callMeta(0)) != 8 {
		t.Error("a call does not fit a word of a header")
	}
}
