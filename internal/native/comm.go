package native

import (
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/native/ccall"
)

// comm is a communicator of the library.
type comm struct {
	d      *driver
	handle uintptr
	inner  uintptr // a duplicate, for messages with internal tags, which AnyTag does not match
	rank   int
	size   int

	procsOnce sync.Once
	procs     []int32 // numbers of the processes: ranks in the world

	revoked atomic.Pointer[engine.Error]
	freed   atomic.Bool
}

func (c *comm) Rank() int { return c.rank }
func (c *comm) Size() int { return c.size }

// usable returns the reason why a new call on the communicator is refused.
func (c *comm) usable() error {
	if c.freed.Load() {
		return errFreed
	}
	return c.running()
}

// running returns the reason why a call that is under way ends with an error.
// That the communicator has been freed is none.
func (c *comm) running() error {
	if c.d.ending.Load() {
		return errFinalized
	}
	if e := c.revoked.Load(); e != nil {
		return e
	}
	return nil
}

// adopt makes a comm of a handle: errors are returned, not fatal.
func (d *driver) adopt(handle uintptr) (*comm, error) {
	c := &comm{d: d, handle: handle}
	v := new([2]int32)
	if err := d.returnErrors(handle); err != nil {
		return nil, err
	}
	if rc := d.call(fnCommRank, handle, uintptr(unsafe.Pointer(&v[0]))); rc != 0 {
		return nil, d.fail(rc, "MPI_Comm_rank")
	}
	if rc := d.call(fnCommSize, handle, uintptr(unsafe.Pointer(&v[1]))); rc != 0 {
		return nil, d.fail(rc, "MPI_Comm_size")
	}
	c.rank, c.size = int(v[0]), int(v[1])
	var rc int32
	if c.inner, rc = d.duplicate(c, handle); rc != 0 {
		return nil, d.fail(rc, "MPI_Comm_dup")
	}
	if err := d.returnErrors(c.inner); err != nil {
		return nil, err
	}
	d.comms.Store(c, nil)
	return c, nil
}

// returnErrors has calls on a communicator return their errors.
func (d *driver) returnErrors(handle uintptr) error {
	if rc := d.call(fnCommSetErrhandler, handle, d.errReturn); rc != 0 {
		return d.fail(rc, "MPI_Comm_set_errhandler")
	}
	return nil
}

// makeErrhandler makes an error handler that does nothing, where the library
// does not obey MPI_ERRORS_RETURN (returnIgnored). It is called after
// MPI_Init_thread.
func (d *driver) makeErrhandler() error {
	if !returnIgnored.holds(d.library) || d.fn(fnCommCreateErrhandler) == 0 {
		return nil
	}
	nothing := ccall.Callback(func(_, _ uintptr) uintptr { return 0 })
	out := new(uintptr)
	if rc := d.call(fnCommCreateErrhandler, nothing, uintptr(unsafe.Pointer(out))); rc != 0 {
		return d.fail(rc, "MPI_Comm_create_errhandler")
	}
	d.errReturn = *out
	return nil
}

// duplicate is MPI_Comm_dup. Where blocking collectives are polled it is the
// nonblocking form, on all ranks alike, so that the ranks of a crowded host do
// not wait for each other in a loop.
func (d *driver) duplicate(c *comm, handle uintptr) (uintptr, int32) {
	if !d.pollCollectives || d.fn(fnCommIdup) == 0 {
		out := new(uintptr)
		rc := d.call(fnCommDup, handle, uintptr(unsafe.Pointer(out)))
		return *out, rc
	}
	r := d.take(c, opColl, false)
	defer d.give(r)
	out := new(uintptr)
	r.hold(unsafe.Pointer(out))
	r.block.Fn = d.fn(fnCommIdup)
	r.block.Args[0], r.block.Args[1], r.block.Args[2] = handle, pointer(unsafe.Pointer(out)), pointer(unsafe.Pointer(&r.handle))
	r.run(minBatch)
	r.block.Fn = 0
	w := waiter{d: d}
	w.begin()
	defer w.end()
	for r.flag == 0 && r.block.Ret == 0 {
		w.pause()
		r.run(w.polls)
	}
	return *out, r.block.Ret
}

// Proc translates ranks by the groups of the communicator and the world.
func (c *comm) Proc(rank int) engine.Proc {
	c.procsOnce.Do(func() {
		c.procs = make([]int32, c.size)
		if c.d.world == nil || c == c.d.world {
			for i := range c.procs {
				c.procs[i] = int32(i)
			}
			return
		}
		d := c.d
		own, world, ranks := new(uintptr), new(uintptr), make([]int32, c.size)
		for i := range ranks {
			ranks[i], c.procs[i] = int32(i), -1
		}
		if d.call(fnCommGroup, c.handle, uintptr(unsafe.Pointer(own))) != 0 {
			return
		}
		defer d.call(fnGroupFree, uintptr(unsafe.Pointer(own)))
		if d.call(fnCommGroup, d.world.handle, uintptr(unsafe.Pointer(world))) != 0 {
			return
		}
		defer d.call(fnGroupFree, uintptr(unsafe.Pointer(world)))
		d.call(fnGroupTranslateRanks, *own, integer(c.size), uintptr(unsafe.Pointer(unsafe.SliceData(ranks))), *world,
			uintptr(unsafe.Pointer(unsafe.SliceData(c.procs))))
	})
	return engine.Proc(c.procs[rank])
}

