package native

import (
	"errors"
	"fmt"
	"strings"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/native/abi"
	"github.com/ringo-mpi/ringo/internal/native/ccall"
)

// library is an opened MPI library.
type library struct {
	handle  uintptr
	name    string     // as it was opened
	path    string     // the file it was loaded from
	abi     *abi.Table // its binary interface
	version string     // what it says of itself
	mpi     [2]int32   // version of the MPI standard
	family  family     // whose it is
	syms    symbols
	tracers tracers // what stands before it
}

// family is an MPI implementation with its relatives: what belongs to the same
// launchers.
type family string

const (
	unknownFamily family = ""
	mpichFamily   family = "MPICH"
	openmpiFamily family = "Open MPI"
)

// openLibrary opens a library by file name or path. want is the family that
// the launcher asks for; a library of another one is refused.
func openLibrary(name string, want family) (*library, error) {
	name, err := followScripts(name)
	if err != nil {
		return nil, err
	}
	if err := checkFile(name); err != nil {
		return nil, err
	}
	handle, err := ccall.Open(name, false)
	if err != nil {
		return nil, errors.New(strings.TrimSpace(err.Error()))
	}
	l := &library{handle: handle, name: name}
	if err := l.identify(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if want != unknownFamily && l.family != unknownFamily && l.family != want {
		return nil, fmt.Errorf("%s is %s, not %s", name, l.family, want)
	}
	// The plugins of Open MPI look for its symbols in the global scope.
	if _, err := ccall.Open(name, true); err != nil {
		return nil, errors.New(strings.TrimSpace(err.Error()))
	}
	l.findTracers()
	return l, nil
}

// identify finds out which interface the library has. File names do not tell:
// libmpi.so may be anything.
func (l *library) identify() error {
	if l.fn(fnGetLibraryVersion) == 0 || l.fn(fnInitThread) == 0 {
		return errors.New("not an MPI library: it has no MPI_Get_library_version or no MPI_Init_thread")
	}
	l.path = loadedFrom(l.fn(fnInitThread))
	if l.path == "" {
		l.path = l.name
	}
	var text struct { // room for the longest version text of any interface
		length int32
		bytes  [8192]byte
	}
	if rc := l.call(fnGetLibraryVersion, uintptr(unsafe.Pointer(&text.bytes)), uintptr(unsafe.Pointer(&text.length))); rc != 0 {
		return fmt.Errorf("MPI_Get_library_version failed with code %d", rc)
	}
	l.version = strings.TrimRight(string(text.bytes[:max(0, min(int(text.length), len(text.bytes)))]), "\x00 \n")
	if l.fn(fnGetVersion) != 0 {
		l.call(fnGetVersion, uintptr(unsafe.Pointer(&l.mpi[0])), uintptr(unsafe.Pointer(&l.mpi[1])))
	}

	openmpi := ccall.Symbol(l.handle, "ompi_mpi_comm_world") != 0
	switch {
	case l.abiVersion() >= 1:
		l.abi = &abi.Standard
	case openmpi:
		l.abi = &abi.OpenMPI
	default:
		l.abi = &abi.MPICH
	}
	switch v := strings.ToUpper(l.version); {
	case openmpi || strings.Contains(v, "OPEN MPI"):
		l.family = openmpiFamily
	case l.abi == &abi.MPICH, strings.Contains(v, "MPICH"), strings.Contains(v, "INTEL"), strings.Contains(v, "CRAY"), strings.Contains(v, "MVAPICH"):
		l.family = mpichFamily
	}
	for _, f := range required {
		if l.fn(f) == 0 {
			return fmt.Errorf("it has no %v; a library of MPI 3.0 or later is needed (this one says MPI %d.%d)", f, l.mpi[0], l.mpi[1])
		}
	}
	return nil
}

// abiVersion asks for the version of the standard interface; a library with
// another one says -1 or does not have the question.
func (l *library) abiVersion() int32 {
	f := ccall.Symbol(l.handle, "MPI_Abi_get_version")
	if f == 0 {
		return -1
	}
	v := new([2]int32)
	if callAt(f, uintptr(unsafe.Pointer(&v[0])), uintptr(unsafe.Pointer(&v[1]))) != 0 {
		return -1
	}
	return v[0]
}

// fn returns the address of an entry point, 0 when the library lacks it.
func (l *library) fn(f function) uintptr {
	p := l.syms[f].Load()
	if p == 0 {
		if name := f.String(); name != "" {
			p = l.entry(name)
		}
		if p == 0 {
			p = missing
		}
		l.syms[f].Store(p)
	}
	if p == missing {
		return 0
	}
	return p
}

// call calls an entry point that the library is known to have and returns its
// result. It is for everything except hot paths. Memory whose address is
// converted in the argument list is kept alive and on the heap.
//
//go:uintptrescapes
func (l *library) call(f function, args ...uintptr) int32 {
	return callAt(l.fn(f), args...)
}

// callAt is call of the entry point at an address.
//
//go:uintptrescapes
func callAt(entry uintptr, args ...uintptr) int32 {
	b := &ccall.Block{Fn: entry}
	copy(b.Args[:], args)
	b.Run()
	return b.Ret
}

// predefined returns a predefined object, and false when neither the interface
// nor the library has it.
func (l *library) predefined(id abi.HandleID) (uintptr, bool) {
	h := l.abi.Handles[id]
	if h.None {
		return 0, false
	}
	if h.Symbol != "" {
		p := ccall.Symbol(l.handle, h.Symbol)
		return p, p != 0
	}
	return uintptr(h.Value), true
}

// truth reads a C bool of the library; one that it lacks is false. The address
// is that of C memory, which does not move.
func (l *library) truth(name string) bool {
	out := new(unsafe.Pointer)
	*(*uintptr)(unsafe.Pointer(out)) = ccall.Symbol(l.handle, name)
	return *out != nil && *(*bool)(*out)
}

// wideHandles tells whether handles are pointers; else they are 32-bit
// integers, also in arrays.
func (l *library) wideHandles() bool { return l.abi.Must(abi.SizeComm) == 8 }

// summary is the first line of the version text, for messages.
func (l *library) summary() string {
	v, _, _ := strings.Cut(l.version, "\n")
	if strings.HasPrefix(v, "MPICH Version:") { // "MPICH Version:\t4.0.2"
		v = "MPICH " + strings.TrimSpace(strings.TrimPrefix(v, "MPICH Version:"))
	}
	v, _, _ = strings.Cut(v, ", package")
	return strings.TrimSpace(v)
}
