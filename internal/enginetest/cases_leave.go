package enginetest

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/ringo-mpi/ringo/mpi"
)

// leaveCases are the rules about ranks that finalize before others.
var leaveCases = []Case{
	{Name: "a rank that finalizes is missed in collectives under way", Min: 2, Lost: 1, Needs: "faults", Run: leaverDuringCollectives,
		Rule: missedRule},
	{Name: "a rank that finalizes is missed in many collectives at once", Min: 2, Lost: 1, Needs: "faults", Run: leaverDuringManyCollectives,
		Rule: missedRule},
	{Name: "sends to a rank that has finalized end", Min: 2, Lost: 1, Needs: "faults", Run: sendsToLeaver,
		Rule: "A send that would wait for a rank that has finalized ends with ErrProcFailed; one that need not wait may succeed."},
	{Name: "a rank that has finalized is missed in later collectives", Min: 2, Lost: 1, Needs: "faults", Run: leaverBeforeCollectives,
		Rule: missedRule},
}

// missedRule is the rule of the cases of collectives that a rank misses.
const missedRule = "When a rank finalizes without having taken part in a collective, the calls of the others that need it end with ErrProcFailed naming it."

// collective is a call in which the rank that has left is missed, and by whom
// for certain; the others may have done their part without noticing.
type collective struct {
	name  string
	f     func(c *mpi.Comm, gone int) error
	needs func(rank, gone int) bool // nil: all
}

func waitFor(r *mpi.Request) error {
	_, err := r.Wait()
	return err
}

func onlyRank(r int) func(rank, gone int) bool {
	return func(rank, _ int) bool { return rank == r }
}

var missed = []collective{
	{"Barrier", func(c *mpi.Comm, _ int) error { return c.Barrier() }, nil},
	{"Bcast", func(c *mpi.Comm, gone int) error { return mpi.Bcast(c, make([]int, 3), gone) }, nil},
	{"Bcast of 1 MiB", func(c *mpi.Comm, gone int) error { return mpi.Bcast(c, make([]byte, 1<<20), gone) }, nil},
	{"Gather", func(c *mpi.Comm, gone int) error {
		return mpi.Gather(c, []int{1}, make([]int, c.Size()), (gone+1)%c.Size())
	}, func(rank, gone int) bool { return false }},
	{"Allgather", func(c *mpi.Comm, _ int) error { return mpi.Allgather(c, []int{1}, make([]int, c.Size())) }, nil},
	{"Alltoall", func(c *mpi.Comm, _ int) error {
		return mpi.Alltoall(c, make([]int, c.Size()), make([]int, c.Size()))
	}, nil},
	{"Allreduce", func(c *mpi.Comm, _ int) error { return mpi.AllreduceInPlace(c, make([]int, 1), mpi.Sum) }, nil},
	{"Allreduce of 1 MiB", func(c *mpi.Comm, _ int) error { return mpi.AllreduceInPlace(c, make([]int, 1<<17), mpi.Sum) }, nil},
	{"AllgatherObject", func(c *mpi.Comm, _ int) error { _, err := mpi.AllgatherObject(c, "x"); return err }, nil},
	{"Dup", func(c *mpi.Comm, _ int) error { _, err := c.Dup(); return err }, nil},
	{"Split", func(c *mpi.Comm, _ int) error { _, err := c.Split(c.Rank()%2, 0); return err }, nil},
	{"Reduce at rank 0", func(c *mpi.Comm, _ int) error { return mpi.ReduceInPlace(c, make([]int, 1), mpi.Sum, 0) }, onlyRank(0)},
	{"Scan", func(c *mpi.Comm, _ int) error { return mpi.ScanInPlace(c, make([]int, 1), mpi.Sum) }, func(rank, gone int) bool { return rank > gone }},
	{"Ibarrier", func(c *mpi.Comm, _ int) error { return waitFor(c.Ibarrier()) }, nil},
	{"Ibcast", func(c *mpi.Comm, gone int) error { return waitFor(mpi.Ibcast(c, make([]int, 3), gone)) }, nil},
	{"Iallreduce", func(c *mpi.Comm, _ int) error { return waitFor(mpi.IallreduceInPlace(c, make([]int, 1), mpi.Sum)) }, nil},
	{"Iallgather of 1 MiB", func(c *mpi.Comm, _ int) error {
		return waitFor(mpi.Iallgather(c, make([]byte, 1<<20), make([]byte, c.Size()<<20)))
	}, nil},
	{"WaitAny of Iallreduce", func(c *mpi.Comm, _ int) error {
		_, _, err := mpi.WaitAny(mpi.IallreduceInPlace(c, make([]int, 1), mpi.Sum), mpi.Irecv(c, make([]int, 1), c.Rank(), 1))
		return err
	}, nil},
}