// made finishes a call that makes a communicator. A rank that is not in it has
// got the null handle.
func (c *comm) made(rc int32, handle uintptr, f function) (engine.Comm, error) {
	switch {
	case rc != 0:
		return nil, c.d.fail(rc, f.String())
	case handle == c.d.null.comm:
		return nil, nil
	}
	n, err := c.d.adopt(handle)
	if err != nil {
		return nil, err
	}
	return n, nil
}

func (c *comm) Dup() (engine.Comm, error) {
	if err := c.usable(); err != nil {
		return nil, err
	}
	h, rc := c.d.duplicate(c, c.handle)
	return c.made(rc, h, fnCommDup)
}

func (c *comm) Split(color, key int) (engine.Comm, error) {
	if err := c.usable(); err != nil {
		return nil, err
	}
	if color == engine.Undefined {
		color = c.d.undefined
	} else if color < 0 || color > maxInt {
		return nil, engine.Errorf(engine.ErrArg, "color %d is outside the library's range of 0 to %d", color, maxInt)
	}
	if key < math.MinInt32 || key > maxInt {
		return nil, engine.Errorf(engine.ErrArg, "key %d does not fit the library's 32-bit integers", key)
	}
	h := new(uintptr)
	rc := c.d.call(fnCommSplit, c.handle, integer(color), integer(key), uintptr(unsafe.Pointer(h)))
	return c.made(rc, *h, fnCommSplit)
}

func (c *comm) SplitShared(key int) (engine.Comm, error) {
	if err := c.usable(); err != nil {
		return nil, err
	}
	if key < math.MinInt32 || key > maxInt {
		return nil, engine.Errorf(engine.ErrArg, "key %d does not fit the library's 32-bit integers", key)
	}
	h := new(uintptr)
	rc := c.d.call(fnCommSplitType, c.handle, integer(c.d.shared), integer(key), c.d.null.info, uintptr(unsafe.Pointer(h)))
	return c.made(rc, *h, fnCommSplitType)
}

// group makes the library's group of members of c; the caller frees it.
func (c *comm) group(members []int) (*uintptr, error) {
	d := c.d
	all, part := new(uintptr), new(uintptr)
	if rc := d.call(fnCommGroup, c.handle, uintptr(unsafe.Pointer(all))); rc != 0 {
		return nil, d.fail(rc, "MPI_Comm_group")
	}
	defer d.call(fnGroupFree, uintptr(unsafe.Pointer(all)))
	ranks := make([]int32, len(members)+1) // never without memory
	for i, m := range members {
		ranks[i] = int32(m)
	}
	if rc := d.call(fnGroupIncl, *all, integer(len(members)), uintptr(unsafe.Pointer(&ranks[0])), uintptr(unsafe.Pointer(part))); rc != 0 {
		return nil, d.fail(rc, "MPI_Group_incl")
	}
	return part, nil
}

func (c *comm) Create(members []int) (engine.Comm, error) {
	if err := c.usable(); err != nil {
		return nil, err
	}
	g, err := c.group(members)
	if err != nil {
		return nil, err
	}
	h := new(uintptr)
	rc := c.d.call(fnCommCreate, c.handle, *g, uintptr(unsafe.Pointer(h)))
	c.freeGroup(g)
	return c.made(rc, *h, fnCommCreate)
}

func (c *comm) CreateGroup(members []int, tag int) (engine.Comm, error) {
	if err := c.usable(); err != nil {
		return nil, err
	}
	if tag > c.d.tagUB {
		return nil, engine.Errorf(engine.ErrTag, "the library allows tags up to %d, not %d", c.d.tagUB, tag)
	}
	g, err := c.group(members)
	if err != nil {
		return nil, err
	}
	h := new(uintptr)
	rc := c.d.call(fnCommCreateGroup, c.handle, *g, integer(tag), uintptr(unsafe.Pointer(h)))
	c.freeGroup(g)
	return c.made(rc, *h, fnCommCreateGroup)
}

// freeGroup frees a group unless it is the predefined empty one.
func (c *comm) freeGroup(g *uintptr) {
	if *g != c.d.null.emptyGroup {
		c.d.call(fnGroupFree, uintptr(unsafe.Pointer(g)))
	}
}

func (c *comm) Free() error {
	if c.d.ending.Load() {
		return errFinalized
	}
	if c == c.d.world || c == c.d.self {
		return engine.Errorf(engine.ErrComm, "the world and self communicators cannot be freed")
	}
	if c.freed.Swap(true) {
		return errFreed
	}
	return c.release()
}

// release frees what the library holds.
func (c *comm) release() error {
	c.d.comms.Delete(c)
	h := new(uintptr)
	for _, handle := range []uintptr{c.inner, c.handle} {
		if handle == 0 || handle == c.d.worldHandle || handle == c.d.selfHandle {
			continue
		}
		*h = handle
		if rc := c.d.call(fnCommFree, uintptr(unsafe.Pointer(h))); rc != 0 {
			return c.d.fail(rc, "MPI_Comm_free")
		}
	}
	return nil
}

func engineClass(err error) engine.Class {
	if e := (*engine.Error)(nil); errors.As(err, &e) {
		return e.Class
	}
	return engine.ErrOther
}

// Revoke revokes the communicator on this rank, and on all others where the
// library can: Open MPI 5 with fault tolerance (revokeStops). MPICH has the entry
// point, but its current device ends the process in it.
func (c *comm) Revoke(reason string) {
	if !c.revoked.CompareAndSwap(nil, engine.Errorf(engine.ErrRevoked, "%s", reason)) {
		return
	}
	if !revokeStops.holds(c.d.library) && !c.d.ending.Load() {
		c.d.call(fnCommRevoke, c.handle)
	}
}
