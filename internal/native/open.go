package native

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/native/abi"
	"github.com/ringo-mpi/ringo/internal/native/ccall"
)

var opened atomic.Bool

// Open finds the MPI library, opens it, calls MPI_Init_thread and returns this
// process's rank of the job. It works once in a process, as MPI_Init does. All
// errors are of class ErrLaunch or ErrUnsupported; with RINGO_VERBOSE=1 rank 0
// says on standard error what was opened and why.
func Open() (engine.Engine, error) {
	_, reason := Wanted(os.Getenv)
	return open(os.Getenv, reason)
}

func open(env Env, reason string) (*driver, error) {
	if !ccall.Supported {
		return nil, engine.Errorf(engine.ErrUnsupported, "the native engine cannot open MPI libraries on %s/%s; use the embedded engine (RINGO_ENGINE=embedded)", runtime.GOOS, runtime.GOARCH)
	}
	if opened.Swap(true) {
		return nil, engine.Errorf(engine.ErrLaunch, "the native engine has been opened before; MPI can be initialised once in a process")
	}
	handlers := saveSignals()
	defer handlers.restore()
	started := detect(env)
	lib, err := findLibrary(env, started)
	if err != nil {
		return nil, launchError(err)
	}
	d := &driver{library: lib, launch: started, host: hostname()}
	d.requests.New = d.newRequest
	if err := d.setConstants(); err != nil {
		return nil, err
	}
	level, err := d.init(handlers)
	if err != nil {
		return nil, err
	}
	if err := d.join(level); err != nil {
		d.onMain(func() { d.call(fnFinalize) })
		return nil, err
	}
	if v := env("RINGO_VERBOSE"); v != "" && v != "0" && d.world.rank == 0 {
		fmt.Fprintf(os.Stderr, "ringo: native engine: %s\n", d.describe(level, reason))
	}
	return d, nil
}

func launchError(err error) *engine.Error {
	e := engine.Errorf(engine.ErrLaunch, "%w", err)
	return e
}

// describe is the line of RINGO_VERBOSE.
func (d *driver) describe(level threadLevel, reason string) string {
	collectives := "blocking"
	if d.pollCollectives {
		collectives = "polled"
	}
	return fmt.Sprintf("%s from %s, %s ABI, MPI %d.%d, %s, %d ranks, %d on %s, %s collectives; because %s",
		d.summary(), d.path, d.abi.Name, d.mpi[0], d.mpi[1], level, d.world.size, d.local.size, d.host, collectives, reason)
}

// threadLevel is the library's number for what it allows threads to do.
type threadLevel struct {
	value int64
	table *abi.Table
}

func (l threadLevel) String() string {
	for _, id := range []abi.IntID{abi.ThreadSingle, abi.ThreadFunneled, abi.ThreadSerialized, abi.ThreadMultiple} {
		if l.table.Must(id) == l.value {
			return id.String()
		}
	}
	return fmt.Sprintf("thread level %d", l.value)
}

// init calls MPI_Init_thread on a thread that is kept for MPI_Finalize. Only
// these two calls want the same thread; everything else runs on any.
func (d *driver) init(handlers *signals) (threadLevel, error) {
	d.main = make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range d.main {
			f()
		}
	}()
	var rc, initialized int32
	level := threadLevel{table: d.abi}
	d.onMain(func() {
		flag, provided := new(int32), new(int32)
		if rc = d.call(fnInitialized, uintptr(unsafe.Pointer(flag))); rc != 0 {
			return
		}
		if initialized = *flag; initialized != 0 {
			rc = d.call(fnQueryThread, uintptr(unsafe.Pointer(provided)))
		} else {
			rc = d.call(fnInitThread, 0, 0, uintptr(d.abi.Must(abi.ThreadMultiple)), uintptr(unsafe.Pointer(provided)))
		}
		level.value = int64(*provided)
	})
	handlers.restore()
	if rc != 0 {
		return level, engine.Errorf(engine.ErrLaunch, "MPI_Init_thread of %s failed with code %d", d.path, rc)
	}
	return level, nil
}

// onMain runs f on the thread that called MPI_Init_thread.
func (d *driver) onMain(f func()) {
	over := make(chan struct{})
	d.main <- func() {
		defer close(over)
		f()
	}
	<-over
}

