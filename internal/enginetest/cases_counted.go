package enginetest

import (
	"time"

	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/enginetest/counting"
	"github.com/ringo-mpi/ringo/mpi"
)

// countedCases are the rules of a wrapper around an engine.
var countedCases = []Case{
	{Name: "a wrapper sees every call", Needs: countingEngine, Run: countsAddUp,
		Rule: "An engine can be wrapped: what a program calls is what the wrapper counts, and all of it adds up."},
}

// tally is the difference of two looks at the counts of an engine.
type tally struct {
	of   *counting.Engine
	from map[counting.Call]int
}

// since is how many calls were made since the tally was begun.
func (t tally) since(calls ...counting.Call) (n int) {
	for _, c := range calls {
		n += t.of.Count(c) - t.from[c]
	}
	return n
}

func countsAddUp(t *T, c *mpi.Comm) {
	var eng engine.Engine
	if !c.As(&eng) || counting.Of(eng) == nil {
		t.Fatalf("the engine is a %T, not wrapped", eng)
	}
	counts := tally{counting.Of(eng), map[counting.Call]int{}}
	for call := counting.Alloc; call <= counting.Failed; call++ {
		counts.from[call] = counts.of.Count(call)
	}

	const blocking, nonblocking, barriers = 5, 3, 2
	right, left := (t.Rank+1)%t.Size, (t.Rank+t.Size-1)%t.Size
	x, y := []int{t.Rank}, make([]int, 1)
	for i := range blocking {
		t.OK(mpi.Send(c, x, right, i))
		_, err := mpi.Recv(c, y, left, i)
		t.OK(err)
	}
	for range nonblocking {
		in, out := mpi.Irecv(c, y, left, 10), mpi.Isend(c, x, right, 10)
		t.OK(mpi.WaitAll(in, out))
	}
	for range barriers {
		t.OK(c.Barrier())
	}
	_, err := mpi.Iallreduce(c, x, make([]int, 1), mpi.Sum).Wait()
	t.OK(err)
	t.OK(mpi.Send(c, x, right, 11))
	_, err = c.Probe(left, 11)
	t.OK(err)
	m, _, err := c.Mprobe(left, 11)
	t.OK(err)
	_, err = mpi.Mrecv(m, y)
	t.OK(err)
	d, err := c.Dup()
	t.OK(err)
	t.OK(d.Free())

	// WaitAny reaches the engine with requests that are wrapped: the rank sends
	// itself the message once it is in there.
	late := mpi.Irecv(c, y, t.Rank, 13)
	never := mpi.Irecv(c, make([]int, 1), t.Rank, 14)
	sent := make(chan error, 1)
	go func() {
		for counts.since(counting.WaitAny) == 0 {
			time.Sleep(time.Millisecond)
		}
		sent <- mpi.Send(c, x, t.Rank, 13)
	}()
	if i, _, err := mpi.WaitAny(never, late); i != 1 || err != nil {
		t.Errorf("WaitAny returns %d, %v, want 1", i, err)
	}
	t.OK(<-sent)
	t.OK(never.Cancel())
	st, err := never.Wait()
	t.OK(err)
	if !st.Cancelled {
		t.Errorf("the receive that nobody sends to was not cancelled: %v", st)
	}

	for _, w := range []struct {
		what string
		want int
		have int
	}{
		{"sends", blocking + 2, counts.since(counting.Send)},
		{"receives", blocking, counts.since(counting.Recv)},
		{"nonblocking sends", nonblocking, counts.since(counting.Isend)},
		{"nonblocking receives", nonblocking + 2, counts.since(counting.Irecv, counting.IrecvNow)},
		{"collectives", barriers, counts.since(counting.Collective)},
		{"nonblocking collectives", 1, counts.since(counting.Icollective)},
		{"probes", 1, counts.since(counting.Probe)},
		{"messages taken", 1, counts.since(counting.Mprobe)},
		{"messages received", 1, counts.since(counting.MessageRecv)},
		{"communicators made", 1, counts.since(counting.Construct)},
		{"communicators freed", 1, counts.since(counting.FreeComm)},
		{"cancellations", 1, counts.since(counting.Cancel)},
		{"errors", 0, counts.since(counting.Failed)},
		{"operations begun", 2*nonblocking + 3, counts.since(counting.Started, counting.AtOnce)},
	} {
		if w.have != w.want {
			t.Errorf("%d %s were counted, want %d", w.have, w.what, w.want)
		}
	}
	// A receive may end by itself, past the wrapper, on an engine that does that.
	_, err = engine.Find[engine.EarlyReceiver](eng, engineComm(t, c), engine.EarlyReceive)
	by := counts.since(counting.Started) - counts.since(counting.Ended)
	if by < 0 || by > nonblocking || err != nil && by != 0 {
		t.Errorf("%d requests were begun and %d ended (early receives: %v)", counts.since(counting.Started), counts.since(counting.Ended), err)
	}

	// What all ranks together have sent is what they have received.
	pair := []int{counts.since(counting.Send, counting.Isend), counts.since(counting.Recv, counting.Irecv, counting.IrecvNow, counting.MessageRecv)}
	t.OK(mpi.AllreduceInPlace(c, pair, mpi.Sum))
	if want := t.Size * (blocking + nonblocking + 2); pair[0] != want || pair[1] != want+t.Size { // the one cancelled
		t.Errorf("all ranks have sent %d and received %d messages, want %d and one cancelled receive each", pair[0], pair[1], want)
	}
}

// engineComm is the engine's communicator.
func engineComm(t *T, c *mpi.Comm) engine.Comm {
	var ec engine.Comm
	if !c.As(&ec) {
		t.Fatalf("no engine below the communicator")
	}
	return ec
}
