package board

import (
	"sync/atomic"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/memory"
)

// The memory of a board is a block for each member. Only the member writes to
// its block, except for the lines of its pipe, and the word of all.
//
//	phase line   how far the member is (see post.go)
//	sent, taken  the two ends of the member's stage (see relay.go)
//	started      how many collectives over messages it has started (see begun.go)
//	announced    in the same line: what it calls, if there are many members
//	waiting      of the first block alone: how many members wait in the host, or
//	             have died there; written by all
//	cells        a ring of cells, one a collective: a header line and a slot
//	stage        two halves for what does not fit a slot and is not pulled
//
// Of three processes and more (up to flatMax), the phase lines and the headers
// are not in the blocks but together before them, those of one collective side
// by side: a member that looks at all others finds them in one page of memory.
// (Their lines in the blocks are left empty.)
const (
	line         = 64
	pair         = 2 * line // some processors fetch lines in pairs
	phaseOff     = 0
	sentOff      = 1 * line
	takenOff     = 2 * line
	startedOff   = 3 * line
	announcedOff = startedOff + 8 // see resign.go
	waitingOff   = 4 * line
	cellsOff     = 6 * line
	flatMax      = 16 // most members for which everybody looks at everybody
	inlineMax    = 40 // bytes that fit a header line
	cells        = 8  // length of the ring of cells: a power of two
	window       = cells / 2
	tableEntry   = int(unsafe.Sizeof(entry{}))
)

// geometry is the shape of a board with a certain number of members. Cells and
// headers start at multiples of a pair of lines.
type geometry struct {
	slot   int // bytes of data in a cell
	half   int // bytes of half a stage
	stride int // bytes of a member's block
	before int // bytes before the blocks

	headers      int // of the first member, from the base
	headerStride int // from member to member
	headerEach   int // from collective to collective
	phaseStride  int
	slots        int // of the first member, from the base
	slotEach     int
}

func geometryOf(members int, local bool) geometry {
	var g geometry
	switch {
	case members <= flatMax:
		g.slot, g.half = 5<<10+line, 264<<10
	case members <= 128:
		g.slot, g.half = 4<<10-line, 16<<10
	case members <= 1024:
		g.slot, g.half = 512-line, 4<<10
	default:
		g.slot, g.half = 256-line, 1<<10
	}
	if local { // pointers reach the others' memory: no stage is needed
		g.half = 0
	}
	if !local && members > 2 && members <= flatMax {
		g.phaseStride, g.headerStride = pair, pair
		g.headers, g.headerEach = members*pair, members*pair
		g.before = g.headers + cells*g.headerEach
		g.slots, g.slotEach = g.before+cellsOff, g.slot+line
	} else {
		each := line + g.slot
		g.headers, g.headerEach = cellsOff, each
		g.slots, g.slotEach = cellsOff+line, each
	}
	g.stride = cellsOff + cells*(line+g.slot) + 2*g.half
	if g.before == 0 {
		g.phaseStride, g.headerStride = g.stride, g.stride
	}
	return g
}

// bytes is the length of a board's memory.
func (g *geometry) bytes(members int) int { return line + g.before + members*g.stride }

// Size is the number of bytes of zeroed shared memory, aligned to 64 bytes,
// that the board of a communicator with the given number of members needs.
// Most of it is touched only by long messages.
func Size(members int) int {
	g := geometryOf(members, false)
	return g.bytes(members)
}

// SizeInProcess is Size for members that are goroutines of one process.
func SizeInProcess(members int) int {
	g := geometryOf(members, true)
	return g.bytes(members)
}

// header is the first line of a cell: what its member brings to a collective.
type header struct {
	flag  uint64 // 1 + number of the collective, stored last
	meta  callMeta
	bytes uint64 // length of the contribution, and in the top byte where it is
	word  [inlineMax / 8]uint64
}

// Where a contribution is: the low bits of the mode.
const (
	modeNone     = iota // there is none, or it is not offered
	modeInline          // in the header
	modeArea            // in the area: the slot or half of the stage
	modeAddress         // at the address word[fromWord]
	modeTable           // in the area, after a table of entries whose at is relative to the area
	modeTableAt         // a table in the slot whose entries hold addresses
	modeFarTable        // the same, the table at the address word[fromWord]
	modePipe            // it comes through the stage, piece by piece
	modeBits     = 0x3f
	modeHalf     = 0x40 // of the stage, the second half
	modeStaged   = 0x80 // the area is in the stage
	modeShift    = 56
)

