package enginetest

import (
	"time"

	"github.com/ringo-mpi/ringo/mpi"
)

// envCases are the rules of the environment: memory and time.
var envCases = []Case{
	{Name: "9.2 memory from Alloc", Run: memoryFromAlloc,
		Rule: "Alloc gives zeroed memory that every call works on, at any place in it; Dealloc takes back what Alloc gave and nothing else."},
	{Name: "9.6 Wtime", Run: wtimeDoesNotGoBack,
		Rule: "Wtime is in seconds and does not go back."},
}

func memoryFromAlloc(t *T, c *mpi.Comm) {
	next, prev := (t.Rank+1)%t.Size, (t.Rank+t.Size-1)%t.Size
	for _, n := range sample(t, 8, upTo(1<<20)) {
		out, err := mpi.Alloc[byte](c, n+3)
		t.OK(err)
		in, err := mpi.Alloc[byte](c, n+3)
		t.OK(err)
		same(t, "fresh memory", in, make([]byte, n+3))
		copy(out[3:], bytesKind.fill(t.Rank, n))
		_, err = mpi.Sendrecv(c, out[3:], next, 1, in[:n], prev, 1)
		t.OK(err)
		same(t, "Sendrecv", in[:n], bytesKind.fill(prev, n))
		heap := make([]byte, n)
		r := mpi.Irecv(c, heap, prev, 2)
		t.OK(mpi.Ssend(c, out[3:], next, 2))
		_, err = r.Wait()
		t.OK(err)
		same(t, "into the heap", heap, bytesKind.fill(prev, n))
		root := n % t.Size
		copy(in, bytesKind.fill(t.Rank, n))
		t.OK(mpi.Bcast(c, in[:n], root))
		same(t, "Bcast", in[:n], bytesKind.fill(root, n))
		t.OK(mpi.Allreduce(c, out[3:], in[:n], mpi.Bor))
		// Nobody may be reading it any more.
		t.OK(c.Barrier())
		t.OK(mpi.Dealloc(c, out))
		t.OK(mpi.Dealloc(c, in))
	}
	words, err := mpi.Alloc[float64](c, 1000)
	t.OK(err)
	for i := range words {
		words[i] = float64(t.Rank)
	}
	t.OK(mpi.AllreduceInPlace(c, words, mpi.Max))
	if words[999] != float64(t.Size-1) {
		t.Errorf("Allreduce in Alloc's memory: %v", words[999])
	}
	t.OK(mpi.Dealloc(c, words))
	if err := mpi.Dealloc(c, make([]byte, 10)); err == nil {
		t.Errorf("Dealloc takes memory that is not Alloc's")
	}
	_, err = mpi.Alloc[byte](c, -1)
	t.Is(err, mpi.ErrCount)
}

func wtimeDoesNotGoBack(t *T, c *mpi.Comm) {
	a := mpi.Wtime()
	time.Sleep(10 * time.Millisecond)
	b := mpi.Wtime()
	if b-a < 0.009 || b-a > 10 {
		t.Errorf("10 ms are %v s", b-a)
	}
	for range 1000 {
		if n := mpi.Wtime(); n < b {
			t.Fatalf("%v after %v", n, b)
		} else {
			b = n
		}
	}
}
