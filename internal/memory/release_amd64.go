//go:build !race

package memory

// Stores of amd64 are not reordered with earlier loads and stores, and neither
// does the compiler move any across a call: a plain store in a function that is
// not inlined has release order.

// StoreRelease stores v at p after every earlier load and store, as seen by a
// core that reads p with sync/atomic. Unlike atomic.StoreUint64 it does not
// order later loads.
//
//go:noinline
func StoreRelease(p *uint64, v uint64) { *p = v }

// StoreRelease32 is StoreRelease for 32 bits.
//
//go:noinline
func StoreRelease32(p *uint32, v uint32) { *p = v }
