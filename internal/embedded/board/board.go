package board

import (
	"runtime"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/memory"
)

// Board is one member's view of the shared memory of a communicator.
type Board struct {
	geometry
	host    Host
	base    unsafe.Pointer
	mem     []byte
	rank    int
	size    int
	spin    int
	pull    bool // other members' memory can be read and written
	local   bool // and by plain pointers
	tree    bool // too many members for everybody to look at everybody
	crowd   bool // the job has more processes than cores: spin is 0
	counted bool // it is known how many members wait in the host
	broken  error

	// The collective that runs.
	tick    uint64 // its number
	safe    uint64 // all members have completed the collectives before this one
	cellOff int    // where the first member's header is
	mine    *header
	meta    uint64
	done    <-chan struct{}
	misuse  *engine.Error // what the caller or another member did wrong

	wrote     int  // bytes that place has put into the slot
	readStage bool // this member has read stages of others
	oneSided  bool // this member may end it before the others have begun it

	phase   uint64 // what the others see of it
	stages  [2]stageUse
	turn    uint64 // which half of the stage comes next
	patient [flatMax]patience

	scratch [2][]uint64 // private memory of reductions, under acc and piece
	acc     unsafe.Pointer
	piece   unsafe.Pointer
	displs  [2][]int // of packed send and receive blocks
	table   []entry  // what other members read when it does not fit a slot
	far     entry    // an entry of another member's table
}

// New makes member rank's view of the board in mem. Every member calls it with
// the same memory, of the length that Size (or SizeInProcess, if the host says
// that all are goroutines) gives, zeroed before the first member runs a
// collective.
func New(mem []byte, rank, size int, h Host) *Board {
	f := h.Facts()
	b := &Board{
		geometry: geometryOf(size, f.InProcess), host: h, mem: mem, rank: rank, size: size,
		spin: f.Polls, pull: f.CanPull || f.InProcess, local: f.InProcess, tree: size > flatMax,
		crowd: f.Crowded && !f.InProcess,
	}
	if b.crowd {
		b.spin = 0
	}
	b.counted = size > 2 && !b.tree && !b.local
	base := unsafe.Pointer(unsafe.SliceData(mem))
	b.base = unsafe.Add(base, -uintptr(base)&(2*line-1))
	return b
}

// Run performs one blocking collective. All members call it with the same
// collectives in the same order; of one member, one goroutine at a time. An
// error of the host leaves the board unusable: later calls return it again.
func (b *Board) Run(c engine.Coll, done <-chan struct{}) error {
	if b.broken != nil {
		return b.broken
	}
	if b.size == 1 {
		return engine.Alone(&c)
	}
	if c.Kind == engine.ReduceScatter {
		c.Root = soleReceiver(c.V.RecvCounts) + 1
	}
	b.misuse, b.done = nil, done
	err := b.begin(&c)
	if err == nil {
		err = b.run(&c)
	}
	if err != nil {
		b.broken = err
		return err
	}
	b.end(c.Kind)
	// Other members read and write these through their addresses.
	runtime.KeepAlive(c.Send.Ptr)
	runtime.KeepAlive(c.Recv.Ptr)
	runtime.KeepAlive(c.V)
	if b.misuse != nil {
		return b.misuse
	}
	return nil
}

func (b *Board) run(c *engine.Coll) error {
	switch c.Kind {
	case engine.Barrier:
		return b.barrier()
	case engine.Bcast:
		return b.bcast(c)
	case engine.Scatter, engine.Scatterv:
		return b.scatter(c)
	case engine.Gather, engine.Gatherv:
		return b.gather(c)
	case engine.Allgather, engine.Allgatherv:
		return b.allgather(c)
	case engine.Alltoall:
		return b.alltoall(c)
	case engine.Alltoallv, engine.Alltoallw:
		return b.alltoallv(c)
	case engine.Reduce:
		return b.reduce(c)
	case engine.Allreduce:
		return b.allreduce(c)
	case engine.ReduceScatter, engine.ReduceScatterBlock:
		return b.reduceScatter(c)
	case engine.Scan, engine.Exscan:
		return b.scan(c)
	}
	b.note(engine.Errorf(engine.ErrUnsupported, "collective %d is unknown", c.Kind))
	return nil
}

// symmetric reports whether a member that has completed a collective of kind k
// knows that all members have begun it, if it was not oneSided.
func symmetric(k engine.CollKind) bool {
	switch k {
	case engine.Barrier, engine.Allgather, engine.Allgatherv, engine.Alltoall, engine.Alltoallv, engine.Alltoallw,
		engine.Allreduce, engine.ReduceScatter, engine.ReduceScatterBlock:
		return true
	}
	return false
}

// begin makes this member's next cell ready. A cell and its slot may be written
// again when every member has completed the collective they served; whether
// that is so is looked at once in window collectives.
func (b *Board) begin(c *engine.Coll) error {
	n := b.tick
	b.readStage, b.oneSided = false, false
	b.cellOff = b.headers + int(n&(cells-1))*b.headerEach
	b.mine = b.cell(b.rank)
	if n&(window-1) == 0 && int64(b.safe+window-n) < 0 {
		if b.tree {
			if err := b.treeBarrier(phaseSyncUp, phaseSyncDown, nil); err != nil {
				return err
			}
			b.safe = n
		} else {
			for i := 1; i < b.size; i++ {
				if err := b.until(b.other(i), b.phaseOf(b.other(i)), (n-window)<<phaseBits); err != nil {
					return err
				}
			}
			b.safe = n - window
		}
	}
	t := c.Send.Type
	if t == nil {
		t = c.Recv.Type
	}
	b.meta = uint64(c.Kind) | uint64(uint16(c.Root))<<16
	if t != nil && c.Kind != engine.Alltoallw {
		b.meta |= uint64(t.Sig) << 32
	}
	if c.Op != nil {
		b.meta |= uint64(c.Op.Code) << 8
	}
	return nil
}

func (b *Board) end(k engine.CollKind) {
	if b.readStage || b.misuse != nil { // a member that takes part in something else may wait for this one
		b.reach(phaseEnd)
		b.notifyAll()
	}
	if symmetric(k) && !b.oneSided && int64(b.safe-b.tick) < 0 {
		b.safe = b.tick
	}
	b.tick++
	b.done = nil
	if b.spin > 0 {
		b.claimNext()
	}
	if b.tick&(window-1) == 0 && !b.tree {
		b.publish(b.tick << phaseBits)
		b.notifyAll()
	}
}

// claimBytes is how much of a cell claimNext asks for.
const claimBytes = 5 * line

// claimNext gets the cell of this member's next collective out of the caches of
// the others, who have read it one time round before: writing to it does not
// wait then. Of a slot as long as the last one there is time to get all lines
// only in the cell after the next.
func (b *Board) claimNext() {
	b.claim(b.tick, min(claimBytes-line, b.slot))
	if b.wrote > claimBytes-line {
		// A collective of this length is likely to come again, often with a
		// barrier in between.
		b.claim(b.tick+1, b.wrote)
	}
	b.wrote = 0
}

// claim asks for this member's header and n bytes of its slot.
func (b *Board) claim(tick uint64, n int) {
	h := unsafe.Pointer(b.header(b.rank, tick))
	if b.before == 0 {
		memory.Claim(h, line+n)
		return
	}
	memory.Claim(h, line)
	memory.Claim(b.slotAt(b.rank, tick), n)
}

// note keeps the first thing that was found wrong with this collective. The
// member goes on with the protocol, so that the others are not left waiting.
func (b *Board) note(e *engine.Error) {
	if b.misuse == nil {
		b.misuse = e
	}
}
