//go:build unix

package native

import (
	"math"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/native/abi"
)

func tables() []*abi.Table { return []*abi.Table{&abi.Standard, &abi.MPICH, &abi.OpenMPI} }

// sumOver adds a number of each rank on a communicator.
func sumOver(t *testing.T, c engine.Comm, x int64) int64 {
	t.Helper()
	v := []int64{x}
	sum := opOf(engine.OpSum, true, func(a, b int64) int64 { return a + b })
	check(t, c.Collective(engine.Coll{Kind: engine.Allreduce, Op: sum, InPlace: true, Recv: buf(v)}, nil))
	return v[0]
}

// The handle that a program gets is the library's communicator, until it is
// freed.
func testHandle(t *testing.T, c *comm) {
	made, err := c.Split(c.rank%2, 0)
	check(t, err)
	dup := made.(*comm)
	var h Handle
	if !dup.As(&h) || h.ABI != c.d.abi.Name || h.Library == "" {
		t.Fatalf("the handle is %+v", h)
	}
	size := new(int32)
	if rc := c.d.call(fnCommSize, h.Comm, uintptr(unsafe.Pointer(size))); rc != 0 || int(*size) != dup.size {
		t.Errorf("MPI_Comm_size of the handle returns %d, %d ranks, want %d", rc, *size, dup.size)
	}
	var other uintptr
	if dup.As(&other) || dup.As(nil) || dup.As(h) || dup.As((*Handle)(nil)) || other != 0 {
		t.Error("a target that is none is set")
	}
	check(t, dup.Free())
	before := h
	if dup.As(&h) || h != before {
		t.Errorf("a freed communicator has the handle %+v", h)
	}
}

func testComms(t *testing.T, c *comm) {
	p, me := c.size, c.rank
	dup, err := c.Dup()
	check(t, err)
	if dup.Rank() != me || dup.Size() != p || int(dup.Proc(p-1)) != p-1 {
		t.Fatalf("Dup: rank %d of %d", dup.Rank(), dup.Size())
	}
	// The two do not see each other's messages.
	req, err := dup.Irecv(buf([]byte{0}), engine.AnySource, engine.AnyTag)
	check(t, err)
	check(t, c.Send(buf([]byte{1}), me, 1, engine.Standard, nil))
	if _, ok, err := req.Test(); ok || err != nil {
		t.Fatalf("a message crossed communicators (error %v)", err)
	}
	_, err = c.Recv(buf([]byte{0}), me, 1, nil)
	check(t, err)
	check(t, dup.Send(buf([]byte{1}), me, 1, engine.Standard, nil))
	_, err = req.Wait(nil)
	check(t, err)

	// Odd and even ranks, in reverse.
	half, err := c.Split(me%2, -me)
	check(t, err)
	var members []int
	for r := p - 1; r >= 0; r-- {
		if r%2 == me%2 {
			members = append(members, r)
		}
	}
	if half.Size() != len(members) || members[half.Rank()] != me {
		t.Fatalf("Split: rank %d of %d, want %v", half.Rank(), half.Size(), members)
	}
	sum := 0
	for i, r := range members {
		if int(half.Proc(i)) != r {
			t.Fatalf("Split: Proc(%d) is %d, want %d", i, half.Proc(i), r)
		}
		sum += r
	}
	if got := sumOver(t, half, int64(me)); got != int64(sum) {
		t.Fatalf("sum over the half is %d, want %d", got, sum)
	}
	// A communicator of a communicator.
	inner, err := half.Dup()
	check(t, err)
	if int(inner.Proc(half.Rank())) != me {
		t.Fatalf("Proc of the inner one is %d, want %d", inner.Proc(half.Rank()), me)
	}
	check(t, inner.Free())
	check(t, half.Free())

	color := engine.Undefined
	if me == 0 {
		color = 5
	}
	only, err := c.Split(color, 0)
	check(t, err)
	if (only == nil) != (me != 0) {
		t.Fatalf("Split with Undefined: %v on rank %d", only, me)
	}
	if only != nil {
		check(t, only.Free())
	}
	_, err = c.Split(math.MaxInt, 0)
	wantClass(t, err, engine.ErrArg)
	_, err = c.Split(0, math.MaxInt)
	wantClass(t, err, engine.ErrArg)

	host, err := c.SplitShared(0)
	check(t, err)
	if host.Size() != p {
		t.Fatalf("SplitShared has %d of %d ranks", host.Size(), p)
	}
	check(t, host.Free())

	backwards := make([]int, p)
	for i := range backwards {
		backwards[i] = p - 1 - i
	}
	made, err := c.Create(backwards)
	check(t, err)
	if made.Rank() != p-1-me || int(made.Proc(0)) != p-1 {
		t.Fatalf("Create: rank %d, process of rank 0 is %d", made.Rank(), made.Proc(0))
	}
	check(t, made.Free())
	last, err := c.Create([]int{p - 1})
	check(t, err)
	if (last != nil) != (me == p-1) {
		t.Fatalf("Create of one: %v on rank %d", last, me)
	}
	none, err := c.Create(nil)
	check(t, err)
	if none != nil {
		t.Fatalf("Create of none gave a communicator")
	}

	// CreateGroup concerns its members only.
	if me%2 == 0 {
		slices.Reverse(members)
		group, err := c.CreateGroup(members, 17)
		check(t, err)
		if group.Size() != len(members) || int(group.Proc(group.Rank())) != me {
			t.Fatalf("CreateGroup: rank %d of %d", group.Rank(), group.Size())
		}
		check(t, group.Free())
	}

	check(t, dup.Free())
	wantClass(t, dup.Free(), engine.ErrComm)
	wantClass(t, dup.Send(buf([]byte{1}), 0, 0, engine.Standard, nil), engine.ErrComm)
	wantClass(t, c.Free(), engine.ErrComm)
	// Many come and go.
	n := 200
	if job.local.crowded {
		n = 10
	}
	for range n {
		d, err := c.Dup()
		check(t, err)
		check(t, d.Free())
	}
}

