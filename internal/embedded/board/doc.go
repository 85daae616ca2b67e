// Package board runs the blocking collectives of the embedded engine straight
// on memory that all members of a communicator share: processes of one host
// through a mapping, goroutine ranks through ordinary heap memory.
//
// Every member makes its own [Board] over the same memory and calls
// [Board.Run] for each collective; the members call the same collectives in
// the same order. What a board cannot do alone (sleeping, waking, reading
// another process's memory) it asks of its [Host], the rank's endpoint.
//
// Who may import it: internal/embedded. It imports internal/engine,
// internal/memory and the standard library.
package board
