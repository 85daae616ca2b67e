package mpi

import (
	"fmt"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// Dup makes a communicator with the same ranks in which messages travel apart
// from those of c (MPI 5.0 §7.4.2). Attributes are copied as their values say
// (see [Comm.SetAttr]). Collective; it blocks until the new communicator can be
// used.
func (c *Comm) Dup() (*Comm, error) {
	if err := c.construction(callDup, 0); err != nil {
		return nil, err
	}
	ec, err := c.ec.Dup()
	d, err := c.derived(ec, err, "dup")
	if d != nil {
		c.copyAttrs(d)
	}
	return d, err
}

// Split divides the ranks of c: those with the same color get a communicator of
// their own, ordered by key and, for equal keys, by rank in c (MPI 5.0 §7.4.2).
// color is not negative, or Undefined for a rank that takes no part, which gets
// nil; another one is an ErrArg. Collective over c; it blocks until the new
// communicator can be used.
func (c *Comm) Split(color, key int) (*Comm, error) {
	if err := c.unusable(); err != nil {
		return nil, err
	}
	if color < 0 && color != Undefined {
		return nil, c.refuse(c.errorf(ErrArg, "color %d is negative and not Undefined", color), false)
	}
	if err := c.construction(callSplit, 0); err != nil {
		return nil, err
	}
	ec, err := c.ec.Split(color, key)
	return c.derived(ec, err, fmt.Sprintf("split(%d)", color))
}

// SplitKind says by what SplitType divides the ranks.
type SplitKind int

// SplitShared puts the ranks together that can share memory: those of one host
// (MPI_COMM_TYPE_SHARED).
const SplitShared SplitKind = 1

// SplitType divides the ranks of c by kind; within each part they are ordered
// by key and, for equal keys, by rank in c (MPI 5.0 §7.4.2). A kind other than
// SplitShared is an ErrArg. Collective over c; it blocks until the new
// communicator can be used.
func (c *Comm) SplitType(kind SplitKind, key int) (*Comm, error) {
	if err := c.unusable(); err != nil {
		return nil, err
	}
	if kind != SplitShared {
		return nil, c.refuse(c.errorf(ErrArg, "unknown kind of split %d; there is SplitShared", kind), false)
	}
	if err := c.construction(callSplitType, int(kind)); err != nil {
		return nil, err
	}
	ec, err := c.ec.SplitShared(key)
	return c.derived(ec, err, "shared")
}

// Create makes a communicator of the processes of g, a subset of those of c, in
// the order of g (MPI 5.0 §7.4.2). Ranks that are not in g get nil. All ranks
// of c give the same group; one that is nil or no subset is an ErrGroup.
// Collective over c; it blocks until the new communicator can be used.
func (c *Comm) Create(g *Group) (*Comm, error) {
	if err := c.unusable(); err != nil {
		return nil, err
	}
	members, err := c.members(g)
	if err != nil {
		return nil, c.refuse(err, false)
	}
	if err := c.construction(callCreate, g.hash()); err != nil {
		return nil, err
	}
	ec, err := c.ec.Create(members)
	return c.derived(ec, err, "create")
}

// CreateGroup is Create in which only the processes of g take part: collective
// over g, where it blocks until the new communicator can be used (MPI 5.0
// §7.4.2). tag tells apart calls that overlap in time. A rank that is not in g
// gets nil at once. A wrong tag is an ErrTag, a group that is nil or no subset
// an ErrGroup; on a rank that may be in the group it revokes c, since the others
// would wait for this rank.
func (c *Comm) CreateGroup(g *Group, tag int) (*Comm, error) {
	if err := c.unusable(); err != nil {
		return nil, err
	}
	members, err := c.members(g)
	if err == nil && (tag < 0 || tag > TagUB) {
		err = c.errorf(ErrTag, "tag %s is not in 0..%d", tagName(tag), TagUB)
	}
	switch {
	case g != nil && g.Rank() == Undefined:
		return nil, err
	case err != nil:
		return nil, c.refuseAmong(err)
	}
	ec, err := c.ec.CreateGroup(members, tag)
	return c.derived(ec, err, "create")
}

// members translates g to ranks in c.
func (c *Comm) members(g *Group) ([]int, error) {
	if g == nil {
		return nil, c.errorf(ErrGroup, "nil group")
	}
	if g.proc != nil && g.proc != c.st.proc {
		return nil, c.errorf(ErrGroup, "the group belongs to another rank of this process")
	}
	ranks := make(map[engine.Proc]int, c.size)
	for r := range c.size {
		ranks[c.ec.Proc(r)] = r
	}
	members := make([]int, len(g.procs))
	for i, p := range g.procs {
		r, ok := ranks[p]
		if !ok {
			return nil, c.errorf(ErrGroup, "rank %d of the group, %s, is not in %s", i, c.st.proc.nameOf(p), c.Name())
		}
		members[i] = r
	}
	return members, nil
}

// nameOf names a process in messages.
func (p *process) nameOf(other engine.Proc) string {
	if int(other) < p.world.size {
		return fmt.Sprintf("rank %d of the world", other)
	}
	return fmt.Sprintf("process %d of the job", other)
}

// derived wraps a communicator made from c.
func (c *Comm) derived(ec engine.Comm, err error, how string) (*Comm, error) {
	if err != nil {
		return nil, c.failed("", Undefined, Undefined, err)
	}
	if ec == nil {
		return nil, nil
	}
	d := c.st.proc.newComm(ec, c.Name()+"/"+how)
	d.ctx, d.done, d.codec = c.ctx, c.done, c.codec
	if c.st.check != nil {
		if d.st.check, err = newChecker(d); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// Free gives the communicator up: no call on it or its views works any more
// (MPI 5.0 §7.4.3). Messages under way are still delivered to requests already
// started. The world and self communicators cannot be freed: ErrComm.
// Collective; it may wait for the other ranks.
func (c *Comm) Free() error {
	if err := c.unusable(); err != nil {
		return err
	}
	if c.st == c.st.proc.world.st || c.st == c.st.proc.self.st {
		return c.errorf(ErrComm, "%s cannot be freed", c.Name())
	}
	if err := c.construction(callFree, 0); err != nil {
		return err
	}
	if c.st.freed.Swap(true) {
		return c.unusable()
	}
	c.dropAttrs()
	err := c.ec.Free()
	if c.st.check != nil {
		err = join(nonNil(err, c.st.check.free()))
	}
	return c.failed("", Undefined, Undefined, err)
}

// Compare compares two communicators: Ident for views of the same one,
// Congruent for the same ranks in the same order, Similar for the same ranks in
// another order (MPI 5.0 §7.4.1). Local.
func (c *Comm) Compare(other *Comm) Comparison {
	switch {
	case c == nil || other == nil:
		if c == other {
			return Ident
		}
		return Unequal
	case c.st == other.st:
		return Ident
	}
	if r := c.Group().Compare(other.Group()); r != Ident {
		return r
	}
	return Congruent
}

// Revoke ends every pending and later call on the communicator, on all its
// ranks, with ErrRevoked (MPI_Comm_revoke of the fault tolerance proposal). One
// rank that has seen an error calls it to release the others. Local; it does
// not block.
func (c *Comm) Revoke() {
	if c.usable() {
		c.revoke(fmt.Sprintf("revoked by rank %d of %s", c.rank, c.Name()))
	}
}

// revoke ends what waits on the communicator. In check mode that includes the
// comparisons, in which the others may wait for a call that never comes.
func (c *Comm) revoke(reason string) {
	c.ec.Revoke(reason)
	if c.st.check != nil {
		c.st.check.revoke(reason)
	}
}
