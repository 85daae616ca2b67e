package launch

import (
	"fmt"
	"os"
	"syscall"

	"github.com/ringo-mpi/ringo/internal/topo"
)

// command is a process to start. files become its descriptors 0, 1, 2 …
type command struct {
	path  string
	argv  []string
	env   []string
	dir   string
	files []*os.File
	cpus  topo.Set // where it may run; nil: anywhere
}

// exit is how a process ended.
type exit struct {
	code   int
	signal syscall.Signal // 0 if it ended by itself
	core   bool           // a core file was written
	limit  int64          // the memory limit that was reached, in bytes; 0: none
}

// status is the exit status as a shell would give it.
func (e exit) status() int {
	if e.signal != 0 {
		return 128 + int(e.signal)
	}
	return e.code
}

func (e exit) String() string {
	if e.signal == 0 {
		return fmt.Sprintf("ended with status %d", e.code)
	}
	core := ""
	if e.core {
		core = ", core dumped"
	}
	return fmt.Sprintf("was killed by signal %d (%v%s)", int(e.signal), e.signal, core)
}
