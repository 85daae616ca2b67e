//go:build !race

package memory

// A plain store has release order here: amd64 does not reorder stores with
// earlier loads and stores, and neither does the compiler, for which each store
// makes a new state of the memory, on which what follows it depends.

// StoreRelease stores v at p after every earlier load and store, as seen by a
// core that reads p with sync/atomic. Unlike atomic.StoreUint64 it does not
// order later loads.
func StoreRelease(p *uint64, v uint64) { *p = v }

// StoreRelease32 is StoreRelease for 32 bits.
func StoreRelease32(p *uint32, v uint32) { *p = v }
