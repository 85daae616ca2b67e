package board

import (
	"errors"
	"runtime"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// Board is one member's view of the shared memory of a communicator.
type Board struct {
	mem  []byte         // what the members share
	base unsafe.Pointer // its first pair of lines, from which geometry counts
	geometry
	setting
	running
	ending
	posting
	awaiting
	workspace
	confirm func() bool // whether this member reaches all others
	broken  error       // what ended the board for good, or errUnmet
}

// setting is what stays as it is for as long as the board is there.
type setting struct {
	host    Host
	rank    int
	size    int
	spin    int
	pull    bool // other members' memory can be read and written
	local   bool // and by plain pointers
	tree    bool // too many members for everybody to look at everybody
	crowd   bool // the job has more processes than cores: spin is 0
	counted bool // it is known how many members wait in the host
}

// running is the collective that runs.
type running struct {
	tick    uint64 // its number
	cellOff int    // where the first member's header is
	mine    *header
	meta    callMeta
	done    <-chan struct{}
	misuse  *engine.Error // what the caller or another member did wrong
	origin  int           // the member at which the reason for that lies (see refuse.go)
	// whether it waits whatever the others call: see Astray
	waitsAnyway bool
	agreed      uint64 // see announce
}

// New makes member rank's view of the board in mem. Every member calls it with
// the same memory, of the length that Size (or SizeInProcess, if the host says
// that all are goroutines) gives, zeroed before the first member runs a
// collective.
func New(mem []byte, rank, size int, h Host) *Board {
	f := h.Facts()
	b := &Board{mem: mem, geometry: geometryOf(size, f.InProcess), setting: setting{
		host: h, rank: rank, size: size, spin: f.Polls,
		pull: f.CanPull || f.InProcess, local: f.InProcess, tree: size > flatMax,
		crowd: f.Crowded && !f.InProcess,
	}}
	if b.crowd {
		b.spin = 0
	}
	if f.Confirm != nil && size > 1 && !b.local {
		b.confirm, b.pull, b.broken = f.Confirm, false, errUnmet
	}
	b.counted = size > 2 && !b.tree && !b.local
	base := unsafe.Pointer(unsafe.SliceData(mem))
	b.base = unsafe.Add(base, -uintptr(base)&(2*line-1))
	return b
}

// Run performs one blocking collective. All members call it with the same
// collectives in the same order; of one member, one goroutine at a time. An
// error of the host leaves the board unusable: later calls return it again.
func (b *Board) Run(k engine.Coll, done <-chan struct{}) error {
	if b.broken != nil {
		if err := b.meet(done); err != nil {
			return err
		}
	}
	if b.size == 1 {
		return engine.Alone(&k)
	}
	b.misuse, b.done = nil, done
	b.waitsAnyway = true // in what does not depend on the call
	err := b.begin(&k)
	if err == nil {
		b.waitsAnyway = false
		err = b.run(&k)
	}
	if err != nil {
		if errors.Is(err, errResigned) {
			err = b.resign()
		}
		if err != nil {
			b.broken = err
			return err
		}
	}
	b.end(k.Kind)
	// Other members read and write these through their addresses.
	runtime.KeepAlive(k.Send.Ptr)
	runtime.KeepAlive(k.Recv.Ptr)
	runtime.KeepAlive(k.V)
	if b.misuse != nil {
		return b.misuse
	}
	return nil
}

func (b *Board) run(k *engine.Coll) error {
	switch k.Kind {
	case engine.Barrier:
		return b.barrier()
	case engine.Bcast:
		return b.bcast(k)
	case engine.Scatter, engine.Scatterv:
		return b.scatter(k)
	case engine.Gather, engine.Gatherv:
		return b.gather(k)
	case engine.Allgather, engine.Allgatherv:
		return b.allgather(k)
	case engine.Alltoall:
		return b.alltoall(k)
	case engine.Alltoallv, engine.Alltoallw:
		return b.alltoallv(k)
	case engine.Reduce:
		return b.reduce(k)
	case engine.Allreduce:
		return b.allreduce(k)
	case engine.ReduceScatter, engine.ReduceScatterBlock:
		return b.reduceScatter(k)
	case engine.Scan, engine.Exscan:
		return b.scan(k)
	case engine.Refused, engine.RefusedFirst:
		return b.refuse(k)
	}
	b.note(engine.Errorf(engine.ErrUnsupported, "collective %d is unknown", k.Kind))
	return nil
}

// note keeps the first thing that was found wrong with this collective. The
// member goes on with the protocol, so that the others are not left waiting.
func (b *Board) note(e *engine.Error) {
	if b.misuse == nil {
		b.misuse, b.origin = e, b.rank
	}
}
