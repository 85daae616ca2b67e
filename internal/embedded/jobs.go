package embedded

import (
	"slices"
	"sync/atomic"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/memory"
)

// job is the copy of an offered message out of its sender's memory, to be made
// without the lock.
type job struct {
	r     *request
	addr  unsafe.Pointer // in this process, or nil
	from  uint64         // in the peer's memory
	n     int
	total int
	reply uint64 // the sender's operation

	out    *outbound           // to the sender
	shared *transport.Transfer // the sender helps

	src int32
	tag int32
	sig engine.Sig
}

// copies are those of offered messages, out of their senders' memory and with
// the senders' help.
type copies struct {
	jobs     jobQueue
	running  []copied // of the messages that are being copied without the lock
	settling []job    // copies whose last pieces their senders make
	patience int      // looks at settling
	offered  offers   // sends that this rank may help to copy
	pulled   bool     // the system allows copies out of peers' memory
	batches  *batch   // memory for others to come
}

// copied names a message by its sender and the sender's operation.
type copied struct {
	peer   int32
	number uint64
}

// began notes that a job is done without the lock, which the caller still holds.
func (t *copies) began(j *job) {
	t.running = append(t.running, copied{j.out.peer, j.reply})
}

// ended is the counterpart of began. The caller holds the lock again.
func (t *copies) ended(j *job) {
	last := len(t.running) - 1
	for i, c := range t.running {
		if c.number == j.reply && c.peer == j.out.peer {
			t.running[i] = t.running[last]
			t.running = t.running[:last]
			return
		}
	}
}

// copying reports whether a message will be, or is being copied out of its
// sender's memory. The end of that answers the sender.
func (t *copies) copying(peer int32, number uint64) bool {
	of := func(j job) bool { return j.reply == number && j.out.peer == peer }
	return slices.Contains(t.running, copied{peer, number}) ||
		slices.ContainsFunc(t.jobs.list[t.jobs.head:], of) || slices.ContainsFunc(t.settling, of)
}

// jobQueue is a first-in first-out list of jobs.
type jobQueue struct {
	list []job
	head int
}

func (q *jobQueue) len() int { return len(q.list) - q.head }

func (q *jobQueue) push(j job) {
	if q.head > len(q.list)/2 && len(q.list) == cap(q.list) { // rather than let it grow
		n := copy(q.list, q.list[q.head:])
		clear(q.list[n:])
		q.list, q.head = q.list[:n], 0
	}
	q.list = append(q.list, j)
}

// first is the oldest job of a queue that has one.
func (q *jobQueue) first() *job { return &q.list[q.head] }

func (q *jobQueue) pop() job {
	j := q.list[q.head]
	q.list[q.head] = job{}
	if q.head++; q.head == len(q.list) {
		q.list, q.head = q.list[:0], 0
	}
	return j
}

const (
	batchMost  = transport.BatchMost
	batchBytes = transport.BatchBytes
)

// batch is memory for jobs that are done together.
type batch struct {
	jobs  [batchMost]job
	parts [batchMost]transport.Part
	next  *batch
}

// runJobs makes the copies that are to be made without the lock. The caller
// holds ep.lock, and holds it again afterwards.
func (ep *endpoint) runJobs() {
	for ep.jobs.len() > 0 {
		j := ep.jobs.pop()
		if ep.joins(&j, j.r.peer, batchBytes) && ep.jobs.len() > 0 && ep.joins(ep.jobs.first(), j.r.peer, batchBytes-j.n) {
			ep.runBatch(j)
			continue
		}
		// When messages go both ways, the peer copies those to it.
		if j.n >= shareMin && j.n == j.total && len(ep.offered) == 0 && (ep.pulled || j.addr != nil) {
			j.shared = j.out.link.Transfer(j.reply)
		}
		ep.run(j)
	}
}

// run makes one copy.
func (ep *endpoint) run(j job) {
	ep.began(&j)
	ep.lock.Unlock()
	var err error
	if j.shared != nil {
		err = j.pullShared()
	} else if j.n > 0 {
		err = j.copyPart(0, j.n)
	}
	ep.lock.Lock()
	ep.ended(&j)
	if err == nil && j.addr == nil && j.n > 0 {
		ep.pulled = true
	}
	switch {
	case err != nil:
		ep.pullFailed(j, err)
	case j.shared != nil && atomic.LoadUint64(&j.shared.Done) < uint64(j.n):
		ep.settling = append(ep.settling, j)
		ep.news = true // whoever polls for the rank must not sleep now
	default:
		ep.pulledAll(j)
	}
}

// joins reports whether a job may be done by one system call with others of a
// peer that have left room for so many bytes.
func (t *copies) joins(j *job, peer int32, room int) bool {
	return t.pulled && j.addr == nil && j.n > 0 && j.n <= room && j.out.peer == peer && j.out.reach.Batches()
}

// runBatch makes the copy of j together with those that follow it.
func (ep *endpoint) runBatch(j job) {
	b := ep.batches
	if b == nil {
		b = new(batch)
	} else {
		ep.batches = b.next
	}
	out, room, n := j.out, batchBytes, 0
	for {
		b.jobs[n], b.parts[n] = j, transport.Part{Dst: j.r.ptr, From: j.from, N: j.n}
		ep.began(&j)
		room -= j.n
		if n++; n == batchMost || ep.jobs.len() == 0 || !ep.joins(ep.jobs.first(), out.peer, room) {
			break
		}
		j = ep.jobs.pop()
	}
	ep.lock.Unlock()
	err := out.reach.PullAll(b.parts[:n])
	ep.lock.Lock()
	for _, j := range b.jobs[:n] {
		ep.ended(&j)
		if err != nil { // one of them, perhaps: each for itself
			ep.run(j)
		} else {
			ep.pulledAll(j)
		}
	}
	*b = batch{next: ep.batches}
	ep.batches = b
}

// copyPart copies n bytes of an offered message from where they lie.
func (j *job) copyPart(at, n int) error {
	dst := unsafe.Add(j.r.ptr, at)
	if j.addr != nil {
		memory.Copy(dst, unsafe.Add(j.addr, at), n)
		return nil
	}
	return j.out.reach.Pull(dst, j.from+uint64(at), n)
}
