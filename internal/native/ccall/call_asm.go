//go:build (linux || darwin || freebsd || netbsd) && (amd64 || arm64) && !android && !faketime

package ccall

import "unsafe"

//go:linkname runtime_cgocall runtime.cgocall
func runtime_cgocall(fn uintptr, arg unsafe.Pointer) int32

// trampolineABI0 holds the address of the trampoline, which runs on the
// system stack of the thread with a *Block as its only C argument.
var trampolineABI0 uintptr

// Run executes the block, in one transition to C and back.
func (b *Block) Run() { runtime_cgocall(trampolineABI0, unsafe.Pointer(b)) }
