package simulate

import (
	"fmt"
	"strings"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/coll"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// Collectives are those that are played.
var Collectives = []engine.CollKind{engine.Barrier, engine.Bcast, engine.Allgather, engine.Alltoall, engine.Allreduce}

// Algorithm is one way to do a collective.
type Algorithm struct {
	Way    coll.Way
	Staged bool // inside each host, between one rank of each host, inside again
	Shared bool // as Staged, but all ranks of a host have a share between the hosts
}

// String is the name of the algorithm: the way, with what is before it.
func (a Algorithm) String() string {
	switch {
	case a.Shared:
		return "shared " + a.Way.String()
	case a.Staged:
		return "hosts " + a.Way.String()
	}
	return a.Way.String()
}

// Algorithms lists the algorithms of a collective.
func Algorithms(kind engine.CollKind) (all []Algorithm) {
	ways := coll.Ways(kind)
	for _, w := range ways {
		all = append(all, Algorithm{Way: w})
	}
	if kind == engine.Alltoall {
		return all
	}
	for _, w := range ways {
		all = append(all, Algorithm{Way: w, Staged: true})
	}
	if kind == engine.Allreduce {
		for _, w := range ways {
			all = append(all, Algorithm{Way: w, Staged: true, Shared: true})
		}
	}
	return all
}

// ParseAlgorithm reads the name of an algorithm of a collective.
func ParseAlgorithm(kind engine.CollKind, name string) (Algorithm, error) {
	var names []string
	for _, a := range Algorithms(kind) {
		if strings.EqualFold(a.String(), strings.Join(strings.Fields(name), " ")) {
			return a, nil
		}
		names = append(names, a.String())
	}
	return Algorithm{}, fmt.Errorf("%v has no algorithm %q: it has %s", kind, name, strings.Join(names, ", "))
}

// ParseCollective reads the name of a collective, in capitals or not.
func ParseCollective(name string) (engine.CollKind, error) {
	var names []string
	for _, k := range Collectives {
		if strings.EqualFold(k.String(), name) {
			return k, nil
		}
		names = append(names, strings.ToLower(k.String()))
	}
	return 0, fmt.Errorf("%q is none of the collectives that are played: %s", name, strings.Join(names, ", "))
}

// call makes the call of a collective: bytes is the length of the vector of
// Bcast and Allreduce and of one rank's block for the others. Elements are
// doubles if they fit.
func call(kind engine.CollKind, size, ranks int) engine.Coll {
	typ := engine.Basic(engine.Uint8)
	if size%8 == 0 {
		typ = engine.Basic(engine.Float64)
	}
	count := size / typ.Size
	one, all := engine.Buf{Count: count, Type: typ}, engine.Buf{Count: count * ranks, Type: typ}
	k := engine.Coll{Kind: kind}
	switch kind {
	case engine.Bcast:
		k.Recv = one
	case engine.Allgather:
		k.Send, k.Recv = one, all
	case engine.Alltoall:
		k.Send, k.Recv = all, all
	case engine.Allreduce:
		k.Send, k.Recv = one, one
		k.Op = &engine.Op{Code: engine.OpSum, Commutative: true, Type: typ, Kernel: func(_, _, _ unsafe.Pointer, _ int) {}}
	}
	return k
}
