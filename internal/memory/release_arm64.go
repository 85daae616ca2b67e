//go:build !race

package memory

// StoreRelease stores v at p after every earlier load and store, as seen by a
// core that reads p with sync/atomic. Unlike atomic.StoreUint64 it does not
// order later loads.
//
//go:noescape
func StoreRelease(p *uint64, v uint64)

// StoreRelease32 is StoreRelease for 32 bits.
//
//go:noescape
func StoreRelease32(p *uint32, v uint32)
