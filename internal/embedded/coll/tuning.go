package coll

import "math/bits"

// thresholds say from where on which algorithm is used. Sizes are in bytes. The
// values are those at which MPICH changes over unless a reason is given: they
// rest on the ratio of the cost of a message to that of a byte, about 0.3–1 µs
// to 0.06–0.1 ns here and 1–10 µs to 0.1–0.8 ns between hosts, which leaves the
// crossing points within a factor of two of each other.
type thresholds struct {
	// Bcast of at most bcastTree bytes, or on fewer than bcastRanks ranks:
	// binomial tree, ⌈log₂ p⌉ messages in a row. Up to bcastDoubling:
	// scatter, then allgather by recursive doubling (p a power of two), 2·log₂ p
	// messages and 2n bytes in a row. Beyond: scatter and ring, as many bytes and
	// between neighbours only.
	bcastTree     int
	bcastRanks    int
	bcastDoubling int

	// Bcast of at least chainMin bytes that make many segments for the number of
	// ranks (chained): segments pass along a chain, n bytes in a row rather than
	// 2n, and each rank copies each byte once in and once out. Scan and Exscan
	// use the same rule.
	chainMin int

	// segment is the length of the pieces in which long messages travel where a
	// rank passes them on or combines them: long enough that the cost of a
	// message is small (about 5 µs of copying), short enough that a piece is
	// still in the 1 MiB second-level cache when it is combined, and below the
	// 256 KiB at which copies should stop for the garbage collector.
	segment int

	// segments bounds the number of pieces of one message: beyond, they grow.
	segments int

	// Scatter and Gather of blocks up to treeBlock: binomial tree. Longer blocks
	// go to or come from the root directly: its link carries all of them either
	// way, and a tree moves each log₂ p / 2 times.
	treeBlock int

	// Allgather of less than allgatherDoubling bytes in all and p a power of two:
	// recursive doubling; less than allgatherBruck otherwise: Bruck. Beyond:
	// ring.
	allgatherDoubling int
	allgatherBruck    int

	// Alltoall of blocks up to alltoallBruck on at least alltoallRanks ranks:
	// Bruck, log₂ p messages of n·p/2 bytes. Up to alltoallScattered: all pairs,
	// window messages of each direction under way at once; beyond: largeWindow,
	// enough to keep the link busy while one message starts.
	alltoallBruck     int
	alltoallRanks     int
	alltoallScattered int
	window            int
	largeWindow       int

	// Reduce and Allreduce of up to reduceTree bytes: binomial tree and recursive
	// doubling, log₂ p messages of n bytes. Beyond: reduce-scatter, then gather or
	// allgather, 2·log₂ p messages and 2n bytes in a row. When p is not a power of
	// two the ranks left over cost another 2n bytes; blocks of at least
	// pairwiseBlock are worth p-1 messages each instead.
	reduceTree    int
	pairwiseBlock int

	// ReduceScatter of less than halvingMax bytes in all: recursive halving,
	// log₂ p messages. Beyond, pairwise: each rank receives exactly what it
	// combines. An operation that does not commute cannot use recursive halving
	// into blocks in rank order: up to orderedMax bytes everybody computes
	// everything by recursive doubling; beyond, pairwise.
	halvingMax int
	orderedMax int
}

var standard = thresholds{
	bcastTree:         12 << 10,
	bcastRanks:        8,
	bcastDoubling:     512 << 10,
	chainMin:          256 << 10,
	segment:           64 << 10,
	segments:          256,
	treeBlock:         16 << 10,
	allgatherDoubling: 512 << 10,
	allgatherBruck:    80 << 10,
	alltoallBruck:     256,
	alltoallRanks:     8,
	alltoallScattered: 32 << 10,
	window:            32,
	largeWindow:       4,
	reduceTree:        2 << 10,
	pairwiseBlock:     8 << 10,
	halvingMax:        512 << 10,
	orderedMax:        8 << 10,
}

// pieces returns the length of the pieces into which n bytes are cut, a multiple
// of elem.
func (t *thresholds) pieces(n, elem int) int {
	elem = max(elem, 1) // elements may have no memory
	l := max(t.segment, (n+t.segments-1)/t.segments)
	return max(1, (l+elem-1)/elem) * elem
}

// chained reports whether n bytes are better passed along a chain of p ranks in
// pieces than twice through the links of a tree: the pieces fill the chain when
// there are twice as many of them as there are ranks on the way.
func (t *thresholds) chained(n, p int) bool {
	return p > 2 && n >= t.chainMin && n/t.pieces(n, 1) >= 2*(p-2)
}

// chainedScan is chained for the prefix reductions, where a chain competes with
// ⌈log₂ p⌉ steps of n bytes.
func (t *thresholds) chainedScan(n, elem, p int) bool {
	pieces := n / t.pieces(n, elem)
	return p > 2 && n >= t.chainMin && 4*pieces*log2(p) >= 5*(pieces+p)
}

// log2 returns ⌈log₂ p⌉.
func log2(p int) int { return bits.Len(uint(p - 1)) }

// pof2 returns the greatest power of two that is not greater than p.
func pof2(p int) int { return 1 << (bits.Len(uint(p)) - 1) }
