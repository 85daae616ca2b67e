package native

import (
	"debug/elf"
	"unsafe"

	"github.com/ringo-mpi/ringo/internal/native/ccall"
)

// farewell has the library, and the tracers before it, do what they do when a
// program exits. A program in C runs exit handlers and destructors of all
// libraries at its end; one in Go does not, however it ends. MPICH 5 tells its
// launcher there that the rank has finished, and a tool writes its report there.
// They are run once, when MPI_Finalize has returned: what the program does after
// that, and how it ends, is then its own affair. Libraries of the program's own
// are left alone, because it may still use them.
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
		for _, f := range exits(h) {
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

// exits returns the functions that the dynamic linker would call for a library
// at the end of the process, in their order. The first of them in the file,
// which is called last, is the compiler's: it runs the handlers that the
// library has given to atexit.
func exits(handle uintptr) (list []uintptr) {
	dlinfo := ccall.Symbol(ccall.Default, "dlinfo")
	if dlinfo == 0 {
		return nil
	}
	const requestLinkMap = 2 // RTLD_DI_LINKMAP
	out := new(*linkMap)
	if callAt(dlinfo, handle, requestLinkMap, uintptr(unsafe.Pointer(out))) != 0 || *out == nil {
		return nil
	}
	m := *out
	var array, bytes, single uintptr
	for d := m.ld; d.Tag != int64(elf.DT_NULL); d = (*elf.Dyn64)(unsafe.Add(unsafe.Pointer(d), unsafe.Sizeof(*d))) {
		switch elf.DynTag(d.Tag) {
		case elf.DT_FINI_ARRAY:
			array = uintptr(d.Val)
		case elf.DT_FINI_ARRAYSZ:
			bytes = uintptr(d.Val)
		case elf.DT_FINI:
			single = uintptr(d.Val)
		}
	}
	if array != 0 {
		at := m.offset + array - uintptr(unsafe.Pointer(m.ld)) // from the dynamic section
		functions := unsafe.Slice((*uintptr)(unsafe.Add(unsafe.Pointer(m.ld), at)), bytes/unsafe.Sizeof(uintptr(0)))
		for i := len(functions) - 1; i >= 0; i-- {
			if f := functions[i]; f != 0 && f != ^uintptr(0) {
				list = append(list, f)
			}
		}
	}
	if single != 0 {
		list = append(list, m.offset+single)
	}
	return list
}