// The words of a header that does not hold data.
const (
	fromWord    = 0 // address of the contribution
	toWord      = 1 // address at which the result is wanted
	roomWord    = 3 // of an operation in which all push, how many bytes fit there
	cutWord     = 2 // of two members, how many bytes the receiver pulls; the sender pushes the rest
	verdictWord = 4 // see treeBarrier
)

// entry says where the block for one member is.
type entry struct {
	at    uint64
	bytes uint64
	sig   uint64
}

// call is what the member calls. It may be changing to a refusal (see passOn), and a
// member that waits looks at it at any time (see seesRefusal).
func (h *header) call() callMeta { return callMeta(atomic.LoadUint64((*uint64)(&h.meta))) }

func (h *header) setCall(m callMeta) { memory.StoreRelease((*uint64)(&h.meta), uint64(m)) }

func (h *header) mode() int     { return int(h.bytes>>modeShift) & modeBits }
func (h *header) staged() bool  { return h.bytes>>modeShift&modeStaged != 0 }
func (h *header) len() int      { return int(h.bytes & (1<<modeShift - 1)) }
func (h *header) from() uintptr { return uintptr(h.word[fromWord]) }
func (h *header) to() uintptr   { return uintptr(h.word[toWord]) }

// area is where the data of member r is that h describes. A member that
// reads a stage says so at the end of the collective (see Board.end).
func (b *Board) area(h *header, r int) unsafe.Pointer {
	if !h.staged() {
		return b.slotOf(r)
	}
	b.readStage = true
	return b.stage(r, h.bytes>>modeShift/modeHalf)
}

// data is where a contribution lies that is inline or in the area.
func (b *Board) data(h *header, r int) unsafe.Pointer {
	if h.mode() == modeInline {
		return unsafe.Pointer(&h.word)
	}
	return b.area(h, r)
}

// entryAt is the table entry of member r in a table.
func entryAt(table unsafe.Pointer, r int) *entry {
	return (*entry)(unsafe.Add(table, r*tableEntry))
}

// block is the memory of member r.
func (b *Board) block(r int) unsafe.Pointer { return unsafe.Add(b.base, b.before+r*b.stride) }

// header is the header of member r for a collective.
func (b *Board) header(r int, tick uint64) *header {
	return (*header)(unsafe.Add(b.base, b.headers+r*b.headerStride+int(tick&(cells-1))*b.headerEach))
}

// slotAt is the data area of a cell of member r.
func (b *Board) slotAt(r int, tick uint64) unsafe.Pointer {
	return unsafe.Add(b.base, b.slots+r*b.stride+int(tick&(cells-1))*b.slotEach)
}

// cell is the header of member r for the collective that runs.
func (b *Board) cell(r int) *header {
	return (*header)(unsafe.Add(b.base, r*b.headerStride+b.cellOff))
}

// slotOf is the data area of member r's cell for the collective that runs.
func (b *Board) slotOf(r int) unsafe.Pointer { return b.slotAt(r, b.tick) }

func (b *Board) phaseOf(r int) *uint64 { return (*uint64)(unsafe.Add(b.base, r*b.phaseStride)) }
func (b *Board) sentOf(r int) *uint64  { return (*uint64)(unsafe.Add(b.block(r), sentOff)) }
func (b *Board) waiting() *uint64      { return (*uint64)(unsafe.Add(b.block(0), waitingOff)) }
func (b *Board) takenOf(r int) *uint64 { return (*uint64)(unsafe.Add(b.block(r), takenOff)) }

// stage is half k%2 of the stage of member r.
func (b *Board) stage(r int, k uint64) unsafe.Pointer {
	return unsafe.Add(b.block(r), cellsOff+cells*(line+b.slot)+int(k&1)*b.half)
}

// pointer is the memory at an address that a goroutine rank of this process
// published: the heap or a mapping, kept alive by that rank.
func pointer(a uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&a)) }

func address(p unsafe.Pointer) uint64 { return uint64(uintptr(p)) }
