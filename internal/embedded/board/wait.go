package board

import (
	"sync/atomic"
	"unsafe"
)

// awaiting is what this member has learnt about waiting for each of a few
// others.
type awaiting struct {
	patient [flatMax]patience
}

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

// untilCrowd polls for as long as that may help, then yields. Mostly the word is
// there when this member has the core again, and Host.Wait, which looks after
// other traffic as well, is not needed.
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

// wait is Host.Wait. Where it is known how many members wait, it counts this one.
func (b *Board) wait(r int, p *uint64, v uint64) error {
	if b.counted {
		atomic.AddUint64(b.waiting(), 1)
		defer atomic.AddUint64(b.waiting(), ^uint64(0))
	}
	return b.host.Wait(r, p, v, b.done)
}

// patience is how long it pays to poll for a certain member before giving up
// the core, where members outnumber cores. A member on another core may come at
// any moment; a member that shares this core cannot come before this one yields.
// Where it runs shows in whether polling has led to anything before.
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

// other is the i-th member after this one: 1 <= i < size. Members that start at
// different places do not all read the same memory at once.
func (b *Board) other(i int) int {
	if i += b.rank; i >= b.size {
		i -= b.size
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

// awaitOthers waits for all others. They wait for this member as well, so a
// member that runs on another core is about to come.
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

// await waits for member r's contribution to the collective that runs.
func (b *Board) await(r int) (*header, error) {
	h := b.cell(r)
	if int64(atomic.LoadUint64(&h.flag)-b.tick) > 0 {
		return h, nil
	}
	return h, b.until(r, &h.flag, b.tick+1)
}

// awaitPhase waits until member r has come to a phase.
func (b *Board) awaitPhase(r int, phase uint64) error {
	return b.until(r, b.phaseOf(r), b.tick<<phaseBits|phase)
}
