package manager

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/foreign"
)

// ValueMax is the longest value that every manager carries.
const ValueMax = 600

// Manager is a process manager as one of the ranks of a job sees it. One goroutine
// calls it, but for Abort.
type Manager interface {
	// Rank is this process's, of Size.
	Rank() int
	Size() int

	// Put sets a key of this rank to a value without blanks of at most ValueMax
	// bytes. Get returns what a rank has put before the last Fence, which waits until
	// all ranks have called it.
	Put(key, value string) error
	Fence() error
	Get(rank int, key string) (string, error)

	// Secret is what all ranks of the job know and nobody else, nil if there is
	// nothing but what they put.
	Secret() []byte

	// Descriptor is that of the connection to the manager: it hangs up when the
	// manager has gone. Farewell then tells what that means.
	Descriptor() int
	Farewell() Farewell

	// Abort has all ranks of the job ended with a status. Where the manager ends this
	// process as well, it may not return.
	Abort(status int, reason string)

	// Finalize takes the rank out of the job: it may end after that. It is the last
	// call.
	Finalize() error
}

// Farewell is what the end of a manager means.
type Farewell struct {
	Told   bool // it has told with which status to end
	Status int
	Server int // the rank that was the manager, -1 if it was the launcher
}

// Open connects to the manager that started this process as one of several ranks.
func Open(l foreign.Launcher, getenv func(string) string) (Manager, error) {
	m, err := open(l, getenv)
	if err != nil {
		return nil, engine.Errorf(engine.ErrLaunch, "%s has started this process, and cannot be used: %w; Ringo's mpiexec can", l, err)
	}
	if r, n := m.Rank(), m.Size(); r < 0 || r >= n {
		return nil, engine.Errorf(engine.ErrLaunch, "%s says that this process is rank %d of %d", l, r, n)
	}
	return m, nil
}

// members is the variable by which a program that a rank starts finds out that it is
// not a rank itself, although it inherits the variables of the launcher.
const members = "RINGO_MEMBER"

// Sign leaves in the environment that this process is a rank of the launcher's job.
func Sign(rank int, l foreign.Launcher, getenv func(string) string) error {
	return os.Setenv(members, fmt.Sprintf("%d:%d:%s", os.Getpid(), rank, signature(l, getenv)))
}

// signature tells one job of a launcher from another.
func signature(l foreign.Launcher, getenv func(string) string) string {
	switch l.Manager {
	case foreign.PMI:
		return l.Variable + "=" + getenv(l.Variable)
	case foreign.Slurm:
		return "srun " + getenv("SLURM_JOB_ID") + "." + getenv("SLURM_STEP_ID")
	}
	return getenv("PMIX_NAMESPACE")
}

// Signed returns the process and the rank whose environment this process has, if
// there is one. The process may be this one.
func Signed(l foreign.Launcher, getenv func(string) string) (pid, rank int, ok bool) {
	list := strings.SplitN(getenv(members), ":", 3)
	if len(list) != 3 || list[2] != signature(l, getenv) || inherited(l, getenv) {
		return 0, 0, false
	}
	pid, err1 := strconv.Atoi(list[0])
	rank, err2 := strconv.Atoi(list[1])
	return pid, rank, err1 == nil && err2 == nil
}
