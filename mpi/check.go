package mpi

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringo-mpi/ringo/internal/engine"
)

// Check mode (RINGO_CHECK=1): before a collective runs, the ranks exchange
// what they are about to call, on a private duplicate of the communicator, and
// compare. Where they differ, each rank gets an ErrMismatch that names two
// ranks and their calls, and nothing hangs. A nonblocking collective starts at
// once and is compared alongside; if the calls differ, the communicator is
// revoked and the request ends with the ErrMismatch. Finalize compares as well,
// on every communicator, so that a call which some rank never makes is found at
// the latest when that rank ends.

// checker compares the collective calls on one communicator.
type checker struct {
	comm *Comm // the private duplicate
	of   *commState
	live atomic.Bool
}

// callKind is a CollKind or one of the other collective calls.
type callKind uint8

const (
	callDup = callKind(engine.NumColls) + iota
	callSplit
	callSplitType
	callCreate
	callFree
	callFinalize
)

// callRecord is what a rank tells the others of its call. It holds no pointers:
// it travels as an element.
type callRecord struct {
	kind        callKind
	nonblocking bool
	inPlace     bool
	opCode      engine.OpCode
	root        int32
	sig         uint32
	count       int64  // elements for each rank, where the ranks must agree on it
	hash        uint64 // of the counts, of a group
	name        [32]byte
	typeName    [48]byte
	at          [64]byte
}

// checkers are the live checkers of a process, for Finalize.
type checkers struct {
	mu   sync.Mutex
	list []*checker
}

// newChecker makes the private duplicate; collective over c. A communicator of
// one rank needs none.
func newChecker(c *Comm) (*checker, error) {
	if c.size == 1 {
		return nil, nil
	}
	ec, err := c.ec.Dup()
	if err != nil {
		return nil, c.failed("", Undefined, Undefined, err)
	}
	k := &checker{comm: c.st.proc.newComm(ec, c.Name()+"/check"), of: c.st}
	k.live.Store(true)
	p := &c.st.proc.checkers
	p.mu.Lock()
	p.list = append(p.list, k)
	p.mu.Unlock()
	return k, nil
}

func (k *checker) free() error {
	if !k.live.Swap(false) {
		return nil
	}
	p := &k.comm.st.proc.checkers
	p.mu.Lock()
	p.list = slices.DeleteFunc(p.list, func(o *checker) bool { return o == k })
	p.mu.Unlock()
	return k.comm.ec.Free()
}

// before compares a blocking call.
func (k *checker) before(c *Comm, call *engine.Coll) error {
	all, err := k.exchange(c, newRecord(c, call, false))
	if err != nil {
		return err
	}
	switch call.Kind {
	case engine.Scatterv, engine.Gatherv:
		return k.compareRooted(c, call, all)
	case engine.Alltoallv, engine.Alltoallw:
		return k.comparePairs(c, call, all)
	}
	return nil
}

// construction compares a call that makes or frees a communicator.
func (c *Comm) construction(kind callKind, detail int) error {
	if err := c.unusable(); err != nil {
		return err
	}
	if c.st.check == nil {
		return nil
	}
	rec := callRecord{kind: kind, hash: uint64(detail)}
	rec.where()
	_, err := c.st.check.exchange(c, rec)
	return err
}

// exchange collects the records of all ranks and compares them.
func (k *checker) exchange(c *Comm, rec callRecord) ([]callRecord, error) {
	all := make([]callRecord, c.size)
	if err := k.run(c, allgatherRequest(k, c, []callRecord{rec}, all)); err != nil {
		return nil, err
	}
	if text := compareRecords(all); text != "" {
		return nil, c.newError("", ErrMismatch, Undefined, Undefined, errorText(text))
	}
	return all, nil
}

func allgatherRequest[T any](k *checker, c *Comm, mine, all []T) *Request {
	v := k.comm.WithContext(c.ctx)
	return v.icollective(allgather(v, mine, all, false))
}

