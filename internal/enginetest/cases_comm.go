package enginetest

import (
	"slices"

	"github.com/ringo-mpi/ringo/mpi"
)

// commCases are the rules of groups and communicators.
var commCases = []Case{
	{Name: "7.2.2 world and self", World: true, Run: worldAndSelf,
		Rule: "The world has all ranks, self the caller alone; Rank, Size, Host and the local ranks fit together."},
	{Name: "7.4.2 Dup", Run: dupHasItsOwnContext,
		Rule: "A duplicate has the same ranks and a context of its own; many may exist at once."},
	{Name: "7.4.2 Split by color and key", Run: splitByColorAndKey,
		Rule: "Ranks of one color are together, ordered by key and then by old rank; Undefined gets nil."},
	{Name: "7.4.2 SplitType of those that share memory", Run: splitTypeShared,
		Rule: "SplitShared gives the ranks of this host, ordered by key."},
	{Name: "7.4.2 Create and CreateGroup", Run: createOfGroups,
		Rule: "Create makes a communicator of a group, collective over the old one; CreateGroup over the group only."},
	{Name: "7.4.2 disjoint groups make communicators at once", Min: 2, Run: createGroupsAtOnce,
		Rule: "CreateGroup calls of disjoint groups do not wait for each other, and overlap with traffic of the others."},
	{Name: "7.4.3 Free", Run: freedCommunicator,
		Rule: "Calls on a freed communicator fail with ErrComm; requests that were started before are still served."},
	{Name: "7.4 a thousand communicators", Min: 1, Max: 4, Run: manyCommunicators,
		Rule: "Communicators that are freed leave room for others."},
	{Name: "7.7 attributes and 7.8 names", Run: attributesAndNames,
		Rule: "Attributes belong to a communicator and pass to a duplicate as their values say; names are free."},
	{Name: "7.3 groups", Run: groupOperations,
		Rule: "The set operations, inclusion, exclusion, ranges, comparison and translation of groups follow their definitions."},
}

// works checks that a communicator of the given world ranks, in this order,
// carries messages and collectives.
func works(t *T, c *mpi.Comm, members []int) {
	me := slices.Index(members, t.Rank)
	if c == nil {
		if me >= 0 {
			t.Fatalf("no communicator for a member of %v", members)
		}
		return
	}
	if me < 0 || c.Rank() != me || c.Size() != len(members) {
		t.Fatalf("rank %d of %d in a communicator of %v", c.Rank(), c.Size(), members)
	}
	all, err := mpi.AllgatherValue(c, t.Rank)
	t.OK(err)
	same(t, "members", all, members)
	n := c.Size()
	got := make([]int, 1)
	_, err = mpi.Sendrecv(c, []int{t.Rank}, (me+1)%n, 3, got, mpi.AnySource, 3)
	t.OK(err)
	if got[0] != members[(me+n-1)%n] {
		t.Errorf("in %v: got a message from world rank %d", members, got[0])
	}
	t.OK(c.Barrier())
}

func upToRank(n int) (list []int) {
	for i := range n {
		list = append(list, i)
	}
	return list
}

func worldAndSelf(t *T, c *mpi.Comm) {
	works(t, c, upToRank(t.Size))
	self := c.Self()
	if self.Size() != 1 || self.Rank() != 0 {
		t.Errorf("self is rank %d of %d", self.Rank(), self.Size())
	}
	works(t, self, []int{t.Rank})
	hosts, err := mpi.AllgatherObject(c, c.Host())
	t.OK(err)
	local, rank := 0, 0
	for r, h := range hosts {
		if h == c.Host() {
			local++
			if r < t.Rank {
				rank++
			}
		}
	}
	if c.Host() == "" || c.LocalSize() != local || c.LocalRank() != rank {
		t.Errorf("host %q, local rank %d of %d, want %d of %d", c.Host(), c.LocalRank(), c.LocalSize(), rank, local)
	}
	if e := c.Engine(); e.Name == "" {
		t.Errorf("engine %+v", e)
	}
}

func dupHasItsOwnContext(t *T, c *mpi.Comm) {
	var list []*mpi.Comm
	for i := range 12 {
		d, err := c.Dup()
		t.OK(err)
		if d.Compare(c) != mpi.Congruent || c.Compare(c) != mpi.Ident {
			t.Errorf("Compare: %v, %v", d.Compare(c), c.Compare(c))
		}
		list = append(list, d)
		if i%3 == 2 {
			t.OK(list[0].Free())
			list = list[1:]
		}
	}
	// Messages in all of them, received in another order.
	next := (t.Rank + 1) % t.Size
	for i, d := range list {
		t.OK(mpi.Send(d, []int{i}, next, 0))
	}
	for i, d := range slices.Backward(list) {
		got := make([]int, 1)
		_, err := mpi.Recv(d, got, mpi.AnySource, mpi.AnyTag)
		t.OK(err)
		if got[0] != i {
			t.Errorf("communicator %d delivers message %d", i, got[0])
		}
	}
	for _, d := range list {
		works(t, d, upToRank(t.Size))
		t.OK(d.Free())
	}
}