func testRevoke(t *testing.T, c *comm) {
	dup, err := c.Dup()
	check(t, err)
	pending, err := dup.Irecv(buf([]byte{0}), engine.AnySource, 1)
	check(t, err)
	blocked := make(chan error, 3)
	go func() {
		_, err := dup.Recv(buf([]byte{0}), engine.AnySource, 2, nil)
		blocked <- err
	}()
	go func() {
		_, _, err := dup.Probe(engine.AnySource, 2, true, nil)
		blocked <- err
	}()
	late, err := dup.Irecv(buf([]byte{0}), engine.AnySource, 3)
	check(t, err)
	go func() {
		_, err := late.Wait(nil)
		blocked <- err
	}()
	time.Sleep(5 * time.Millisecond)
	dup.Revoke("enough")
	for range 3 {
		err := <-blocked
		wantClass(t, err, engine.ErrRevoked)
		if err.(*engine.Error).Text != "enough" {
			t.Errorf("error %v does not give the reason", err)
		}
	}
	_, _, err = pending.Test()
	wantClass(t, err, engine.ErrRevoked)
	_, err = dup.Irecv(buf([]byte{0}), 0, 1)
	wantClass(t, err, engine.ErrRevoked)
	wantClass(t, dup.Collective(engine.Coll{Kind: engine.Barrier}, nil), engine.ErrRevoked)
	_, err = dup.Split(0, 0)
	wantClass(t, err, engine.ErrRevoked)
	dup.Revoke("again")
	check(t, dup.Free())
}

func testAlloc(t *testing.T, c *comm) {
	for _, n := range []int{1, 64, 1 << 20} {
		m, err := job.Alloc(n)
		check(t, err)
		if len(m) != n || uintptr(unsafe.Pointer(&m[0]))%memoryAlign != 0 {
			t.Fatalf("Alloc(%d): %d bytes at %p", n, len(m), &m[0])
		}
		for i := range m {
			if m[i] != 0 {
				t.Fatal("memory is not zeroed")
			}
			m[i] = byte(i + c.rank)
		}
		got := make([]byte, n)
		req, err := c.Irecv(buf(got), (c.rank+1)%c.size, 1)
		check(t, err)
		check(t, c.Send(buf(m), (c.rank+c.size-1)%c.size, 1, engine.Standard, nil))
		_, err = req.Wait(nil)
		check(t, err)
		for i := range got {
			if got[i] != byte(i+(c.rank+1)%c.size) {
				t.Fatalf("byte %d is %d", i, got[i])
			}
		}
		check(t, job.Free(m))
		wantClass(t, job.Free(m), engine.ErrBuffer)
	}
	wantClass(t, job.Free(make([]byte, 8)), engine.ErrBuffer)
	m, err := job.Alloc(0)
	check(t, err)
	check(t, job.Free(m))
}

