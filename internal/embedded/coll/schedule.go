package coll

import (
	"errors"
	"runtime/debug"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// Port is the point-to-point service that a running schedule uses: messages
// between the ranks of one communicator on its private collective context.
type Port interface {
	// Isend and Irecv start an operation on n bytes at p and return at once.
	// When it has completed, s.Done(vertex, n, err) is called exactly once, with
	// the number of bytes transferred, possibly before Isend or Irecv returns,
	// and always with the same exclusion held under which Start was called. Done
	// may call Isend and Irecv again. With n == 0, p may be nil.
	//
	// Messages of one sender with one tag match receives in the order in which
	// they were issued. A message longer than its receive completes the receive
	// with an error of class ErrTruncate. When a member of the communicator has
	// died or the communicator is revoked, the port ends the operations of every
	// member with ErrProcFailed or ErrRevoked.
	Isend(p unsafe.Pointer, n int, dest, tag int, s *Schedule, vertex int)
	Irecv(p unsafe.Pointer, n int, source, tag int, s *Schedule, vertex int)

	// Unlike tells the other ranks that the schedule with this tag has failed on
	// this one because a message had another length than it expects: they may have
	// chosen another algorithm, and wait for messages that never come. It reports
	// whether the port tells them, and ends what is under way here as well; Done
	// may be called before it returns.
	Unlike(tag int, err error) bool
}

// kind is what a vertex does.
type kind uint8

const (
	join   kind = iota // nothing: stands for the completion of all it depends on
	send               // n bytes at a to peer
	recv               // n bytes from peer to dst
	reduce             // dst = a op b, n elements
	move               // n bytes from a to dst
	stride             // n bytes from a to dst in runs, see strides[peer]
	pack               // the elements of packs[peer] from a to n bytes at dst
	unpack             // n bytes at a to the places of packs[peer] at dst
)

type state uint8

const (
	waiting state = iota
	issued
	completed
)

// vertex is one node of the graph, 64 bytes.
type vertex struct {
	dst, a, b unsafe.Pointer
	n         int
	peer      int32 // rank at the other end, or index of strides or packs
	deps      int32 // vertices to complete, and to be issued (next), before this one starts
	left      int32 // of those, not yet
	first     int32 // edges[first:last] are the vertices that depend on this one
	last      int32
	next      int32 // next message of the same direction and peer: issued after this one; 0: none
	kind      kind
	state     state
}

// strided is the shape of a stride vertex: runs of run bytes, from one to the
// next dst and src bytes on in the two places. The last run may be shorter.
type strided struct{ run, dst, src int }

// packed is the layout of a pack or unpack vertex.
type packed struct {
	layout *engine.Layout
	size   int // of an element
}

// Schedule is one rank's part of a collective operation. Build makes it, Start
// runs it, Release gives its memory back. It is not safe for concurrent use:
// Start, Done and the rest are called under one exclusion, the caller's.
type Schedule struct {
	// OnDone, if set, is called once for each Start when every vertex has
	// completed, as the last thing that Start or Done does: it may reset, restart
	// or release the schedule.
	OnDone func()

	vertices []vertex
	edges    []int32
	strides  []strided
	packs    []packed
	kernel   engine.Kernel
	elem     int  // bytes of an element of a reduction
	user     bool // the kernel calls a function of the user's
	memory   memory

	port Port
	tag  int
	mark uint32 // see Mark
	left int    // vertices not completed
	err  error
	halt bool // the job or the communicator is broken: start nothing more
	busy bool // a call of run is below us on the stack

	// Vertices whose dependencies have completed: messages from the front of
	// queue, local work from its end, so that nothing waits to be sent while
	// this rank computes.
	queue        []int32
	msgs, taken  int // queue[taken:msgs] are messages to issue
	works, begun int // queue[len-works:len-begun], from the end, is work to do

	b *builder // while the graph is laid out
}

// Start issues every vertex that depends on nothing. The schedule is new or
// has been Reset. tag is the same on all ranks of the communicator and not in
// use by another of its schedules. When the schedule needs nothing of other
// ranks it has completed on return.
func (s *Schedule) Start(p Port, tag int) {
	s.port, s.tag = p, tag
	for i := range s.vertices {
		if v := &s.vertices[i]; v.deps == 0 && v.kind == recv {
			s.ready(int32(i)) // receives first: what arrives finds its place
		}
	}
	for i := range s.vertices {
		if v := &s.vertices[i]; v.deps == 0 && v.kind != recv {
			s.ready(int32(i))
		}
	}
	s.run()
}

// Done reports that the operation of a vertex has completed: n bytes were
// transferred, or err says why not. It is called by the Port.
func (s *Schedule) Done(vertex int, n int, err error) {
	if vertex < 0 || vertex >= len(s.vertices) || s.vertices[vertex].state != issued {
		s.fail(engine.Errorf(engine.ErrIntern, "vertex %d of a collective schedule completed without being issued", vertex))
		return
	}
	v := &s.vertices[vertex]
	switch {
	case err != nil && (!errors.Is(err, engine.ErrTruncate) && !errors.Is(err, engine.ErrMismatch) || isEnded(err)):
		s.fail(s.peerError(v, err))
	case s.err != nil:
	case err != nil:
		s.unlike(s.peerError(v, err))
	case v.kind == recv && n != v.n:
		s.unlike(s.lengthError(v, n))
	}
	s.complete(int32(vertex))
	s.run()
}

// Mark is a number of 24 bits that is the same on all ranks that are in the same
// collective and go the same way. Where ranks disagree about a length they may
// choose different ways, and wait for messages that never come: by the mark a
// message says which it belongs to.
func (s *Schedule) Mark() uint32 { return s.mark }

// Completed reports whether every vertex has completed.
func (s *Schedule) Completed() bool { return s.left == 0 }

// Err returns the first error. Until Completed it may still change from nil.
func (s *Schedule) Err() error { return s.err }

// Reset makes a completed schedule ready to be started again on the same
// buffers.
func (s *Schedule) Reset() {
	for i := range s.vertices {
		v := &s.vertices[i]
		v.left, v.state = v.deps, waiting
	}
	s.left, s.err, s.halt = len(s.vertices), nil, false
	s.msgs, s.taken, s.works, s.begun = 0, 0, 0, 0
}

// Release gives the schedule and its temporary memory back for another Build.
// Nothing may refer to it afterwards. A schedule that is still running is left
// to the garbage collector.
func (s *Schedule) Release() {
	if s.left != 0 && s.left != len(s.vertices) {
		return
	}
	s.recycle()
}

// ready puts a vertex into the queue. A vertex gets there once, so the two ends
// never meet.
func (s *Schedule) ready(i int32) {
	if k := s.vertices[i].kind; k == send || k == recv {
		s.queue[s.msgs] = i
		s.msgs++
	} else {
		s.works++
		s.queue[len(s.queue)-s.works] = i
	}
}

// run takes vertices from the queue until it is empty. A Done that the Port
// calls from within Isend or Irecv only adds to the queue, so the stack does
// not grow with the schedule.
func (s *Schedule) run() {
	if s.busy {
		return
	}
	s.busy = true
	for {
		if s.taken < s.msgs {
			i := s.queue[s.taken]
			s.taken++
			s.issue(i)
		} else if s.begun < s.works {
			s.begun++
			i := s.queue[len(s.queue)-s.begun]
			if s.err == nil {
				s.work(&s.vertices[i])
			}
			s.complete(i)
		} else {
			break
		}
	}
	s.busy = false
	if s.left == 0 && s.OnDone != nil {
		s.OnDone()
	}
}

// issue hands a message to the port. After an error receives go on, so that the
// senders are not left waiting, and what is still to be sent is sent without
// its data, so that the receivers learn of the error by the length.
func (s *Schedule) issue(i int32) {
	v := &s.vertices[i]
	v.state = issued
	if v.next != 0 {
		s.release(v.next)
	}
	switch {
	case s.halt:
		s.complete(i)
	case v.kind == recv:
		s.port.Irecv(v.dst, v.n, int(v.peer), s.tag, s, int(i))
	case s.err != nil:
		s.port.Isend(nil, 0, int(v.peer), s.tag, s, int(i))
	default:
		s.port.Isend(v.a, v.n, int(v.peer), s.tag, s, int(i))
	}
}

func (s *Schedule) complete(i int32) {
	v := &s.vertices[i]
	v.state = completed
	s.left--
	for _, d := range s.edges[v.first:v.last] {
		s.release(d)
	}
}

// release takes one dependency off vertex i.
func (s *Schedule) release(i int32) {
	v := &s.vertices[i]
	if v.left--; v.left == 0 {
		s.ready(i)
	}
}

// piece bounds a single memory copy: the garbage collector cannot stop a
// goroutine inside one.
const piece = 256 << 10

func (s *Schedule) work(v *vertex) {
	switch v.kind {
	case reduce:
		if s.user {
			s.userReduce(v)
		} else {
			s.kernel(v.dst, v.a, v.b, v.n)
		}
	case move:
		dst, src := unsafe.Slice((*byte)(v.dst), v.n), unsafe.Slice((*byte)(v.a), v.n)
		for len(dst) > piece {
			copy(dst[:piece], src)
			dst, src = dst[piece:], src[piece:]
		}
		copy(dst, src)
	case stride:
		st := s.strides[v.peer]
		for at, d, a := 0, 0, 0; at < v.n; at, d, a = at+st.run, d+st.dst, a+st.src {
			n := min(st.run, v.n-at)
			copy(unsafe.Slice((*byte)(unsafe.Add(v.dst, d)), n), unsafe.Slice((*byte)(unsafe.Add(v.a, a)), n))
		}
	case pack:
		p := s.packs[v.peer]
		p.layout.Pack(unsafe.Slice((*byte)(v.dst), v.n), v.a, p.size)
	case unpack:
		p := s.packs[v.peer]
		p.layout.Unpack(v.dst, unsafe.Slice((*byte)(v.a), v.n), p.size)
	}
}

// userReduce keeps a panic of the user's function from passing through the
// caller of Done, which may be another goroutine holding locks.
func (s *Schedule) userReduce(v *vertex) {
	defer func() {
		if r := recover(); r != nil {
			s.fail(engine.Errorf(engine.ErrOp, "the reduction function panicked: %v\n%s", r, debug.Stack()))
		}
	}()
	s.kernel(v.dst, v.a, v.b, v.n)
}

// fail records the first error. When a process has died, the communicator is
// revoked or the rank is leaving the job, the ports of all members end their
// operations with that cause: nothing more is started, lest a rank that has not
// heard of it yet take our unfinished messages for a mismatch.
func (s *Schedule) fail(err error) {
	if s.err == nil {
		s.err = err
	}
	s.halt = s.halt || isEnded(err)
	for _, c := range [...]engine.Class{engine.ErrProcFailed, engine.ErrRevoked, engine.ErrFinalized, engine.ErrCancelled} {
		if errors.Is(err, c) {
			s.halt = true
		}
	}
}

// unlike records that a message has another length than expected. Where the
// others are told, nothing more is started.
func (s *Schedule) unlike(err error) {
	s.fail(err)
	s.halt = s.port.Unlike(s.tag, err)
}

// Ended is an error with which a port ends the operations of a collective at all
// members: nothing more of it is started.
type Ended struct{ Err error }

func isEnded(err error) bool {
	var ended *Ended
	return errors.As(err, &ended)
}

func (e *Ended) Error() string { return e.Err.Error() }
func (e *Ended) Unwrap() error { return e.Err }

// peerError adds the rank at the other end to an error that names none.
func (s *Schedule) peerError(v *vertex, err error) error {
	class := engine.ErrOther
	var e *engine.Error
	if errors.As(err, &e) {
		if e.Peer != engine.NoPeer {
			return err
		}
		class = e.Class
	} else {
		errors.As(err, &class)
	}
	verb := "send to"
	if v.kind == recv {
		verb = "receive from"
	}
	return engine.PeerErrorf(class, int(v.peer), engine.Undefined, "%s rank %d inside a collective: %w", verb, v.peer, err)
}

func (s *Schedule) lengthError(v *vertex, n int) error {
	switch {
	case n > v.n:
		return engine.PeerErrorf(engine.ErrTruncate, int(v.peer), engine.Undefined,
			"rank %d sent %d bytes where %d were expected: the ranks called different collectives, or with different counts", v.peer, n, v.n)
	case n == 0:
		return engine.PeerErrorf(engine.ErrMismatch, int(v.peer), engine.Undefined,
			"rank %d sent nothing where %d bytes were expected: its part of the collective failed, or its count was 0", v.peer, v.n)
	}
	return engine.PeerErrorf(engine.ErrMismatch, int(v.peer), engine.Undefined,
		"rank %d sent %d bytes where %d were expected: the ranks called different collectives, or with different counts", v.peer, n, v.n)
}
