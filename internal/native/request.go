package native

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/native/ccall"
)

// request is one operation of the library with everything that must outlive
// the call that starts it: the argument block, the handle and the status that
// the library writes, and the user's memory. It is on the heap, where nothing
// moves, and C may keep its addresses for as long as something refers to it:
// the goroutine of a blocking call, or the set of active requests.
//
// A blocking call takes its request out of a pool and puts it back; so it
// allocates nothing. A request that the user holds is not used again, because
// Cancel may come at any time. The library's request is touched by one goroutine
// at a time, the one in Test, Wait or WaitAny; it also carries out a Cancel.
type request struct {
	block  ccall.Block
	handle uintptr // the library's request
	status status
	flag   int32
	aux    int32 // Testany: the index

	d    *driver
	comm *comm
	kind opKind
	own  bool // the user holds it, and it is not used again
	peer int  // for messages of errors
	tag  int
	keep [2]unsafe.Pointer // the user's memory: one side, or both of a collective
	more *extra

	using      sync.Mutex // held in Test and Wait of a request that the user holds
	taken      bool       // its caller has left: the list of detached operations ends it
	canCancel  bool
	orphan     bool        // a send whose receiver has finished: takeLeave ends it
	posted     bool        // a receive that is withdrawn at Finalize
	cancelled  atomic.Bool // Cancel was called
	over       atomic.Bool // completed, as Cancel sees it
	withdrawn  bool        // MPI_Cancel was called
	calls      uint8
	yielded    time.Duration // when breathe has last given way
	active     bool
	prev, next *request // in the set of active requests
}

type opKind uint8

const (
	opSend opKind = iota
	opRecv
	opColl
)

func (k opKind) String() string { return [...]string{"send", "receive", "collective"}[k] }

// extra is what few requests need.
type extra struct {
	keep    []unsafe.Pointer // more of the user's memory: both sides of a collective
	arrays  [][]uintptr      // handle arrays
	counts  [][]int32        // counts and displacements of the v and w forms
	wide    [][]int64
	types   []uintptr     // datatypes to be freed when the operation has begun
	slot    *opSlot       // user function in use
	layouts []*layoutType // cached datatypes in use
	unpack  []unpacking   // to be done when the data is here
	spill   *byte         // where a receive of length 0 goes (emptyTruncates)
}

// unpacking puts received data in its place.
type unpacking struct {
	to  engine.Buf
	tmp []byte
}

func (r *request) ext() *extra {
	if r.more == nil {
		r.more = &extra{}
	}
	return r.more
}

// take returns a request ready to be filled: one of the pool, or one that the
// user will hold.
func (d *driver) take(c *comm, kind opKind, own bool) *request {
	var r *request
	if own {
		r = d.newRequest().(*request)
	} else {
		r = d.requests.Get().(*request)
	}
	r.comm, r.kind, r.own, r.flag = c, kind, own, 0
	return r
}

func (d *driver) newRequest() any {
	r := &request{d: d}
	r.block.Flag = &r.flag
	r.test()
	return r
}

// give puts a request back that nothing refers to any more.
func (d *driver) give(r *request) {
	r.keep, r.more, r.comm = [2]unsafe.Pointer{}, nil, nil
	if !r.own {
		r.test() // where probes and collectives have set up something else
		r.withdrawn, r.orphan, r.posted, r.block.Fn = false, false, false, 0
		d.requests.Put(r)
	}
}

// test sets up polling by MPI_Test.
func (r *request) test() {
	r.block.Poll = r.d.fn(fnTest)
	r.block.PollArgs[0] = pointer(unsafe.Pointer(&r.handle))
	r.block.PollArgs[1] = pointer(unsafe.Pointer(&r.flag))
	r.block.PollArgs[2] = pointer(unsafe.Pointer(&r.status))
}

// run executes the block with the given number of polls.
func (r *request) run(polls int) {
	r.block.Polls = int32(polls)
	if r.d.serial {
		r.d.lock.Lock()
		r.block.Run()
		r.d.lock.Unlock()
	} else {
		r.block.Run()
	}
	r.breathe(0)
}

