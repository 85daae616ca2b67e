//go:build !(amd64 || arm64) || race

package memory

import (
	"sync/atomic"
	"unsafe"
)

// StoreRelease stores v at p after every earlier load and store, as seen by a
// core that reads p with sync/atomic. (Here it is an atomic store: the race
// detector must see it, or the architecture has no cheaper one.)
func StoreRelease(p *uint64, v uint64) { atomic.StoreUint64(p, v) }

// StoreRelease32 is StoreRelease for 32 bits.
func StoreRelease32(p *uint32, v uint32) { atomic.StoreUint32(p, v) }

// Pause tells the processor that the caller spins; here it does nothing.
func Pause() {}

// Set stores v at p without any order. It exists so that a word that others
// read atomically can be prepared before it is published.
func Set(p *uint64, v uint64) { atomic.StoreUint64(p, v) }

// Demote asks the processor to move what was just written to a cache that
// cores share; here it does nothing.
func Demote(p unsafe.Pointer, n int) {}

// Claim asks the processor for the right to write; here it does nothing.
func Claim(p unsafe.Pointer, n int) {}

// Fetch asks the processor for a line that is about to be read; here it does
// nothing.
func Fetch(p unsafe.Pointer) {}
