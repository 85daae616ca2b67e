package native

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/foreign"
	"github.com/ringo-mpi/ringo/internal/native/abi"
	"github.com/ringo-mpi/ringo/internal/native/ccall"
)

var opened atomic.Bool

// Open finds the MPI library that belongs to the launcher, opens it, calls
// MPI_Init_thread and returns this process's rank of the job. It works once in
// a process, as MPI_Init does. Errors are of class ErrLaunch or ErrUnsupported.
func Open() (engine.Engine, error) {
	d, err := open(os.Getenv)
	if err != nil {
		return nil, err
	}
	return d, nil
}

func open(getenv func(string) string) (*driver, error) {
	if !ccall.Supported {
		return nil, engine.Errorf(engine.ErrUnsupported, "the native engine cannot open MPI libraries on %s/%s; use the embedded engine (RINGO_ENGINE=embedded)", runtime.GOOS, runtime.GOARCH)
	}
	if opened.Swap(true) {
		return nil, engine.Errorf(engine.ErrLaunch, "the native engine has been opened before; MPI can be initialised once in a process")
	}
	handlers := saveSignals()
	defer handlers.restore()
	started := foreign.Detect(getenv)
	lib, err := findLibrary(getenv, started)
	if err != nil {
		return nil, engine.Errorf(engine.ErrLaunch, "%w", err)
	}
	d := &driver{library: lib, launch: started, host: hostname()}
	d.requests.New = d.newRequest
	if err := d.setConstants(); err != nil {
		return nil, err
	}
	goAround(lib)
	if err := d.init(handlers); err != nil {
		return nil, err
	}
	if err := d.join(getenv); err != nil {
		d.onMain(func() { d.call(fnFinalize) })
		return nil, err
	}
	return d, nil
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
func (d *driver) init(handlers *signals) error {
	d.main = make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range d.main {
			f()
		}
	}()
	var rc int32
	provided := new(int32)
	d.onMain(func() {
		rc = d.call(fnInitThread, 0, 0, uintptr(d.abi.Must(abi.ThreadMultiple)), uintptr(unsafe.Pointer(provided)))
	})
	handlers.restore()
	if rc != 0 {
		return engine.Errorf(engine.ErrLaunch, "MPI_Init_thread of %s failed with code %d", d.path, rc)
	}
	d.level = threadLevel{int64(*provided), d.abi}
	return nil
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
func (d *driver) join(getenv func(string) string) error {
	switch d.level.value {
	case d.abi.Must(abi.ThreadMultiple):
	case d.abi.Must(abi.ThreadSerialized):
		d.serial = true
	default:
		return engine.Errorf(engine.ErrUnsupported, "%s gives %s, and goroutines need MPI_THREAD_MULTIPLE or at least MPI_THREAD_SERIALIZED: use a library built with thread support, or RINGO_ENGINE=embedded", d.path, d.level)
	}
	err := d.makeErrhandler()
	if err != nil {
		return err
	}
	handle := func(id abi.HandleID) uintptr { h, _ := d.predefined(id); return h }
	d.worldHandle, d.selfHandle = handle(abi.CommWorld), handle(abi.CommSelf)
	if d.world, err = d.adopt(d.worldHandle); err != nil {
		return err
	}
	if d.self, err = d.adopt(d.selfHandle); err != nil {
		return err
	}
	if l := d.launch; l.Size > 1 && d.world.size == 1 {
		other := ""
		if getenv("SLURM_STEP_ID") != "" && l.Manager != foreign.OpenMPI {
			other = "another --mpi of srun (srun --mpi=list), "
		}
		return engine.Errorf(engine.ErrLaunch, "%v started %d processes, but %s (%s) sees a world of one: %s", l, l.Size, d.path, d.summary(), launchMismatch(other))
	}
	d.status.learn(d)
	d.findTagUB()
	return d.findLocal(getenv)
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
		d.tagUB = min(int(*(*int32)(*p)), engine.InternalTag-1)
	}
}

// findLocal finds the ranks of this host and agrees with all ranks on how
// collectives are run.
func (d *driver) findLocal(getenv func(string) string) error {
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
	switch v := strings.ToLower(getenv("RINGO_NATIVE_COLLECTIVES")); v {
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
