package mpi_test

import (
	"slices"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// fakeCollective does a collective for all ranks at once, by its definition.
func fakeCollective(calls []engine.Coll) {
	p := len(calls)
	k := calls[0]
	root := &calls[k.Root]
	// input is what rank i contributes, copied before anything is written.
	input := make([][]byte, p)
	for i, c := range calls {
		switch {
		case c.Kind == engine.Alltoallw || c.Kind == engine.Barrier:
		case c.Send.Type != nil:
			input[i] = load(c.Send)
		case c.Recv.Type != nil:
			input[i] = load(c.Recv)
		}
	}
	put := func(b engine.Buf, off, count int, data []byte) { copy(b.At(off, count).Slice(), data) }
	size := func(i int) int {
		if calls[i].Recv.Type != nil {
			return calls[i].Recv.Type.Size
		}
		return calls[i].Send.Type.Size
	}
	part := func(b []byte, off, count, size int) []byte { return b[off*size : (off+count)*size] }
	switch k.Kind {
	case engine.Bcast:
		for i := range calls {
			put(calls[i].Recv, 0, calls[i].Recv.Count, input[k.Root])
		}
	case engine.Scatter:
		for i, c := range calls {
			if !c.InPlace {
				put(c.Recv, 0, c.Recv.Count, part(input[k.Root], i*c.Recv.Count, c.Recv.Count, size(i)))
			}
		}
	case engine.Scatterv:
		for i, c := range calls {
			if !c.InPlace {
				put(c.Recv, 0, c.Recv.Count, part(input[k.Root], root.V.SendDispls[i], root.V.SendCounts[i], size(i)))
			}
		}
	case engine.Gather:
		for i := range calls {
			if n := root.Recv.Count / p; i != k.Root || !root.InPlace {
				put(root.Recv, i*n, n, input[i])
			}
		}
	case engine.Gatherv:
		for i := range calls {
			if i != k.Root || !root.InPlace {
				put(root.Recv, root.V.RecvDispls[i], root.V.RecvCounts[i], input[i])
			}
		}
	case engine.Allgather, engine.Allgatherv:
		for j, c := range calls {
			for i, from := range calls {
				n := c.Recv.Count / p
				off := i * n
				if c.V != nil {
					off, n = c.V.RecvDispls[i], c.V.RecvCounts[i]
				}
				data := input[i]
				if from.InPlace {
					data = part(data, off, n, size(i))
				}
				put(calls[j].Recv, off, n, data)
			}
		}
	case engine.Alltoall:
		for i, c := range calls {
			n := c.Recv.Count / p
			for j := range calls {
				put(c.Recv, j*n, n, part(input[j], i*n, n, size(j)))
			}
		}
	case engine.Alltoallv:
		for i, c := range calls {
			for j, from := range calls {
				counts, displs := from.V.SendCounts, from.V.SendDispls
				if from.InPlace {
					counts, displs = from.V.RecvCounts, from.V.RecvDispls
				}
				put(c.Recv, c.V.RecvDispls[j], c.V.RecvCounts[j], part(input[j], displs[i], counts[i], size(j)))
			}
		}
	case engine.Alltoallw:
		packed := make([][][]byte, p)
		for i, c := range calls {
			for _, b := range c.V.SendBufs {
				packed[i] = append(packed[i], load(b))
			}
		}
		for i, c := range calls {
			for j, b := range c.V.RecvBufs {
				if err := store(b, &fakeMessage{data: packed[j][i], sig: calls[j].V.SendBufs[i].Type.Sig}); err != nil {
					panic(err)
				}
			}
		}
	case engine.Barrier:
	default:
		fakeReduction(calls, input, put)
	}
}

func fakeReduction(calls []engine.Coll, input [][]byte, put func(engine.Buf, int, int, []byte)) {
	k := calls[0]
	t := k.Op.Type
	n := 0
	if t.Size > 0 {
		n = len(input[0]) / t.Size
	}
	// prefix[i] combines the ranks 0 to i, in order.
	prefix := make([][]byte, len(calls))
	for i := range calls {
		prefix[i] = slices.Clone(input[i])
		if i > 0 && n > 0 {
			k.Op.Kernel(unsafe.Pointer(&prefix[i][0]), unsafe.Pointer(&prefix[i-1][0]), unsafe.Pointer(&prefix[i][0]), n)
		}
	}
	all := prefix[len(calls)-1]
	off := 0
	for i, c := range calls {
		switch k.Kind {
		case engine.Reduce:
			if i == k.Root {
				put(c.Recv, 0, c.Recv.Count, all)
			}
		case engine.Allreduce:
			put(c.Recv, 0, c.Recv.Count, all)
		case engine.Scan:
			put(c.Recv, 0, c.Recv.Count, prefix[i])
		case engine.Exscan:
			if i > 0 {
				put(c.Recv, 0, c.Recv.Count, prefix[i-1])
			}
		case engine.ReduceScatterBlock, engine.ReduceScatter:
			m := n / len(calls)
			if c.V != nil {
				m = c.V.RecvCounts[i]
			}
			put(c.Recv, 0, m, all[off*t.Size:(off+m)*t.Size])
			off += m
		}
	}
}
