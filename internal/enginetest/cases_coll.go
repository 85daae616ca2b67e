package enginetest

import (
	"slices"
	"time"

	"github.com/ringo-mpi/ringo/mpi"
)

// collCases are the rules of collectives that move data.
var collCases = []Case{
	{Name: "6.3 Barrier", Run: barrierHoldsAll,
		Rule: "No rank leaves a barrier before all have entered it."},
	{Name: "6.4–6.8 data-moving collectives of every length", Run: collectivesOfEveryLength,
		Rule: "Bcast, Scatter(v), Gather(v), Allgather(v) and Alltoall(v), blocking, nonblocking and in place, move what they should, for every root."},
	{Name: "6.4–6.8 data-moving collectives of every element type", Run: collectivesOfEveryType,
		Rule: "Collectives carry all element types."},
	{Name: "6.4 Bcast for every root and length", Run: bcastForEveryRoot,
		Rule: "Whatever the root, all ranks end with its buffer; calls in a row do not mix."},
	{Name: "6.8 Alltoallw with layouts", Run: alltoallwWithLayouts,
		Rule: "Every pair has an element type and a layout of its own."},
}

// form runs a collective in its blocking or its nonblocking form.
func form(t *T, nonblocking bool, what string, block func() error, start func() *mpi.Request) {
	t.Trace(what)
	var err error
	if nonblocking {
		_, err = start().Wait()
	} else {
		err = block()
	}
	if err != nil {
		t.Fatalf("%s (nonblocking: %v): %v", what, nonblocking, err)
	}
}

// collectives runs those that move data with n elements a rank: blocking,
// nonblocking and in place.
func (k *kindOf[E]) collectives(t *T, c *mpi.Comm, n, root int) {
	for _, nb := range sample(t, 1, []bool{false, true}) {
		k.rootedMoves(t, c, n, root, nb)
		k.allMoves(t, c, n, nb)
	}
}

func (k *kindOf[E]) rootedMoves(t *T, c *mpi.Comm, n, root int, nb bool) {
	p, me := c.Size(), c.Rank()
	what := func(op string) string { return label("%s of %d × %s, root %d", op, n, k.label, root) }
	buf := make([]E, n)
	if me == root {
		copy(buf, k.fill(1, n))
	}
	form(t, nb, what("Bcast"), func() error { return mpi.Bcast(c, buf, root) }, func() *mpi.Request { return mpi.Ibcast(c, buf, root) })
	same(t, what("Bcast"), buf, k.fill(1, n))

	whole := k.fill(2, p*n)
	block := func(r int) []E { return whole[r*n : (r+1)*n] }
	var send []E
	if me == root {
		send = slices.Clone(whole)
	}
	recv := make([]E, n)
	form(t, nb, what("Scatter"), func() error { return mpi.Scatter(c, send, recv, root) }, func() *mpi.Request { return mpi.Iscatter(c, send, recv, root) })
	same(t, what("Scatter"), recv, block(me))

	var all []E
	if me == root {
		all = make([]E, p*n)
	}
	form(t, nb, what("Gather"), func() error { return mpi.Gather(c, recv, all, root) }, func() *mpi.Request { return mpi.Igather(c, recv, all, root) })
	if me == root {
		same(t, what("Gather"), all, whole)
	}

	in := slices.Clone(recv)
	clear(in)
	if me == root {
		in = slices.Clone(whole)
	}
	form(t, nb, what("ScatterInPlace"), func() error { return mpi.ScatterInPlace(c, in, root) }, func() *mpi.Request { return mpi.IscatterInPlace(c, in, root) })
	if me == root {
		same(t, what("ScatterInPlace, root"), in, whole)
		clear(in)
		copy(in[me*n:], block(me))
	} else {
		same(t, what("ScatterInPlace"), in, block(me))
	}
	form(t, nb, what("GatherInPlace"), func() error { return mpi.GatherInPlace(c, in, root) }, func() *mpi.Request { return mpi.IgatherInPlace(c, in, root) })
	if me == root {
		same(t, what("GatherInPlace"), in, whole)
	}
	k.rootedVectors(t, c, n, root, nb)
}

