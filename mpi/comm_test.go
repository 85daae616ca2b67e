package mpi_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/ringo-mpi/ringo/mpi"
)

func TestSplit(t *testing.T) {
	runAll(t, func(c *mpi.Comm) error {
		// Odd and even ranks, in reverse order; rank 1 stays out.
		color := c.Rank() % 2
		if c.Rank() == 1 {
			color = mpi.Undefined
		}
		d, err := c.Split(color, -c.Rank())
		if err != nil {
			return err
		}
		if c.Rank() == 1 {
			if d != nil || d.Size() != 0 || d.Rank() != mpi.Undefined {
				return errors.New("rank 1 got a communicator")
			}
			return nil
		}
		var want []int
		for r := c.Size() - 1; r >= 0; r-- {
			if r%2 == color && r != 1 {
				want = append(want, r)
			}
		}
		got, err := mpi.AllgatherValue(d, c.Rank())
		if err := first(err, equal("members", got, want)); err != nil {
			return err
		}
		if want[d.Rank()] != c.Rank() || d.Size() != len(want) || d.Name() != fmt.Sprintf("world/split(%d)", color) {
			return fmt.Errorf("rank %d of %d, name %q", d.Rank(), d.Size(), d.Name())
		}
		ranks, err := d.Group().Translate(slices.Repeat([]int{0}, 1), c.Group())
		if err != nil || ranks[0] != want[0] {
			return fmt.Errorf("translated %v, %v", ranks, err)
		}
		s, err := d.SplitType(mpi.SplitShared, 0)
		if err != nil || s.Size() != d.Size() || s.Rank() != d.Rank() {
			return fmt.Errorf("shared: %v", err)
		}
		return first(s.Free(), d.Free())
	})
}

// Messages of a duplicate do not meet those of the original.
func TestDupIsApart(t *testing.T) {
	run(t, 2, func(c *mpi.Comm) error {
		d, err := c.Dup()
		if err != nil {
			return err
		}
		if c.Rank() == 0 {
			return first(mpi.Send(c, []int{1}, 1, 0), mpi.Send(d, []int{2}, 1, 0))
		}
		x, y := []int{0}, []int{0}
		_, err1 := mpi.Recv(d, x, mpi.AnySource, mpi.AnyTag)
		_, err2 := mpi.Recv(c, y, mpi.AnySource, mpi.AnyTag)
		if x[0] != 2 || y[0] != 1 {
			return fmt.Errorf("%v %v", x, y)
		}
		return first(err1, err2)
	})
}

