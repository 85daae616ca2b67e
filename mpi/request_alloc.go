package mpi

import "sync/atomic"

// slab is where a rank's requests are allocated, some at a time.
type slab struct {
	used atomic.Int32
	list []Request

	// What the receives among them need until they are complete, in a slab of the
	// largest size. It is taken over by a later slab when all requests of this one
	// are complete: else the collector, which finds two thirds of its garbage here
	// in a program that starts many receives, is at work half of the time.
	operations atomic.Pointer[[largestSlab]operation]
}

// The slabs of a rank become larger as it starts more requests, up to 16 KiB.
const firstSlab, largestSlab = 4, 512

// allocRequest returns a new request of the rank.
func (p *process) allocRequest() *Request {
	s, i := p.nextRequest()
	return &s.list[i]
}

// allocReceive is allocRequest for a receive of which nothing is known after its
// completion but what is in the Request: begin does not allocate.
func (p *process) allocReceive() *Request {
	s, i := p.nextRequest()
	r := &s.list[i]
	if len(s.list) == largestSlab {
		ops := s.operations.Load()
		if ops == nil {
			s.operations.CompareAndSwap(nil, new([largestSlab]operation))
			ops = s.operations.Load()
		}
		r.operation = &ops[i]
	}
	return r
}

func (p *process) nextRequest() (*slab, int) {
	for {
		s := p.requests.Load()
		if s != nil {
			if i := int(s.used.Add(1)) - 1; i < len(s.list) {
				return s, i
			}
		}
		p.nextSlab(s)
	}
}

// nextSlab follows s, which is full.
func (p *process) nextSlab(s *slab) {
	n := firstSlab
	if s != nil {
		if n = min(2*len(s.list), largestSlab); n == len(s.list) {
			takeBallast()
		}
	}
	next := &slab{list: make([]Request, n)}
	if !p.requests.CompareAndSwap(s, next) || s == nil {
		return
	}
	if old := p.lastSlab.Swap(s); old != nil && old.over() {
		next.operations.CompareAndSwap(nil, old.operations.Load())
	}
}

// over reports whether nobody will look at the operation of a request of the
// slab again: all are complete without an error, and no goroutine is to come
// back from blocking on one. Others that are in a call on one look at the state
// first.
func (s *slab) over() bool {
	for i := range s.list {
		if s.list[i].state.load()&^handedOut != over {
			return false
		}
	}
	return true
}
