package embedded_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ringo-mpi/ringo/internal/embedded"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/embedded/transport/hosttest"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// onHosts runs f on a rank for each host of the list.
func onHosts(t *testing.T, hosts []int, f func(e engine.Engine) error) {
	t.Helper()
	onEnds(t, hosttest.New(hosts), f)
}

// onEnds runs f on the rank of each end.
func onEnds(t *testing.T, ends []transport.End, f func(e engine.Engine) error) {
	t.Helper()
	engines := make([]engine.Engine, len(ends))
	for r, end := range ends {
		engines[r] = embedded.New(end)
	}
	onEngines(t, engines, f)
}

// A rank knows its place on its host, and the communicator of those that share
// memory has the ranks of one host.
func TestRanksOfOneHost(t *testing.T) {
	hosts := []int{3, 8, 3, 3, 8}
	local := []int{0, 0, 1, 2, 1}
	size := map[int]int{3: 3, 8: 2}
	onHosts(t, hosts, func(e engine.Engine) error {
		me := e.World().Rank()
		i := e.Info()
		if i.LocalRank != local[me] || i.LocalSize != size[hosts[me]] || i.Host != fmt.Sprint("host", hosts[me]) {
			return fmt.Errorf("info %+v", i)
		}
		c, err := e.World().SplitShared(-me) // the other way round
		if err != nil {
			return err
		}
		if c.Size() != i.LocalSize || c.Rank() != i.LocalSize-1-i.LocalRank {
			return fmt.Errorf("rank %d of %d among those that share memory", c.Rank(), c.Size())
		}
		for r := range c.Size() {
			if p := c.Proc(r); hosts[p] != hosts[me] {
				return fmt.Errorf("rank %d of host %d is a member on host %d", p, hosts[p], hosts[me])
			}
		}
		return c.Collective(engine.Coll{Kind: engine.Barrier}, nil)
	})
}

// The error of an operation with a rank that has ended names its host.
func TestErrorNamesTheHostOfThePeer(t *testing.T) {
	ends := hosttest.New([]int{1, 2})
	e := embedded.New(ends[0])
	ends[1].Job.Fail("it was killed")
	_, err := e.World().Recv(floats([]float64{0}), 1, 0, nil)
	if !errors.Is(err, engine.ErrProcFailed) || !strings.Contains(err.Error(), "rank 1 on host2 has ended: it was killed") {
		t.Errorf("got %v", err)
	}
}

// A rank without a pool allocates ordinary memory, and knows it again.
func TestAllocWithoutPool(t *testing.T) {
	end := hosttest.New([]int{0})[0]
	end.Pool = nil
	e := embedded.New(end)
	p, err := e.Alloc(1000)
	if err != nil || len(p) != 1000 {
		t.Fatalf("%d bytes, %v", len(p), err)
	}
	for _, c := range []struct {
		what string
		p    []byte
		err  error
	}{
		{"memory of another origin", make([]byte, 8), engine.ErrBuffer},
		{"the memory", p, nil},
		{"the memory again", p, engine.ErrBuffer},
	} {
		if err := e.Free(c.p); !errors.Is(err, c.err) {
			t.Errorf("free %s: %v, want %v", c.what, err, c.err)
		}
	}
	if _, err := e.Alloc(-1); !errors.Is(err, engine.ErrArg) {
		t.Errorf("-1 bytes: %v", err)
	}
}

// A long ready send without a receive is refused while its parts are leaving,
// which is its error all the same.
func TestReadyStreamIsRefused(t *testing.T) {
	ends := hosttest.New([]int{0, 1})
	from, to := embedded.New(ends[0]).World(), embedded.New(ends[1]).World()
	r, err := from.Isend(floats(make([]float64, 20000)), 1, 3, engine.Ready)
	if err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		if _, _, err := to.Probe(0, 4, false, nil); err != nil {
			t.Fatal(err)
		}
		_, done, err := r.Test()
		if done {
			if !errors.Is(err, engine.ErrNotReady) {
				t.Errorf("got %v, want %v", err, engine.ErrNotReady)
			}
			return
		}
	}
	t.Error("the send does not end")
}

// What a transport has not is not used: a world on two hosts has no board.
func TestNoBoardBetweenHosts(t *testing.T) {
	for _, hosts := range [][]int{{0, 1}, {0, 0}} {
		var boards []bool
		for _, end := range hosttest.New(hosts) {
			boards = append(boards, end.Pool.WorldBoard() != nil)
		}
		if want := hosts[0] == hosts[1]; boards[0] != want || boards[1] != want {
			t.Errorf("hosts %v: boards %v", hosts, boards)
		}
	}
	if r := hosttest.New([]int{0, 1})[0].Self.Link(1).Reach(); r != nil {
		t.Errorf("a link to another host reaches %v", r)
	}
}
