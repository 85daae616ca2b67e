package mpi

import (
	"strconv"
	"time"
)

// EngineInfo describes what carries the messages.
type EngineInfo struct {
	Name      string // "embedded" or "native"
	Version   string // of the engine, or the library's own version text
	Transport string // "inproc", "shm", …
	Library   string // path of the MPI library, native engine only

	// InProcess says that the ranks of this host are goroutines of this process:
	// they share its memory, its environment and its working folder.
	InProcess bool
}

// Engine returns what carries the messages of c. Local.
func (c *Comm) Engine() EngineInfo {
	if !c.valid() {
		return EngineInfo{}
	}
	i := c.st.proc.info
	return EngineInfo{Name: i.Name, Version: i.Version, Transport: i.Transport, Library: i.Library, InProcess: i.InProcess}
}

// LocalRank returns the rank of the caller among the ranks of the job on its
// host, 0 to LocalSize()-1. Local.
func (c *Comm) LocalRank() int {
	if !c.valid() {
		return Undefined
	}
	return c.st.proc.info.LocalRank
}

// LocalSize returns the number of ranks of the job on the caller's host. Local.
func (c *Comm) LocalSize() int {
	if !c.valid() {
		return 0
	}
	return c.st.proc.info.LocalSize
}

// Abort ends the whole job with the exit status code, 1 for a code of 0 (MPI 5.0
// §11.4). It does not return; goroutine ranks end with their process. Deferred
// functions do not run.
func (c *Comm) Abort(code int) {
	c.st.proc.eng.Abort(code, "Abort("+strconv.Itoa(code)+") was called by rank "+strconv.Itoa(c.rank)+" of "+c.Name())
}

var clockStart = time.Now()

// Wtime returns the seconds since the process began to use this package, by a
// monotonic clock (MPI 5.0 §9.6). The clocks of different processes differ.
func Wtime() float64 { return time.Since(clockStart).Seconds() }