func splitByColorAndKey(t *T, c *mpi.Comm) {
	p, me := t.Size, t.Rank
	even, err := c.Split(me%2, 0)
	t.OK(err)
	var want []int
	for r := me % 2; r < p; r += 2 {
		want = append(want, r)
	}
	works(t, even, want)
	back, err := c.Split(7, -me)
	t.OK(err)
	reversed := upToRank(p)
	slices.Reverse(reversed)
	works(t, back, reversed)
	if cmp := back.Compare(c); p > 1 && cmp != mpi.Similar {
		t.Errorf("Compare of the reversed communicator: %v", cmp)
	}
	color := 0
	if me == p-1 {
		color = mpi.Undefined
	}
	most, err := c.Split(color, 0)
	t.OK(err)
	works(t, most, upToRank(p-1))
	if me == p-1 && most != nil {
		t.Errorf("Undefined gets a communicator")
	}
	// A communicator made from one that was made.
	inner, err := even.Split(even.Rank()/2, -even.Rank())
	t.OK(err)
	i := even.Rank() / 2 * 2
	pair := slices.Clone(want[i:min(i+2, len(want))])
	slices.Reverse(pair)
	works(t, inner, pair)
	for _, d := range []*mpi.Comm{inner, even, back, most} {
		if d != nil {
			t.OK(d.Free())
		}
	}
}

func splitTypeShared(t *T, c *mpi.Comm) {
	d, err := c.SplitType(mpi.SplitShared, -t.Rank)
	t.OK(err)
	if d.Size() != c.LocalSize() {
		t.Errorf("%d ranks, want the %d of this host", d.Size(), c.LocalSize())
	}
	if d.Size() == t.Size {
		reversed := upToRank(t.Size)
		slices.Reverse(reversed)
		works(t, d, reversed)
	}
	t.OK(d.Free())
	_, err = c.SplitType(mpi.SplitKind(99), 0)
	t.Is(err, mpi.ErrArg)
}

func createOfGroups(t *T, c *mpi.Comm) {
	p := t.Size
	for i := range 6 {
		members := sampleRanks(t, 1+t.Rand.IntN(p))
		g, err := c.Group().Incl(members...)
		t.OK(err)
		if i%2 == 0 {
			d, err := c.Create(g)
			t.OK(err)
			works(t, d, members)
			if d != nil {
				if d.Group().Compare(g) != mpi.Ident {
					t.Errorf("the group of the communicator of %v is %v", members, d.Group())
				}
				t.OK(d.Free())
			}
			continue
		}
		if !slices.Contains(members, t.Rank) {
			continue // takes no part
		}
		d, err := c.CreateGroup(g, i)
		t.OK(err)
		works(t, d, members)
		t.OK(d.Free())
	}
}

func createGroupsAtOnce(t *T, c *mpi.Comm) {
	half := t.Size / 2
	var members []int
	for r := range t.Size {
		if (r < half) == (t.Rank < half) {
			members = append(members, r)
		}
	}
	g, err := c.Group().Incl(members...)
	t.OK(err)
	for i := range 4 {
		d, err := c.CreateGroup(g, 11)
		t.OK(err)
		works(t, d, members)
		if i%2 == 0 {
			t.OK(d.Free())
		}
	}
}

func freedCommunicator(t *T, c *mpi.Comm) {
	d, err := c.Dup()
	t.OK(err)
	view := d.WithCodec(mpi.Gob(mpi.Limits{}))
	next, prev := (t.Rank+1)%t.Size, (t.Rank+t.Size-1)%t.Size
	big := make([]byte, 100000)
	r, s := mpi.Irecv(d, big, prev, 0), mpi.Isend(d, bytesKind.fill(t.Rank, 100000), next, 0)
	t.OK(d.Free())
	t.Is(d.Barrier(), mpi.ErrComm)
	t.Is(view.Barrier(), mpi.ErrComm)
	t.Is(mpi.Send(d, []int{1}, next, 0), mpi.ErrComm)
	_, err = mpi.Recv(d, []int{1}, prev, 0)
	t.Is(err, mpi.ErrComm)
	_, err = d.Dup()
	t.Is(err, mpi.ErrComm)
	t.Is(d.Free(), mpi.ErrComm)
	t.OK(mpi.WaitAll(r, s))
	same(t, "message", big, bytesKind.fill(prev, 100000))
}