// uneven makes counts with zeros and displacements with gaps, in an order that
// is not that of the ranks; total is the length of a buffer for them.
func uneven(p, n, seed int) (counts, displs []int, total int) {
	counts, displs = make([]int, p), make([]int, p)
	for r := range counts {
		counts[r] = n * ((r + seed) % 3) / 2
	}
	at := 2
	for i := range p {
		r := (i*5 + seed) % p
		if p%5 == 0 {
			r = p - 1 - i
		}
		displs[r] = at
		at += counts[r] + seed%3
	}
	return counts, displs, at
}

func (k *kindOf[E]) rootedVectors(t *T, c *mpi.Comm, n, root int, nb bool) {
	p, me := c.Size(), c.Rank()
	counts, displs, total := uneven(p, n, root+1)
	what := func(op string) string {
		return label("%s of %v × %s at %v, root %d", op, counts, k.label, displs, root)
	}
	whole := k.fill(3, total)
	block := func(r int) []E { return whole[displs[r] : displs[r]+counts[r]] }
	var send, gathered []E
	var cs, ds []int
	if me == root {
		send, gathered, cs, ds = slices.Clone(whole), make([]E, total), counts, displs
	}
	recv := make([]E, counts[me])
	form(t, nb, what("Scatterv"), func() error { return mpi.Scatterv(c, mpi.PartsOf(send, cs).At(ds), recv, root) },
		func() *mpi.Request { return mpi.Iscatterv(c, mpi.PartsOf(send, cs).At(ds), recv, root) })
	same(t, what("Scatterv"), recv, block(me))
	form(t, nb, what("Gatherv"), func() error { return mpi.Gatherv(c, recv, mpi.PartsOf(gathered, cs).At(ds), root) },
		func() *mpi.Request { return mpi.Igatherv(c, recv, mpi.PartsOf(gathered, cs).At(ds), root) })
	onlyBlocks := func() []E { // what a gather writes; gaps stay zero
		want := make([]E, total)
		for r := range p {
			copy(want[displs[r]:], block(r))
		}
		return want
	}
	if me == root {
		same(t, what("Gatherv"), gathered, onlyBlocks())
	}
	in := make([]E, counts[me])
	if me == root {
		in = slices.Clone(whole)
	}
	form(t, nb, what("ScattervInPlace"), func() error { return mpi.ScattervInPlace(c, mpi.PartsOf(in, cs).At(ds), root) },
		func() *mpi.Request { return mpi.IscattervInPlace(c, mpi.PartsOf(in, cs).At(ds), root) })
	if me != root {
		same(t, what("ScattervInPlace"), in, block(me))
	} else {
		same(t, what("ScattervInPlace, root"), in, whole)
		clear(in)
		copy(in[displs[me]:], block(me))
	}
	form(t, nb, what("GathervInPlace"), func() error { return mpi.GathervInPlace(c, mpi.PartsOf(in, cs).At(ds), root) },
		func() *mpi.Request { return mpi.IgathervInPlace(c, mpi.PartsOf(in, cs).At(ds), root) })
	if me == root {
		same(t, what("GathervInPlace"), in, onlyBlocks())
	}
	parts, err := mpi.GatherSlices(c, recv, root)
	t.OK(err)
	if me == root {
		for r, part := range parts {
			same(t, what("GatherSlices"), part, block(r))
		}
	}
	part, err := mpi.ScatterSlices(c, parts, root)
	t.OK(err)
	same(t, what("ScatterSlices"), part, block(me))
}

func (k *kindOf[E]) allMoves(t *T, c *mpi.Comm, n int, nb bool) {
	p, me := c.Size(), c.Rank()
	what := func(op string) string { return label("%s of %d × %s", op, n, k.label) }
	whole := k.fill(4, p*n)
	own := whole[me*n : (me+1)*n]
	all := make([]E, p*n)
	form(t, nb, what("Allgather"), func() error { return mpi.Allgather(c, slices.Clone(own), all) },
		func() *mpi.Request { return mpi.Iallgather(c, slices.Clone(own), all) })
	same(t, what("Allgather"), all, whole)
	clear(all)
	copy(all[me*n:], own)
	form(t, nb, what("AllgatherInPlace"), func() error { return mpi.AllgatherInPlace(c, all) }, func() *mpi.Request { return mpi.IallgatherInPlace(c, all) })
	same(t, what("AllgatherInPlace"), all, whole)

	// Block j of rank i is the fill of i·p + j.
	send, want := make([]E, 0, p*n), make([]E, 0, p*n)
	for r := range p {
		send = append(send, k.fill(me*p+r, n)...)
		want = append(want, k.fill(r*p+me, n)...)
	}
	got := make([]E, p*n)
	form(t, nb, what("Alltoall"), func() error { return mpi.Alltoall(c, send, got) }, func() *mpi.Request { return mpi.Ialltoall(c, send, got) })
	same(t, what("Alltoall"), got, want)
	form(t, nb, what("AlltoallInPlace"), func() error { return mpi.AlltoallInPlace(c, send) }, func() *mpi.Request { return mpi.IalltoallInPlace(c, send) })
	same(t, what("AlltoallInPlace"), send, want)
	k.allVectors(t, c, n, nb)
}

