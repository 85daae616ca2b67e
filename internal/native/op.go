package native

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/native/abi"
	"github.com/ringo-mpi/ringo/internal/native/ccall"
)

// predefinedOps says which operations the library has for which kinds (MPI 5.0
// §6.9.2). All others, user functions, MaxLoc and MinLoc, and everything on
// structs, run our kernel as a function of the library's.
var predefinedOps = [engine.NumOps]struct {
	id    abi.HandleID
	kinds kindSet
}{
	engine.OpSum: {abi.Sum, integers | floats | complexes}, engine.OpProd: {abi.Prod, integers | floats | complexes},
	engine.OpMax: {abi.Max, integers | floats}, engine.OpMin: {abi.Min, integers | floats},
	engine.OpLand: {abi.Land, integers | bools}, engine.OpLor: {abi.Lor, integers | bools}, engine.OpLxor: {abi.Lxor, integers | bools},
	engine.OpBand: {abi.Band, integers}, engine.OpBor: {abi.Bor, integers}, engine.OpBxor: {abi.Bxor, integers},
}

type kindSet uint32

const (
	integers kindSet = 1<<engine.Int8 | 1<<engine.Int16 | 1<<engine.Int32 | 1<<engine.Int64 |
		1<<engine.Uint8 | 1<<engine.Uint16 | 1<<engine.Uint32 | 1<<engine.Uint64
	floats    kindSet = 1<<engine.Float32 | 1<<engine.Float64
	complexes kindSet = 1<<engine.Complex64 | 1<<engine.Complex128
	bools     kindSet = 1 << engine.Bool
)

// maxSlots bounds the different functions that may reduce at the same time. A
// process can make 2000 callbacks, which are never freed.
const maxSlots = 256

// opTable holds the library's reduction operations: the predefined ones and
// the slots that user functions take turns in.
type opTable struct {
	predefined [engine.NumOps][engine.Raw]atomic.Uintptr // 0: not tried yet
	untried    [engine.NumOps]atomic.Uintptr             // the library's, as it is; 0: not looked up yet
	lock       sync.Mutex
	slots      []*opSlot
	bound      map[*engine.Op]*opSlot
}

// opSlot is a C function of the library's kind, made once, with an operation
// for each commutativity. It calls the kernel that it is bound to.
type opSlot struct {
	ops      [2]uintptr // not commutative, commutative
	op       *engine.Op
	kernel   atomic.Pointer[engine.Kernel]
	users    int // operations under way
	panicked atomic.Pointer[opPanic]
}

// opPanic is what a user function has panicked with.
type opPanic struct{ value any }

// wrong marks an operation that the library gets wrong for a kind.
const wrong = ^uintptr(0)

// native returns the library's own operation for op, 0 when it has none.
//
// An operation is tried on made-up values before its first use, because
// libraries in wide use get some wrong: MPICH 4.0 compares unsigned integers as
// signed ones (https://github.com/pmodels/mpich/issues/6083). All ranks have the
// same library and come to the same answer.
func (t *opTable) native(d *driver, op *engine.Op) uintptr {
	if op.Code >= engine.NumOps || op.Type == nil ||
		predefinedOps[op.Code].kinds&(1<<op.Type.Kind) == 0 {
		return 0
	}
	known := &t.predefined[op.Code][op.Type.Kind]
	h := known.Load()
	if h == 0 {
		var ok bool
		switch h, ok = t.lookUp(d, op.Code); {
		case op.Kernel == nil && ok:
			return h // nothing to compare it with
		case !ok || !d.tryOp(h, op):
			h = wrong
		}
		known.Store(h)
	}
	if h == wrong {
		return 0
	}
	return h
}

// lookUp returns the library's handle of an operation.
func (t *opTable) lookUp(d *driver, code engine.OpCode) (uintptr, bool) {
	known := &t.untried[code]
	h := known.Load()
	if h == 0 {
		var ok bool
		if h, ok = d.predefined(predefinedOps[code].id); !ok {
			return 0, false
		}
		known.Store(h)
	}
	return h, true
}

// tryOp compares MPI_Reduce_local with the kernel, on enough elements for
// vector code and what remains after it. Sums and products of the values are
// exact in every kind; for Max and Min there are also NaN, which wins, and
// zeros of both signs, of which the negative one is less.
func (d *driver) tryOp(h uintptr, op *engine.Op) bool {
	if d.fn(fnReduceLocal) == 0 {
		return true
	}
	const n = 2*64 + 3
	order := op.Code == engine.OpMax || op.Code == engine.OpMin
	values := func(seed uint64) []byte { return tryValues(op.Type.Kind, n, seed, order) }
	in, inout, want := values(1), values(2), values(2)
	op.Kernel(unsafe.Pointer(&want[0]), unsafe.Pointer(&in[0]), unsafe.Pointer(&want[0]), n)
	rc := d.call(fnReduceLocal, uintptr(unsafe.Pointer(&in[0])), uintptr(unsafe.Pointer(&inout[0])), n, d.types.basic[op.Type.Kind], h)
	return rc == 0 && bytes.Equal(oneNaN(op.Type.Kind, inout), oneNaN(op.Type.Kind, want))
}

