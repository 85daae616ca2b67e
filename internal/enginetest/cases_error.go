package enginetest

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/ringo-mpi/ringo/mpi"
)

// errorCases are the rules of errors.
var errorCases = []Case{
	{Name: "9.4 bad arguments have a class and a place", Run: badArguments,
		Rule: "Wrong ranks, tags, roots, lengths, types and buffers are errors of their class that name the call; nothing is sent and nothing hangs."},
	{Name: "6 buffers of unlike length on the ranks", Min: 2, Needs: "unlike buffers", Run: unlikeLengths,
		Rule: "Where the ranks of a collective disagree about lengths, those that can see it fail with an error of a class, and no rank hangs."},
}

func badArguments(t *T, c *mpi.Comm) {
	p := t.Size
	buf, two := []int{1}, make([]int, 2*p)
	_, recvRank := mpi.Recv(c, buf, p, 0)
	_, recvTag := mpi.Recv(c, buf, 0, -3)
	_, recvTagUB := mpi.Recv(c, buf, 0, mpi.TagUB+1)
	_, irecv := mpi.Irecv(c, buf, -7, 0).Wait()
	_, isend := mpi.Isend(c, buf, 0, -1).Wait()
	_, probe := c.Probe(p, 0)
	_, _, iprobe := c.Iprobe(0, -9)
	_, replace := mpi.SendrecvReplace(c, buf, p, 0, 0, 0)
	_, both := mpi.Sendrecv(c, buf, 0, 0, []float64{1}, p+1, 0)
	_, ibcast := mpi.Ibcast(c, buf, p).Wait()
	_, split := c.Split(-5, 0)
	_, object := mpi.BcastObject(c, 1, -1)
	type pointed struct {
		N    int
		Next *int
	}
	pointer := mpi.Send(c, []pointed{{}}, 0, 0)
	for i, x := range []struct {
		err   error
		class error
		op    string
	}{
		{mpi.Send(c, buf, p, 0), mpi.ErrRank, "Send"},
		{mpi.Send(c, buf, -1, 0), mpi.ErrRank, "Send"},
		{mpi.Ssend(c, buf, 0, -1), mpi.ErrTag, "Ssend"},
		{mpi.Bsend(c, buf, 0, mpi.TagUB+1), mpi.ErrTag, "Bsend"},
		{mpi.Send(c, buf, 0, mpi.AnyTag), mpi.ErrTag, "Send"},
		{recvRank, mpi.ErrRank, "Recv"},
		{recvTag, mpi.ErrTag, "Recv"},
		{recvTagUB, mpi.ErrTag, "Recv"},
		{irecv, mpi.ErrRank, "Irecv"},
		{isend, mpi.ErrTag, "Isend"},
		{probe, mpi.ErrRank, "Probe"},
		{iprobe, mpi.ErrTag, "Iprobe"},
		{replace, mpi.ErrRank, "SendrecvReplace"},
		{both, mpi.ErrRank, "Sendrecv"},
		{mpi.Bcast(c, buf, p), mpi.ErrRoot, "Bcast"},
		{mpi.Bcast(c, buf, -1), mpi.ErrRoot, "Bcast"},
		{ibcast, mpi.ErrRoot, "Ibcast"},
		{object, mpi.ErrRoot, "BcastObject"},
		{mpi.Reduce(c, buf, buf, mpi.Sum, p), mpi.ErrRoot, "Reduce"},
		{mpi.Allreduce(c, buf, two, mpi.Sum), mpi.ErrCount, "Allreduce"},
		{mpi.Allreduce(c, two[:1], two[:1], mpi.Sum), mpi.ErrBuffer, "Allreduce"},
		{mpi.Allgather(c, buf, make([]int, p+1)), mpi.ErrCount, "Allgather"},
		{mpi.Alltoall(c, two, make([]int, 2*p+1)), mpi.ErrCount, "Alltoall"},
		{mpi.Allgatherv(c, buf, mpi.PartsOf(two, make([]int, p+1))), mpi.ErrCount, "Allgatherv"},
		{mpi.ReduceScatter(c, mpi.PartsOf(two, []int{-1}), buf, mpi.Sum), mpi.ErrCount, "ReduceScatter"},
		{split, mpi.ErrArg, "Split"},
		{pointer, mpi.ErrType, "Send"},
		{mpi.Send(c, []string{"x"}, 0, 0), mpi.ErrType, "Send"},
		{mpi.Send((*mpi.Comm)(nil), buf, 0, 0), mpi.ErrComm, "Send"},
		{(*mpi.Comm)(nil).Barrier(), mpi.ErrComm, "Barrier"},
	} {
		if !errors.Is(x.err, x.class) {
			t.Errorf("call %d, %s: %v, want class %v", i, x.op, x.err, x.class)
			continue
		}
		var e *mpi.Error
		if !errors.As(x.err, &e) || e.Op != x.op {
			t.Errorf("call %d: the error names %v, want %s: %v", i, e, x.op, x.err)
		} else if strings.Contains(x.err.Error(), "\n") {
			t.Errorf("call %d: the error has several lines: %v", i, x.err)
		}
	}
	if !strings.Contains(pointer.Error(), "Next") {
		t.Errorf("the error does not name the field: %v", pointer)
	}
	if _, ok, err := c.Iprobe(mpi.AnySource, mpi.AnyTag); ok || err != nil {
		t.Errorf("something was sent (%v)", err)
	}
	t.OK(c.Barrier())
}

