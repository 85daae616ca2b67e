package mpi

import (
	"fmt"
	"slices"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// Group is an ordered set of processes (MPI 5.0 §7.3). Groups are immutable
// values that live on one rank; no call on them communicates. The zero Group
// is empty.
type Group struct {
	procs []engine.Proc // by rank in the group
	own   engine.Proc   // the caller's
	proc  *process
}

// Range is the ranks First, First+Stride, … up to and including Last. Stride
// may be negative, not zero.
type Range struct {
	First  int // the first rank
	Last   int // no rank beyond this one
	Stride int // from one rank to the next; negative: downwards
}

// Group returns the group of c, in the order of its ranks (MPI 5.0 §7.3.2).
// Local.
func (c *Comm) Group() *Group {
	if !c.valid() {
		return new(Group)
	}
	g := &Group{procs: make([]engine.Proc, c.size), own: c.ec.Proc(c.rank), proc: c.st.proc}
	for i := range g.procs {
		g.procs[i] = c.ec.Proc(i)
	}
	return g
}

// Size returns the number of processes (MPI 5.0 §7.3.1).
func (g *Group) Size() int { return len(g.procs) }

// Rank returns the rank of the caller in g, Undefined if it is not in it
// (MPI 5.0 §7.3.1).
func (g *Group) Rank() int {
	if g.proc == nil {
		return Undefined
	}
	return g.index(g.own)
}

func (g *Group) index(proc engine.Proc) int {
	if i := slices.Index(g.procs, proc); i >= 0 {
		return i
	}
	return Undefined
}

// String lists the numbers of the processes: for those that the job began with,
// their ranks in the world.
func (g *Group) String() string { return fmt.Sprintf("group%v", g.procs) }

// with returns a group of the caller of g with other processes.
func (g *Group) with(procs []engine.Proc) *Group {
	return &Group{procs: procs, own: g.own, proc: g.proc}
}

func groupError(op string, class Class, format string, args ...any) error {
	return (*Comm)(nil).newError(op, class, Undefined, Undefined, fmt.Errorf(format, args...))
}

// check refuses ranks that are not in g, or that come twice.
func (g *Group) check(ranks []int) error {
	seen := make([]bool, len(g.procs))
	for _, r := range ranks {
		if uint(r) >= uint(len(g.procs)) {
			return groupError("", ErrRank, "rank %d is not in a group of %d", r, len(g.procs))
		}
		if seen[r] {
			return groupError("", ErrRank, "rank %d is given twice", r)
		}
		seen[r] = true
	}
	return nil
}

// Incl returns the group of the given ranks of g, in the order given (MPI 5.0
// §7.3.2). A rank that is not in g, or is given twice, is an ErrRank.
func (g *Group) Incl(ranks ...int) (*Group, error) {
	if err := g.check(ranks); err != nil {
		return nil, err
	}
	procs := make([]engine.Proc, len(ranks))
	for i, r := range ranks {
		procs[i] = g.procs[r]
	}
	return g.with(procs), nil
}

// Excl returns g without the given ranks (MPI 5.0 §7.3.2). Errors are those of
// Incl.
func (g *Group) Excl(ranks ...int) (*Group, error) {
	if err := g.check(ranks); err != nil {
		return nil, err
	}
	out := make([]bool, len(g.procs))
	for _, r := range ranks {
		out[r] = true
	}
	var procs []engine.Proc
	for r, p := range g.procs {
		if !out[r] {
			procs = append(procs, p)
		}
	}
	return g.with(procs), nil
}

// RangeIncl is Incl of all ranks in the ranges, one after another (MPI 5.0
// §7.3.2). A range of stride 0 is an ErrArg; other errors are those of Incl.
func (g *Group) RangeIncl(ranges []Range) (*Group, error) {
	ranks, err := g.expand(ranges)
	if err != nil {
		return nil, err
	}
	return g.Incl(ranks...)
}

// RangeExcl is Excl of all ranks in the ranges (MPI 5.0 §7.3.2). Errors are
// those of RangeIncl.
func (g *Group) RangeExcl(ranges []Range) (*Group, error) {
	ranks, err := g.expand(ranges)
	if err != nil {
		return nil, err
	}
	return g.Excl(ranks...)
}

func (g *Group) expand(ranges []Range) ([]int, error) {
	var ranks []int
	for _, r := range ranges {
		n := len(g.procs)
		switch {
		case r.Stride == 0:
			return nil, groupError("", ErrArg, "range from %d to %d has stride 0", r.First, r.Last)
		case uint(r.First) >= uint(n):
			return nil, groupError("", ErrRank, "range from %d to %d by %d: rank %d is not in a group of %d", r.First, r.Last, r.Stride, r.First, n)
		}
		for i := r.First; r.Stride > 0 && i <= r.Last || r.Stride < 0 && i >= r.Last; i += r.Stride {
			if uint(i) >= uint(n) {
				return nil, groupError("", ErrRank, "range from %d to %d by %d: rank %d is not in a group of %d", r.First, r.Last, r.Stride, i, n)
			}
			ranks = append(ranks, i)
			if r.Stride > n || r.Stride < -n {
				break // the next one is outside, and the sum might overflow
			}
		}
	}
	return ranks, nil
}

// Union returns the processes of g, then those of other that are not in g
// (MPI 5.0 §7.3.2).
func (g *Group) Union(other *Group) *Group {
	procs := slices.Clone(g.procs)
	in := g.set()
	for _, p := range other.procs {
		if !in[p] {
			procs = append(procs, p)
		}
	}
	return g.orOf(other).with(procs)
}

// Intersection returns the processes of g that are also in other, in the order
// of g (MPI 5.0 §7.3.2).
func (g *Group) Intersection(other *Group) *Group { return g.filter(other, true) }

// Difference returns the processes of g that are not in other, in the order of
// g (MPI 5.0 §7.3.2).
func (g *Group) Difference(other *Group) *Group { return g.filter(other, false) }

func (g *Group) filter(other *Group, keep bool) *Group {
	in := other.set()
	var procs []engine.Proc
	for _, p := range g.procs {
		if in[p] == keep {
			procs = append(procs, p)
		}
	}
	return g.orOf(other).with(procs)
}

// orOf returns g, or other if g is a zero Group, which knows no caller.
func (g *Group) orOf(other *Group) *Group {
	if g.proc == nil {
		return other
	}
	return g
}

func (g *Group) set() map[engine.Proc]bool {
	m := make(map[engine.Proc]bool, len(g.procs))
	for _, p := range g.procs {
		m[p] = true
	}
	return m
}

// Translate returns the ranks in other of the given ranks of g, Undefined for
// those that are not in it; ProcNull stays ProcNull (MPI 5.0 §7.3.1). A rank
// that is not in g is an ErrRank.
func (g *Group) Translate(ranks []int, other *Group) ([]int, error) {
	at := make(map[engine.Proc]int, len(other.procs))
	for i, p := range other.procs {
		at[p] = i
	}
	out := make([]int, len(ranks))
	for i, r := range ranks {
		if r == ProcNull {
			out[i] = ProcNull
			continue
		}
		if uint(r) >= uint(len(g.procs)) {
			return nil, groupError("", ErrRank, "rank %d is not in a group of %d", r, len(g.procs))
		}
		j, ok := at[g.procs[r]]
		if !ok {
			j = Undefined
		}
		out[i] = j
	}
	return out, nil
}

// Comparison is the result of comparing groups or communicators.
type Comparison int

// The results of a comparison (MPI 5.0 §7.3.1, §7.4.1).
const (
	Ident     Comparison = iota // the same communicator, or groups with the same processes in the same order
	Congruent                   // communicators whose groups are identical
	Similar                     // the same processes in another order
	Unequal                     // anything else
)

// String names the result as the standard does.
func (c Comparison) String() string {
	switch c {
	case Ident:
		return "identical"
	case Congruent:
		return "congruent"
	case Similar:
		return "similar"
	}
	return "unequal"
}

// Compare compares two groups (MPI 5.0 §7.3.1).
func (g *Group) Compare(other *Group) Comparison {
	if slices.Equal(g.procs, other.procs) {
		return Ident
	}
	a, b := slices.Clone(g.procs), slices.Clone(other.procs)
	slices.Sort(a)
	slices.Sort(b)
	if slices.Equal(a, b) {
		return Similar
	}
	return Unequal
}
