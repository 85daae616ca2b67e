package embedded

import (
	"slices"
	"sync/atomic"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/memory"
)

// A long message between two processes is copied by the kernel, and by both of
// them: the receiver reads out of the sender's memory, and a sender that waits
// for it writes into the receiver's. They take pieces in turn from a record in
// the segment.
//
// The record belongs to the number of the sender's operation. Its Next holds
// the generation of the number beside how many pieces have been taken, so that
// a sender that comes late finds that the record is another operation's by now.
//
// The receiver takes pieces from the front, the sender from the end: in buffers
// that are used again and again each end then meets the lines that it has in
// its own cache.

const maxPieces = 1<<16 - 1

// pieceOf is the length of a piece of a message of n bytes.
func pieceOf(n int) int {
	return (max(min(max(n/4, min(n/2, 32<<10)), 128<<10), n/maxPieces+1) + 4095) &^ 4095
}

// takePiece takes the next piece of a transfer, from the front or the end; ok
// is false when there is none left, or the transfer is not of this generation.
func takePiece(t *transport.Transfer, generation uint64, n int, fromEnd bool) (at, length int, ok bool) {
	piece := pieceOf(n)
	pieces := (n + piece - 1) / piece
	for {
		next := atomic.LoadUint64(&t.Next)
		front, back := int(uint16(next>>16)), int(uint16(next))
		if next>>32 != generation || front+back >= pieces {
			return 0, 0, false
		}
		i, taken := front, next+1<<16
		if fromEnd {
			i, taken = pieces-1-back, next+1
		}
		if atomic.CompareAndSwapUint64(&t.Next, next, taken) {
			return i * piece, min(piece, n-i*piece), true
		}
	}
}

// pullShared is the receiver's side: it copies an offered message, with the
// sender's help if it comes. When it returns, the sender may still be at work on
// pieces of its own: see settle. The caller does not hold ep.lock.
func (j *job) pullShared() error {
	t := j.shared
	home := uint64(0)
	if place, ok := j.out.reach.Place(j.r.ptr); ok {
		home = place + 1
	}
	atomic.StoreUint64(&t.Done, 0)
	atomic.StoreUint64(&t.Lost, 0)
	atomic.StoreUint64(&t.Addr, uint64(uintptr(j.r.ptr)))
	atomic.StoreUint64(&t.Home, home)
	atomic.StoreUint64(&t.Len, uint64(j.n))
	atomic.StoreUint64(&t.Next, j.reply&^0xffffffff) // the sender may begin
	for {
		at, length, ok := takePiece(t, j.reply>>32, j.n, false)
		if !ok {
			return nil
		}
		if err := j.copyPart(at, length); err != nil {
			return err
		}
		atomic.AddUint64(&t.Done, uint64(length))
	}
}

// settle completes the receives whose senders have copied their last piece, so
// that the copy of the next message begins meanwhile. The caller holds ep.lock.
func (ep *endpoint) settle() {
	kept := ep.settling[:0]
	for _, j := range ep.settling {
		over, err := ep.settled(&j)
		switch {
		case err != nil:
			ep.pullFailed(j, err)
		case over:
			ep.pulledAll(j)
		default:
			kept = append(kept, j)
		}
	}
	clear(ep.settling[len(kept):])
	ep.settling = kept
	if len(kept) > 0 {
		ep.patience++
		if ep.patience%1000 == 0 { // the sender has lost its core in the middle
			ep.lock.Unlock()
			ep.carrier.Yield()
			ep.lock.Lock()
		}
	}
}

// settled reports whether all of a shared copy is there.
func (ep *endpoint) settled(j *job) (bool, error) {
	t, peer := j.shared, int(j.r.peer)
	if atomic.LoadUint64(&t.Done) >= uint64(j.n) {
		return true, nil
	}
	if lost := atomic.SwapUint64(&t.Lost, 0); lost != 0 {
		at := int(lost-1) * pieceOf(j.n)
		length := min(pieceOf(j.n), j.n-at)
		if err := j.copyPart(at, length); err != nil {
			return false, err
		}
		atomic.AddUint64(&t.Done, uint64(length))
	}
	if ep.job.State(peer) > transport.Running && atomic.LoadUint64(&t.Done) < uint64(j.n) {
		return false, engine.Errorf(engine.ErrProcFailed, "rank %d ended while it copied: %s", peer, ep.job.Cause(peer))
	}
	return false, nil
}

// offers are the sends whose receivers may ask for help, oldest first.
type offers []*request

func (o *offers) add(r *request) { *o = append(*o, r) }

func (o *offers) remove(r *request) {
	r.transfer = nil
	if i := slices.Index(*o, r); i >= 0 {
		*o = slices.Delete(*o, i, i+1)
	}
}

// assistLook is how many offers are looked at in one go: receivers begin with
// the oldest.
const assistLook = 4

// assist is the sender's side, called while it waits: if a receiver has begun
// to copy, it copies as well. The caller holds ep.lock.
func (ep *endpoint) assist() {
	for _, r := range ep.offered[:min(len(ep.offered), assistLook)] {
		if atomic.LoadUint64(&r.transfer.Next)>>32 == r.number>>32 {
			ep.push(r)
			return
		}
	}
}

// push copies pieces of a message to its receiver.
func (ep *endpoint) push(r *request) {
	t, generation := r.transfer, r.number>>32
	ep.offered.remove(r)
	n, addr, home := int(atomic.LoadUint64(&t.Len)), atomic.LoadUint64(&t.Addr), atomic.LoadUint64(&t.Home)
	src, reach := r.ptr, ep.outbound(r.peer).reach
	if n > r.n {
		return
	}
	var there unsafe.Pointer // the receiver's buffer, if it is shared memory
	if home != 0 {
		there, _ = reach.At(home-1, n)
	}
	ep.lock.Unlock()
	for {
		at, length, ok := takePiece(t, generation, n, true)
		if !ok {
			break
		}
		if there != nil {
			memory.Copy(unsafe.Add(there, at), unsafe.Add(src, at), length)
		} else if err := reach.Push(addr+uint64(at), unsafe.Add(src, at), length); err != nil {
			atomic.StoreUint64(&t.Lost, uint64(at/pieceOf(n))+1)
			break
		}
		atomic.AddUint64(&t.Done, uint64(length))
	}
	ep.lock.Lock()
}
