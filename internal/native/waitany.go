package native

import (
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// WaitAny polls all requests in one call of MPI_Testany. The library's handle
// of the one that has completed is gone after that; its status is kept in the
// request for Test or Wait.
func (d *driver) WaitAny(reqs []engine.Request, done <-chan struct{}) (int, error) {
	w := waiter{d: d}
	w.begin()
	defer w.end()
	return d.waitAny(&w, reqs, done)
}

func (d *driver) waitAny(w *waiter, reqs []engine.Request, done <-chan struct{}) (int, error) {
	if d.ending.Load() {
		return -1, errFinalized
	}
	var natives []*request
	var index []int
	for i, x := range reqs {
		switch r := x.(type) {
		case nil:
		case *request:
			if r.comm == nil {
				return i, errReleased
			}
			if r.flag != 0 || r.block.Ret != 0 {
				return i, nil
			}
			natives, index = append(natives, r), append(index, i)
		case *compound:
			if r.ready() {
				return i, nil
			}
		case interface{ Unwrap() engine.Request }:
			return d.waitAny(w, engine.UnwrapAll(reqs), done)
		default:
			return i, nil // completed
		}
	}
	compounds := len(natives) < len(reqs) && hasCompound(reqs)
	if len(natives) == 0 && !compounds {
		return -1, nil
	}

	r := d.take(d.self, opRecv, false)
	defer d.give(r)
	handles := make([]uintptr, len(natives))
	for i, n := range natives {
		handles[i] = n.handle
	}
	packed := d.handleArray(handles)
	list := unsafe.Pointer(unsafe.SliceData(packed))
	r.hold(list)
	r.block.Fn, r.block.Poll = 0, d.fn(fnTestany)
	r.block.PollArgs = [6]uintptr{integer(len(natives)), pointer(list), pointer(unsafe.Pointer(&r.aux)),
		pointer(unsafe.Pointer(&r.flag)), pointer(unsafe.Pointer(&r.status))}

	r.aux = -1
	for polls := 1; ; polls = w.polls {
		looks := w.looks()
		for i, n := range natives {
			if n.cancelled.Load() && !n.withdrawn {
				n.withdraw()
			}
			if n.comm.running() != nil || looks && n.missed(w.last.Sub(w.began)) != nil {
				return index[i], nil // its Test or Wait says why
			}
		}
		if len(natives) > 0 {
			r.run(polls)
			if r.flag != 0 || r.block.Ret != 0 {
				if i := int(r.aux); i >= 0 && i < len(natives) {
					n := natives[i]
					n.handle, n.flag, n.status, n.block.Ret = d.null.request, 1, r.status, r.block.Ret
					return index[i], nil
				}
				if r.block.Ret != 0 {
					return -1, r.error()
				}
				return -1, nil
			}
		}
		if compounds {
			for i, x := range reqs {
				if c, ok := x.(*compound); ok && c.ready() {
					return i, nil
				}
			}
		}
		select {
		case <-done:
			return -1, errDone(engine.NoPeer, 0, "the context ended while waiting for a request")
		default:
		}
		w.pause()
	}
}

func hasCompound(reqs []engine.Request) bool {
	for _, x := range reqs {
		if _, ok := x.(*compound); ok {
			return true
		}
	}
	return false
}