// oneNaN makes all NaN the same bits.
func oneNaN(kind engine.Kind, b []byte) []byte {
	switch kind {
	case engine.Float32:
		for i := 0; i < len(b); i += 4 {
			if x := math.Float32frombits(binary.NativeEndian.Uint32(b[i:])); x != x {
				binary.NativeEndian.PutUint32(b[i:], math.Float32bits(float32(math.NaN())))
			}
		}
	case engine.Float64:
		for i := 0; i < len(b); i += 8 {
			if x := math.Float64frombits(binary.NativeEndian.Uint64(b[i:])); x != x {
				binary.NativeEndian.PutUint64(b[i:], math.Float64bits(math.NaN()))
			}
		}
	}
	return b
}

// tryValues makes n elements: integers of any bits, small whole floats, and on
// demand those that are hard to order.
func tryValues(kind engine.Kind, n int, seed uint64, order bool) []byte {
	r := rand.New(rand.NewPCG(seed, 0))
	b := make([]byte, 0, n*16)
	odd := []float64{math.NaN(), math.Inf(1), math.Inf(-1), 0, math.Copysign(0, -1), 1}
	for range n {
		whole := float64(r.IntN(41) - 20)
		if order {
			whole = odd[r.IntN(len(odd))]
		}
		switch kind {
		case engine.Bool:
			b = append(b, byte(r.IntN(2)))
		case engine.Float32:
			b = binary.NativeEndian.AppendUint32(b, math.Float32bits(float32(whole)))
		case engine.Complex64:
			b = binary.NativeEndian.AppendUint32(b, math.Float32bits(float32(whole)))
			b = binary.NativeEndian.AppendUint32(b, math.Float32bits(float32(r.IntN(9)+1)))
		case engine.Float64:
			b = binary.NativeEndian.AppendUint64(b, math.Float64bits(whole))
		case engine.Complex128:
			b = binary.NativeEndian.AppendUint64(b, math.Float64bits(whole))
			b = binary.NativeEndian.AppendUint64(b, math.Float64bits(float64(r.IntN(9)+1)))
		default:
			x := r.Uint64()
			if r.IntN(8) == 0 {
				x = 0
			}
			for range kind.Size() {
				b = append(b, byte(x))
				x >>= 8
			}
		}
	}
	return b
}

// get returns the library's operation for op. A slot must be released when the
// reduction is complete.
func (t *opTable) get(d *driver, op *engine.Op) (uintptr, *opSlot, error) {
	if h := t.native(d, op); h != 0 {
		return h, nil, nil
	}
	t.lock.Lock()
	defer t.lock.Unlock()
	s := t.bound[op]
	if s == nil {
		var err error
		if s, err = t.idle(d); err != nil {
			return 0, nil, err
		}
		delete(t.bound, s.op)
		if t.bound == nil {
			t.bound = map[*engine.Op]*opSlot{}
		}
		s.op = op
		s.kernel.Store(&op.Kernel)
		t.bound[op] = s
	}
	s.users++
	commutative := 0
	if op.Commutative {
		commutative = 1
	}
	return s.ops[commutative], s, nil
}

// idle finds a slot that no reduction uses, or makes one.
func (t *opTable) idle(d *driver) (*opSlot, error) {
	var idle *opSlot
	for _, s := range t.slots {
		if s.users == 0 {
			if s.op == nil {
				return s, nil
			}
			idle = s
		}
	}
	if len(t.slots) >= maxSlots/8 && idle != nil {
		return idle, nil // rather than make another one
	}
	if len(t.slots) == maxSlots {
		return nil, engine.Errorf(engine.ErrNoMem, "%d reductions with different user functions are under way; wait for one of them", maxSlots)
	}
	s := &opSlot{}
	fn := ccall.Callback(func(in, inout unsafe.Pointer, n *int32, dtype unsafe.Pointer) { s.reduce(in, inout, int(*n)) })
	for commutative := range s.ops {
		out := new(uintptr)
		if rc := d.call(fnOpCreate, fn, uintptr(commutative), uintptr(unsafe.Pointer(out))); rc != 0 {
			return nil, d.fail(rc, "MPI_Op_create")
		}
		s.ops[commutative] = *out
	}
	t.slots = append(t.slots, s)
	return s, nil
}

// reduce is called by the library, on any thread that makes progress:
// inout[i] = in[i] op inout[i], with in from the lower ranks. A panic must not
// unwind the library's frames; it is kept for the goroutine that waits.
func (s *opSlot) reduce(in, inout unsafe.Pointer, n int) {
	defer func() {
		if v := recover(); v != nil {
			s.panicked.CompareAndSwap(nil, &opPanic{fmt.Sprintf("%v (in the function of a reduction)\n%s", v, debug.Stack())})
		}
	}()
	(*s.kernel.Load())(inout, in, inout, n)
}

// release gives a slot back and returns what its function has panicked with.
func (t *opTable) release(s *opSlot) any {
	t.lock.Lock()
	s.users--
	t.lock.Unlock()
	if p := s.panicked.Swap(nil); p != nil {
		return p.value
	}
	return nil
}

// free frees the operations of all slots.
func (t *opTable) free(d *driver) {
	p := new(uintptr)
	for _, s := range t.slots {
		for _, *p = range s.ops {
			d.call(fnOpFree, uintptr(unsafe.Pointer(p)))
		}
	}
}