// Messages on a new communicator may arrive at a rank that has not come back
// from its construction yet.
func TestMessagesOvertakeConstruction(t *testing.T) {
	run(t, 3, func(c *mpi.Comm) error {
		for i := range 200 {
			d, err := c.Dup()
			if err != nil {
				return err
			}
			x := make([]int, 3)
			a := mpi.Iallgather(d, []int{c.Rank() + i}, x)
			if err := mpi.Bsend(d, []int{i}, (c.Rank()+1)%3, 0); err != nil {
				return err
			}
			y := []int{0}
			if _, err := mpi.Recv(d, y, mpi.AnySource, 0); err != nil || y[0] != i {
				return fmt.Errorf("round %d: %v, %v", i, y, err)
			}
			if err := first(done(a), equal("gathered", x, []int{i, i + 1, i + 2}), d.Free()); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestCreate(t *testing.T) {
	run(t, 4, func(c *mpi.Comm) error {
		g, err := c.Group().Incl(3, 0, 2)
		if err != nil {
			return err
		}
		d, err := c.Create(g)
		if err != nil {
			return err
		}
		if c.Rank() == 1 {
			if d != nil {
				return errors.New("rank 1 is in it")
			}
		} else if want := map[int]int{3: 0, 0: 1, 2: 2}[c.Rank()]; d.Rank() != want || d.Size() != 3 || d.Group().Compare(g) != mpi.Ident {
			return fmt.Errorf("rank %d of %d", d.Rank(), d.Size())
		}
		e, err := c.CreateGroup(g, 5) // rank 1 calls it too: it gets nil at once
		if err != nil {
			return err
		}
		if c.Rank() == 1 {
			if e != nil {
				return errors.New("rank 1 is in the second")
			}
			return nil
		}
		sum, err := mpi.AllreduceValue(e, c.Rank(), mpi.Sum)
		if err != nil || sum != 5 {
			return fmt.Errorf("%d, %v", sum, err)
		}
		if d.Compare(e) != mpi.Congruent || d.Compare(c) != mpi.Unequal || d.Compare(d.WithContext(t.Context())) != mpi.Ident {
			return errors.New("comparisons")
		}
		_, err = d.Create(c.Group())
		if !errors.Is(err, mpi.ErrGroup) || !strings.Contains(err.Error(), "rank 1 of the world, is not in") {
			return fmt.Errorf("a group that is not a subset: %v", err)
		}
		return nil
	})
}

func TestCompareComms(t *testing.T) {
	run(t, 2, func(c *mpi.Comm) error {
		d, err1 := c.Dup()
		r, err2 := c.Split(0, -c.Rank())
		if err := first(err1, err2); err != nil {
			return err
		}
		var none *mpi.Comm
		for _, k := range []struct {
			got, want mpi.Comparison
		}{
			{c.Compare(c), mpi.Ident}, {c.Compare(d), mpi.Congruent}, {c.Compare(r), mpi.Similar},
			{c.Compare(c.Self()), mpi.Unequal}, {c.Compare(none), mpi.Unequal}, {none.Compare(nil), mpi.Ident},
		} {
			if k.got != k.want {
				return fmt.Errorf("%v, want %v", k.got, k.want)
			}
		}
		return nil
	})
}

func TestGroups(t *testing.T) {
	run(t, 7, func(c *mpi.Comm) error {
		all := c.Group()
		pick := func(ranks ...int) *mpi.Group {
			g, err := all.Incl(ranks...)
			if err != nil {
				panic(err)
			}
			return g
		}
		must := func(g *mpi.Group, err error) *mpi.Group {
			if err != nil {
				panic(err)
			}
			return g
		}
		a, b := pick(4, 2, 0), pick(1, 2, 4, 6)
		empty := new(mpi.Group)
		for name, k := range map[string]struct{ got, want *mpi.Group }{
			"union":             {a.Union(b), pick(4, 2, 0, 1, 6)},
			"intersection":      {a.Intersection(b), pick(4, 2)},
			"difference":        {a.Difference(b), pick(0)},
			"excl":              {must(all.Excl(1, 5)), pick(0, 2, 3, 4, 6)},
			"range":             {must(all.RangeIncl([]mpi.Range{{First: 6, Last: 2, Stride: -2}, {First: 1, Last: 1, Stride: 1}})), pick(6, 4, 2, 1)},
			"range excl":        {must(all.RangeExcl([]mpi.Range{{First: 1, Last: 6, Stride: 2}})), pick(0, 2, 4, 6)},
			"backwards nothing": {must(all.RangeIncl([]mpi.Range{{First: 2, Last: 5, Stride: -1}})), empty},
			"huge stride":       {must(all.RangeIncl([]mpi.Range{{First: 1, Last: 6, Stride: math.MaxInt}})), pick(1)},
			"empty union":       {empty.Union(a), a},
			"empty difference":  {empty.Difference(a), empty},
			"all of itself":     {all.Intersection(all), all},
			"incl of incl":      {must(a.Incl(2, 0)), pick(0, 4)},
		} {
			if k.got.Compare(k.want) != mpi.Ident {
				return fmt.Errorf("%s: %v, want %v", name, k.got, k.want)
			}
		}
		if a.Compare(pick(0, 2, 4)) != mpi.Similar || a.Compare(b) != mpi.Unequal {
			return errors.New("comparison")
		}
		want := slices.Index([]int{4, 2, 0}, c.Rank())
		if want < 0 {
			want = mpi.Undefined
		}
		if a.Rank() != want || a.Size() != 3 || empty.Rank() != mpi.Undefined {
			return fmt.Errorf("rank %d, want %d", a.Rank(), want)
		}
		to, err := a.Translate([]int{0, 1, 2, mpi.ProcNull}, b)
		return first(err, equal("translated", to, []int{2, 1, mpi.Undefined, mpi.ProcNull}))
	})
}

// counted is an attribute that is copied with one more, and counts its ends.
type counted struct {
	n       int
	deleted *int
}

func (a counted) CopyAttr(from, to *mpi.Comm) (any, bool) {
	return counted{a.n + 1, a.deleted}, true
}

func (a counted) DeleteAttr(*mpi.Comm) { *a.deleted++ }

type attrKey struct{}

func TestAttributes(t *testing.T) {
	run(t, 2, func(c *mpi.Comm) error {
		deleted := 0
		c.SetAttr(attrKey{}, counted{1, &deleted})
		c.SetAttr("plain", 5)
		d, err := c.Dup()
		if err != nil {
			return err
		}
		v, ok := d.Attr(attrKey{})
		if _, plain := d.Attr("plain"); !ok || v.(counted).n != 2 || plain {
			return fmt.Errorf("copied %v", v)
		}
		c.SetAttr(attrKey{}, counted{7, &deleted})
		c.DeleteAttr(attrKey{})
		c.DeleteAttr("none")
		if _, ok := c.Attr(attrKey{}); ok || deleted != 2 {
			return fmt.Errorf("%d deletions", deleted)
		}
		if err := d.Free(); err != nil || deleted != 3 {
			return fmt.Errorf("%d deletions, %v", deleted, err)
		}
		if v, ok := c.WithContext(t.Context()).Attr("plain"); !ok || v != 5 {
			return errors.New("a view has other attributes")
		}
		c.SetName("mine")
		if c.WithContext(t.Context()).Name() != "mine" {
			return errors.New("a view has another name")
		}
		return nil
	})
}

func TestInquiry(t *testing.T) {
	run(t, 3, func(c *mpi.Comm) error {
		s := c.Self()
		if c.Size() != 3 || c.LocalSize() != 3 || c.LocalRank() != c.Rank() || s.Size() != 1 || s.Rank() != 0 || c.Host() == "" || c.Engine().Name == "" {
			return fmt.Errorf("%d %d %d %q %+v", c.Size(), c.LocalSize(), c.LocalRank(), c.Host(), c.Engine())
		}
		mem, err := mpi.Alloc[float64](c, 100)
		if err != nil || len(mem) != 100 || mem[99] != 0 {
			return fmt.Errorf("%d elements, %v", len(mem), err)
		}
		mem[99] = 1
		none, err := mpi.Alloc[struct{}](c, 4)
		if err != nil || len(none) != 4 {
			return fmt.Errorf("%d empty elements, %v", len(none), err)
		}
		t0 := mpi.Wtime()
		if t1 := mpi.Wtime(); t1 < t0 {
			return errors.New("time runs backwards")
		}
		return first(mpi.Dealloc(c, mem), mpi.Dealloc(c, none), s.Barrier())
	})
}

// Wrong arguments of CreateGroup on one rank leave no other waiting; those of a
// rank that takes no part concern nobody.
func TestCreateGroupRefused(t *testing.T) {
	for name, bad := range map[string]struct {
		group func(g *mpi.Group) *mpi.Group
		tag   int
		class mpi.Class
	}{
		"tag":   {func(g *mpi.Group) *mpi.Group { return g }, -1, mpi.ErrTag},
		"group": {func(*mpi.Group) *mpi.Group { return nil }, 1, mpi.ErrGroup},
	} {
		for _, check := range []bool{false, true} {
			runEngine(t, "embedded", 4, check, func(c *mpi.Comm) error {
				d, err := c.Dup()
				if err != nil {
					return err
				}
				g, err := d.Group().Incl(0, 1, 3)
				if err != nil {
					return err
				}
				if c.Rank() == 2 {
					if e, err := d.CreateGroup(g, -1); e != nil || !errors.Is(err, mpi.ErrTag) {
						return fmt.Errorf("outside the group: %v, %w", e, err)
					}
				}
				if err := d.Barrier(); err != nil { // d is as it was
					return err
				}
				tag, want := 1, mpi.ErrRevoked
				if c.Rank() == 1 {
					g, tag, want = bad.group(g), bad.tag, bad.class
				}
				if c.Rank() != 2 {
					if e, err := d.CreateGroup(g, tag); e != nil || !errors.Is(err, want) {
						return fmt.Errorf("wrong %s: %v, %w, want %v", name, e, err, want)
					}
				}
				return c.Barrier()
			})
		}
	}
}

func TestRevoke(t *testing.T) {
	run(t, 3, func(c *mpi.Comm) error {
		d, err := c.Dup()
		if err != nil {
			return err
		}
		if c.Rank() == 2 {
			d.Revoke()
			return c.Barrier()
		}
		if _, err := mpi.Recv(d, make([]int, 1), 2, 0); !errors.Is(err, mpi.ErrRevoked) || !strings.Contains(err.Error(), "revoked by rank 2 of world/dup") {
			return fmt.Errorf("%v", err)
		}
		return c.Barrier()
	})
}
