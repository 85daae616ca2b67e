// Package board runs the blocking collectives of the embedded engine straight
// on memory that all members of a communicator share: processes of one host
// through a mapping, goroutine ranks through ordinary heap memory.
//
// Every member makes its own [Board] over the same memory and calls
// [Board.Run] for each collective; the members call the same collectives in
// the same order. What a board cannot do alone (sleeping, waking, reading
// another process's memory) it asks of its [Host], the rank's endpoint.
//
// Files: board.go is the board and the entry to all collectives, layout.go the
// shared memory, turn.go how a collective begins and ends. Members post what
// they have (post.go), describe their call in a word (meta.go), wait for each
// other (wait.go), agree (agree.go), refuse a call (refuse.go) and leave one in
// which others differ (resign.go). copyops.go says which way data takes by
// its length; table.go, relay.go, tree.go, pieces.go and slices.go are such
// ways; the other files are collectives.
package board
