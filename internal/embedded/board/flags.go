package board

import (
	"strconv"
	"sync/atomic"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/memory"
)

// Members tell each other how far they are by two kinds of monotone words, each
// alone in its line and written by one member:
//
// The flag of a cell is 1 + the number of the collective whose contribution is
// in the cell. Every member posts a header for every collective, and before it
// waits for anybody, so that members that call different collectives find out
// instead of waiting for each other.
//
// The phase of a member is the number of the collective, then a step within it.
// A member that has gone on to later collectives satisfies everything that is
// waited for in an earlier one.
const (
	phaseBits = 24

	phaseSyncUp   = 1 // arrived, before a collective: the ring of cells comes round
	phaseSyncDown = 2
	phaseUp       = 3  // this member's subtree has posted
	phaseDown     = 4  // everybody has; or the result is in this member's cell
	phaseDoneUp   = 5  // this member's subtree reads and writes nothing of others any more
	phaseDone     = 6  // nobody does; or, flat, this member does not
	phaseRound    = 16 // one for each chunk of a relay
	phaseEnd      = 1<<phaseBits - 1
)

// until waits until int64(*p-v) >= 0 for a word of member r.
func (b *Board) until(r int, p *uint64, v uint64) error {
	for range b.spin {
		if int64(atomic.LoadUint64(p)-v) >= 0 {
			return nil
		}
	}
	if b.crowd && !b.tree && b.untilCrowd(r, p, v, 1) {
		return nil
	}
	return b.wait(r, p, v)
}

// yieldsFirst is how often a member gives up the core before it waits in the
// host, which also sees to other traffic.
const yieldsFirst = 8

// untilCrowd polls for as long as that may help, then yields: mostly the word
// is there when this member has the core again. (What Host.Wait does besides
// costs as much as the switch.)
func (b *Board) untilCrowd(r int, p *uint64, v uint64, longer int) bool {
	if b.patient[r].poll(p, v, longer) {
		return true
	}
	for range yieldsFirst {
		b.host.Yield()
		if int64(atomic.LoadUint64(p)-v) >= 0 {
			return true
		}
	}
	return false
}

// wait is Host.Wait, told to those who look at whether anybody waits.
func (b *Board) wait(r int, p *uint64, v uint64) error {
	if b.counted {
		atomic.AddUint64(b.waiting(), 1)
		defer atomic.AddUint64(b.waiting(), ^uint64(0))
	}
	return b.host.Wait(r, p, v, b.done)
}

// patience is how long it pays to poll for a certain member before giving up
// the core, where members outnumber cores. One that runs on another core may
// come at any moment; one that shares this core cannot come before this member
// yields. Which it is shows in whether polling has led to anything before.
type patience struct {
	polls int16
	waits uint8
}

const (
	patienceMax    = 500 // polls: less than it costs to switch to another process and back
	patienceMutual = 4
	patienceTry    = 64 // how often a member that never comes in time gets another chance
)

func (w *patience) poll(p *uint64, v uint64, longer int) bool {
	if int64(atomic.LoadUint64(p)-v) >= 0 {
		return true
	}
	if w.polls == 0 {
		if w.waits++; w.waits%patienceTry != 0 {
			return false
		}
		w.polls = patienceMax
	}
	for range int(w.polls) * longer {
		if int64(atomic.LoadUint64(p)-v) >= 0 {
			w.polls = patienceMax
			return true
		}
	}
	if w.polls /= 2; w.polls < 50 {
		w.polls = 0
	}
	return false
}

// others are words of the other members, each of which it has to count up to a
// value: those of the headers of the collective that runs, or the phases.
type others struct {
	first  unsafe.Pointer
	stride int
	value  uint64
}

func (b *Board) flags() others {
	return others{unsafe.Add(b.base, b.cellOff), b.headerStride, b.tick + 1}
}

func (b *Board) phases(phase uint64) others {
	return others{b.base, b.phaseStride, b.tick<<phaseBits | phase}
}

func (o *others) word(r int) *uint64 { return (*uint64)(unsafe.Add(o.first, r*o.stride)) }

