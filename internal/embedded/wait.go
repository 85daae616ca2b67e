package embedded

import (
	"runtime"
	"sync/atomic"
	"time"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// cond is what a call waits for: a request, a word that others count up, or
// anything else.
type cond struct {
	req  *request
	flag *uint64
	want uint64
	any  func() bool
	comm *comm // whose end ends the wait (for flag and any: a request ends by itself)

	// For flag: the number of the collective on the communicator's board, and
	// who counts the word up.
	number uint64
	peer   int32
}

func (c *cond) holds() bool {
	switch {
	case c.req != nil:
		return c.req.done()
	case c.flag != nil:
		return int64(atomic.LoadUint64(c.flag)-c.want) >= 0
	default:
		return c.any()
	}
}

// broken returns why the wait can no longer succeed.
func (c *cond) broken() error {
	if c.comm == nil {
		return nil
	}
	if c.flag != nil && c.comm.broken == nil {
		return c.comm.withoutMember(c)
	}
	return c.comm.broken
}

// parked is a goroutine that waits while another one polls.
type parked struct {
	cond
	wake       chan struct{}
	list       *parkedList
	next, prev *parked
}

// waiting is how the goroutines of a rank wait: one polls, or sleeps, for all,
// and the others are parked.
type waiting struct {
	polling bool // a goroutine polls, or sleeps on the bell
	asleep  bool // it sleeps
	news    bool // since then something has changed that it may wait for

	moved    int        // what the last look of the poller found to do
	watchers parkedList // goroutines parked until a condition of their own holds
	waiters  parkedList // goroutines parked until a request completes

	polls, yields int
	spins         time.Duration

	parks *parked // for goroutines to come
}

type parkedList struct{ head *parked }

func (l *parkedList) add(p *parked) {
	p.list, p.prev, p.next = l, nil, l.head
	if l.head != nil {
		l.head.prev = p
	}
	l.head = p
}

// signal takes p off its list and wakes it.
func (p *parked) signal() {
	p.unlink()
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

func (p *parked) unlink() {
	l := p.list
	if l == nil {
		return
	}
	if p.prev == nil {
		l.head = p.next
	} else {
		p.prev.next = p.next
	}
	if p.next != nil {
		p.next.prev = p.prev
	}
	p.list, p.next, p.prev = nil, nil, nil
}

var errStopped = engine.Errorf(engine.ErrCancelled, "the call was given up")

// await blocks until c holds. The caller holds ep.lock, and holds it again on
// return. It returns an error when done is closed or c.comm has broken first.
func (ep *endpoint) await(c cond, done <-chan struct{}) error {
	for was := false; ; was = true {
		over, err := true, error(nil)
		if !c.holds() {
			if err = c.broken(); err == nil && was {
				err = c.astray()
			}
			if err == nil {
				if over = stopped(done); over {
					err = errStopped
				}
			}
		}
		switch {
		case over:
			if was && !ep.polling { // it may have been chosen to poll for the others
				ep.handOver()
			}
			return err
		case !ep.polling:
			return ep.poll(c, done)
		case ep.jobs.len() > 0: // of a receive that has just matched; the poller may be asleep
			ep.runJobs()
		default:
			if c.flag != nil && ep.asleep {
				// Whoever counts the flag up may have looked already whether anybody
				// waits for it, and its store may be on the way: the poller looks.
				ep.own.Wake()
			}
			ep.park(c, done)
		}
	}
}

func stopped(done <-chan struct{}) bool {
	if done == nil {
		return false
	}
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// park waits without polling, until c may hold or the poller has left.
func (ep *endpoint) park(c cond, done <-chan struct{}) {
	p := ep.parks
	if p == nil {
		p = &parked{wake: make(chan struct{}, 1)}
	} else {
		ep.parks, p.next = p.next, nil
	}
	p.cond = c
	if c.req != nil {
		c.req.parked = p
		ep.waiters.add(p)
	} else {
		ep.watchers.add(p)
	}
	ep.unlock()
	select {
	case <-p.wake:
	case <-done:
	}
	ep.lock.Lock()
	p.unlink()
	if c.req != nil && c.req.parked == p {
		c.req.parked = nil
	}
	select { // a wake that came together with done
	case <-p.wake:
	default:
	}
	p.cond = cond{}
	p.next = ep.parks
	ep.parks = p
}

// serveWatchers wakes the parked goroutines whose condition holds.
func (w *waiting) serveWatchers() {
	for p := w.watchers.head; p != nil; {
		next := p.next
		if p.holds() || p.broken() != nil {
			p.signal()
		}
		p = next
	}
}

// handOver makes one of the parked goroutines the poller.
func (w *waiting) handOver() {
	if p := w.waiters.head; p != nil {
		if p.req.parked == p {
			p.req.parked = nil
		}
		p.signal()
	} else if p := w.watchers.head; p != nil {
		p.signal()
	}
}

const (
	// How often the poller looks at what changes rarely.
	rarely = 64

	// A rank that is about to sleep announces it and polls this much longer: a
	// peer that published before it could see the announcement is seen now.
	// (Its store leaves the core within a fraction of a microsecond.)
	lastLook = 2 * time.Microsecond

	// The longest sleep: should a wake ever be lost, this bounds the delay.
	firstSleep, longestSleep = 2 * time.Millisecond, 64 * time.Millisecond
)

// poll waits for c by polling, then by yielding the core, then by sleeping on
// the bell. The caller holds ep.lock.
func (ep *endpoint) poll(c cond, done <-chan struct{}) (err error) {
	ep.polling = true
	limit := firstSleep
	slept := false
	for {
		var over bool
		if over, err = ep.spin(&c, done); over {
			break
		}
		for i := 0; i < ep.yields && !over; i++ {
			ep.lock.Unlock()
			ep.carrier.Yield()
			ep.lock.Lock()
			over, err = ep.look(&c, done)
			for !over && ep.moved >= framesPerTurn { // more than a turn was there
				over, err = ep.look(&c, done)
			}
		}
		if over {
			break
		}
		slept = true
		for idle := true; idle && !over; limit = min(2*limit, longestSleep) {
			before := ep.handled
			over, err = ep.sleep(&c, done, limit)
			idle = ep.handled == before // nothing came but the time-out: not worth a poll
		}
		if over {
			break
		}
		limit = firstSleep
	}
	ep.polling = false
	ep.handOver()
	if slept && ep.outstanding > 0 {
		ep.keepGoing()
	}
	return err
}

// look makes progress once and reports whether the wait is over.
func (ep *endpoint) look(c *cond, done <-chan struct{}) (bool, error) {
	ep.moved = ep.progress()
	if c.holds() {
		return true, nil
	}
	// A rank that leaves properly has done its part of every collective, if the
	// program is right: with thousands of ranks, those that wait on a board do not
	// look at each (see sleep).
	if (c.flag == nil || ep.job.Losses() != ep.losses) && ep.seeChanges() && c.holds() {
		return true, nil
	}
	if ep.watchers.head != nil {
		ep.serveWatchers()
	}
	if err := c.broken(); err != nil {
		return true, err
	}
	if stopped(done) {
		return true, errStopped
	}
	return false, nil
}

// spin polls for as long as is sensible on this machine.
func (ep *endpoint) spin(c *cond, done <-chan struct{}) (bool, error) {
	var since time.Time // nothing has come
	for i, idle := 0, 0; idle < ep.polls || ep.spins > 0; i++ {
		if ep.progress() > 0 {
			idle, since = 0, time.Time{}
		}
		if c.holds() {
			return true, nil
		}
		if len(ep.offered) > 0 {
			ep.assist()
		}
		idle++
		if ep.lock.Wanted() {
			ep.lock.Pass()
			continue
		}
		if i%rarely == rarely-1 {
			if over, err := ep.look(c, done); over {
				return true, err
			}
			if idle >= ep.polls {
				if since.IsZero() {
					since = time.Now()
				} else if time.Since(since) > ep.spins {
					break
				}
			}
			if i%(rarely*16) == rarely*16-1 {
				ep.lock.Unlock()
				runtime.Gosched()
				ep.lock.Lock()
			}
		}
	}
	return ep.look(c, done)
}

// sleep announces that the rank sleeps, looks once more, and sleeps until a
// peer rings the bell.
func (ep *endpoint) sleep(c *cond, done <-chan struct{}, limit time.Duration) (bool, error) {
	if c.req != nil && c.req.peer >= 0 && ep.facts.InProcess {
		ep.helpOthers(c) // gives the lock away: before the last look
	}
	seq := ep.bell.Arm()
	ep.missLeavers(c)
	if limit > firstSleep {
		if err := ep.findAstray(c); err != nil {
			ep.bell.Disarm()
			return true, err
		}
	}
	for start := time.Now(); ; {
		if over, err := ep.look(c, done); over {
			ep.bell.Disarm()
			return true, err
		}
		// Progress handles a bounded number of frames: only when it has found
		// nothing is there nothing left that nobody would ring the bell for.
		if ep.moved == 0 && (ep.facts.Fenced || time.Since(start) > lastLook) {
			break
		}
	}
	var watched chan struct{}
	if done != nil { // the bell rings when the context ends
		watched = make(chan struct{})
		go func() {
			select {
			case <-done:
				ep.own.Wake()
			case <-watched:
			}
		}()
	}
	ep.asleep, ep.news = true, false
	ep.lock.Unlock()
	ep.carrier.Sleep(seq, limit)
	ep.lock.Lock()
	ep.asleep = false
	if watched != nil {
		close(watched)
	}
	return ep.look(c, done)
}

// helpOthers makes progress for the rank that c waits for, which may have work
// under way and no goroutine in a call.
func (ep *endpoint) helpOthers(c *cond) {
	if peer := c.req.peer; int(peer) != ep.rank {
		ep.lock.Unlock()
		ep.carrier.Link(int(peer)).Help()
		ep.lock.Lock()
	}
}
