package manager

import (
	"errors"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/ringo-mpi/ringo/internal/foreign"
)

// open connects to the manager that a launcher has.
func open(l foreign.Launcher, getenv func(string) string) (Manager, error) {
	switch l.Manager {
	case foreign.PMI:
		return openPMI(l, getenv)
	case foreign.OpenMPI, foreign.PMIx:
		return openPMIx(getenv)
	case foreign.Slurm:
		return openSlurm(getenv)
	}
	return nil, errors.New("it is unknown")
}

// inherited reports whether this process has an open connection to a manager, which
// only a launcher can have given it: a rank's own closes in programs that it starts.
func inherited(l foreign.Launcher, getenv func(string) string) bool {
	fd, err := strconv.Atoi(getenv("PMI_FD"))
	return l.Variable == "PMI_FD" && err == nil && isSocket(fd)
}

func isSocket(fd int) bool {
	var st unix.Stat_t
	return fd >= 0 && unix.Fstat(fd, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFSOCK
}
