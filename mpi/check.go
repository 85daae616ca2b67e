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
	callRefused
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
	why         [320]byte // callRefused
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
	x := &checker{comm: c.st.proc.newComm(ec, c.Name()+"/check"), of: c.st}
	x.live.Store(true)
	p := &c.st.proc.checkers
	p.mu.Lock()
	p.list = append(p.list, x)
	p.mu.Unlock()
	return x, nil
}

func (x *checker) free() error {
	if !x.live.Swap(false) {
		return nil
	}
	p := &x.comm.st.proc.checkers
	p.mu.Lock()
	p.list = slices.DeleteFunc(p.list, func(o *checker) bool { return o == x })
	p.mu.Unlock()
	return x.comm.ec.Free()
}

// before compares a blocking call.
func (x *checker) before(c *Comm, k *engine.Coll) error {
	all, err := x.exchange(c, newRecord(c, k, false))
	if err != nil {
		return err
	}
	switch k.Kind.Lists() {
	case engine.RootSend, engine.RootRecv:
		return x.compareRooted(c, k, all)
	case engine.OwnBoth, engine.OwnBufs:
		return x.comparePairs(c, k, all)
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
func (x *checker) exchange(c *Comm, rec callRecord) ([]callRecord, error) {
	all := make([]callRecord, c.size)
	if err := x.run(c, allgatherRequest(x, c, []callRecord{rec}, all)); err != nil {
		return nil, err
	}
	if text, peer := compareRecords(all); text != "" {
		return nil, c.newError("", ErrMismatch, peer, Undefined, errorText(text))
	}
	return all, nil
}

func allgatherRequest[T any](x *checker, c *Comm, mine, all []T) *Request {
	v := x.comm.WithContext(c.ctx)
	return v.icollective(allgather(v, mine, all, false))
}

// run waits for a comparison that was started on behalf of c.
func (x *checker) run(c *Comm, r *Request) error {
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

// refused takes part in the comparison of a call that this rank has refused. A
// rank that has not refused its own call is an error.
func (x *checker) refused(c *Comm, why string, nonblocking bool) error {
	rec := callRecord{kind: callRefused, nonblocking: nonblocking}
	copy(rec.why[:len(rec.why)-1], why)
	rec.where()
	all := make([]callRecord, c.size)
	r := allgatherRequest(x, c, []callRecord{rec}, all)
	if nonblocking {
		r.unattended()
		if !c.st.proc.info.TellsRefusals {
			return nil
		}
		_, err := c.ec.Icollective(refusal(engine.Refused, why)) // ends what they have started
		return err
	}
	if err := x.run(c, r); err != nil {
		return err
	}
	for i := range all {
		if all[i].kind != callRefused {
			return errorText(why)
		}
	}
	return nil
}

// ended takes part in the comparison of a nonblocking call that has ended at once
// with an error: the ranks stay in step.
func (x *checker) ended(c *Comm, k *engine.Coll) {
	allgatherRequest(x, c, []callRecord{newRecord(c, k, true)}, make([]callRecord, c.size)).unattended()
}

// unattended lets a comparison go on whose result no call asks for.
func (r *Request) unattended() { go func() { _, _ = r.Wait() }() }

// alongside starts the comparison of a nonblocking call: r, whose operation
// the caller starts next through real, completes after both.
func (x *checker) alongside(c *Comm, k *engine.Coll, r *Request, real engine.Request) {
	all := make([]callRecord, c.size)
	cr := allgatherRequest(x, c, []callRecord{newRecord(c, k, true)}, all)
	if cr.isOver() {
		r.req = real
		return
	}
	r.req = cr.req
	r.extra().then = func(r *Request, st engine.Status, err error) (engine.Request, Status, error) {
		runtime.KeepAlive(cr) // holds what was sent
		text, peer := "", Undefined
		if err == nil {
			text, peer = compareRecords(all)
		}
		if text != "" {
			if peer == Undefined || !c.st.proc.info.TellsRefusals {
				c.ec.Revoke("the ranks called different collectives")
			}
			r.extra().then = func(*Request, engine.Status, error) (engine.Request, Status, error) {
				return nil, emptyStatus, c.newError(r.op.String(), ErrMismatch, peer, Undefined, errorText(text))
			}
		}
		return real, emptyStatus, nil
	}
}

// revoke ends comparisons under way.
func (x *checker) revoke(reason string) { x.comm.ec.Revoke(reason) }

// newRecord describes a call.
func newRecord(c *Comm, k *engine.Coll, nonblocking bool) callRecord {
	rec := callRecord{
		kind: callKind(k.Kind), nonblocking: nonblocking, inPlace: k.InPlace,
		root: int32(k.Root), count: int64(k.BlockLen(c.rank, c.size)),
	}
	if k.Op != nil {
		rec.opCode = k.Op.Code
	}
	if t := k.Type(); t != nil {
		rec.sig = uint32(t.Sig)
		copy(rec.typeName[:], t.Name)
	}
	if k.Kind.Lists() == engine.SameRecv {
		rec.hash = hashInts(k.V.RecvCounts)
	}
	rec.where()
	return rec
}

func (rec *callRecord) where() {
	op, at := caller()
	copy(rec.name[:], op)
	copy(rec.at[:], at)
}

// compareRecords compares the calls of all ranks with that of rank 0 and says
// what differs, "" if nothing does. The peer is the rank that has refused its
// call, if that is what differs, else Undefined.
func compareRecords(all []callRecord) (text string, peer int) {
	for i := range all {
		if all[i].kind == callRefused {
			return cString(all[i].why[:]), i
		}
	}
	for i := 1; i < len(all); i++ {
		if what := all[0].differs(&all[i]); what != "" {
			return fmt.Sprintf("rank 0 called %s, rank %d called %s: %s", all[0].describe(), i, all[i].describe(), what), Undefined
		}
	}
	return "", Undefined
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
	switch {
	case kind.Rooted() && rec.root != other.root:
		return "the roots differ"
	case rec.opCode != other.opCode:
		return "the reductions differ"
	case !engine.Sig(rec.sig).Matches(engine.Sig(other.sig)):
		return "the element types differ"
	case rec.hash != other.hash:
		return "the counts differ"
	}
	if !kind.Vector() && rec.count != other.count {
		return "the counts differ"
	}
	if kind.AllInPlace() && rec.inPlace != other.inPlace {
		return "one is in place"
	}
	return ""
}

// describe writes the call as "Bcast(root 0, 10×float64) at main.go:12".
func (rec *callRecord) describe() string {
	var args []string
	kind := engine.CollKind(rec.kind)
	if kind.Rooted() {
		args = append(args, fmt.Sprintf("root %d", rec.root))
	}
	if t := cString(rec.typeName[:]); t != "" {
		args = append(args, fmt.Sprintf("%d×%s", rec.count, t))
	}
	if kind.Reduces() {
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
func (x *checker) compareRooted(c *Comm, k *engine.Coll, all []callRecord) error {
	verdict := []countVerdict{{Rank: -1}}
	if c.rank == k.Root {
		counts := k.V.SendCounts
		if k.Kind.Lists() == engine.RootRecv {
			counts = k.V.RecvCounts
		}
		for i, n := range counts {
			if all[i].count != int64(n) {
				verdict[0] = countVerdict{int64(i), int64(n), all[i].count}
				break
			}
		}
	}
	v := x.comm.WithContext(c.ctx)
	if err := x.run(c, v.icollective(bcast(v, verdict, k.Root))); err != nil {
		return err
	}
	w := verdict[0]
	if w.Rank < 0 {
		return nil
	}
	return c.newError("", ErrMismatch, Undefined, Undefined, fmt.Errorf("rank %d called %s with count %d for rank %d, which called %s with %d elements",
		k.Root, all[k.Root].describe(), w.Mine, w.Rank, all[w.Rank].describe(), w.Theirs))
}

// comparePairs compares what each rank sends to each other with what that one
// expects.
func (x *checker) comparePairs(c *Comm, k *engine.Coll, all []callRecord) error {
	mine, want, theirs := make([]int64, c.size), make([]int64, c.size), make([]int64, c.size)
	for i := range c.size {
		switch {
		case k.Kind.Lists() == engine.OwnBufs:
			mine[i], want[i] = int64(k.V.SendBufs[i].Bytes()), int64(k.V.RecvBufs[i].Bytes())
		case k.InPlace:
			mine[i], want[i] = int64(k.V.RecvCounts[i]), int64(k.V.RecvCounts[i])
		default:
			mine[i], want[i] = int64(k.V.SendCounts[i]), int64(k.V.RecvCounts[i])
		}
	}
	v := x.comm.WithContext(c.ctx)
	if err := x.run(c, v.icollective(alltoall(v, mine, theirs, false))); err != nil {
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
	if err := x.run(c, allgatherRequest(x, c, []countVerdict{verdict}, verdicts)); err != nil {
		return err
	}
	unit := "elements"
	if k.Kind.Lists() == engine.OwnBufs {
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

// finalizePatience is how long Finalize waits for the others to come to it.
// They may be blocked in a call that needs this rank, and learn that it leaves
// only when it has left.
const finalizePatience = time.Second

// checkFinalize compares, on every communicator that was not freed, whether all
// ranks have come to Finalize. It waits only so long for those that have not.
func (p *process) checkFinalize() error {
	p.checkers.mu.Lock()
	list := slices.Clone(p.checkers.list)
	p.checkers.mu.Unlock()
	type pending struct {
		x   *checker
		all []callRecord
		req *Request
	}
	var started []pending
	rec := callRecord{kind: callFinalize}
	copy(rec.name[:], "Finalize")
	if op, at := caller(); op == "Finalize" {
		copy(rec.at[:], at)
	}
	for _, x := range list {
		if x.live.Load() {
			all := make([]callRecord, x.comm.size)
			started = append(started, pending{x, all, allgatherRequest(x, x.comm, []callRecord{rec}, all)})
		}
	}
	var late chan struct{} // nil: this rank ends only together with the others
	if p.info.EndsAlone {
		late = make(chan struct{})
		defer time.AfterFunc(finalizePatience, func() { close(late) }).Stop()
	}
	var errs []error
	for _, s := range started {
		if !s.req.endsBefore(late) {
			// A rank that still waits in a comparison learns that it does so in vain.
			s.x.revoke(fmt.Sprintf("rank %d on %s has ended: it has called Finalize", s.x.comm.rank, p.info.Host))
			continue
		}
		if s.req.err() != nil {
			continue // a failed or revoked communicator has nothing left to compare
		}
		if text, _ := compareRecords(s.all); text != "" {
			errs = append(errs, &Error{Op: "Finalize", Comm: *s.x.of.name.Load(), Rank: s.x.comm.rank, Peer: Undefined, Tag: Undefined,
				Class: ErrMismatch, Host: p.info.Host, Err: errorText(text)})
		}
	}
	return join(errs)
}

func hashInts[T ~int](list []T) uint64 {
	h := engine.NewHash
	for _, v := range list {
		h = h.Add(int(v))
	}
	return uint64(h)
}

// hash identifies a group for the comparison of calls.
func (g *Group) hash() int {
	if g == nil {
		return 0
	}
	return int(hashInts(g.procs))
}
