package native

import (
	"fmt"
	"math"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/foreign"
	"github.com/ringo-mpi/ringo/internal/native/abi"
)

// driver is the engine: this process's rank in a job that runs on an MPI
// library.
type driver struct {
	*library
	host        string
	launch      foreign.Launcher
	level       threadLevel
	world, self *comm

	worldHandle, selfHandle uintptr
	local                   struct {
		rank, size int
		crowded    bool // this host has more ranks than cores
	}

	// serial is set when the library admits only one thread at a time
	// (MPI_THREAD_SERIALIZED): every call then holds lock.
	serial bool
	lock   sync.Mutex

	// pollCollectives is the same on all ranks: blocking collectives run as
	// nonblocking ones.
	pollCollectives bool

	// What a plain entry point takes at most, and whether the library has forms
	// with 64-bit counts. Tests lower the limits.
	maxCount int
	maxDispl int

	// Defects of the library that the engine goes around.
	copyReduce    bool // reduceInPlace
	copyAlltoallv bool // tagsOutOfStep
	leastRecv     int  // length of the shortest receive that the library gets: 1 with emptyTruncates
	largeForms    bool

	tagUB     int
	status    statusLayout
	anySource int
	anyTag    int
	procNull  int
	null      struct{ request, comm, info, datatype, emptyGroup uintptr }
	ignore    uintptr // MPI_STATUS_IGNORE
	inPlace   uintptr
	undefined int
	shared    int // MPI_COMM_TYPE_SHARED
	errReturn uintptr
	classes   map[int32]engine.Class // from the library's error classes

	entries struct{ isend, irecv uintptr }

	types    typeTable
	ops      opTable
	requests sync.Pool // *request
	active   activeSet
	waiting  atomic.Int32 // goroutines in a wait loop
	memory   memoryTable
	detached detachedList
	leavers  leavers
	comms    sync.Map // *comm: those that have not been freed

	left atomic.Int32 // collectives under way whose callers a context has ended

	posted    atomic.Int32 // receives that Finalize has withdrawn
	ending    atomic.Bool  // Finalize has been called
	finalized atomic.Bool  // and MPI_Finalize
	main      chan func()  // runs on the thread that called MPI_Init_thread
}

// maxInt is the largest count that fits a C int.
const maxInt = math.MaxInt32

func (d *driver) Info() engine.Info {
	return engine.Info{
		Name:      "native",
		Version:   d.summary(),
		Transport: d.transport(),
		Host:      d.host,
		LocalRank: d.local.rank,
		LocalSize: d.local.size,
		Library:   d.path,
	}
}

// Lacks implements [engine.Lacker]. The engine does not call what the library
// may have of a capability.
func (d *driver) Lacks(c engine.Capability) string {
	switch c {
	case engine.EarlyReceive, engine.Recycling:
		return "receives and requests are those of the library, " + d.summary()
	}
	return "the native engine does not call what " + d.summary() + " may have of it"
}

// transport says how the library is used.
func (d *driver) transport() string {
	s := fmt.Sprintf("%s ABI, %v", d.abi.Name, d.level)
	if d.pollCollectives {
		s += ", polled collectives"
	}
	if t := d.tracers.names(); len(t) > 0 {
		s += ", through " + strings.Join(t, " and ")
	}
	return s
}

func (d *driver) World() engine.Comm { return d.world }
func (d *driver) Self() engine.Comm  { return d.self }

// call is library.call under the lock of a library that needs one.
//
//go:uintptrescapes
func (d *driver) call(f function, args ...uintptr) int32 {
	if d.serial {
		d.lock.Lock()
		defer d.lock.Unlock()
	}
	return d.library.call(f, args...)
}

// setConstants takes out of the tables what is used all the time.
func (d *driver) setConstants() error {
	t := d.abi
	d.maxCount, d.maxDispl = maxInt, maxInt
	d.entries.isend, d.entries.irecv = d.fn(fnIsend), d.fn(fnIrecv)
	d.copyReduce, d.copyAlltoallv = reduceInPlace.holds(d.library), tagsOutOfStep.holds(d.library)
	if emptyTruncates.holds(d.library) {
		d.leastRecv = 1
	}
	d.largeForms = d.fn(fnIsendC) != 0 && d.fn(collective(engine.Alltoallv, nonblocking|largeCount)) != 0
	d.anySource, d.anyTag, d.procNull = int(t.Must(abi.AnySource)), int(t.Must(abi.AnyTag)), int(t.Must(abi.ProcNull))
	d.ignore, d.inPlace = uintptr(t.Must(abi.StatusIgnore)), uintptr(t.Must(abi.InPlace))
	d.undefined, d.shared = int(t.Must(abi.Undefined)), int(t.Must(abi.CommTypeShared))
	d.classes = nativeClasses(t)
	d.status.source, d.status.tag = uintptr(t.Must(abi.OffsetSource)), uintptr(t.Must(abi.OffsetTag))
	for id, p := range map[abi.HandleID]*uintptr{
		abi.RequestNull: &d.null.request, abi.CommNull: &d.null.comm, abi.InfoNull: &d.null.info,
		abi.DatatypeNull: &d.null.datatype, abi.GroupEmpty: &d.null.emptyGroup, abi.ErrorsReturn: &d.errReturn,
	} {
		var ok bool
		if *p, ok = d.predefined(id); !ok {
			return engine.Errorf(engine.ErrLaunch, "%s lacks %s of the %s interface", d.path, id, t.Name)
		}
	}
	return d.types.init(d.library)
}

// integer makes the argument of a C int.
func integer(n int) uintptr { return uintptr(uint32(int32(n))) }

// pointer makes the argument of a C pointer to memory that the caller keeps
// alive and on the heap.
func pointer(p unsafe.Pointer) uintptr { return uintptr(p) }

// hostname is what package mpi shows as the host.
func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return name
}
