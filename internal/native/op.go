package native

import (
	"fmt"
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
var predefinedOps = [...]struct {
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
	predefined [len(predefinedOps)]atomic.Uintptr
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

// has tells whether the library has an operation for its element type.
func (t *opTable) has(op *engine.Op) bool {
	return op.Code != engine.OpUser && int(op.Code) < len(predefinedOps) && op.Type != nil &&
		predefinedOps[op.Code].kinds&(1<<op.Type.Kind) != 0
}

// get returns the library's operation for op. A slot must be released when the
// reduction is complete.
func (t *opTable) get(d *driver, op *engine.Op) (uintptr, *opSlot, error) {
	if t.has(op) {
		if h := t.predefined[op.Code].Load(); h != 0 {
			return h, nil, nil
		}
		if h, ok := d.predefined(predefinedOps[op.Code].id); ok {
			t.predefined[op.Code].Store(h)
			return h, nil, nil
		}
	}
	t.lock.Lock()
	defer t.lock.Unlock()
	s := t.bound[op]
	if s == nil {
		var err error
		if s, err = t.free(d); err != nil {
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

// free finds a slot that no reduction uses, or makes one.
func (t *opTable) free(d *driver) (*opSlot, error) {
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
		return idle, nil // rather than to make more
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