func (k *kindOf[E]) allVectors(t *T, c *mpi.Comm, n int, nb bool) {
	p, me := c.Size(), c.Rank()
	counts, displs, total := uneven(p, n, 2)
	what := func(op string) string { return label("%s of %d × %s", op, n, k.label) }
	want := make([]E, total)
	for r := range p {
		copy(want[displs[r]:], k.fill(r, counts[r]))
	}
	got := make([]E, total)
	form(t, nb, what("Allgatherv"), func() error { return mpi.Allgatherv(c, k.fill(me, counts[me]), mpi.PartsOf(got, counts).At(displs)) },
		func() *mpi.Request {
			return mpi.Iallgatherv(c, k.fill(me, counts[me]), mpi.PartsOf(got, counts).At(displs))
		})
	same(t, what("Allgatherv"), got, want)
	clear(got)
	copy(got[displs[me]:], k.fill(me, counts[me]))
	form(t, nb, what("AllgathervInPlace"), func() error { return mpi.AllgathervInPlace(c, mpi.PartsOf(got, counts).At(displs)) },
		func() *mpi.Request { return mpi.IallgathervInPlace(c, mpi.PartsOf(got, counts).At(displs)) })
	same(t, what("AllgathervInPlace"), got, want)
	parts, err := mpi.AllgatherSlices(c, k.fill(me, counts[me]))
	t.OK(err)
	for r := range p {
		same(t, what("AllgatherSlices"), parts[r], k.fill(r, counts[r]))
	}

	// What rank i sends to rank j: a count that depends on both.
	count := func(i, j int) int { return n * ((i+2*j)%3 + (i+j)%2) / 3 }
	var sc, sd, rc, rd []int
	var send, wantAll []E
	var slicesOut, slicesWant [][]E
	for r := range p {
		sc, sd = append(sc, count(me, r)), append(sd, len(send)+1)
		send = append(append(send, k.gen(7)), k.fill(me*p+r, count(me, r))...)
		rc, rd = append(rc, count(r, me)), append(rd, len(wantAll))
		wantAll = append(wantAll, k.fill(r*p+me, count(r, me))...)
		slicesOut, slicesWant = append(slicesOut, k.fill(me*p+r, count(me, r))), append(slicesWant, k.fill(r*p+me, count(r, me)))
	}
	all := make([]E, len(wantAll))
	form(t, nb, what("Alltoallv"), func() error { return mpi.Alltoallv(c, mpi.PartsOf(send, sc).At(sd), mpi.PartsOf(all, rc).At(rd)) },
		func() *mpi.Request {
			return mpi.Ialltoallv(c, mpi.PartsOf(send, sc).At(sd), mpi.PartsOf(all, rc).At(rd))
		})
	same(t, what("Alltoallv"), all, wantAll)
	clear(all)
	t.OK(mpi.Alltoallv(c, mpi.PartsOf(send, sc).At(sd), mpi.PartsOf(all, rc)))
	same(t, what("Alltoallv without displacements"), all, wantAll)
	back, err := mpi.AlltoallSlices(c, slicesOut)
	t.OK(err)
	for r := range p {
		same(t, what("AlltoallSlices"), back[r], slicesWant[r])
	}
	// In place, what two ranks have for each other is of one length.
	even := func(i, j int) int { return n * ((i+j)%3 + i*j%2) / 3 }
	var pc, pd []int
	var in, wantIn []E
	for r := range p {
		pc, pd = append(pc, even(me, r)), append(pd, len(in))
		in = append(append(in, k.fill(me*p+r, even(me, r))...), k.gen(5))
		wantIn = append(append(wantIn, k.fill(r*p+me, even(me, r))...), k.gen(5))
	}
	form(t, nb, what("AlltoallvInPlace"), func() error { return mpi.AlltoallvInPlace(c, mpi.PartsOf(in, pc).At(pd)) },
		func() *mpi.Request { return mpi.IalltoallvInPlace(c, mpi.PartsOf(in, pc).At(pd)) })
	same(t, what("AlltoallvInPlace"), in, wantIn)
}

