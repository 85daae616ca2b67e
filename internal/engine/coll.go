package engine

// CollKind names a collective operation (MPI 5.0 §6).
type CollKind uint8

// The collectives.
const (
	Barrier CollKind = iota
	Bcast
	Scatter
	Scatterv
	Gather
	Gatherv
	Allgather
	Allgatherv
	Alltoall
	Alltoallv
	Alltoallw
	Reduce
	Allreduce
	ReduceScatter
	ReduceScatterBlock
	Scan
	Exscan
	NumColls
)

var collNames = [NumColls]string{
	"Barrier", "Bcast", "Scatter", "Scatterv", "Gather", "Gatherv", "Allgather", "Allgatherv",
	"Alltoall", "Alltoallv", "Alltoallw", "Reduce", "Allreduce", "ReduceScatter", "ReduceScatterBlock", "Scan", "Exscan",
}

func (k CollKind) String() string { return collNames[k] }

// Coll is one call of a collective on one rank. It is passed by value: a call
// allocates nothing.
//
// What Send and Recv hold, by kind (p ranks, all counts in elements):
//
//	Barrier             nothing
//	Bcast               Recv: the buffer, on every rank (the root sends from it)
//	Scatter             Send: on the root, p·n; Recv: n
//	Gather              Send: n; Recv: on the root, p·n
//	Allgather           Send: n; Recv: p·n
//	Alltoall            Send, Recv: p·n
//	Reduce              Send: n; Recv: on the root, n
//	Allreduce           Send, Recv: n
//	ReduceScatterBlock  Send: p·n; Recv: n
//	ReduceScatter       Send: the sum of V.RecvCounts; Recv: V.RecvCounts[rank]
//	Scan, Exscan        Send, Recv: n (Exscan leaves Recv of rank 0 alone)
//	v and w forms       as their V says
//
// Buffers are contiguous but for SendBufs and RecvBufs: package mpi packs and
// unpacks the layouts of all other collectives.
//
// In place (MPI_IN_PLACE), Send is unset and the input is taken from Recv: the
// whole of it for Allreduce, Scan, Exscan, ReduceScatter(Block) (whose Recv
// then holds the whole input and whose result comes to its start) and the
// Alltoall family, this rank's own block for Allgather(v), on the root for
// Gather(v) and Reduce. For an in-place Scatter(v) the root's Recv is unset
// and its own block stays in Send. InPlace of the rooted operations is set on
// the root only.
type Coll struct {
	Kind    CollKind
	InPlace bool
	Root    int
	Send    Buf
	Recv    Buf
	Op      *Op // reductions only
	V       *Vector
}

// Vector holds the counts and displacements of the v and w forms and of
// ReduceScatter, one entry a rank. Where a kind has no use for a list, it is
// nil; a rooted operation needs them on the root only.
type Vector struct {
	SendCounts, SendDispls []int // elements of Send
	RecvCounts, RecvDispls []int // elements of Recv
	SendBufs, RecvBufs     []Buf // Alltoallw: one buffer a rank, each with its own type and layout

	Mem []int // where the caller has the lists; nothing to an engine
}