// 16 goroutines of each rank talk at once; few threads do it.
func testGoroutines(t *testing.T, c *comm) {
	const goroutines, rounds = 16, 100
	to, from := (c.rank+1)%c.size, (c.rank+c.size-1)%c.size
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			got := make([]int64, 2)
			for i := range rounds {
				req, err := c.Isend(buf([]int64{int64(g), int64(i)}), to, g, engine.Standard)
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := c.Recv(buf(got), from, g, nil); err != nil {
					t.Error(err)
					return
				}
				if got[0] != int64(g) || got[1] != int64(i) {
					t.Errorf("goroutine %d got %v in round %d", g, got, i)
				}
				if _, err := req.Wait(nil); err != nil {
					t.Error(err)
					return
				}
				if i%10 == 0 {
					runtime.GC()
				}
			}
		})
	}
	wg.Wait()
	if n := threads(t); n > 40 {
		t.Errorf("%d threads after %d goroutines communicated", n, goroutines)
	}
}

// threads counts the threads of this process.
func threads(t *testing.T) int {
	list, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Logf("threads are not counted: %v", err)
		return 0
	}
	return len(list)
}

// The library's signal handlers are gone: a nil dereference is a Go panic.
func testSignals(t *testing.T, c *comm) {
	defer func() {
		err, ok := recover().(runtime.Error)
		if !ok {
			t.Errorf("a nil dereference gave %v", err)
		}
	}()
	var p *int
	*p = 1
}

func testNoAllocation(t *testing.T, c *comm) {
	if raceEnabled {
		return // the race detector's pools drop things at random
	}
	data := make([]float64, 8)
	b := buf(data)
	const runs = 200
	if c.size > 1 && c.rank < 2 {
		other := 1 - c.rank
		round := func() {
			if c.rank == 0 {
				check(t, c.Send(b, other, 1, engine.Standard, nil))
				_, err := c.Recv(b, other, 2, nil)
				check(t, err)
			} else {
				_, err := c.Recv(b, other, 1, nil)
				check(t, err)
				check(t, c.Send(b, other, 2, engine.Standard, nil))
			}
		}
		round()
		if n := testing.AllocsPerRun(runs, round); n != 0 {
			t.Errorf("a round of Send and Recv allocates %v times", n)
		}
	}
	op := opOf(engine.OpSum, true, func(a, b float64) float64 { return a + b })
	out := buf(make([]float64, 8))
	reduce := func() {
		check(t, c.Collective(engine.Coll{Kind: engine.Allreduce, Op: op, Send: b, Recv: out}, nil))
		check(t, c.Collective(engine.Coll{Kind: engine.Bcast, Recv: b}, nil))
		check(t, c.Collective(engine.Coll{Kind: engine.Barrier}, nil))
	}
	reduce()
	if n := testing.AllocsPerRun(runs, reduce); n != 0 {
		t.Errorf("Allreduce, Bcast and Barrier allocate %v times", n)
	}
}

func testTagUB(t *testing.T, c *comm) {
	if job.tagUB < 32767 {
		t.Errorf("the largest tag is %d, the standard guarantees 32767", job.tagUB)
	}
	check(t, c.Send(buf([]byte{1}), c.rank, job.tagUB, engine.Buffered, nil))
	st, err := c.Recv(buf([]byte{0}), c.rank, engine.AnyTag, nil)
	check(t, err)
	if st.Tag != job.tagUB {
		t.Errorf("tag %d, want %d", st.Tag, job.tagUB)
	}
	if job.tagUB < engine.InternalTag-1 {
		wantClass(t, c.Send(buf([]byte{1}), c.rank, job.tagUB+1, engine.Standard, nil), engine.ErrTag)
	}
}