// someRoots are roots worth trying.
func someRoots(t *T, n int) []int {
	list := make([]int, t.Size)
	for i := range list {
		list[i] = i
	}
	return sample(t, n, list)
}

func barrierHoldsAll(t *T, c *mpi.Comm) {
	// All ranks are on one host, so that their clocks agree.
	for i := range 30 {
		if i%3 == 0 && t.Rank == i/3%t.Size {
			time.Sleep(2 * time.Millisecond)
		}
		entered := time.Now().UnixNano()
		if i%2 == 0 {
			t.OK(c.Barrier())
		} else {
			_, err := c.Ibarrier().Wait()
			t.OK(err)
		}
		left := time.Now().UnixNano()
		last, err := mpi.AllreduceValue(c, entered, mpi.Max)
		t.OK(err)
		if left < last {
			t.Errorf("round %d: the barrier was left %v before the last rank entered it", i, time.Duration(last-left))
		}
	}
}

func collectivesOfEveryLength(t *T, c *mpi.Comm) {
	limit := 1 << 20
	if t.Size > 2 {
		limit = 256 << 10
	}
	if t.Size > 4 {
		limit = 128 << 10
	}
	for _, n := range sample(t, 10, upTo(limit)) {
		for _, root := range someRoots(t, 1) {
			bytesKind.collectives(t, c, n, root)
		}
	}
	bytesKind.collectives(t, c, limit/t.Size, t.Size-1)
}

func collectivesOfEveryType(t *T, c *mpi.Comm) {
	for _, k := range kinds {
		for _, n := range sample(t, 2, []int{0, 1, 2, 3, 5, 8, 17, 100, 1000}) {
			for _, root := range someRoots(t, 1) {
				k.collectives(t, c, n, root)
			}
		}
	}
}

func bcastForEveryRoot(t *T, c *mpi.Comm) {
	for _, n := range sample(t, 16, upTo(1<<20)) {
		for _, root := range someRoots(t, 3) {
			buf := bytesKind.fill(t.Rank+root, n)
			t.OK(mpi.Bcast(c, buf, root))
			same(t, label("%d bytes, root %d", n, root), buf, bytesKind.fill(2*root, n))
		}
	}
}

func alltoallwWithLayouts(t *T, c *mpi.Comm) {
	p := t.Size
	for _, n := range []int{0, 1, 3, 50, 2000} {
		send, recv := make([]mpi.Block, p), make([]mpi.Block, p)
		var checks []func()
		for r := range p {
			out := make([]float64, 2*n+1)
			for i := range n {
				out[2*i] = float64(1000*t.Rank + 10*r + i%10)
			}
			in := make([]float64, 3*n+1)
			send[r] = mpi.BlockOf(mpi.ViewOf(out, mpi.Strided(n, 1, 2)))
			recv[r] = mpi.BlockOf(mpi.ViewOf(in, mpi.Strided(n, 1, 3)))
			if (t.Rank+r)%2 == 1 { // pairs that exchange integers, contiguously
				words, got := make([]int32, n), make([]int32, n)
				for i := range words {
					words[i] = int32(1000*t.Rank + 10*r + i%10)
				}
				send[r], recv[r] = mpi.BlockOf(mpi.Whole(words)), mpi.BlockOf(mpi.Whole(got))
				checks = append(checks, func() {
					for i, x := range got {
						if want := int32(1000*r + 10*t.Rank + i%10); x != want {
							t.Fatalf("from rank %d: element %d is %d, want %d", r, i, x, want)
						}
					}
				})
				continue
			}
			checks = append(checks, func() {
				for i := range n {
					if want := float64(1000*r + 10*t.Rank + i%10); in[3*i] != want {
						t.Fatalf("from rank %d: element %d is %v, want %v", r, i, in[3*i], want)
					}
				}
			})
		}
		if n%2 == 0 {
			t.OK(mpi.Alltoallw(c, send, recv))
		} else {
			_, err := mpi.Ialltoallw(c, send, recv).Wait()
			t.OK(err)
		}
		for _, check := range checks {
			check()
		}
	}
}