// run waits for a comparison that was started on behalf of c.
func (k *checker) run(c *Comm, r *Request) error {
	_, err := r.Wait()
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	if e.Class == ErrCancelled {
		c.ec.Revoke("a context ended during a collective")
	}
	return c.newError("", e.Class, e.Peer, e.Tag, e.Err)
}

// alongside starts the comparison of a nonblocking call: r, whose operation
// the caller starts next through real, completes after both.
func (k *checker) alongside(c *Comm, call *engine.Coll, r *Request, real engine.Request) {
	all := make([]callRecord, c.size)
	cr := allgatherRequest(k, c, []callRecord{newRecord(c, call, true)}, all)
	if cr.isOver() {
		r.req = real
		return
	}
	r.req = cr.req
	r.extra().then = func(r *Request, st engine.Status, err error) (engine.Request, Status, error) {
		runtime.KeepAlive(cr) // holds what was sent
		text := ""
		if err == nil {
			text = compareRecords(all)
		}
		if text != "" {
			c.ec.Revoke("the ranks called different collectives")
			r.extra().then = func(*Request, engine.Status, error) (engine.Request, Status, error) {
				return nil, emptyStatus, c.newError(r.op.String(), ErrMismatch, Undefined, Undefined, errorText(text))
			}
		}
		return real, emptyStatus, nil
	}
}

// revoke ends comparisons under way.
func (k *checker) revoke(reason string) { k.comm.ec.Revoke(reason) }

// newRecord describes a call.
func newRecord(c *Comm, call *engine.Coll, nonblocking bool) callRecord {
	rec := callRecord{
		kind: callKind(call.Kind), nonblocking: nonblocking, inPlace: call.InPlace,
		root: int32(call.Root), count: int64(blockLen(c, call)),
	}
	if call.Op != nil {
		rec.opCode = call.Op.Code
	}
	if t := cmpType(call); t != nil {
		rec.sig = uint32(t.Sig)
		copy(rec.typeName[:], t.Name)
	}
	if call.Kind == engine.Allgatherv || call.Kind == engine.ReduceScatter {
		rec.hash = hashInts(call.V.RecvCounts)
	}
	rec.where()
	return rec
}

func (rec *callRecord) where() {
	op, at := caller()
	copy(rec.name[:], op)
	copy(rec.at[:], at)
}

func cmpType(call *engine.Coll) *engine.Type {
	if call.Recv.Type != nil {
		return call.Recv.Type
	}
	return call.Send.Type
}

// blockLen is the number of elements the ranks must agree on, or, for the v
// forms, the number this rank sends or receives.
func blockLen(c *Comm, call *engine.Coll) int {
	switch call.Kind {
	case engine.Scatter:
		if call.InPlace {
			return call.Send.Count / c.size
		}
		return call.Recv.Count
	case engine.Gather:
		if call.InPlace {
			return call.Recv.Count / c.size
		}
		return call.Send.Count
	case engine.Scatterv:
		if call.InPlace {
			return call.V.SendCounts[c.rank]
		}
		return call.Recv.Count
	case engine.Gatherv:
		if call.InPlace {
			return call.V.RecvCounts[c.rank]
		}
		return call.Send.Count
	case engine.Reduce:
		if call.Send.Type != nil {
			return call.Send.Count
		}
		return call.Recv.Count
	case engine.Allgather, engine.Alltoall:
		return call.Recv.Count / c.size
	case engine.ReduceScatterBlock:
		if call.InPlace {
			return call.Recv.Count / c.size
		}
		return call.Recv.Count
	case engine.ReduceScatter:
		return call.V.RecvCounts[c.rank]
	}
	return call.Recv.Count
}

// compareRecords compares the calls of all ranks with that of rank 0 and says
// what differs, "" if nothing does.
func compareRecords(all []callRecord) string {
	for i := 1; i < len(all); i++ {
		if what := all[0].differs(&all[i]); what != "" {
			return fmt.Sprintf("rank 0 called %s, rank %d called %s: %s", all[0].describe(), i, all[i].describe(), what)
		}
	}
	return ""
}

