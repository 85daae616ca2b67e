package enginetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ringo-mpi/ringo/mpi"
)

// refuseCases are the rules of arguments that only some ranks can see to be
// wrong, and of blocks and elements in which there is nothing.
var refuseCases = []Case{
	{Name: "6 wrong arguments on one rank reach the others", Min: 2, Needs: "refusals", Run: refusedByOne,
		Rule: "A call that one rank refuses for its arguments leaves no rank waiting: those that need it in the collective get an ErrMismatch that names the rank and the reason, and the communicator goes on."},
	{Name: "6 wrong arguments on all ranks leave the communicator usable", Run: refusedByAll,
		Rule: "A collective that every rank refuses is an error of its class on each, and the ranks stay in step."},
	{Name: "6 wrong arguments of calls that are several collectives", Min: 2, Needs: "refusals", Run: refusedComposites,
		Rule: "A call of objects or slices that one rank refuses leaves no rank waiting."},
	{Name: "6 refused collectives among others under way", Min: 2, Needs: "refusals", Run: refusedAmongOthers,
		Rule: "A rank may be many nonblocking collectives ahead, of which it has refused some: the others get the errors of those, and the results of the rest."},
	{Name: "6 ranks in different collectives", Min: 2, Needs: "board", Run: differentCollectives,
		Rule: "Ranks that call different collectives are told so, however many they are, and none waits."},
	{Name: "6.12 the blocking and the nonblocking form of a collective", Min: 2, Needs: "board", Run: differentForms,
		Rule: "The two forms of a collective do not match: ranks that call one get an error when others call the other, and none waits."},
	{Name: "6 empty blocks lie anywhere", Run: emptyBlocks,
		Rule: "The displacement of a block of length 0 does not matter, in every v form, blocking and nonblocking."},
	{Name: "6 nothing at all in every v and w form", Run: nothingAtAll,
		Rule: "Counts that are all 0 need no buffers, and reductions of no elements succeed."},
	{Name: "6 elements of size zero", Run: emptyElements,
		Rule: "Elements without memory travel and are reduced as others."},
}

