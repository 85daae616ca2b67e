package embedded

import (
	"sync"
	"time"
)

// background makes progress for ranks that have operations under way and no
// goroutine in a call: a receive posted by Irecv that is to be answered while
// the program computes, a nonblocking collective, a long Isend.
//
// There is one such goroutine a process, started when first needed. A rank
// registers when a call leaves operations under way. While its program keeps
// calling, the calls make the progress; when none has come between two ticks,
// the goroutine makes it. A rank with nothing under way is dropped, and the
// goroutine ends when none is left: a program that only blocks never has it.
type background struct {
	mu      sync.Mutex
	ranks   []*endpoint
	running bool
}

// attention is what the background goroutine gives a rank.
type attention struct {
	watched       bool   // a tick looks after the rank
	calls, ticked uint32 // calls that have ended by leave, now and at the last tick
}

const (
	// How long a rank is left alone after a call; after busyTick if the last
	// look found something, up to idleTick when nothing happens for long.
	busyTick, tick, idleTick = 50 * time.Microsecond, time.Millisecond, 5 * time.Millisecond

	// How many looks without a find before the ticks become longer.
	patience = 200
)

var helper background

// keepGoing has the background goroutine watch the rank. The caller holds
// ep.lock.
func (ep *endpoint) keepGoing() {
	if !ep.watched {
		ep.watched = true
		helper.watch(ep)
	}
}

func (b *background) watch(ep *endpoint) {
	b.mu.Lock()
	b.ranks = append(b.ranks, ep)
	start := !b.running
	b.running = true
	b.mu.Unlock()
	if start {
		go b.run()
	}
}

func (b *background) run() {
	wait, idle := tick, 0
	var mine []*endpoint
	for {
		time.Sleep(wait)
		b.mu.Lock()
		mine = append(mine, b.ranks...)
		b.ranks = b.ranks[:0]
		b.mu.Unlock()
		kept, found := mine[:0], 0
		for _, ep := range mine {
			n, keep := ep.tick()
			found += n
			if keep {
				kept = append(kept, ep)
			}
		}
		clear(mine[len(kept):])
		mine = kept
		switch {
		case found > 0:
			wait, idle = busyTick, 0
		case idle < patience:
			wait = tick
			idle++
		default:
			wait = idleTick
		}
		if len(mine) > 0 {
			continue
		}
		b.mu.Lock()
		if len(b.ranks) == 0 {
			b.running = false
			b.mu.Unlock()
			return
		}
		b.mu.Unlock()
	}
}

// tick makes progress for a rank that has not called since the last tick. It
// returns how much there was to do, and whether the rank needs more.
func (ep *endpoint) tick() (n int, keep bool) {
	if !ep.lock.TryLock() {
		return 0, true // somebody is in a call
	}
	defer ep.unlock() // it may have fallen asleep while a copy was made
	if ep.outstanding == 0 || ep.closed {
		ep.watched = false
		return 0, false
	}
	if !ep.polling && ep.calls == ep.ticked {
		n = ep.progress()
		ep.seeChanges()
		ep.serveWatchers()
		if ep.jobs.len() > 0 {
			ep.runJobs()
		}
	}
	ep.ticked = ep.calls
	return n, true
}
