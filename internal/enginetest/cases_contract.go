package enginetest

import (
	"errors"
	"strings"

	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/mpi"
)

// contractCases are the rules of the contract between package mpi and an engine
// that a program does not see.
var contractCases = []Case{
	{Name: "an engine takes requests that are wrapped", Run: waitAnyUnwraps,
		Rule: "WaitAny passes over nil, unwraps wrapped requests, and finds Completed complete."},
	{Name: "what an engine lacks has a reason", Run: capabilities,
		Rule: "A capability is there, or its absence is ErrUnsupported with the reason."},
}

// layer is a wrapper of a request.
type layer struct{ engine.Request }

func (l layer) Unwrap() engine.Request { return l.Request }

func waitAnyUnwraps(t *T, c *mpi.Comm) {
	var eng engine.Engine
	if !c.As(&eng) {
		t.Fatalf("no engine below the communicator")
	}
	ec := engineComm(t, c)
	start := func(tag int) engine.Request {
		r, err := ec.Irecv(engine.OfBytes(make([]byte, 8)), t.Rank, tag)
		t.OK(err)
		return r
	}
	send := func(tag int) {
		t.OK(ec.Send(engine.OfBytes(make([]byte, 8)), t.Rank, tag, engine.Standard, nil))
	}
	first := func(want int, reqs ...engine.Request) {
		if i, err := eng.WaitAny(reqs, nil); i != want || err != nil {
			t.Errorf("WaitAny of %v returns %d, %v, want %d", reqs, i, err, want)
		}
	}
	end := func(r engine.Request) {
		_, err := r.Wait(nil)
		t.OK(err)
	}

	first(-1)
	first(-1, nil, nil)
	one, two, never := start(1), start(2), start(3)
	send(1)
	first(1, nil, layer{layer{one}}, two, layer{never})
	end(layer{one})
	send(2)
	first(0, layer{two}, never)
	end(two)
	first(2, never, nil, engine.Completed{})
	first(1, never, layer{layer{engine.Completed{}}})
	closed := make(chan struct{})
	close(closed)
	if i, err := eng.WaitAny([]engine.Request{nil, layer{never}}, closed); i != -1 || !errors.Is(err, engine.ErrCancelled) {
		t.Errorf("WaitAny that is given up returns %d, %v", i, err)
	}
	t.OK(layer{never}.Cancel())
	end(never)
}

func capabilities(t *T, c *mpi.Comm) {
	var eng engine.Engine
	if !c.As(&eng) {
		t.Fatalf("no engine below the communicator")
	}
	ec := engineComm(t, c)
	ask := []struct {
		c   engine.Capability
		err error
	}{
		{engine.EarlyReceive, missing[engine.EarlyReceiver](eng, ec, engine.EarlyReceive)},
		{engine.Recycling, missing[engine.Recycler](eng, ec, engine.Recycling)},
		{engine.Persistence, missing[engine.Persistent](eng, ec, engine.Persistence)},
		{engine.TwoGroups, missing[engine.Intercomms](eng, ec, engine.TwoGroups)},
		{engine.OneSided, missing[engine.Windows](eng, ec, engine.OneSided)},
		{engine.ParallelFiles, missing[engine.Files](eng, ec, engine.ParallelFiles)},
		{engine.Growth, missing[engine.Growing](eng, ec, engine.Growth)},
		{engine.Spawning, missing[engine.Spawner](eng, ec, engine.Spawning)},
		{engine.Connecting, missing[engine.Ports](eng, ec, engine.Connecting)},
	}
	if len(ask) != int(engine.NumCapabilities) {
		t.Errorf("%d capabilities are asked for, there are %d", len(ask), engine.NumCapabilities)
	}
	for _, a := range ask {
		if a.err == nil {
			continue
		}
		prefix := "not supported by this engine: " + a.c.String() + ": "
		if why, ok := strings.CutPrefix(a.err.Error(), prefix); !ok || strings.TrimSpace(why) == "" || !errors.Is(a.err, engine.ErrUnsupported) {
			t.Errorf("%v is absent with %q, want %q and a reason", a.c, a.err, prefix)
		}
	}
}

// missing is the error of a capability that is absent.
func missing[T any](eng engine.Engine, ec engine.Comm, c engine.Capability) error {
	_, err := engine.Find[T](eng, ec, c)
	return err
}