// refusals are calls with an argument that is wrong where wrong is set; those
// marked all are errors on every other rank as well.
func refusals(t *T, wrong bool) map[string]struct {
	all   bool
	block func(c *mpi.Comm) error
	start func(c *mpi.Comm) *mpi.Request
} {
	p := t.Size
	root, long, n := 0, 0, 1
	counts, displs := slices.Repeat([]int{1}, p), []int(nil)
	if wrong {
		root, long, n = p, 1, -1
		displs = slices.Repeat([]int{-1}, p)
	}
	one, each, room := make([]int, 1), make([]int, p), make([]int, p)
	longer := make([]int, p+long)
	op := mpi.Sum
	if wrong {
		op = mpi.Op{}
	}
	bad := slices.Clone(counts)
	bad[p-1] = n
	type call = struct {
		all   bool
		block func(c *mpi.Comm) error
		start func(c *mpi.Comm) *mpi.Request
	}
	parts := mpi.PartsOf(each, counts).At(displs)
	got := mpi.PartsOf(room, counts).At(displs)
	return map[string]call{
		"Bcast root":        {false, func(c *mpi.Comm) error { return mpi.Bcast(c, one, root) }, func(c *mpi.Comm) *mpi.Request { return mpi.Ibcast(c, one, root) }},
		"Scatter root":      {false, func(c *mpi.Comm) error { return mpi.Scatter(c, each, one, root) }, func(c *mpi.Comm) *mpi.Request { return mpi.Iscatter(c, each, one, root) }},
		"Gather root":       {false, func(c *mpi.Comm) error { return mpi.Gather(c, one, room, root) }, func(c *mpi.Comm) *mpi.Request { return mpi.Igather(c, one, room, root) }},
		"Scatterv displs":   {false, func(c *mpi.Comm) error { return mpi.Scatterv(c, parts, one, 0) }, func(c *mpi.Comm) *mpi.Request { return mpi.Iscatterv(c, parts, one, 0) }},
		"Gatherv displs":    {false, func(c *mpi.Comm) error { return mpi.Gatherv(c, one, got, 0) }, func(c *mpi.Comm) *mpi.Request { return mpi.Igatherv(c, one, got, 0) }},
		"Allgather length":  {true, func(c *mpi.Comm) error { return mpi.Allgather(c, one, longer) }, func(c *mpi.Comm) *mpi.Request { return mpi.Iallgather(c, one, longer) }},
		"Allgatherv displs": {true, func(c *mpi.Comm) error { return mpi.Allgatherv(c, one, got) }, func(c *mpi.Comm) *mpi.Request { return mpi.Iallgatherv(c, one, got) }},
		"Alltoall length":   {true, func(c *mpi.Comm) error { return mpi.Alltoall(c, each, longer) }, func(c *mpi.Comm) *mpi.Request { return mpi.Ialltoall(c, each, longer) }},
		"Alltoallv displs":  {true, func(c *mpi.Comm) error { return mpi.Alltoallv(c, parts, mpi.PartsOf(room, counts)) }, func(c *mpi.Comm) *mpi.Request { return mpi.Ialltoallv(c, parts, mpi.PartsOf(room, counts)) }},
		"Alltoallv count": {true, func(c *mpi.Comm) error { return mpi.Alltoallv(c, mpi.PartsOf(each, bad), mpi.PartsOf(room, counts)) }, func(c *mpi.Comm) *mpi.Request {
			return mpi.Ialltoallv(c, mpi.PartsOf(each, bad), mpi.PartsOf(room, counts))
		}},
		"Reduce op":            {false, func(c *mpi.Comm) error { return mpi.Reduce(c, one, room[:1], op, 0) }, func(c *mpi.Comm) *mpi.Request { return mpi.Ireduce(c, one, room[:1], op, 0) }},
		"Allreduce op":         {true, func(c *mpi.Comm) error { return mpi.Allreduce(c, one, room[:1], op) }, func(c *mpi.Comm) *mpi.Request { return mpi.Iallreduce(c, one, room[:1], op) }},
		"Allreduce length":     {true, func(c *mpi.Comm) error { return mpi.Allreduce(c, each, longer, mpi.Sum) }, func(c *mpi.Comm) *mpi.Request { return mpi.Iallreduce(c, each, longer, mpi.Sum) }},
		"ReduceScatter counts": {true, func(c *mpi.Comm) error { return mpi.ReduceScatter(c, mpi.PartsOf(each, bad), one, mpi.Sum) }, func(c *mpi.Comm) *mpi.Request { return mpi.IreduceScatter(c, mpi.PartsOf(each, bad), one, mpi.Sum) }},
		"ReduceScatterBlock":   {true, func(c *mpi.Comm) error { return mpi.ReduceScatterBlock(c, longer, one, mpi.Sum) }, func(c *mpi.Comm) *mpi.Request { return mpi.IreduceScatterBlock(c, longer, one, mpi.Sum) }},
		"Scan op":              {false, func(c *mpi.Comm) error { return mpi.Scan(c, one, room[:1], op) }, func(c *mpi.Comm) *mpi.Request { return mpi.Iscan(c, one, room[:1], op) }},
		"Exscan op":            {false, func(c *mpi.Comm) error { return mpi.Exscan(c, one, room[:1], op) }, func(c *mpi.Comm) *mpi.Request { return mpi.Iexscan(c, one, room[:1], op) }},
		"Alltoallw blocks": {false, func(c *mpi.Comm) error { return mpi.Alltoallw(c, make([]mpi.Block, p+long), make([]mpi.Block, p)) },
			func(c *mpi.Comm) *mpi.Request {
				return mpi.Ialltoallw(c, make([]mpi.Block, p+long), make([]mpi.Block, p))
			}},
		"BcastView layout": {false, func(c *mpi.Comm) error { return mpi.BcastView(c, mpi.ViewOf(one, mpi.Contiguous(1+long)), 0) }, nil},
		"Split color": {true, func(c *mpi.Comm) error {
			d, err := c.Split(-5*long, 0)
			return errors.Join(err, free(d))
		}, nil},
		"SplitType kind": {true, func(c *mpi.Comm) error {
			d, err := c.SplitType(mpi.SplitShared+mpi.SplitKind(long), 0)
			return errors.Join(err, free(d))
		}, nil},
		"Create group": {true, func(c *mpi.Comm) error {
			g := c.Group()
			if wrong {
				g = nil
			}
			d, err := c.Create(g)
			return errors.Join(err, free(d))
		}, nil},
	}
}

func free(c *mpi.Comm) error {
	if c == nil {
		return nil
	}
	return c.Free()
}

