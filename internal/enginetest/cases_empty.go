package enginetest

import (
	"fmt"

	"github.com/ringo-mpi/ringo/mpi"
)

// emptyBlocks gives the last rank a block of length 0 at places that are none.
func emptyBlocks(t *T, c *mpi.Comm) {
	p, me := t.Size, t.Rank
	for _, nonblocking := range []bool{false, true} {
		for _, place := range []int{-1, 0, 5, 3 * p, 3*p + 5} {
			counts, displs, total := make([]int, p), make([]int, p), 0
			for i := range p {
				counts[i], displs[i] = 2, total
				if i == p-1 {
					counts[i], displs[i] = 0, place
				}
				total += counts[i]
			}
			value := func(i, k int) int32 { return int32(100*i + k) }
			filled := func(n int, f func(k int) int32) []int32 {
				buf := make([]int32, n)
				for k := range buf {
					buf[k] = f(k)
				}
				return buf
			}
			mine := filled(counts[me], func(k int) int32 { return value(me, k) })
			check := func(what string, got []int32, want func(k int) int32) {
				for k, v := range got {
					if v != want(k) {
						t.Errorf("%s with an empty block at %d, nonblocking %v: element %d is %d, want %d", what, place, nonblocking, k, v, want(k))
						return
					}
				}
			}
			whole := func(k int) int32 { return value(k/2, k%2) }

			var recv mpi.Parts[int32]
			if me == 0 {
				recv = mpi.PartsOf(make([]int32, total), counts).At(displs)
			}
			form(t, nonblocking, "Gatherv", func() error { return mpi.Gatherv(c, mine, recv, 0) },
				func() *mpi.Request { return mpi.Igatherv(c, mine, recv, 0) })
			check("Gatherv", recv.Buf, whole)

			send := mpi.PartsOf(filled(total, whole), counts).At(displs)
			got := make([]int32, counts[me])
			form(t, nonblocking, "Scatterv", func() error { return mpi.Scatterv(c, send, got, 0) },
				func() *mpi.Request { return mpi.Iscatterv(c, send, got, 0) })
			check("Scatterv", got, func(k int) int32 { return value(me, k) })

			all := mpi.PartsOf(make([]int32, total), counts).At(displs)
			form(t, nonblocking, "Allgatherv", func() error { return mpi.Allgatherv(c, mine, all) },
				func() *mpi.Request { return mpi.Iallgatherv(c, mine, all) })
			check("Allgatherv", all.Buf, whole)

			// Rank i sends j as many elements as counts[j] says.
			out := mpi.PartsOf(filled(total, func(k int) int32 { return value(me, k) }), counts).At(displs)
			from, at := make([]int, p), make([]int, p)
			for i := range from {
				from[i], at[i] = counts[me], i*counts[me]
				if counts[me] == 0 {
					at[i] = place
				}
			}
			in := mpi.PartsOf(make([]int32, p*counts[me]), from).At(at)
			form(t, nonblocking, "Alltoallv", func() error { return mpi.Alltoallv(c, out, in) },
				func() *mpi.Request { return mpi.Ialltoallv(c, out, in) })
			check("Alltoallv", in.Buf, func(k int) int32 { return value(k/2, 2*me+k%2) })
		}
	}
}

// nothingAtAll calls the v and w forms without buffers, and reduces no elements.
func nothingAtAll(t *T, c *mpi.Comm) {
	none := mpi.PartsOf[int](nil, make([]int, t.Size))
	blocks := make([]mpi.Block, t.Size)
	for _, err := range []error{
		mpi.Gatherv(c, nil, none, 0), mpi.Scatterv(c, none, nil, 0), mpi.Allgatherv(c, nil, none), mpi.Alltoallv(c, none, none),
		mpi.Alltoallw(c, blocks, blocks), mpi.ReduceScatter(c, none, nil, mpi.Sum),
		mpi.GathervInPlace(c, none, 0), mpi.ScattervInPlace(c, none, 0), mpi.AllgathervInPlace(c, none), mpi.AlltoallvInPlace(c, none),
		mpi.ReduceScatterInPlace(c, none, mpi.Sum),
		mpi.WaitAll(mpi.Igatherv(c, nil, none, 0), mpi.Iscatterv(c, none, nil, 0), mpi.Iallgatherv(c, nil, none), mpi.Ialltoallv(c, none, none),
			mpi.Ialltoallw(c, blocks, blocks), mpi.IreduceScatter(c, none, nil, mpi.Sum)),
	} {
		t.OK(err)
	}
	for _, op := range []mpi.Op{mpi.Sum, mpi.OpFunc(func(a, b int) int { return a + b }, false)} {
		empty := func() []int { return []int{} }
		for i, err := range []error{
			mpi.Reduce(c, empty(), empty(), op, 0), mpi.Allreduce(c, empty(), empty(), op), mpi.Scan(c, empty(), empty(), op),
			mpi.Exscan(c, empty(), empty(), op), mpi.ReduceScatterBlock(c, empty(), empty(), op),
			mpi.WaitAll(mpi.Ireduce(c, empty(), empty(), op, 0), mpi.Iallreduce(c, empty(), empty(), op), mpi.Iscan(c, empty(), empty(), op),
				mpi.Iexscan(c, empty(), empty(), op), mpi.IreduceScatterBlock(c, empty(), empty(), op)),
		} {
			if err != nil {
				t.Errorf("reduction %d of no elements: %v", i, err)
			}
		}
	}
}

