package enginetest

import (
	"errors"
	"strings"
	"time"

	"github.com/ringo-mpi/ringo/mpi"
)

// faultCases are the rules about ranks that die.
var faultCases = []Case{
	{Name: "a rank that panics is seen by all others", Min: 2, Lost: 1, Needs: "faults", Run: rankPanics,
		Rule: "When a rank dies, the blocked and later calls of the others that depend on it end with ErrProcFailed naming it."},
	{Name: "a rank that returns an error is seen by all others", Min: 2, Lost: 1, Needs: "faults", Run: rankReturnsError,
		Rule: "When a rank dies, the blocked and later calls of the others that depend on it end with ErrProcFailed naming it."},
	{Name: "a rank that exits without Finalize is seen by all others", Min: 2, Lost: 1, Needs: "processes", Run: rankExits,
		Rule: "A process that ends without Finalize, also with status 0, has failed."},
	{Name: "a rank that is killed is seen by all others", Min: 2, Lost: 1, Needs: "processes", Run: rankIsKilled,
		Rule: "kill -9 of a rank ends the calls of the others that depend on it."},
}

// patience is how long a rank's death may take to reach the others in these
// cases. It is generous: machines that run tests are busy. What it took is
// logged.
const patience = 10 * time.Second

// blockers are calls that wait for the rank dead.
var blockers = []struct {
	name string
	f    func(c *mpi.Comm, dead int) error
}{
	{"Recv", func(c *mpi.Comm, dead int) error { _, err := mpi.Recv(c, make([]int, 1), dead, 0); return err }},
	{"Barrier", func(c *mpi.Comm, dead int) error { return c.Barrier() }},
	{"Recv from anywhere", func(c *mpi.Comm, dead int) error {
		_, err := mpi.Recv(c, make([]int, 1), mpi.AnySource, 0)
		return err
	}},
	{"Ssend", func(c *mpi.Comm, dead int) error { return mpi.Ssend(c, []int{1}, dead, 0) }},
	{"Send of 8 MiB", func(c *mpi.Comm, dead int) error { return mpi.Send(c, make([]byte, 8<<20), dead, 0) }},
	{"Allreduce", func(c *mpi.Comm, dead int) error {
		return mpi.Allreduce(c, make([]float64, 20000), make([]float64, 20000), mpi.Sum)
	}},
	{"Probe", func(c *mpi.Comm, dead int) error { _, err := c.Probe(dead, 0); return err }},
	{"Irecv", func(c *mpi.Comm, dead int) error { _, err := mpi.Irecv(c, make([]int, 1), dead, 0).Wait(); return err }},
	{"Iallgather", func(c *mpi.Comm, dead int) error {
		_, err := mpi.Iallgather(c, []int{1}, make([]int, c.Size())).Wait()
		return err
	}},
	{"WaitAny", func(c *mpi.Comm, dead int) error {
		_, _, err := mpi.WaitAny(mpi.Irecv(c, make([]int, 1), dead, 0), mpi.Irecv(c, make([]int, 1), dead, 1))
		return err
	}},
	{"RecvObject", func(c *mpi.Comm, dead int) error { _, _, err := mpi.RecvObject[int](c, dead, 0); return err }},
	{"Mprobe", func(c *mpi.Comm, dead int) error { _, _, err := c.Mprobe(mpi.AnySource, 0); return err }},
	{"Dup", func(c *mpi.Comm, dead int) error { _, err := c.Dup(); return err }},
}

// commsOf makes a communicator for each of the blockers that are collective: ranks
// that are in different ones on the same communicator need not wait for the rank
// dead.
func commsOf(t *T, c *mpi.Comm) map[string]*mpi.Comm {
	comms := map[string]*mpi.Comm{}
	for _, name := range []string{"Barrier", "Allreduce", "Iallgather", "Dup"} {
		d, err := c.Dup()
		t.OK(err)
		comms[name] = d
	}
	return comms
}

// dies runs the case of a rank that ends while the others are blocked in the
// calls from first on.
func dies(t *T, c *mpi.Comm, how string, first int) {
	dead, comms := t.Size-1, commsOf(t, c)
	if t.Rank == dead {
		time.Sleep(50 * time.Millisecond) // the others are to be blocked
		t.Die(how)
	}
	b := blockers[(first+t.Rank)%len(blockers)]
	on := c
	if d := comms[b.name]; d != nil {
		on = d
	}
	err := b.f(on, dead)
	t.Logf("%s ended %v after the death of rank %d by %s: %v", b.name, t.SinceDeath().Round(time.Microsecond), dead, how, err)
	t.Is(err, mpi.ErrProcFailed)
	if d := t.SinceDeath(); d > patience {
		t.Errorf("%s ended only %v after the death", b.name, d)
	}
	var e *mpi.Error
	if !errors.As(err, &e) || !strings.Contains(err.Error(), label("rank %d", dead)) {
		t.Errorf("the error of %s does not name the rank: %v", b.name, err)
	}
	// Later calls that depend on the dead rank fail, others work.
	t.Is(mpi.Ssend(c, []int{1}, dead, 0), mpi.ErrProcFailed)
	_, err = mpi.Recv(c, make([]int, 1), dead, 7)
	t.Is(err, mpi.ErrProcFailed)
	if !errors.As(err, &e) || e.Peer != dead || e.Tag != 7 {
		t.Errorf("the error of a receive does not name peer %d and tag 7: %v", dead, err)
	}
	if t.Size > 2 {
		n := t.Size - 1
		got := make([]int, 1)
		_, err := mpi.Sendrecv(c, []int{t.Rank}, (t.Rank+1)%n, 3, got, (t.Rank+n-1)%n, 3)
		if err != nil && !errors.Is(err, mpi.ErrProcFailed) {
			t.Errorf("between the survivors: %v", err)
		}
		if err == nil && got[0] != (t.Rank+n-1)%n {
			t.Errorf("between the survivors: got %d", got[0])
		}
		_, err = mpi.Recv(c.Self(), make([]int, 0), mpi.ProcNull, 0)
		t.OK(err)
	}
}

func rankPanics(t *T, c *mpi.Comm) { dies(t, c, byPanic, 0) }

func rankReturnsError(t *T, c *mpi.Comm) { dies(t, c, byReturn, 3) }

func rankExits(t *T, c *mpi.Comm) { dies(t, c, byExit, 6) }

func rankIsKilled(t *T, c *mpi.Comm) { dies(t, c, byKill, 9) }
