package mpi

import "sync/atomic"

// slab is where a rank's requests are allocated, some at a time.
type slab struct {
	used atomic.Int32
	list []Request

	// What the receives among them need until they are complete, in a slab of the
	// largest size. A later slab takes it over when all requests of this one are
	// complete: it would be most of the garbage of a program that starts many
	// receives.
	operations atomic.Pointer[[largestSlab]operation]
}

// The slabs of a rank become larger as it starts more requests, up to 16 KiB.
const firstSlab, largestSlab = 4, 512

// allocRequest returns a new request of the rank.
func (p *process) allocRequest() *Request {
	s, i := p.nextRequest()
	return &s.list[i]
}

// allocReceive is allocRequest for a receive that keeps nothing except its
// Request after its completion: begin does not allocate.
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

// over reports whether no call will look at an operation of the slab again: all
// its requests are complete without an error, and no goroutine has yet to come
// back from blocking on one. Any other call on one of them looks at the state
// first.
func (s *slab) over() bool {
	for i := range s.list {
		if s.list[i].state.load()&^handedOut != over {
			return false
		}
	}
	return true
}
