// Package inproc carries ranks that are goroutines of one process: rings and
// boards on the heap, channels to wake, and plain copies out of each other's
// memory.
//
// Files: inproc the job and its ends, member what one rank is for the others,
// pool the memory they share.
//
// internal/start puts it together with the endpoint (package embedded).
package inproc