func (rec *callRecord) differs(other *callRecord) string {
	switch {
	case rec.kind != other.kind:
		return "not the same operation"
	case rec.nonblocking != other.nonblocking:
		return "blocking and nonblocking calls do not match"
	case rec.kind >= callDup:
		if rec.hash != other.hash {
			return "the arguments differ"
		}
		return ""
	}
	kind := engine.CollKind(rec.kind)
	switch kind {
	case engine.Bcast, engine.Scatter, engine.Scatterv, engine.Gather, engine.Gatherv, engine.Reduce:
		if rec.root != other.root {
			return "the roots differ"
		}
	}
	switch {
	case rec.opCode != other.opCode:
		return "the reductions differ"
	case !engine.Sig(rec.sig).Matches(engine.Sig(other.sig)):
		return "the element types differ"
	case rec.hash != other.hash:
		return "the counts differ"
	}
	switch kind {
	case engine.Barrier, engine.Scatterv, engine.Gatherv, engine.Allgatherv, engine.Alltoallv, engine.Alltoallw, engine.ReduceScatter:
	default:
		if rec.count != other.count {
			return "the counts differ"
		}
	}
	switch kind {
	case engine.Allgather, engine.Allgatherv, engine.Alltoall, engine.Alltoallv, engine.Allreduce:
		if rec.inPlace != other.inPlace {
			return "one is in place"
		}
	}
	return ""
}

// describe writes the call as "Bcast(root 0, 10×float64) at main.go:12".
func (rec *callRecord) describe() string {
	var args []string
	switch engine.CollKind(rec.kind) {
	case engine.Bcast, engine.Scatter, engine.Scatterv, engine.Gather, engine.Gatherv, engine.Reduce:
		args = append(args, fmt.Sprintf("root %d", rec.root))
	}
	if t := cString(rec.typeName[:]); t != "" {
		args = append(args, fmt.Sprintf("%d×%s", rec.count, t))
	}
	switch engine.CollKind(rec.kind) {
	case engine.Reduce, engine.Allreduce, engine.ReduceScatter, engine.ReduceScatterBlock, engine.Scan, engine.Exscan:
		args = append(args, rec.opCode.String())
	}
	s := cString(rec.name[:]) + "(" + strings.Join(args, ", ") + ")"
	if at := cString(rec.at[:]); at != "" {
		s += " at " + at
	}
	return s
}

func cString(b []byte) string {
	s, _, _ := strings.Cut(string(b), "\x00")
	return s
}

// countVerdict is what a rank found about the counts of the v forms: Rank is
// the other rank, -1 when they agree.
type countVerdict struct{ Rank, Mine, Theirs int64 }

// compareRooted compares the counts of the root with the lengths of the ranks.
func (k *checker) compareRooted(c *Comm, call *engine.Coll, all []callRecord) error {
	verdict := []countVerdict{{Rank: -1}}
	if c.rank == call.Root {
		counts := call.V.SendCounts
		if call.Kind == engine.Gatherv {
			counts = call.V.RecvCounts
		}
		for i, n := range counts {
			if all[i].count != int64(n) {
				verdict[0] = countVerdict{int64(i), int64(n), all[i].count}
				break
			}
		}
	}
	v := k.comm.WithContext(c.ctx)
	if err := k.run(c, v.icollective(bcast(v, verdict, call.Root))); err != nil {
		return err
	}
	w := verdict[0]
	if w.Rank < 0 {
		return nil
	}
	return c.newError("", ErrMismatch, Undefined, Undefined, fmt.Errorf("rank %d called %s with count %d for rank %d, which called %s with %d elements",
		call.Root, all[call.Root].describe(), w.Mine, w.Rank, all[w.Rank].describe(), w.Theirs))
}

