package mpi_test

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/ringo-mpi/ringo/mpi"
)

// Every argument that cannot be right is refused, in one line that names the
// call, the numbers and the place; nothing is sent, and nothing hangs.
func TestArguments(t *testing.T) {
	run(t, 1, func(c *mpi.Comm) error { return badArguments(t, c) })
}

func badArguments(t *testing.T, c *mpi.Comm) error {
	x, y := make([]float64, 4), make([]float64, 4)
	freed, err := c.Dup()
	if err != nil {
		return err
	}
	if err := freed.Free(); err != nil {
		return err
	}
	var none *mpi.Comm
	status := func(_ mpi.Status, err error) error { return err }
	bad := []linked{{}}
	g := c.Group()
	for _, k := range []struct {
		err   error
		class mpi.Class
		text  string
	}{
		{mpi.Send(c, x, 1, 0), mpi.ErrRank, "Send: invalid rank: destination 1 is not a rank: world has 1 rank [rank 0 of world on " + c.Host() + ", called at args_test.go:"},
		{mpi.Send(c, x, -1, 0), mpi.ErrRank, "destination AnySource"},
		{mpi.Send(c, x, -5, 0), mpi.ErrRank, "destination -5"},
		{mpi.Ssend(c, x, 0, -1), mpi.ErrTag, "Ssend: invalid tag: tag AnyTag is not in 0.."},
		{mpi.Bsend(c, x, 0, mpi.TagUB+1), mpi.ErrTag, "Bsend: invalid tag: tag 8388608"},
		{mpi.Rsend(c, x, mpi.ProcNull, -7), mpi.ErrTag, "Rsend"},
		{mpi.Send(freed, x, 0, 0), mpi.ErrComm, "world/dup has been freed"},
		{mpi.Send(none, x, 0, 0), mpi.ErrComm, "nil communicator"},
		{mpi.Send(c, bad, 0, 0), mpi.ErrType, "linked.Next is a pointer"},
		{status(mpi.Recv(c, x, 1, 0)), mpi.ErrRank, "Recv: invalid rank: source 1"},
		{status(mpi.Recv(c, x, -9, 0)), mpi.ErrRank, "source -9"},
		{status(mpi.Recv(c, x, 0, -9)), mpi.ErrTag, "tag -9 is neither AnyTag nor in 0.."},
		{status(mpi.Recv(none, x, 0, 0)), mpi.ErrComm, "nil communicator"},
		{status(mpi.Isend(c, x, 3, 0).Wait()), mpi.ErrRank, "Isend: invalid rank: destination 3"},
		{status(mpi.Irecv(c, bad, 0, 0).Wait()), mpi.ErrType, "Irecv: type mismatch: linked.Next"},
		{status(mpi.Irecv(freed, x, 0, 0).Wait()), mpi.ErrComm, "freed"},
		{status(c.Probe(4, 0)), mpi.ErrRank, "Probe: invalid rank: source 4"},
		{status(mpi.Sendrecv(c, x, 2, 0, y, 0, 0)), mpi.ErrRank, "Sendrecv: invalid rank: destination 2"},
		{status(mpi.Sendrecv(c, x, 0, 0, y, 2, 0)), mpi.ErrRank, "Sendrecv: invalid rank: source 2"},
		{status(mpi.Sendrecv(c, x, 0, 0, x[1:], 0, 0)), mpi.ErrBuffer, "SendrecvReplace"},
		{status(mpi.SendrecvReplace(c, bad, 0, 0, 0, 0)), mpi.ErrType, "linked.Next"},
		{mpi.Bcast(c, x, 1), mpi.ErrRoot, "Bcast: invalid root: root 1"},
		{mpi.Bcast(c, x, -1), mpi.ErrRoot, "root -1"},
		{mpi.Bcast(freed, x, 0), mpi.ErrComm, "freed"},
		{mpi.Bcast(none, x, 0), mpi.ErrComm, "nil"},
		{mpi.Bcast(c, bad, 0), mpi.ErrType, "linked.Next"},
		{status(mpi.Ibcast(c, x, 9).Wait()), mpi.ErrRoot, "Ibcast: invalid root: root 9"},
		{freed.Barrier(), mpi.ErrComm, "Barrier: invalid communicator: world/dup has been freed"},
		{none.WithContext(t.Context()).Barrier(), mpi.ErrComm, "nil communicator"},
		{none.Free(), mpi.ErrComm, "nil communicator"},
		{errOf(none.Dup()), mpi.ErrComm, "nil communicator"},
		{none.Barrier(), mpi.ErrComm, "Barrier: invalid communicator: nil"},
		{mpi.Scatter(c, x, y[:3], 0), mpi.ErrCount, "Scatter: invalid count: send has length 4, need 3: 1 rank × 3"},
		{mpi.Scatter(c, x[:2], x[1:3], 0), mpi.ErrBuffer, "overlap"},
		{mpi.Gather(c, x[:3], y, 0), mpi.ErrCount, "recv has length 4, need 3"},
		{mpi.Gather(c, x, x, 0), mpi.ErrBuffer, "InPlace"},
		{mpi.Allgather(c, x, y[:1]), mpi.ErrCount, "Allgather"},
		{mpi.Alltoall(c, x, y[:1]), mpi.ErrCount, "send has length 4, recv has length 1"},
		{mpi.Scatterv(c, mpi.PartsOf(x, nil), y, 0), mpi.ErrCount, "send: 0 counts for 1 rank"},
		{mpi.Scatterv(c, mpi.PartsOf(x, []int{4}).At([]int{0, 0}), y, 0), mpi.ErrCount, "send: 2 displacements for 1 rank"},
		{mpi.Scatterv(c, mpi.PartsOf(x, []int{-1}), y, 0), mpi.ErrCount, "count -1 of rank 0 is negative"},
		{mpi.Scatterv(c, mpi.PartsOf(x, []int{1}).At([]int{-2}), y, 0), mpi.ErrCount, "displacement -2 of rank 0 is negative"},
		{mpi.Scatterv(c, mpi.PartsOf(x, []int{2}).At([]int{3}), y, 0), mpi.ErrCount, "the block of rank 0, 2 elements from 3, ends outside the buffer of length 4"},
		{mpi.Scatterv(c, mpi.PartsOf(x, []int{1}).At([]int{math.MaxInt}), y, 0), mpi.ErrCount, "ends outside"},
		{mpi.Scatterv(c, mpi.PartsOf(x, []int{math.MaxInt}), y, 0), mpi.ErrCount, "ends outside"},
		{mpi.Scatterv(c, mpi.PartsOf(x, []int{2}), y, 0), mpi.ErrCount, "recv has length 4, the root's own count is 2"},
		{mpi.Gatherv(c, x, mpi.PartsOf(y, []int{5}), 0), mpi.ErrCount, "Gatherv"},
		{mpi.Gatherv(c, x, mpi.PartsOf(y, []int{3}), 0), mpi.ErrCount, "send has length 4, the root's own count is 3"},
		{mpi.Allgatherv(c, x, mpi.PartsOf(y, []int{3})), mpi.ErrCount, "send has length 4, the count of rank 0 is 3"},
		{mpi.Alltoallv(c, mpi.PartsOf(x, []int{2}), mpi.PartsOf(y, []int{3})), mpi.ErrCount, "sends itself 2 elements and receives 3"},
		{mpi.Alltoallv(c, mpi.PartsOf(x, []int{5}), mpi.PartsOf(y, []int{4})), mpi.ErrCount, "send: the block"},
		{mpi.Reduce(c, x, y[:2], mpi.Sum, 0), mpi.ErrCount, "Reduce"},
		{mpi.Allreduce(c, x, x, mpi.Sum), mpi.ErrBuffer, "overlap"},
		{mpi.Allreduce(c, x, y, mpi.Band), mpi.ErrOp, "Allreduce: invalid reduction: Band is not defined for elements of type float64"},
		{mpi.AllreduceInPlace(c, []bool{true}, mpi.Sum), mpi.ErrOp, "AllreduceInPlace: invalid reduction: Sum is not defined for elements of type bool"},
		{mpi.AllreduceInPlace(c, []complex64{1}, mpi.Max), mpi.ErrOp, "Max is not defined for elements of type complex64"},
		{mpi.AllreduceInPlace(c, []particle{{}}, mpi.Sum), mpi.ErrOp, "OpFunc makes"},
		{mpi.AllreduceInPlace(c, []mpi.ValueLoc[bool]{{}}, mpi.MaxLoc), mpi.ErrOp, "MaxLoc"},
		{mpi.AllreduceInPlace(c, x, mpi.Op{}), mpi.ErrOp, "zero Op"},
		{mpi.AllreduceInPlace(c, x, mpi.OpFunc(func(a, b int8) int8 { return a }, true)), mpi.ErrOp, "user function on int8, the buffers hold float64"},
		{mpi.ReduceScatter(c, mpi.PartsOf(x, []int{3}), y, mpi.Sum), mpi.ErrCount, "send has length 4, the counts add up to 3"},
		{mpi.ReduceScatter(c, mpi.PartsOf(x, []int{4}), y[:1], mpi.Sum), mpi.ErrCount, "recv has length 1"},
		{mpi.ReduceScatterBlock(c, x, y[:1], mpi.Sum), mpi.ErrCount, "ReduceScatterBlock"},
		{mpi.Alltoallw(c, nil, nil), mpi.ErrCount, "send: 0 blocks for 1 rank"},
		{mpi.Alltoallw(c, []mpi.Block{mpi.BlockOf(mpi.ViewOf(x, mpi.Contiguous(9)))}, []mpi.Block{{}}), mpi.ErrBuffer, "send: block 0"},
		{mpi.SendView(c, mpi.ViewOf(x, mpi.Strided(2, 2, 3)), 0, 0), mpi.ErrBuffer, "SendView: invalid buffer: the layout spans 5 elements, the slice has 4"},
		{status(mpi.RecvView(c, mpi.ViewOf(x, mpi.Strided(-1, 2, 3)), 0, 0)), mpi.ErrCount, "Strided: -1 blocks"},
		{mpi.BcastView(none, mpi.Whole(x), 0), mpi.ErrComm, "nil"},
		{errOf(mpi.Alloc[int](c, -1)), mpi.ErrCount, "-1 elements"},
		{errOf(mpi.Alloc[int](c, math.MaxInt)), mpi.ErrCount, "Alloc"},
		{errOf(mpi.Alloc[string](c, 1)), mpi.ErrType, "string"},
		{errOf(c.Split(-3, 0)), mpi.ErrArg, "Split: invalid argument: color -3"},
		{errOf(c.SplitType(99, 0)), mpi.ErrArg, "kind of split 99"},
		{errOf(c.Create(nil)), mpi.ErrGroup, "nil group"},
		{errOf(c.CreateGroup(g, -1)), mpi.ErrTag, "CreateGroup"},
		{errOf(freed.Dup()), mpi.ErrComm, "freed"},
		{freed.Free(), mpi.ErrComm, "freed"},
		{c.Free(), mpi.ErrComm, "world cannot be freed"},
		{c.Self().Free(), mpi.ErrComm, "self cannot be freed"},
		{errOf(g.Incl(0, 0)), mpi.ErrRank, "Incl: invalid rank: rank 0 is given twice"},
		{errOf(g.Incl(1)), mpi.ErrRank, "rank 1 is not in a group of 1"},
		{errOf(g.Excl(-1)), mpi.ErrRank, "Excl"},
		{errOf(g.RangeIncl([]mpi.Range{{First: 0, Last: 3, Stride: 1}})), mpi.ErrRank, "range from 0 to 3 by 1: rank 1 is not in a group of 1"},
		{errOf(g.RangeExcl([]mpi.Range{{First: 0, Last: 3}})), mpi.ErrArg, "stride 0"},
		{errOf(g.Translate([]int{2}, g)), mpi.ErrRank, "Translate"},
		{errOf(mpi.Pack(mpi.ViewOf(x, mpi.Contiguous(5)))), mpi.ErrBuffer, "Pack"},
		{mpi.Unpack(mpi.ViewOf(make([]int64, 9), mpi.Contiguous(8).Repeat(2, 1)), make([]int64, 16)), mpi.ErrBuffer, "picks an element twice"},
		{mpi.Unpack(mpi.ViewOf(x, mpi.Offsets(3, 3, 1)), y[:3]), mpi.ErrBuffer, "picks an element twice"},
		{mpi.Unpack(mpi.Whole(x), y[:2]), mpi.ErrCount, "2 packed elements for a view of 4"},
		{mpi.Run(0, nil), mpi.ErrArg, "Run: invalid argument: 0 ranks"},
		{mpi.Finalize(), mpi.ErrFinalized, "Init has not been called"},
	} {
		var e *mpi.Error
		switch {
		case k.err == nil:
			t.Errorf("no error, want %q", k.text)
		case !errors.Is(k.err, k.class) || !errors.As(k.err, &e) || e.Class != k.class:
			t.Errorf("%v: want class %v", k.err, k.class)
		case !strings.Contains(k.err.Error(), k.text):
			t.Errorf("%v: want %q", k.err, k.text)
		case strings.Contains(k.err.Error(), "\n") || !strings.HasPrefix(k.err.Error(), "mpi: "):
			t.Errorf("%q is not one line", k.err)
		case !strings.HasPrefix(e.At, "args_test.go:"):
			t.Errorf("%v: the place of the call is %q", k.err, e.At)
		}
	}
	return nil
}

