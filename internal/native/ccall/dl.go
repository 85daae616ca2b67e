//go:build ((linux && (amd64 || arm64 || loong64 || ppc64le || riscv64)) || ((darwin || freebsd || netbsd) && (amd64 || arm64))) && !android && !faketime

package ccall

import (
	"runtime"

	"github.com/ebitengine/purego"
)

// Supported tells whether libraries can be opened on this system.
const Supported = true

// Default stands for all libraries that the process has opened globally, in the
// order of the dynamic linker: those put in front of the others by LD_PRELOAD
// come first.
const Default uintptr = purego.RTLD_DEFAULT

// Open opens a shared library (dlopen). With global its symbols are visible to
// libraries opened later, as the plugins of an MPI library need it.
func Open(path string, global bool) (uintptr, error) {
	mode := purego.RTLD_NOW | purego.RTLD_LOCAL
	if global {
		mode = purego.RTLD_NOW | purego.RTLD_GLOBAL
	}
	runtime.LockOSThread() // the text of an error belongs to the thread
	defer runtime.UnlockOSThread()
	return purego.Dlopen(path, mode)
}

// Symbol returns the address of a symbol, 0 when the library has none of that
// name.
func Symbol(lib uintptr, name string) uintptr {
	p, err := purego.Dlsym(lib, name)
	if err != nil {
		return 0
	}
	return p
}

// Callback makes a C function of a Go function whose arguments are pointers
// and integers. A process can make 2000 of them; they are never freed.
func Callback(fn any) uintptr { return purego.NewCallback(fn) }