func refusedByOne(t *T, c *mpi.Comm) {
	for _, who := range sample(t, 2, []int{0, t.Size - 1, t.Size / 2}) {
		calls := refusals(t, t.Rank == who)
		for _, name := range sorted(calls) {
			for _, nonblocking := range []bool{false, true} {
				call := calls[name]
				what := fmt.Sprintf("%s, wrong on rank %d, nonblocking: %v", name, who, nonblocking)
				t.Trace(what)
				var err error
				switch {
				case !nonblocking:
					err = call.block(c)
				case call.start == nil:
					continue
				default:
					_, err = call.start(c).Wait()
				}
				// Where a rooted call is wrong on a rank whose argument is not looked
				// at, there is nothing to refuse.
				looks := who == 0 || !strings.Contains(name, "v displs") || call.all
				var e *mpi.Error
				switch {
				case t.Rank == who && looks:
					if err == nil || errors.Is(err, mpi.ErrMismatch) {
						t.Errorf("%s: the rank itself gets %v", what, err)
					}
				case err == nil:
					if call.all {
						t.Errorf("%s: no error", what)
					}
				case !errors.Is(err, mpi.ErrMismatch) || !errors.As(err, &e) || e.Peer != who || !strings.Contains(err.Error(), "refused"):
					t.Errorf("%s: %v, want an ErrMismatch that names rank %d and the reason", what, err, who)
				}
				inStep(t, c, what)
			}
		}
	}
}

func refusedAmongOthers(t *T, c *mpi.Comm) {
	const rounds = 150 // more refusals than an engine need remember
	who := t.Size - 1
	refused := func(i int) bool { return i%3 != 0 }
	var reqs [rounds]*mpi.Request
	var got [rounds][]float64
	if t.Rank != who {
		_, err := mpi.Recv(c, []int{0}, who, 0)
		t.OK(err)
	}
	for i := range reqs {
		n := 1 + i%2*5000
		send := slices.Repeat([]float64{float64(t.Rank + i)}, n)
		got[i] = make([]float64, n)
		op := mpi.Sum
		if t.Rank == who && refused(i) {
			op = mpi.Op{}
		}
		reqs[i] = mpi.Iallreduce(c, send, got[i], op)
	}
	for r := 0; t.Rank == who && r < t.Size-1; r++ {
		t.OK(mpi.Send(c, []int{0}, r, 0))
	}
	for i, r := range reqs {
		err := ended(r)
		want := float64(t.Size*(t.Size-1)/2 + i*t.Size)
		switch {
		case !refused(i):
			if err != nil || got[i][0] != want || got[i][len(got[i])-1] != want {
				t.Errorf("collective %d: %v, want %v (%v)", i, got[i][0], want, err)
			}
		case err == nil || errors.Is(err, mpi.ErrMismatch) == (t.Rank == who):
			t.Errorf("refused collective %d: %v", i, err)
		}
	}
	inStep(t, c, "refusals among others")
}