// ended waits for a request and returns its error.
func ended(r *mpi.Request) error {
	_, err := r.Wait()
	return err
}

func unlikeLengths(t *T, c *mpi.Comm) {
	for i, f := range []func(c *mpi.Comm, n int) error{
		func(c *mpi.Comm, n int) error { return mpi.Bcast(c, make([]int, n), 0) },
		func(c *mpi.Comm, n int) error { return mpi.Allreduce(c, make([]int, n), make([]int, n), mpi.Sum) },
		func(c *mpi.Comm, n int) error { return mpi.Allgather(c, make([]int, n), make([]int, n*t.Size)) },
		func(c *mpi.Comm, n int) error { return mpi.Reduce(c, make([]int, n), make([]int, n), mpi.Sum, 0) },
		func(c *mpi.Comm, n int) error {
			var all []int
			if t.Rank == 0 {
				all = make([]int, n*t.Size)
			}
			return mpi.Gather(c, make([]int, n), all, 0)
		},
		func(c *mpi.Comm, n int) error { return ended(mpi.Ibcast(c, make([]int, n), 0)) },
		func(c *mpi.Comm, n int) error {
			return ended(mpi.Iallreduce(c, make([]int, n), make([]int, n), mpi.Sum))
		},
		func(c *mpi.Comm, n int) error {
			return ended(mpi.Ireduce(c, make([]int, n), make([]int, n), mpi.Sum, 0))
		},
		func(c *mpi.Comm, n int) error {
			var all []int
			if t.Rank == 0 {
				all = make([]int, n*t.Size)
			}
			return ended(mpi.Igather(c, make([]int, n), all, 0))
		},
	} {
		for _, lengths := range [][2]int{{1, 2}, {2, 1}, {5000, 4000}, {100, 30000}} {
			n := lengths[min(t.Rank, 1)]
			d, err := c.Dup()
			t.OK(err)
			ctx, stop := context.WithTimeout(context.Background(), 20*time.Second)
			err = f(d.WithContext(ctx), n)
			if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, mpi.ErrRevoked) {
				t.Errorf("collective %d with lengths %v: this rank hangs: %v", i, lengths, err)
			}
			stop()
			failed, err := mpi.AllreduceValue(c, err != nil, mpi.Lor)
			t.OK(err)
			if !failed {
				t.Errorf("collective %d with lengths %v: no rank has an error", i, lengths)
			}
		}
	}
}
