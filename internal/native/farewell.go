package native

import (
	"debug/elf"
	"os"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/native/ccall"
)

// farewell has the library, and the tracers before it, do what they do when a
// program exits. A program in C runs exit handlers and destructors of all
// libraries at its end; one in Go does not, however it ends. MPICH 5 tells its
// launcher there that the rank has finished, and a tool writes its report there.
// They are run when MPI_Finalize has returned: what the program does after that,
// and how it ends, is then its own affair. A process that ends through exit of
// the C library after all, as one with the race detector does, does not run them
// again. Libraries of the program's own are left alone, because it may still use
// them.
func (l *library) farewell() {
	handles := []uintptr{}
	for _, file := range l.tracers.names() {
		if h, err := ccall.Open(file, false); err == nil {
			handles = append(handles, h)
		}
	}
	handles = append(handles, l.handle)
	// A tool that was opened in place of the library has the library behind it.
	if file := loadedFrom(ccall.Symbol(l.handle, "PMPI_Init_thread")); file != "" {
		if h, err := ccall.Open(file, false); err == nil && h != l.handle {
			handles = append(handles, h)
		}
	}
	for _, h := range handles {
		at := exits(h)
		at.forget()
		for _, f := range at.functions {
			callAt(f)
		}
	}
}

// linkMap is the head of the C library's struct link_map.
type linkMap struct {
	offset uintptr    // between addresses in the file and in memory
	_      *byte      // the name of the file
	ld     *elf.Dyn64 // the dynamic section, up to DT_NULL
}

// exitList is what the dynamic linker would call for a library at the end of the
// process.
type exitList struct {
	functions []uintptr  // in the order of the calls
	array     *elf.Dyn64 // the size of the array that most of them are in, if there is one
	single    *elf.Dyn64 // the one function besides, if there is one
	offset    uintptr
}

// exits reads what the dynamic linker would call. The first function of the
// array, which is called last, is the compiler's: it runs the handlers that the
// library has given to atexit.
func exits(handle uintptr) (l exitList) {
	dlinfo := ccall.Symbol(ccall.Default, "dlinfo")
	if dlinfo == 0 {
		return l
	}
	const requestLinkMap = 2 // RTLD_DI_LINKMAP
	out := new(*linkMap)
	if callAt(dlinfo, handle, requestLinkMap, uintptr(unsafe.Pointer(out))) != 0 || *out == nil {
		return l
	}
	m := *out
	l.offset = m.offset
	var array uintptr
	for d := m.ld; d.Tag != int64(elf.DT_NULL); d = (*elf.Dyn64)(unsafe.Add(unsafe.Pointer(d), unsafe.Sizeof(*d))) {
		switch elf.DynTag(d.Tag) {
		case elf.DT_FINI_ARRAY:
			array = uintptr(d.Val)
		case elf.DT_FINI_ARRAYSZ:
			l.array = d
		case elf.DT_FINI:
			l.single = d
		}
	}
	if array != 0 && l.array != nil {
		at := m.offset + array - uintptr(unsafe.Pointer(m.ld)) // from the dynamic section
		functions := unsafe.Slice((*uintptr)(unsafe.Add(unsafe.Pointer(m.ld), at)), uintptr(l.array.Val)/unsafe.Sizeof(uintptr(0)))
		for i := len(functions) - 1; i >= 0; i-- {
			if f := functions[i]; f != 0 && f != ^uintptr(0) {
				l.functions = append(l.functions, f)
			}
		}
	}
	if l.single != nil {
		l.functions = append(l.functions, m.offset+uintptr(l.single.Val))
	}
	return l
}

// forget has the dynamic linker find nothing to call. It reads the dynamic
// section again at the end, in the pages that it made read-only at the start.
func (l *exitList) forget() {
	mprotect, nothing := ccall.Symbol(ccall.Default, "mprotect"), ccall.Symbol(ccall.Default, "getpid")
	if mprotect == 0 || nothing == 0 {
		return
	}
	writable := func(d *elf.Dyn64) bool {
		const readWrite = 1 | 2 // PROT_READ, PROT_WRITE
		page := uintptr(os.Getpagesize())
		first := uintptr(unsafe.Pointer(d)) &^ (page - 1)
		end := uintptr(unsafe.Pointer(d)) + unsafe.Sizeof(*d)
		// They stay writable, because the library's data may share them.
		return callAt(mprotect, first, end-first, readWrite) == 0
	}
	if l.array != nil && writable(l.array) {
		l.array.Val = 0
	}
	if l.single != nil && writable(l.single) {
		l.single.Val = uint64(nothing - l.offset)
	}
}