func sorted[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func differentCollectives(t *T, world *mpi.Comm) {
	n := 100
	calls := []struct {
		name string
		f    func(c *mpi.Comm) error
	}{
		{"Barrier", func(c *mpi.Comm) error { return c.Barrier() }},
		{"Allreduce", func(c *mpi.Comm) error { return mpi.Allreduce(c, make([]int, n), make([]int, n), mpi.Sum) }},
		{"Allgather", func(c *mpi.Comm) error { return mpi.Allgather(c, make([]int, n), make([]int, n*c.Size())) }},
		{"Alltoall", func(c *mpi.Comm) error {
			return mpi.Alltoall(c, make([]int, n*c.Size()), make([]int, n*c.Size()))
		}},
		{"a longer Allreduce", func(c *mpi.Comm) error { return mpi.Allreduce(c, make([]int, 50*n), make([]int, 50*n), mpi.Sum) }},
	}
	for i, a := range calls {
		for j, b := range calls {
			if i == j {
				continue
			}
			what := a.name + " on one rank, " + b.name + " on the others"
			t.Trace(what)
			call := b.f
			if t.Rank == (i*7+j)%t.Size {
				call = a.f
			}
			if err := call(world); !errors.Is(err, mpi.ErrMismatch) && !errors.Is(err, mpi.ErrTruncate) {
				t.Errorf("%s: %v, want an ErrMismatch", what, err)
			}
			inStep(t, world, what)
		}
	}
}

func differentForms(t *T, world *mpi.Comm) {
	n := 1000
	forms := []struct {
		name  string
		block func(c *mpi.Comm) error
		start func(c *mpi.Comm) *mpi.Request
	}{
		{"Barrier", func(c *mpi.Comm) error { return c.Barrier() }, func(c *mpi.Comm) *mpi.Request { return c.Ibarrier() }},
		{"Allreduce", func(c *mpi.Comm) error { return mpi.Allreduce(c, make([]int, n), make([]int, n), mpi.Sum) },
			func(c *mpi.Comm) *mpi.Request { return mpi.Iallreduce(c, make([]int, n), make([]int, n), mpi.Sum) }},
		{"Allgather", func(c *mpi.Comm) error { return mpi.Allgather(c, make([]int, n), make([]int, n*c.Size())) },
			func(c *mpi.Comm) *mpi.Request {
				return mpi.Iallgather(c, make([]int, n), make([]int, n*c.Size()))
			}},
	}
	for i, f := range forms {
		for _, one := range []string{"blocks", "does not"} {
			c, err := world.Dup()
			t.OK(err)
			what := fmt.Sprintf("%s: one rank %s", f.name, one)
			t.Trace(what)
			if (t.Rank == i%t.Size) == (one == "blocks") {
				err = f.block(c)
			} else {
				_, err = f.start(c).Wait()
			}
			if !errors.Is(err, mpi.ErrMismatch) && !errors.Is(err, mpi.ErrRevoked) || !strings.Contains(fmt.Sprint(err), "nonblocking") {
				t.Errorf("%s: %v, want an ErrMismatch, or that the communicator was revoked for that", what, err)
			}
			_ = c.Free()
			t.OK(world.Barrier())
		}
	}
	inStep(t, world, "all of them")
}

// inStep checks that the ranks call the same collectives.
func inStep(t *T, c *mpi.Comm, what string) {
	for range 2 {
		sum, err := mpi.AllreduceValue(c, t.Rank+1, mpi.Sum)
		if want := t.Size * (t.Size + 1) / 2; err != nil || sum != want {
			t.Fatalf("after %s: sum %d, want %d (%v)", what, sum, want, err)
		}
		got := []int{t.Rank}
		if _, err := mpi.Ibcast(c, got, t.Size-1).Wait(); err != nil || got[0] != t.Size-1 {
			t.Fatalf("after %s: broadcast of %d, want %d (%v)", what, got[0], t.Size-1, err)
		}
	}
}

func refusedByAll(t *T, c *mpi.Comm) {
	calls := refusals(t, true)
	for _, name := range sorted(calls) {
		if strings.HasSuffix(name, "v displs") && !calls[name].all {
			continue // the root alone looks
		}
		if err := calls[name].block(c); err == nil {
			t.Errorf("%s: no error", name)
		}
		if start := calls[name].start; start != nil {
			if _, err := start(c).Wait(); err == nil {
				t.Errorf("nonblocking %s: no error", name)
			}
		}
		inStep(t, c, name)
	}
	_, bcast := mpi.BcastObject(c, 1, -1)
	_, gather := mpi.GatherObject(c, 1, t.Size)
	_, scatter := mpi.ScatterSlices(c, [][]int{}, -1)
	for _, err := range []error{bcast, gather, scatter} {
		t.Is(err, mpi.ErrRoot)
	}
	inStep(t, c, "objects and slices")
}

func refusedComposites(t *T, world *mpi.Comm) {
	long := make([]float64, 50000)
	names := []string{"BcastObject", "GatherObject", "ScatterObject", "ReduceObject", "GatherSlices", "ScatterSlices"}
	for _, name := range names {
		for _, who := range []int{0, t.Size - 1} {
			c, err := world.Dup()
			t.OK(err)
			root := 0
			if t.Rank == who {
				root = t.Size
			}
			t.Trace(fmt.Sprintf("%s, wrong on rank %d", name, who))
			switch name {
			case "BcastObject":
				_, err = mpi.BcastObject(c, long, root)
			case "GatherObject":
				_, err = mpi.GatherObject(c, long, root)
			case "ScatterObject":
				_, err = mpi.ScatterObject(c, slices.Repeat([][]float64{long}, t.Size), root)
			case "ReduceObject":
				_, err = mpi.ReduceObject(c, 1, func(a, b int) int { return a + b }, root)
			case "GatherSlices":
				_, err = mpi.GatherSlices(c, long, root)
			case "ScatterSlices":
				_, err = mpi.ScatterSlices(c, slices.Repeat([][]float64{long}, t.Size), root)
			}
			if t.Rank == who {
				t.Is(err, mpi.ErrRoot)
			}
			t.OK(c.Free())
		}
	}
	inStep(t, world, "all of them")
}
