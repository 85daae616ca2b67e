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

// collInfo is what is known of a kind of collective before it is called.
type collInfo struct {
	name       string
	send, recv share
	lists      Lists
	rooted     bool
	reduces    bool
	symmetric  bool
	allInPlace bool
}

// share is what a buffer holds: the part of one rank, or a part for each.
type share uint8

const (
	nothing share = iota
	block         // n elements
	blocks        // p·n elements, or as the lists say
)

// Lists says which lists of [Coll.V] a kind has.
type Lists uint8

// The lists.
const (
	NoLists  Lists = iota // V is nil: all blocks are equally long
	RootSend              // SendCounts, on the root alone
	RootRecv              // RecvCounts, on the root alone
	SameRecv              // RecvCounts, the same on every rank
	OwnBoth               // SendCounts and RecvCounts, of each rank its own; in place RecvCounts alone
	OwnBufs               // SendBufs and RecvBufs, of each rank its own
)

// colls is the one list of what the kinds have in common and what sets them
// apart. The buffers are those of a call that is not in place.
var colls = [...]collInfo{
	Barrier:            {name: "Barrier", symmetric: true},
	Bcast:              {name: "Bcast", recv: block, rooted: true},
	Scatter:            {name: "Scatter", send: blocks, recv: block, rooted: true},
	Scatterv:           {name: "Scatterv", send: blocks, recv: block, lists: RootSend, rooted: true},
	Gather:             {name: "Gather", send: block, recv: blocks, rooted: true},
	Gatherv:            {name: "Gatherv", send: block, recv: blocks, lists: RootRecv, rooted: true},
	Allgather:          {name: "Allgather", send: block, recv: blocks, symmetric: true, allInPlace: true},
	Allgatherv:         {name: "Allgatherv", send: block, recv: blocks, lists: SameRecv, symmetric: true, allInPlace: true},
	Alltoall:           {name: "Alltoall", send: blocks, recv: blocks, symmetric: true, allInPlace: true},
	Alltoallv:          {name: "Alltoallv", send: blocks, recv: blocks, lists: OwnBoth, symmetric: true, allInPlace: true},
	Alltoallw:          {name: "Alltoallw", send: blocks, recv: blocks, lists: OwnBufs, symmetric: true, allInPlace: true},
	Reduce:             {name: "Reduce", send: block, recv: block, rooted: true, reduces: true},
	Allreduce:          {name: "Allreduce", send: block, recv: block, reduces: true, symmetric: true, allInPlace: true},
	ReduceScatter:      {name: "ReduceScatter", send: blocks, recv: block, lists: SameRecv, reduces: true, symmetric: true},
	ReduceScatterBlock: {name: "ReduceScatterBlock", send: blocks, recv: block, reduces: true, symmetric: true},
	Scan:               {name: "Scan", send: block, recv: block, reduces: true},
	Exscan:             {name: "Exscan", send: block, recv: block, reduces: true},
}

var _ [NumColls]struct{} = [len(colls)]struct{}{} // every kind is in colls

var unknownColl = collInfo{name: "an unknown collective"}

func (k CollKind) info() *collInfo {
	if k < NumColls {
		return &colls[k]
	}
	return &unknownColl
}

// String is the name of the function of package mpi.
func (k CollKind) String() string { return k.info().name }

// Rooted reports whether one rank, [Coll.Root], has a part of its own.
func (k CollKind) Rooted() bool { return k.info().rooted }

// Reduces reports whether the collective combines elements, by [Coll.Op].
func (k CollKind) Reduces() bool { return k.info().reduces }

// Symmetric reports whether the part of each rank needs something of every
// other one: a rank that has completed its part knows that all have begun it.
func (k CollKind) Symmetric() bool { return k.info().symmetric }

// AllInPlace reports whether a call is in place on all ranks or on none.
func (k CollKind) AllInPlace() bool { return k.info().allInPlace }

// Lists says which lists of [Coll.V] the kind has.
func (k CollKind) Lists() Lists { return k.info().lists }

// Vector reports whether the blocks of the ranks may differ in length, so that
// the kind has lists: the v and w forms and ReduceScatter.
func (k CollKind) Vector() bool { return k.info().lists != NoLists }

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
// Buffers are contiguous, except those of SendBufs and RecvBufs: package mpi
// packs and unpacks the layouts of all other collectives.
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

// Type is the element type of the buffers; nil for Barrier and Alltoallw, whose
// buffers have none or one each.
func (k *Coll) Type() *Type {
	if k.Send.Type != nil {
		return k.Send.Type
	}
	return k.Recv.Type
}

// Input is the buffer that holds what this rank contributes: Send, or where
// that is unset (in place) Recv.
func (k *Coll) Input() *Buf {
	if k.Send.Type != nil {
		return &k.Send
	}
	return &k.Recv
}

// BlockLen is the number of elements of the block of the given rank, the
// caller, among size ranks. All ranks give the same number, except where their
// blocks may differ. An Alltoallv has no block of its own: it is the length of
// Recv; an Alltoallw has no elements in common: it is 0.
func (k *Coll) BlockLen(rank, size int) int {
	p := k.Kind.info()
	switch p.lists {
	case RootSend:
		if k.InPlace {
			return k.V.SendCounts[rank]
		}
		return k.Recv.Count
	case RootRecv:
		if k.InPlace {
			return k.V.RecvCounts[rank]
		}
		return k.Send.Count
	case SameRecv:
		return k.V.RecvCounts[rank]
	case OwnBoth, OwnBufs:
		return k.Recv.Count
	}
	n, holds := k.Recv.Count, p.recv
	if k.Recv.Type == nil {
		n, holds = k.Send.Count, p.send
	}
	if k.InPlace { // the one buffer is as long as the longer of two
		holds = max(p.send, p.recv)
	}
	if holds == blocks {
		return n / size
	}
	return n
}

// ListsFit reports whether V has the lists that the given rank needs, with one
// entry for each of size ranks.
func (k *Coll) ListsFit(rank, size int) bool {
	lists := k.Kind.Lists()
	if lists == NoLists || k.Kind.Rooted() && rank != k.Root {
		return true
	}
	v := k.V
	switch {
	case v == nil:
		return false
	case lists == RootSend:
		return len(v.SendCounts) == size
	case lists == RootRecv, lists == SameRecv:
		return len(v.RecvCounts) == size
	case lists == OwnBoth:
		return len(v.RecvCounts) == size && (k.InPlace || len(v.SendCounts) == size)
	}
	return len(v.RecvBufs) == size && (k.InPlace || len(v.SendBufs) == size)
}

// Vector holds the counts and displacements of the v and w forms and of
// ReduceScatter, one entry a rank. Where a kind has no use for a list, it is
// nil; a rooted operation needs them on the root only.
type Vector struct {
	SendCounts, SendDispls []int // elements of Send
	RecvCounts, RecvDispls []int // elements of Recv
	SendBufs, RecvBufs     []Buf // Alltoallw: one buffer a rank, each with its own type and layout
}