// comparePairs compares what each rank sends to each other with what that one
// expects.
func (k *checker) comparePairs(c *Comm, call *engine.Coll, all []callRecord) error {
	mine, want, theirs := make([]int64, c.size), make([]int64, c.size), make([]int64, c.size)
	for i := range c.size {
		switch {
		case call.Kind == engine.Alltoallw:
			mine[i], want[i] = int64(call.V.SendBufs[i].Bytes()), int64(call.V.RecvBufs[i].Bytes())
		case call.InPlace:
			mine[i], want[i] = int64(call.V.RecvCounts[i]), int64(call.V.RecvCounts[i])
		default:
			mine[i], want[i] = int64(call.V.SendCounts[i]), int64(call.V.RecvCounts[i])
		}
	}
	v := k.comm.WithContext(c.ctx)
	if err := k.run(c, v.icollective(alltoall(v, mine, theirs, false))); err != nil {
		return err
	}
	verdict := countVerdict{Rank: -1}
	for i := range want {
		if want[i] != theirs[i] {
			verdict = countVerdict{int64(i), want[i], theirs[i]}
			break
		}
	}
	verdicts := make([]countVerdict, c.size)
	if err := k.run(c, allgatherRequest(k, c, []countVerdict{verdict}, verdicts)); err != nil {
		return err
	}
	unit := "elements"
	if call.Kind == engine.Alltoallw {
		unit = "bytes"
	}
	for i, w := range verdicts {
		if w.Rank >= 0 {
			return c.newError("", ErrMismatch, Undefined, Undefined, fmt.Errorf("rank %d called %s and expects %d %s of rank %d, which called %s and sends %d",
				i, all[i].describe(), w.Mine, unit, w.Rank, all[w.Rank].describe(), w.Theirs))
		}
	}
	return nil
}

// finalizePatience is how long Finalize waits for the others to come to it. They
// may be blocked in a call that needs this rank, and learn that it has left only
// once it has.
const finalizePatience = time.Second

// checkFinalize compares, on all communicators that were not freed, that every
// rank has come to its end, as far as the others have.
func (p *process) checkFinalize() error {
	p.checkers.mu.Lock()
	list := slices.Clone(p.checkers.list)
	p.checkers.mu.Unlock()
	type pending struct {
		k   *checker
		all []callRecord
		req *Request
	}
	var started []pending
	rec := callRecord{kind: callFinalize}
	copy(rec.name[:], "Finalize")
	if op, at := caller(); op == "Finalize" {
		copy(rec.at[:], at)
	}
	for _, k := range list {
		if k.live.Load() {
			all := make([]callRecord, k.comm.size)
			started = append(started, pending{k, all, allgatherRequest(k, k.comm, []callRecord{rec}, all)})
		}
	}
	var late chan struct{} // nil: a library ends only together with the other ranks
	if p.info.Name == "embedded" {
		late = make(chan struct{})
		defer time.AfterFunc(finalizePatience, func() { close(late) }).Stop()
	}
	var errs []error
	for _, s := range started {
		if !s.req.endsBefore(late) {
			// Who waits for others in a comparison learns that it is in vain.
			s.k.revoke(fmt.Sprintf("rank %d on %s has ended: it has called Finalize", s.k.comm.rank, p.info.Host))
			continue
		}
		if s.req.err() != nil {
			continue // a failed or revoked communicator has nothing left to compare
		}
		if text := compareRecords(s.all); text != "" {
			errs = append(errs, &Error{Op: "Finalize", Comm: *s.k.of.name.Load(), Rank: s.k.comm.rank, Peer: Undefined, Tag: Undefined,
				Class: ErrMismatch, Host: p.info.Host, Err: errorText(text)})
		}
	}
	return join(errs)
}

func hashInts(list []int) uint64 {
	h := uint64(14695981039346656037) // FNV-1a
	for _, v := range list {
		for i := range 8 {
			h = (h ^ uint64(v)>>(8*i)&0xff) * 1099511628211
		}
	}
	return h
}

// hash identifies a group for the comparison of calls.
func (g *Group) hash() int {
	if g == nil {
		return 0
	}
	return int(hashInts(g.procs))
}