// missing makes a call that a rank misses that has left.
func (t *T) missing(call collective, c *mpi.Comm, gone int) {
	err := call.f(c, gone)
	var e *mpi.Error
	switch {
	case err == nil && (call.needs == nil || call.needs(t.Rank, gone)):
		t.Errorf("%s without rank %d: no error", call.name, gone)
	case err == nil:
	case os.Getenv("RINGO_CHECK") == "1" && (errors.Is(err, mpi.ErrMismatch) || errors.Is(err, mpi.ErrRevoked)):
		// The comparison of calls has found it, with the Finalize of the other rank.
	case !errors.Is(err, mpi.ErrProcFailed) || !errors.Is(err, mpi.ErrFinalized):
		t.Errorf("%s: got %v, want the classes ErrProcFailed and ErrFinalized", call.name, err)
	case !strings.Contains(err.Error(), fmt.Sprintf("rank %d ", gone)):
		t.Errorf("the error of %s does not name rank %d: %v", call.name, gone, err)
	case !errors.As(err, &e) || e.Peer != gone || e.Tag != mpi.Undefined:
		t.Errorf("the error of %s has peer %d and tag %d, want %d and none: %v", call.name, e.Peer, e.Tag, gone, err)
	}
}

// leaves is the case of a rank that finalizes while the others are in, or come
// to, collectives that need it, one after another or in a goroutine each.
func leaves(t *T, world *mpi.Comm, gone int, first, together bool) {
	// A communicator for each call: after the first failure it is of no more use.
	comms := make([]*mpi.Comm, len(missed))
	for i := range comms {
		c, err := world.Dup()
		t.OK(err)
		for range i { // collectives that all take part in
			t.OK(c.Barrier())
			t.OK(waitFor(c.Ibarrier()))
		}
		comms[i] = c
	}
	t.OK(world.Barrier())
	if t.Rank == gone {
		if !first {
			time.Sleep(50 * time.Millisecond) // the others are to be blocked
		}
		t.Die(byLeave)
	}
	if first {
		time.Sleep(50 * time.Millisecond)
	}
	if together {
		var wg sync.WaitGroup
		for i, call := range missed {
			wg.Go(func() { t.missing(call, comms[i], gone) })
		}
		wg.Wait()
	} else {
		for i, call := range missed {
			t.missing(call, comms[i], gone)
		}
	}
	if d := t.SinceDeath(); d > patience {
		t.Errorf("the calls ended only %v after the rank had left", d)
	}
	// Messages between the others still travel.
	if next, previous := (t.Rank+1)%t.Size, (t.Rank+t.Size-1)%t.Size; next != gone && previous != gone {
		got := make([]int, 1)
		_, err := mpi.Sendrecv(world, []int{t.Rank}, t.Rank, 3, got, t.Rank, 3)
		t.OK(err)
	}
}

// sendsToLeaver is the case of sends to a rank that has finalized: those that
// would wait for it end.
func sendsToLeaver(t *T, world *mpi.Comm) {
	gone := t.Size - 1
	if t.Rank == gone {
		t.Die(byLeave)
	}
	check := func(what string, err error) {
		if !errors.Is(err, mpi.ErrProcFailed) || !errors.Is(err, mpi.ErrFinalized) {
			t.Errorf("%s: got %v, want the classes ErrProcFailed and ErrFinalized", what, err)
		}
	}
	full := func() (err error) {
		for i := 0; i < 100000 && err == nil; i++ {
			err = mpi.Send(world, make([]byte, 1000), gone, 1)
		}
		return err
	}
	for _, when := range []string{"first", "known to have left"} {
		check("Ssend, "+when, mpi.Ssend(world, []int{1}, gone, 1))
		check("Send of 1 MiB, "+when, mpi.Send(world, make([]byte, 1<<20), gone, 1))
		check("Isend of 1 MiB, "+when, waitFor(mpi.Isend(world, make([]byte, 1<<20), gone, 1)))
		check("Issend, "+when, waitFor(mpi.Issend(world, []int{1}, gone, 1)))
		check("Send until there is no room, "+when, full())
		_, err := mpi.Recv(world, make([]int, 1), gone, 1)
		check("Recv, "+when, err)
	}
}

func leaverDuringCollectives(t *T, world *mpi.Comm) { leaves(t, world, t.Size-1, false, false) }

func leaverDuringManyCollectives(t *T, world *mpi.Comm) { leaves(t, world, t.Size-1, false, true) }

func leaverBeforeCollectives(t *T, world *mpi.Comm) { leaves(t, world, (t.Size-1)/2, true, false) }