func manyCommunicators(t *T, c *mpi.Comm) {
	n := 300
	if t.Full {
		n = 3000
	}
	for i := range n {
		d, err := c.Dup()
		t.OK(err)
		if i%50 == 0 {
			works(t, d, upToRank(t.Size))
		}
		t.OK(d.Free())
	}
}

func attributesAndNames(t *T, c *mpi.Comm) {
	type key struct{ n int }
	c.SetAttr(key{1}, "one")
	c.SetAttr(key{2}, &counted{n: 5})
	if v, ok := c.Attr(key{1}); !ok || v != "one" {
		t.Errorf("attribute %v, %v", v, ok)
	}
	d, err := c.Dup()
	t.OK(err)
	if _, ok := d.Attr(key{1}); ok {
		t.Errorf("an attribute passes to the duplicate without being asked")
	}
	if v, ok := d.Attr(key{2}); !ok || v.(*counted).n != 6 {
		t.Errorf("copied attribute: %v, %v", v, ok)
	}
	c.DeleteAttr(key{1})
	if _, ok := c.Attr(key{1}); ok {
		t.Errorf("a deleted attribute is there")
	}
	d.SetName("mine")
	if d.Name() != "mine" || c.Name() == "mine" {
		t.Errorf("names %q and %q", d.Name(), c.Name())
	}
	t.OK(d.Free())
}

func groupOperations(t *T, c *mpi.Comm) {
	g := c.Group()
	p := t.Size
	if g.Size() != p || g.Rank() != t.Rank {
		t.Errorf("rank %d of %d in the group", g.Rank(), g.Size())
	}
	ranksOf := func(h *mpi.Group) []int {
		list, err := h.Translate(upToRank(h.Size()), g)
		t.OK(err)
		return list
	}
	for range 10 {
		a, b := sampleRanks(t, t.Rand.IntN(p+1)), sampleRanks(t, t.Rand.IntN(p+1))
		ga, err := g.Incl(a...)
		t.OK(err)
		gb, err := g.Incl(b...)
		t.OK(err)
		same(t, "Incl", ranksOf(ga), a)
		var both, union, diff, rest []int
		union = slices.Clone(a)
		for _, r := range a {
			if slices.Contains(b, r) {
				both = append(both, r)
			} else {
				diff = append(diff, r)
			}
		}
		for _, r := range b {
			if !slices.Contains(a, r) {
				union = append(union, r)
			}
		}
		for r := range p {
			if !slices.Contains(a, r) {
				rest = append(rest, r)
			}
		}
		ex, err := g.Excl(a...)
		t.OK(err)
		same(t, "Excl", ranksOf(ex), rest)
		same(t, "Union", ranksOf(ga.Union(gb)), union)
		same(t, "Intersection", ranksOf(ga.Intersection(gb)), both)
		same(t, "Difference", ranksOf(ga.Difference(gb)), diff)
		want := mpi.Unequal
		sa, sb := slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
		switch {
		case slices.Equal(a, b):
			want = mpi.Ident
		case slices.Equal(sa, sb):
			want = mpi.Similar
		}
		if cmp := ga.Compare(gb); cmp != want {
			t.Errorf("Compare of %v and %v: %v, want %v", a, b, cmp, want)
		}
		if me := slices.Index(a, t.Rank); me >= 0 && ga.Rank() != me || me < 0 && ga.Rank() != mpi.Undefined {
			t.Errorf("rank %d in %v", ga.Rank(), a)
		}
	}
	even, err := g.RangeIncl([]mpi.Range{{First: 0, Last: p - 1, Stride: 2}})
	t.OK(err)
	odd, err := g.RangeExcl([]mpi.Range{{First: 0, Last: p - 1, Stride: 2}})
	t.OK(err)
	if even.Size() != (p+1)/2 || odd.Size() != p/2 || even.Intersection(odd).Size() != 0 {
		t.Errorf("%d even and %d odd ranks of %d", even.Size(), odd.Size(), p)
	}
	_, err = g.Incl(p)
	t.Is(err, mpi.ErrRank)
	_, err = g.Incl(0, 0)
	t.Is(err, mpi.ErrRank)
}

// counted is an attribute that counts how often it was copied.
type counted struct{ n int }

func (a *counted) CopyAttr(from, to *mpi.Comm) (any, bool) { return &counted{a.n + 1}, true }

// sampleRanks returns n different ranks in any order, the same on all ranks.
func sampleRanks(t *T, n int) []int { return t.Rand.Perm(t.Size)[:n] }