func errOf[T any](_ T, err error) error { return err }

// Overlapping blocks are found whatever their order.
func TestOverlappingBlocks(t *testing.T) {
	run(t, 3, func(c *mpi.Comm) error {
		x := make([]int, 2)
		y := make([]int, 10)
		for _, displs := range [][]int{{0, 1, 4}, {4, 1, 5}, {8, 0, 7}, {3, 3, 0}} {
			err := mpi.Allgatherv(c, x, mpi.PartsOf(y, []int{2, 2, 2}).At(displs))
			if !errors.Is(err, mpi.ErrBuffer) {
				return fmt.Errorf("%v: %v", displs, err)
			}
		}
		return mpi.Allgatherv(c, x, mpi.PartsOf(y, []int{2, 2, 2}).At([]int{8, 0, 4}))
	})
}

func TestFinalizedWorld(t *testing.T) {
	var world *mpi.Comm
	if err := mpi.RunOn(engines["plain"](1), false, func(c *mpi.Comm) error {
		world = c
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{world.Barrier(), mpi.Send(world, []int{1}, mpi.ProcNull, 0), errOf(world.Dup()), errOf(world.Probe(0, 0)), world.Self().Barrier()} {
		if !errors.Is(err, mpi.ErrFinalized) {
			t.Errorf("after Finalize: %v", err)
		}
	}
}

// The contiguous calls allocate nothing: this package, that is; the engines
// have tests of their own.
func TestNoAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	x, y := make([]float64, 8), make([]float64, 8)
	p := make([]particle, 2)
	op := mpi.OpFunc(func(a, b float64) float64 { return a + b }, true)
	for name, call := range map[string]func(c *mpi.Comm) error{
		"Send and Recv": func(c *mpi.Comm) error {
			if err := mpi.Send(c, x, 0, 1); err != nil {
				return err
			}
			_, err := mpi.Recv(c, y, 0, 1)
			return err
		},
		"Send of structs":  func(c *mpi.Comm) error { return mpi.Send(c, p, 0, 1) },
		"Bcast":            func(c *mpi.Comm) error { return mpi.Bcast(c, x, 0) },
		"Allreduce":        func(c *mpi.Comm) error { return mpi.Allreduce(c, x, y, mpi.Sum) },
		"Allreduce of own": func(c *mpi.Comm) error { return mpi.Allreduce(c, x, y, op) },
		"AllreduceInPlace": func(c *mpi.Comm) error { return mpi.AllreduceInPlace(c, x, mpi.Max) },
		"Reduce":           func(c *mpi.Comm) error { return mpi.Reduce(c, x, y, mpi.Sum, 0) },
		"Gather":           func(c *mpi.Comm) error { return mpi.Gather(c, x, y, 0) },
		"Barrier":          func(c *mpi.Comm) error { return c.Barrier() },
		"Probe":            func(c *mpi.Comm) error { _, _, err := c.Iprobe(0, 1); return err },
	} {
		err := mpi.RunOn(silentEngines(), false, func(c *mpi.Comm) error {
			var err error
			n := testing.AllocsPerRun(200, func() { err = call(c) })
			if err == nil && n != 0 {
				err = fmt.Errorf("%v allocations", n)
			}
			return err
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	runtime.KeepAlive(x)
}
