package start

import (
	"fmt"
	"os"
	"runtime"

	"github.com/ringo-mpi/ringo/internal/embedded"
	"github.com/ringo-mpi/ringo/internal/embedded/muster"
	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/foreign"
	"github.com/ringo-mpi/ringo/internal/manager"
)

// managed joins the job of another launcher on Ringo's own engine. alone says that
// this is a program that a rank of it has started, which is told.
func managed(getenv func(string) string) (eng engine.Engine, alone bool, err error) {
	launcher := foreign.Detect(getenv)
	if pid, rank, ok := manager.Signed(launcher, getenv); ok {
		if pid == os.Getpid() {
			return nil, false, engine.Errorf(engine.ErrLaunch, "this process has been rank %d of its job already: call Main or Init once in a program, with everything in it", rank)
		}
		fmt.Fprintf(os.Stderr, "ringo: rank %d of this job is process %d; this program, started by it, is a world of one rank; to start more, call mpiexec in it\n", rank, pid)
		return nil, true, nil
	}
	m, err := manager.Open(launcher, getenv)
	if err != nil {
		return nil, false, err
	}
	end, job, err := muster.Join(m)
	if err == nil {
		end, err = connected(end, getenv("RINGO_TRANSPORT"))
	}
	if err == nil {
		err = job.Tell()
	}
	if err == nil {
		err = manager.Sign(m.Rank(), launcher, getenv)
	}
	if err != nil {
		giveUp(m, err)
	}
	if getenv("GOMAXPROCS") == "" {
		// As mpiexec has it: with the runtime's own choice every rank would keep as
		// many threads busy as there are cores.
		runtime.GOMAXPROCS(job.Share())
	}
	return embedded.New(end), false, nil
}

// giveUp ends the job of a rank that cannot join it: the others wait for this one. It
// says why first, since the launcher may end this process meanwhile.
func giveUp(m manager.Manager, err error) {
	text := fmt.Sprintf("rank %d of %d cannot join its job: %v", m.Rank(), m.Size(), err)
	fmt.Fprintln(os.Stderr, "ringo:", text)
	m.Abort(1, text)
	os.Exit(1)
}
