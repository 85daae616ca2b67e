// Package ccall calls C functions of a library opened at run time, with no cgo.
//
// Opening, symbols and callbacks are those of purego. Calls go through an
// assembly trampoline of this package on amd64 and arm64: a [Block] holds a
// function with its arguments and, behind it, a second function to be called
// again and again until it raises a flag. So an MPI operation that is started
// and completes soon costs one transition from Go to C and back instead of one
// for each poll. On other machines purego.SyscallN does the same, at a higher
// cost.
package ccall
