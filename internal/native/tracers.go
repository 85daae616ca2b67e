package native

import (
	"slices"
	"sync"

	"github.com/ringo-mpi/ringo/internal/native/ccall"
)

// tracers are libraries that stand before the MPI library: tools that define
// MPI_Isend and the like, take note of each call and pass it on to PMPI_Isend
// (MPI 5.0 §15.2). LD_PRELOAD puts them there, or the program is linked with
// them. The engine's calls go through them, as those of a program in C do.
type tracers struct {
	on    bool
	lock  sync.Mutex
	files []string
}

// findTracers looks whether libraries can stand before this one, which is in
// the global scope by now: what a tool calls as PMPI_… must be this library's,
// not that of another MPI library that the process holds.
func (l *library) findTracers() {
	const name = "PMPI_Init_thread"
	own := ccall.Symbol(l.handle, name)
	if l.tracers.on = own != 0 && ccall.Symbol(ccall.Default, name) == own; !l.tracers.on {
		return
	}
	for f := range l.syms { // found before the library was accepted
		l.syms[f].Store(0)
	}
	l.fn(fnInitThread)
	l.fn(fnFinalize)
}

// entry looks an entry point up, a tracer's before the library's.
func (l *library) entry(name string) uintptr {
	own := ccall.Symbol(l.handle, name)
	if own == 0 || !l.tracers.on {
		return own
	}
	front := ccall.Symbol(ccall.Default, name)
	if front == 0 || front == own {
		return own
	}
	file := loadedFrom(front)
	l.tracers.lock.Lock()
	defer l.tracers.lock.Unlock()
	if file != "" && !slices.Contains(l.tracers.files, file) {
		l.tracers.files = append(l.tracers.files, file)
	}
	return front
}

// names lists the files of the tracers that calls have gone through.
func (t *tracers) names() []string {
	t.lock.Lock()
	defer t.lock.Unlock()
	return slices.Clone(t.files)
}