// emptyElements reduces and moves elements without memory.
func emptyElements(t *T, c *mpi.Comm) {
	emptyElementsOf[struct{}](t, c)
	emptyElementsOf[[0]int](t, c)
}

func emptyElementsOf[E any](t *T, c *mpi.Comm) {
	p, next, last := t.Size, (t.Rank+1)%t.Size, (t.Rank+t.Size-1)%t.Size
	op := mpi.OpFunc(func(a, _ E) E { return a }, false)
	for _, n := range []int{0, 1, 5, 5000} {
		a, b, all, got := make([]E, n), make([]E, n), make([]E, n*p), make([]E, n*p)
		counts := make([]int, p)
		for i := range counts {
			counts[i] = n
		}
		parts, room := mpi.PartsOf(all, counts), mpi.PartsOf(got, counts)
		for i, f := range []struct {
			block func() error
			start func() *mpi.Request
		}{
			{func() error { return mpi.Allreduce(c, a, b, op) }, func() *mpi.Request { return mpi.Iallreduce(c, a, b, op) }},
			{func() error { return mpi.Reduce(c, a, b, op, 0) }, func() *mpi.Request { return mpi.Ireduce(c, a, b, op, 0) }},
			{func() error { return mpi.Scan(c, a, b, op) }, func() *mpi.Request { return mpi.Iscan(c, a, b, op) }},
			{func() error { return mpi.Exscan(c, a, b, op) }, func() *mpi.Request { return mpi.Iexscan(c, a, b, op) }},
			{func() error { return mpi.ReduceScatterBlock(c, all, b, op) }, func() *mpi.Request { return mpi.IreduceScatterBlock(c, all, b, op) }},
			{func() error { return mpi.ReduceScatter(c, parts, b, op) }, func() *mpi.Request { return mpi.IreduceScatter(c, parts, b, op) }},
			{func() error { return mpi.AllreduceInPlace(c, b, op) }, func() *mpi.Request { return mpi.IallreduceInPlace(c, b, op) }},
			{func() error { return mpi.Bcast(c, b, 0) }, func() *mpi.Request { return mpi.Ibcast(c, b, 0) }},
			{func() error { return mpi.Scatter(c, all, b, 0) }, func() *mpi.Request { return mpi.Iscatter(c, all, b, 0) }},
			{func() error { return mpi.Gather(c, a, got, 0) }, func() *mpi.Request { return mpi.Igather(c, a, got, 0) }},
			{func() error { return mpi.Allgather(c, a, got) }, func() *mpi.Request { return mpi.Iallgather(c, a, got) }},
			{func() error { return mpi.Alltoall(c, all, got) }, func() *mpi.Request { return mpi.Ialltoall(c, all, got) }},
			{func() error { return mpi.Scatterv(c, parts, b, 0) }, func() *mpi.Request { return mpi.Iscatterv(c, parts, b, 0) }},
			{func() error { return mpi.Gatherv(c, a, room, 0) }, func() *mpi.Request { return mpi.Igatherv(c, a, room, 0) }},
			{func() error { return mpi.Allgatherv(c, a, room) }, func() *mpi.Request { return mpi.Iallgatherv(c, a, room) }},
			{func() error { return mpi.Alltoallv(c, parts, room) }, func() *mpi.Request { return mpi.Ialltoallv(c, parts, room) }},
		} {
			for _, nonblocking := range []bool{false, true} {
				form(t, nonblocking, fmt.Sprintf("call %d of %d empty elements", i, n), f.block, f.start)
			}
		}
		_, err := mpi.Sendrecv(c, a, next, 0, b, last, 0)
		t.OK(err)
		slices, err := mpi.AllgatherSlices(c, a)
		t.OK(err)
		for _, s := range slices {
			if len(s) != n {
				t.Errorf("AllgatherSlices of %d empty elements gives %d", n, len(s))
			}
		}
	}
}
