//go:build !(((linux && (amd64 || arm64 || loong64 || ppc64le || riscv64)) || ((darwin || freebsd || netbsd) && (amd64 || arm64))) && !android && !faketime)

package ccall

import (
	"errors"
	"runtime"
)

// Supported tells whether libraries can be opened on this system.
const Supported = false

// Default stands for all libraries that the process has opened globally.
const Default uintptr = 0

var errNone = errors.New("no library can be opened at run time on " + runtime.GOOS + "/" + runtime.GOARCH)

// Open fails: this system has no way to open a library that package ccall
// knows, or its pointers are not 64 bits wide.
func Open(path string, global bool) (uintptr, error) { return 0, errNone }

// Symbol finds nothing.
func Symbol(lib uintptr, name string) uintptr { return 0 }

// Callback makes nothing.
func Callback(fn any) uintptr { return 0 }

// Run cannot be reached: there is no library whose functions it could call.
func (b *Block) Run() { panic(errNone) }
