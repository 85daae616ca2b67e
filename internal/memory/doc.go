// Package memory holds the few memory operations that structures shared between
// ranks or goroutines need and the standard library does not offer: a store
// with release order that does not wait for the store buffer to drain, a hint
// that the processor is spinning, and a copy that never keeps the garbage
// collector waiting.
//
// Go's atomic stores are sequentially consistent; on amd64 each is an XCHG that
// waits until every earlier store has left the core, which takes long when the
// line belongs to another core. Publishing a message needs release order only.
// Where a store must also be ordered before a later load (arming a sleeper,
// checking for one), sync/atomic is used.
//
// Used by the embedded engine, by package engine for copies, and by package mpi
// for the states of requests.
package memory