// A goroutine that calls C for long without a scheduling point loses its
// processor at every tick of the runtime's monitor from then on. One point in
// yieldEvery is soon enough. More would cost: each wakes a thread that looks
// for work, on a core that another rank needs.
const (
	yieldEvery = 5 * time.Millisecond
	smallCall  = 32 << 10 // bytes; a few calls that move less are over before the clock need be read
)

var epoch = time.Now()

// breathe is called after each call into the library, with the number of bytes
// that it moved.
func (r *request) breathe(bytes int) {
	if r.calls++; r.calls&15 != 0 && bytes <= smallCall {
		return
	}
	if now := time.Since(epoch); now-r.yielded > yieldEvery {
		r.yielded = now
		runtime.Gosched()
	}
}

// start runs the block that begins the operation, with some polls at once,
// and reports whether it has completed.
func (r *request) start(polls int) (done bool, err error) {
	r.run(polls)
	r.block.Fn = 0
	if r.block.Ret != 0 {
		return true, r.error()
	}
	return r.flag != 0, nil
}

// poll continues after start.
func (r *request) poll(polls int) (done bool, err error) {
	if r.cancelled.Load() && !r.withdrawn {
		r.withdraw()
	}
	r.run(polls)
	if r.block.Ret != 0 {
		return true, r.error()
	}
	return r.flag != 0, nil
}

// withdraw asks the library to cancel the operation. It has no error of its own:
// a receive that cannot be withdrawn is received.
func (r *request) withdraw() {
	r.withdrawn = true
	if r.withdrawable() {
		r.d.call(fnCancel, uintptr(unsafe.Pointer(&r.handle)))
	}
}

// error is the error of the last call.
func (r *request) error() error {
	e := r.d.failPeer(r.block.Ret, r.peer, r.tag, "")
	if r.kind == opColl {
		e.Peer = engine.NoPeer
	}
	return e
}

// finish does what remains when the library has completed the operation.
func (r *request) finish() engine.Status {
	var st engine.Status
	switch {
	case r.kind == opRecv:
		st = r.received()
	case r.withdrawn && r.kind == opSend:
		st.Cancelled = r.d.convert(&r.status).Cancelled
	}
	if r.more != nil {
		r.more.unpackAll(r.kind, st)
		if p := r.more.release(r.d); p != nil {
			// The user's function has panicked under the library's feet. The
			// panic goes on here, on the goroutine that waited for the reduction.
			panic(p)
		}
	}
	return st
}

// received is the status of a finished receive or probe.
func (r *request) received() engine.Status {
	st := r.d.convert(&r.status)
	if r.tag >= engine.InternalTag && !st.Cancelled {
		st.Tag = r.tag // the library's is another
	}
	return st
}

// unpackAll puts received data in its place. For a message it takes the bytes
// that came, for a collective all.
func (x *extra) unpackAll(kind opKind, st engine.Status) {
	for _, u := range x.unpack {
		data := u.tmp
		if kind == opRecv {
			data = data[:min(len(data), st.Bytes)]
		}
		if u.to.Layout != nil {
			u.to.Layout.Unpack(u.to.Ptr, data, u.to.Type.Size)
		} else {
			copy(u.to.Slice(), data)
		}
	}
	x.unpack = nil
}

// release gives back what the operation held. It returns what a user function
// has panicked with.
func (x *extra) release(d *driver) (panicked any) {
	for _, t := range x.types {
		d.freeType(t)
	}
	x.types = nil
	for _, l := range x.layouts {
		d.types.layouts.release(d, l)
	}
	x.layouts = nil
	if s := x.slot; s != nil {
		x.slot = nil
		panicked = d.ops.release(s)
	}
	return panicked
}

// drop gives back a request without looking at what it received.
func (r *request) drop() {
	r.d.active.remove(r)
	if r.more != nil {
		r.more.unpack = nil
		r.more.release(r.d)
	}
	r.d.give(r)
}