// missing is the least j >= i for which other(j) is not there yet, or size.
func (b *Board) missing(o *others, i int) int {
	for ; i < b.size; i++ {
		if int64(atomic.LoadUint64(o.word(b.other(i)))-o.value) < 0 {
			break
		}
	}
	return i
}

// yieldFirst is called before this member waits for several others one after
// another. Where members outnumber cores, it first waits for those that seem to
// share its core.
func (b *Board) yieldFirst(o others) error {
	if !b.crowd || b.tree {
		return nil
	}
	for i := b.missing(&o, 1); i < b.size; i = b.missing(&o, i+1) {
		if r := b.other(i); b.patient[r].polls == 0 {
			if err := b.until(r, o.word(r), o.value); err != nil {
				return err
			}
		}
	}
	return nil
}

// awaitOthers waits for all others, who wait for this member as well: one that
// runs on another core is about to come.
func (b *Board) awaitOthers(o others) error {
	if err := b.yieldFirst(o); err != nil {
		return err
	}
	for i := b.missing(&o, 1); i < b.size; i = b.missing(&o, i+1) {
		r := b.other(i)
		var err error
		switch {
		case !b.crowd || b.tree:
			err = b.until(r, o.word(r), o.value)
		case !b.untilCrowd(r, o.word(r), o.value, patienceMutual):
			err = b.wait(r, o.word(r), o.value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// awaitTaken waits until all have taken what this member offers.
func (b *Board) awaitTaken() error {
	if err := b.awaitOthers(b.flags()); err != nil {
		return err
	}
	return b.awaitCallers(b.callers(), phaseDone)
}

// callers says which members have posted the same call, nil if all have. All
// have posted something. It is asked before this member says that it is done:
// after that, the headers may be those of later collectives.
func (b *Board) callers() (who []bool) {
	for r := range b.size {
		if r != b.rank && !b.fitsCall(b.cell(r).meta, r) {
			if who == nil {
				who = make([]bool, b.size)
				for i := range who {
					who[i] = i != b.rank
				}
			}
			who[r] = false
		}
	}
	return who
}

// awaitCallers waits until those members have come to a phase.
func (b *Board) awaitCallers(who []bool, phase uint64) error {
	if who == nil {
		return b.awaitOthers(b.phases(phase))
	}
	for r, waits := range who {
		if waits {
			if err := b.awaitPhase(r, phase); err != nil {
				return err
			}
		}
	}
	return nil
}

// await waits for member r's contribution to the collective that runs.
func (b *Board) await(r int) (*header, error) {
	h := b.cell(r)
	if int64(atomic.LoadUint64(&h.flag)-b.tick) > 0 {
		return h, nil
	}
	return h, b.until(r, &h.flag, b.tick+1)
}

// publish sets this member's phase line, which never goes back.
func (b *Board) publish(v uint64) {
	if int64(v-b.phase) > 0 {
		b.phase = v
		memory.StoreRelease(b.phaseOf(b.rank), v)
	}
}

// reach says that this member has come to a phase of the collective that runs.
func (b *Board) reach(phase uint64) { b.publish(b.tick<<phaseBits | phase) }

// awaitPhase waits until member r has come to a phase.
func (b *Board) awaitPhase(r int, phase uint64) error {
	return b.until(r, b.phaseOf(r), b.tick<<phaseBits|phase)
}

// other is the i-th member after this one: 1 <= i < size. Members that start at
// different places do not all read the same memory at once.
func (b *Board) other(i int) int {
	if i += b.rank; i >= b.size {
		i -= b.size
	}
	return i
}

func (b *Board) notifyAll() {
	if b.size == 2 {
		b.host.Notify(1 - b.rank)
		return
	}
	// A member that counts itself there just now looks for the store before this
	// for longer than that takes to be seen (see Host.Wait).
	if b.counted && atomic.LoadUint64(b.waiting()) == 0 {
		return
	}
	for i := 1; i < b.size; i++ {
		b.host.Notify(b.other(i))
	}
}

// seal publishes this member's header.
func (b *Board) seal(bytes, mode int) {
	b.mine.meta = b.meta
	b.mine.bytes = uint64(bytes) | uint64(mode)<<modeShift
	memory.StoreRelease(&b.mine.flag, b.tick+1)
}

// place finds memory in which this member can leave n bytes for others to read,
// and its mode. A half of the stage is written again when the reader of what
// was there has said that it is done; anyone means that there may be several.
func (b *Board) place(n, reader int) (unsafe.Pointer, int, error) {
	switch {
	case n <= inlineMax:
		return unsafe.Pointer(&b.mine.word), modeInline, nil
	case n <= b.slot:
		b.wrote = n
		return b.slotOf(b.rank), modeArea, nil
	}
	k := b.turn & 1
	b.turn++
	if err := b.reclaim(k); err != nil {
		return nil, 0, err
	}
	b.stages[k] = stageUse{true, b.tick, reader}
	return b.stage(b.rank, k), modeArea | modeStaged | int(k)*modeHalf, nil
}

const anyone = -1

// stageUse is the last use of a half of the stage.
type stageUse struct {
	used   bool
	tick   uint64
	reader int
}

// reclaim waits until half k of the stage may be written again.
func (b *Board) reclaim(k uint64) error {
	u := &b.stages[k]
	if !u.used || int64(b.safe-u.tick) > 0 {
		return nil
	}
	v := u.tick<<phaseBits | phaseDone
	if u.reader != anyone {
		return b.until(u.reader, b.phaseOf(u.reader), v)
	}
	for i := 1; i < b.size; i++ {
		r := b.other(i)
		if err := b.until(r, b.phaseOf(r), v); err != nil {
			return err
		}
	}
	return nil
}

// postCopy posts a copy of n bytes for one reader or anyone.
func (b *Board) postCopy(p unsafe.Pointer, n, reader int) error {
	dst, mode, err := b.place(n, reader)
	if err != nil {
		return err
	}
	b.copyOut(dst, p, n)
	b.seal(n, mode)
	return nil
}

// copyOut copies to memory that others are about to read.
func (b *Board) copyOut(dst, src unsafe.Pointer, n int) {
	if n > inlineMax && n <= demoteMax && b.spin > 0 {
		memory.CopyOut(dst, src, n)
	} else {
		memory.Copy(dst, src, n)
	}
}

// postAddress offers n bytes at from, and says where the result is wanted.
func (b *Board) postAddress(from, to unsafe.Pointer, n int) {
	b.mine.word[fromWord], b.mine.word[toWord] = address(from), address(to)
	b.seal(n, modeAddress)
}

// postNone posts a header without data, and says where the result is wanted.
func (b *Board) postNone(to unsafe.Pointer, n int) {
	b.mine.word[toWord] = address(to)
	b.seal(n, modeNone)
}

// withdraw ends this member's part in a collective that it cannot take part in
// because another member called something else.
func (b *Board) withdraw() {
	b.reach(phaseEnd)
	b.notifyAll()
}

// heed waits for what the root has posted. There is no header if that does not
// fit this member's call, from which it has withdrawn then.
func (b *Board) heed(root int) (*header, error) {
	h, err := b.await(root)
	if err != nil {
		return nil, err
	}
	if !b.fits(h, root) {
		b.withdraw()
		return nil, nil
	}
	return h, nil
}

// finish waits until no member reads or writes memory of another one any more.
// One that has posted another call may end it without a word.
func (b *Board) finish() error {
	var who []bool
	if b.tree {
		if err := b.treeBarrier(phaseDoneUp, phaseDone, nil); err != nil {
			return err
		}
	} else {
		if err := b.awaitOthers(b.flags()); err != nil {
			return err
		}
		who = b.callers()
		b.reach(phaseDone)
		b.notifyAll()
		if err := b.awaitCallers(who, phaseDone); err != nil {
			return err
		}
	}
	if who == nil {
		b.safe = b.tick + 1
	}
	return nil
}

// agree waits until all members have posted, and reports whether all have
// posted the same kind, operation, root, type and length. All members come to
// the same answer.
func (b *Board) agree() (bool, error) {
	if b.tree {
		same := true
		err := b.treeBarrier(phaseUp, phaseDown, &same)
		return same, err
	}
	b.notifyAll()
	if err := b.awaitOthers(b.flags()); err != nil {
		return false, err
	}
	all := true
	for i := 1; i < b.size; i++ {
		r := b.other(i)
		all = b.same(b.cell(r), r) && all
	}
	if int64(b.safe-b.tick) < 0 {
		b.safe = b.tick
	}
	return all, nil
}

// posted waits until all members have posted, in a tree and where members
// outnumber cores; elsewhere that is waited for member by member.
func (b *Board) posted() error {
	if b.tree {
		return b.treeBarrier(phaseUp, phaseDown, nil)
	}
	b.notifyAll()
	if !b.crowd {
		return nil
	}
	return b.awaitOthers(b.flags())
}

// same notes it if h is not what this member posted itself.
func (b *Board) same(h *header, r int) bool {
	if h.meta == b.meta && h.len() == b.mine.len() && h.flag == b.tick+1 {
		return true
	}
	if b.fits(h, r) {
		b.note(engine.PeerErrorf(engine.ErrMismatch, r, engine.Undefined, "%v over %d bytes on rank %d, over %d bytes on rank %d",
			engine.CollKind(b.meta), b.mine.len(), b.rank, h.len(), r))
	}
	return false
}

// fits reports whether member r posted the same collective with a type that
// this member can take, and notes it if not.
func (b *Board) fits(h *header, r int) bool {
	if h.meta == b.meta {
		return true
	}
	return b.fitsSlow(h.meta, r)
}

func (b *Board) fitsSlow(theirs uint64, r int) bool {
	return b.fitsCall(theirs, r) && b.fitsType(engine.Sig(theirs>>32), engine.Sig(b.meta>>32), r)
}

// fitsCall is fits without the type.
func (b *Board) fitsCall(theirs uint64, r int) bool {
	if uint32(theirs) == uint32(b.meta) {
		return true
	}
	b.note(engine.PeerErrorf(engine.ErrMismatch, r, engine.Undefined, "%s on rank %d, %s on rank %d",
		callName(b.meta), b.rank, callName(theirs), r))
	return false
}

// fitsType reports whether elements that member r sends can be received as
// want.
func (b *Board) fitsType(sent, want engine.Sig, r int) bool {
	if sent.Matches(want) {
		return true
	}
	b.note(engine.PeerErrorf(engine.ErrType, r, engine.Undefined, "%v: elements are %v on rank %d, %v on rank %d",
		engine.CollKind(b.meta), want, b.rank, sent, r))
	return false
}

// length notes it if rank r sends other than the want bytes that this member
// has room for, and returns how many of them to take.
func (b *Board) length(r, sent, want int) int {
	if sent == want {
		return sent
	}
	class := engine.ErrMismatch
	if sent > want {
		class = engine.ErrTruncate
	}
	b.note(engine.PeerErrorf(class, r, engine.Undefined, "%v: rank %d sends %d bytes, rank %d receives %d",
		engine.CollKind(b.meta), r, sent, b.rank, want))
	return min(sent, want)
}

// callName describes the call in a header's meta word.
func callName(meta uint64) string {
	k := engine.CollKind(meta)
	if k >= engine.NumColls {
		return "an unknown collective"
	}
	name := k.String()
	switch k {
	case engine.Reduce, engine.Allreduce, engine.ReduceScatter, engine.ReduceScatterBlock, engine.Scan, engine.Exscan:
		name += " with " + engine.OpCode(meta>>8).String()
	}
	switch k {
	case engine.Bcast, engine.Scatter, engine.Scatterv, engine.Gather, engine.Gatherv, engine.Reduce:
		name += " with root " + strconv.Itoa(int(uint16(meta>>16)))
	case engine.ReduceScatter:
		if sole := uint16(meta >> 16); sole > 0 { // see reduceScatter
			name += " for rank " + strconv.Itoa(int(sole-1)) + " alone"
		}
	}
	return name
}