// join takes up the place in the job: thread level, communicators, the check
// that launcher and library belong together, the other ranks of the host.
func (d *driver) join(level threadLevel) error {
	switch level.value {
	case d.abi.Must(abi.ThreadMultiple):
	case d.abi.Must(abi.ThreadSerialized):
		d.serial = true
	default:
		return engine.Errorf(engine.ErrUnsupported, "%s gives %s, and goroutines need MPI_THREAD_MULTIPLE or at least MPI_THREAD_SERIALIZED: use a library built with thread support, or RINGO_ENGINE=embedded", d.path, level)
	}
	var err error
	handle := func(id abi.HandleID) uintptr { h, _ := d.predefined(id); return h }
	if d.world, err = d.adopt(handle(abi.CommWorld)); err != nil {
		return err
	}
	if d.self, err = d.adopt(handle(abi.CommSelf)); err != nil {
		return err
	}
	if l := d.launch; l.size > 1 && d.world.size == 1 {
		return engine.Errorf(engine.ErrLaunch, "%s started rank %d of %d, but %s (%s) sees a world of 1: launcher and library do not belong together; use the library's own mpiexec, or name the launcher's library in RINGO_LIBMPI", l, l.rank, l.size, d.path, d.summary())
	}
	d.status.learn(d)
	d.findTagUB()
	return d.findLocal()
}

// findTagUB asks for the largest tag (MPI 5.0 §9.1.2).
func (d *driver) findTagUB() {
	d.tagUB = 32767 // every library has at least this
	if d.fn(fnCommGetAttr) == 0 {
		return
	}
	p, flag := new(unsafe.Pointer), new(int32)
	key := integer(int(d.abi.Must(abi.TagUB)))
	if d.call(fnCommGetAttr, d.world.handle, key, uintptr(unsafe.Pointer(p)), uintptr(unsafe.Pointer(flag))) == 0 && *flag != 0 && *p != nil {
		d.tagUB = int(*(*int32)(*p))
	}
}

// findLocal finds the ranks of this host and agrees with all ranks on how
// collectives are run.
func (d *driver) findLocal() error {
	host, err := d.world.SplitShared(0)
	if err != nil {
		return err
	}
	local := host.(*comm)
	d.local.rank, d.local.size = local.rank, local.size
	cores, mine := cpuSet(), cpuSet()
	bytes := engine.OfBytes(cores[:])
	bytes.Type = engine.Basic(engine.Uint8)
	op := engine.Op{Code: engine.OpBor, Commutative: true, Type: bytes.Type}
	if err := local.Collective(engine.Coll{Kind: engine.Allreduce, InPlace: true, Recv: bytes, Op: &op}, nil); err != nil {
		return err
	}
	if n := count(cores[:]); count(mine[:]) > 0 && n > 0 {
		d.local.crowded = local.size > n
	}
	if err := local.Free(); err != nil {
		return err
	}

	// Where ranks outnumber cores a library that waits in a loop wastes the
	// turns of the others; Open MPI then yields of its own accord.
	poll := d.serial || d.local.crowded && d.family != openmpiFamily
	switch v := strings.ToLower(os.Getenv("RINGO_NATIVE_COLLECTIVES")); v {
	case "":
	case "poll", "polled":
		poll = true
	case "block", "blocking":
		poll = d.serial
	default:
		return engine.Errorf(engine.ErrLaunch, "RINGO_NATIVE_COLLECTIVES=%s: say poll or block", v)
	}
	agreed := []byte{0}
	if poll {
		agreed[0] = 1
	}
	bytes = engine.OfBytes(agreed)
	bytes.Type = engine.Basic(engine.Uint8)
	op.Code = engine.OpMax
	if err := d.world.Collective(engine.Coll{Kind: engine.Allreduce, InPlace: true, Recv: bytes, Op: &op}, nil); err != nil {
		return err
	}
	d.pollCollectives = agreed[0] != 0
	return nil
}

func count(set []byte) int {
	n := 0
	for _, b := range set {
		for ; b != 0; b &= b - 1 {
			n++
		}
	}
	return n
}
