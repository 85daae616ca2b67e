//go:build (amd64 || arm64) && !race

package memory

import "unsafe"

// Pause tells the processor that the caller spins.
func Pause()

// Set stores v at p without any order. It exists so that a word that others
// read atomically can be prepared before it is published.
func Set(p *uint64, v uint64) { *p = v }

// Demote asks the processor to move the n bytes at p, just written, from this
// core's caches to the one that cores share, where another core that reads
// them finds them sooner (amd64 CLDEMOTE, on processors that have it; elsewhere
// nothing happens).
//
//go:noescape
func Demote(p unsafe.Pointer, n int)

// Claim asks the processor for the right to write the n bytes at p, which other
// cores have read: the writes that follow some time later then do not wait.
//
//go:noescape
func Claim(p unsafe.Pointer, n int)

// Fetch asks the processor for a line that is about to be read.
//
//go:noescape
func Fetch(p unsafe.Pointer)
