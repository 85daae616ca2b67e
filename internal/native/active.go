package native

import (
	"sync"
	"unsafe"
)

// activeSet holds the requests that the library may still write to, so that
// they and the user's memory stay where they are even when the program has
// dropped them.
type activeSet struct {
	shards [16]struct {
		lock sync.Mutex
		head *request
		_    [48]byte // one cache line each
	}
}

func (s *activeSet) shard(r *request) int {
	return int(uintptr(unsafe.Pointer(r))>>9) % len(s.shards)
}

func (s *activeSet) add(r *request) {
	sh := &s.shards[s.shard(r)]
	sh.lock.Lock()
	r.active, r.prev, r.next = true, nil, sh.head
	if sh.head != nil {
		sh.head.prev = r
	}
	sh.head = r
	sh.lock.Unlock()
}

func (s *activeSet) remove(r *request) {
	if !r.active {
		return
	}
	sh := &s.shards[s.shard(r)]
	sh.lock.Lock()
	if r.prev != nil {
		r.prev.next = r.next
	} else {
		sh.head = r.next
	}
	if r.next != nil {
		r.next.prev = r.prev
	}
	r.active, r.prev, r.next = false, nil, nil
	sh.lock.Unlock()
}

// all returns the active requests.
func (s *activeSet) all() []*request {
	var list []*request
	for i := range s.shards {
		sh := &s.shards[i]
		sh.lock.Lock()
		for r := sh.head; r != nil; r = r.next {
			list = append(list, r)
		}
		sh.lock.Unlock()
	}
	return list
}
