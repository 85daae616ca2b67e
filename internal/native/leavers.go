package native

import (
	"fmt"
	"sync"
	"time"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// leavers is how a rank learns that another one has finished. No MPI library
// tells, and a receive from such a rank, or a long send to it, would wait for
// ever. So a rank that has waited for another for a while asks it to say when
// it finishes. The question lies there until the other one is in Finalize,
// which answers questions until all ranks have come to it (takeLeave). A job in
// which no rank waits long sends nothing. Questions and answers travel on the
// communicator of internal tags of the world, under tags of their own.
type leavers struct {
	lock   sync.Mutex
	asked  map[int]*request // questions, by the process asked
	answer *request         // the receive for an answer, while some are missing
	left   map[int]time.Time
}

const (
	// askAfter is how long a call waits before it asks.
	askAfter = 100 * time.Millisecond

	// lastMessages is how much later than a rank's answer its last messages may
	// come.
	lastMessages = 100 * time.Millisecond
)

func (d *driver) questionTag() int { return d.tagUB }
func (d *driver) answerTag() int   { return d.tagUB - 1 }

// empty begins a message without data on the communicator of internal tags. The
// caller keeps the request until it has completed.
func (d *driver) empty(kind opKind, f function, peer, tag int) (*request, error) {
	r := d.take(d.world, kind, true)
	r.peer, r.tag = peer, tag
	w := wire{dtype: d.types.basic[engine.Raw]}
	if err := r.message(f, w, [3]uintptr{integer(peer), integer(tag), d.world.inner}, 3); err != nil {
		return nil, err
	}
	if _, err := r.start(1); err != nil {
		return nil, err
	}
	return r, nil
}

// ask asks a process to say when it finishes, once. The caller holds the lock.
func (d *driver) ask(proc int) error {
	l := &d.leavers
	if proc < 0 || l.asked[proc] != nil || proc == d.world.rank {
		return nil
	}
	if l.asked == nil {
		l.asked, l.left = map[int]*request{}, map[int]time.Time{}
	}
	r, err := d.empty(opSend, fnIssend, proc, d.questionTag())
	if err != nil {
		return err
	}
	l.asked[proc] = r
	return d.expect()
}

// expect sees to it that a receive is there for the next answer. The caller
// holds the lock.
func (d *driver) expect() (err error) {
	l := &d.leavers
	if l.answer == nil && len(l.left) < len(l.asked) {
		l.answer, err = d.empty(opRecv, fnIrecv, d.anySource, d.answerTag())
	}
	return err
}

// listen takes in the answers that are there. The caller holds the lock.
func (d *driver) listen() error {
	l := &d.leavers
	for l.answer != nil {
		if l.answer.flag == 0 { // otherwise it was there when the receive was made
			if finished, err := l.answer.poll(1); err != nil || !finished {
				return err
			}
		}
		l.left[d.convert(&l.answer.status).Source] = time.Now()
		l.answer.drop()
		l.answer = nil
		if err := d.expect(); err != nil {
			return err
		}
	}
	return nil
}

// hasLeft tells whether a process has finished, as far as this one knows, and
// asks it once a call has waited for a while. For this process itself the
// answer is yes: it asks only in Finalize.
func (d *driver) hasLeft(proc int, waited time.Duration) (bool, error) {
	if proc == d.world.rank {
		return true, nil
	}
	l := &d.leavers
	l.lock.Lock()
	defer l.lock.Unlock()
	err := d.listen()
	if err == nil && waited > askAfter {
		err = d.ask(proc)
	}
	_, left := l.left[proc]
	return left, err
}

// missed returns an error if a point-to-point operation waits for ranks that
// have finished; waited is how long the call has waited.
func (r *request) missed(waited time.Duration) error {
	d, c := r.d, r.comm
	l := &d.leavers
	if r.kind == opColl || r.peer == engine.ProcNull || c.size == 1 || d.ending.Load() || !l.lock.TryLock() {
		return nil
	}
	defer l.lock.Unlock()
	err := d.listen()
	gone := func(rank int) bool {
		proc := int(c.Proc(rank))
		if waited > askAfter && err == nil {
			err = d.ask(proc)
		}
		at, ok := l.left[proc]
		return ok && time.Since(at) > lastMessages
	}
	if r.peer != engine.AnySource {
		if r.peer != c.rank && gone(r.peer) && err == nil {
			return leftError(c, r.peer)
		}
		return err
	}
	alive := false
	for rank := range c.size {
		alive = rank != c.rank && !gone(rank) || alive
	}
	if !alive && err == nil {
		e := engine.Errorf(engine.ErrProcFailed, "all other ranks of the communicator have finished: nobody is left to send")
		e.Err = engine.ErrFinalized
		return e
	}
	return err
}

// leftError says that an operation with a rank cannot succeed any more.
func leftError(c *comm, rank int) error {
	where := ""
	if proc := int(c.Proc(rank)); proc != rank {
		where = fmt.Sprintf(" (rank %d of the world)", proc)
	}
	e := engine.PeerErrorf(engine.ErrProcFailed, rank, engine.Undefined, "rank %d%s has ended: it has called Finalize", rank, where)
	e.Err = engine.ErrFinalized
	return e
}

// takeLeave answers the questions of other ranks until all have come to their
// end. Sends that were given up because their receiver had finished are then
// received by it after all, and thrown away, so that the library has nothing
// under way.
func (f *parting) takeLeave(orphans *[]*request) error {
	d := f.d
	if d.world.size == 1 && len(*orphans) == 0 {
		return nil
	}
	w := waiter{d: d}
	w.begin()
	defer w.end()
	defer f.end(&w)

	for done := false; !done; w.pause() {
		var err error
		if done, err = d.answered(); err == nil {
			err = f.answer()
		}
		if err != nil {
			return err
		}
	}
	any, err := f.agree(&w, len(*orphans) > 0, nil)
	if err != nil || !any {
		return err
	}
	for len(*orphans) > 0 {
		if err := d.discard(); err != nil {
			return err
		}
		sweepRequests(orphans)
		w.pause()
	}
	_, err = f.agree(&w, false, d.discard)
	return err
}

// answered tells whether the questions of this rank have been answered.
func (d *driver) answered() (bool, error) {
	l := &d.leavers
	l.lock.Lock()
	defer l.lock.Unlock()
	if err := d.listen(); err != nil {
		return false, err
	}
	all := len(l.left) == len(l.asked)
	for _, r := range l.asked {
		if r.flag == 0 {
			finished, err := r.poll(1)
			if err != nil {
				return false, err
			}
			all = all && finished
		}
	}
	return all, nil
}

// parting is what a rank in Finalize has under way for others.
type parting struct {
	d       *driver
	answers []*request
}

// answer answers the questions that are there.
func (f *parting) answer() error {
	d := f.d
	for {
		m, err := d.improbe(d.questionTag(), d.world.inner)
		if err != nil || m == nil {
			return err
		}
		if err := m.swallow(); err != nil {
			return err
		}
		r, err := d.empty(opSend, fnIsend, d.convert(&m.status).Source, d.answerTag())
		if err != nil {
			return err
		}
		f.answers = append(f.answers, r)
	}
}

// agree waits for all ranks, and returns whether any of them says yes.
func (f *parting) agree(w *waiter, yes bool, meanwhile func() error) (bool, error) {
	d := f.d
	word := []byte{0}
	if yes {
		word[0] = 1
	}
	bytes := engine.OfBytes(word)
	bytes.Type = engine.Basic(engine.Uint8)
	op := engine.Op{Code: engine.OpBor, Commutative: true, Type: bytes.Type, Kernel: orByte}
	k := engine.Coll{Kind: engine.Allreduce, InPlace: true, Recv: bytes, Op: &op}
	inner := &comm{d: d, handle: d.world.inner, rank: d.world.rank, size: d.world.size}
	r := d.take(inner, opColl, true)
	if err := r.collective(&k, plain, true, false); err != nil {
		return false, err
	}
	finished, err := r.start(1)
	for !finished && err == nil {
		if err = f.answer(); err == nil && meanwhile != nil {
			err = meanwhile()
		}
		if err == nil {
			w.pause()
			finished, err = r.poll(w.polls)
		}
	}
	if err == nil {
		_, err = r.end(nil)
	}
	return word[0] != 0, err
}

// orByte combines the words of agree where the library's own operation is wrong.
func orByte(dst, a, b unsafe.Pointer, n int) {
	for i := range n {
		*(*byte)(unsafe.Add(dst, i)) = *(*byte)(unsafe.Add(a, i)) | *(*byte)(unsafe.Add(b, i))
	}
}

// end completes the answers.
func (f *parting) end(w *waiter) {
	for sweepRequests(&f.answers); len(f.answers) > 0; sweepRequests(&f.answers) {
		w.pause()
	}
}

// sweepRequests drops the requests that have completed.
func sweepRequests(list *[]*request) {
	rest := (*list)[:0]
	for _, r := range *list {
		if r.flag == 0 && r.block.Ret == 0 {
			if finished, _ := r.poll(1); !finished {
				rest = append(rest, r)
				continue
			}
		}
		if r.posted && r.d.convert(&r.status).Cancelled {
			r.d.posted.Add(1)
		}
		r.drop()
	}
	clear((*list)[len(rest):])
	*list = rest
}

// discard receives the messages that the program has not received, and drops
// them.
func (d *driver) discard() (err error) {
	d.comms.Range(func(key, _ any) bool {
		c := key.(*comm)
		for _, handle := range []uintptr{c.handle, c.inner} {
			for {
				var m *taken
				if m, err = d.improbe(d.anyTag, handle); err != nil || m == nil {
					break
				}
				err = m.swallow()
			}
		}
		return err == nil
	})
	return err
}

// taken is a message that improbe has found. It is on the heap for as long as C
// writes to it.
type taken struct {
	d      *driver
	handle uintptr
	flag   int32
	status status
}

// improbe takes a message from any rank, nil when there is none.
func (d *driver) improbe(tag int, comm uintptr) (*taken, error) {
	m := &taken{d: d}
	rc := d.call(fnImprobe, integer(d.anySource), integer(tag), comm, uintptr(unsafe.Pointer(&m.flag)),
		uintptr(unsafe.Pointer(&m.handle)), uintptr(unsafe.Pointer(&m.status)))
	switch {
	case rc != 0:
		return nil, d.fail(rc, "MPI_Improbe")
	case m.flag == 0:
		return nil, nil
	}
	return m, nil
}

// swallow receives a message, of whatever length: some libraries write past a
// buffer that is too short (truncateOverrun).
func (m *taken) swallow() error {
	d := m.d
	r := d.take(d.world, opRecv, true)
	defer r.drop()
	room := make([]byte, max(d.convert(&m.status).Bytes, 1))
	r.hold(unsafe.Pointer(m))
	r.hold(unsafe.Pointer(unsafe.SliceData(room)))
	data := wire{ptr: pointer(unsafe.Pointer(unsafe.SliceData(room))), count: len(room), dtype: d.types.basic[engine.Raw]}
	if err := r.message(fnImrecv, data, [3]uintptr{pointer(unsafe.Pointer(&m.handle))}, 1); err != nil {
		return err
	}
	finished, err := r.start(minBatch)
	w := waiter{d: d}
	w.begin()
	defer w.end()
	for !finished && err == nil {
		w.pause()
		finished, err = r.poll(w.polls)
	}
	return err
}
