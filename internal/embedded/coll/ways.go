package coll

import "github.com/ringo-mpi/ringo/internal/engine"

// Way is an algorithm. The same way serves several collectives: Tree is a
// binomial tree whatever goes along it.
type Way uint8

// The ways.
const (
	Chosen        Way = iota // by the table in tuning.go
	Tree                     // Barrier, Bcast: binomial tree (Barrier: up, then down)
	Dissemination            // Barrier: ⌈log₂ p⌉ rounds among all
	Chain                    // Bcast: pieces from each rank to the next
	ScatterDouble            // Bcast: scatter, then allgather by recursive doubling
	ScatterRing              // Bcast: scatter, then allgather round a ring
	Doubling                 // Allgather, Allreduce: recursive doubling
	Bruck                    // Allgather, Alltoall: ⌈log₂ p⌉ messages of many blocks
	Ring                     // Allgather: each block from neighbour to neighbour
	Pairs                    // Alltoall: every block straight to its rank
	Halving                  // Allreduce: recursive halving, then doubling (Rabenseifner)
	PairsRing                // Allreduce: every part straight to its rank, then a ring
	numWays
)

var wayNames = [numWays]string{
	Chosen: "chosen", Tree: "tree", Dissemination: "dissemination", Chain: "chain", ScatterDouble: "scatter-doubling",
	ScatterRing: "scatter-ring", Doubling: "doubling", Bruck: "bruck", Ring: "ring", Pairs: "pairs", Halving: "halving", PairsRing: "pairs-ring",
}

// String is the name of the way, as commands print it.
func (w Way) String() string {
	if w < numWays {
		return wayNames[w]
	}
	return "an unknown way"
}

// Ways lists the algorithms of a collective, nil where there is one alone or the
// choice cannot be made from outside.
func Ways(kind engine.CollKind) []Way {
	switch kind {
	case engine.Barrier:
		return []Way{Dissemination, Tree}
	case engine.Bcast:
		return []Way{Tree, Chain, ScatterDouble, ScatterRing}
	case engine.Allgather:
		return []Way{Doubling, Bruck, Ring}
	case engine.Alltoall:
		return []Way{Bruck, Pairs}
	case engine.Allreduce:
		return []Way{Doubling, Halving, PairsRing}
	}
	return nil
}

// fits reports whether a way can be gone by size ranks: count elements and n
// bytes, of the vector of Bcast and Allreduce, of all blocks of Allgather, of
// one block of Alltoall.
func fits(kind engine.CollKind, way Way, size, n, count int) bool {
	switch kind {
	case engine.Barrier:
		return way == Tree || way == Dissemination
	case engine.Bcast:
		switch way {
		case Tree:
			return true
		case Chain, ScatterRing:
			return size > 2 && n > 0
		case ScatterDouble:
			return size > 2 && n > 0 && size == pof2(size)
		}
	case engine.Allgather, engine.Allgatherv:
		switch way {
		case Doubling:
			return size == pof2(size) && kind == engine.Allgather
		case Bruck, Ring:
			return true
		}
	case engine.Alltoall:
		return way == Bruck || way == Pairs
	case engine.Allreduce:
		switch way {
		case Doubling:
			return true
		case Halving:
			return count >= pof2(size)
		case PairsRing:
			return count >= size
		}
	}
	return false
}

// pick returns the way of this schedule: the one asked for where it can be gone,
// else the one of the table.
func (s *Schedule) pick(kind engine.CollKind, n, count int) Way {
	way := s.b.way
	if way == Chosen || !fits(kind, way, s.b.size, n, count) {
		way = s.b.cut.choose(kind, s.b.size, n, count)
	}
	if s.b.whole && kind == s.b.kind {
		s.mark |= uint32(way) << 8
	}
	return way
}

// choose returns the way of the table, for the same numbers as fits.
func (t *thresholds) choose(kind engine.CollKind, size, n, count int) Way {
	whole := size == pof2(size)
	switch kind {
	case engine.Bcast:
		switch {
		case t.chained(n, size):
			return Chain
		case n <= t.bcastTree || size < t.bcastRanks:
			return Tree
		case n <= t.bcastDoubling && whole:
			return ScatterDouble
		}
		return ScatterRing
	case engine.Allgather, engine.Allgatherv:
		switch {
		case kind == engine.Allgather && whole && n < t.allgatherDoubling:
			return Doubling
		case n < t.allgatherBruck:
			return Bruck
		}
		return Ring
	case engine.Alltoall:
		if n <= t.alltoallBruck && size >= t.alltoallRanks {
			return Bruck
		}
		return Pairs
	case engine.Allreduce:
		switch {
		case n <= t.reduceTree || count < pof2(size):
			return Doubling
		case !whole && n/size >= t.pairwiseBlock:
			return PairsRing
		}
		return Halving
	}
	return Dissemination
}

// Choice returns the way that [Build] takes for a call on size ranks, Chosen for a
// collective that has one way alone.
func Choice(k engine.Coll, size int) Way {
	if Ways(k.Kind) == nil {
		return Chosen
	}
	n, count := 0, k.BlockLen(0, size)
	if t := k.Type(); t != nil {
		n = count * t.Size
	}
	if k.Kind == engine.Allgather {
		n *= size
	}
	return standard.choose(k.Kind, size, n, count)
}
