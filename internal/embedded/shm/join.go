package shm

import (
	"os"
	"runtime"
	"strconv"

	"github.com/ringo-mpi/ringo/internal/embedded/board"
	"github.com/ringo-mpi/ringo/internal/embedded/segment"
	"github.com/ringo-mpi/ringo/internal/embedded/transport"
	"github.com/ringo-mpi/ringo/internal/engine"
)

// Create makes the memory of a job of ranks ranks on this host, which may use
// cores cores together. The launcher passes its File to the ranks and keeps it
// until the job has ended.
func Create(ranks, cores int) (*segment.Segment, error) {
	return segment.Create(ranks, board.Size(ranks), cores)
}

// Join joins the job that the launcher has described in the environment
// (RINGO_RANK, RINGO_SIZE, RINGO_SHM_FD, RINGO_CTL_FD), and returns this rank's
// end of it.
func Join() (transport.End, error) {
	j, err := join()
	if err != nil {
		return transport.End{}, err
	}
	return transport.End{Facts: j.facts(), Job: j, Self: j, Pool: j}, nil
}

func join() (*job, error) {
	if why := os.Getenv("RINGO_SHM_ERROR"); why != "" {
		return nil, engine.Errorf(engine.ErrLaunch, "mpiexec has no shared memory for the job: %s", why)
	}
	size, err := number("RINGO_SIZE", segment.MaxRanks)
	if err != nil {
		return nil, err
	}
	rank, err := number("RINGO_RANK", size-1)
	if err != nil {
		return nil, err
	}
	fd, err := number("RINGO_SHM_FD", 1<<20)
	if err != nil {
		return nil, err
	}
	seg, err := segment.Open(uintptr(fd))
	if err != nil {
		return nil, engine.Errorf(engine.ErrLaunch, "join the job: %w", err)
	}
	if seg.Ranks() != size {
		return nil, engine.Errorf(engine.ErrLaunch, "the job's memory is for %d ranks, RINGO_SIZE says %d", seg.Ranks(), size)
	}
	if seg.State(rank) != transport.Absent {
		return nil, engine.Errorf(engine.ErrLaunch, "another process has joined the job as rank %d: the program must not start copies of itself with its environment", rank)
	}
	j := &job{seg: seg, rank: rank, n: size, known: make([]bool, size), links: make([]link, size)}
	for r := range j.links {
		j.links[r] = link{j, r}
	}
	if j.hostname, err = os.Hostname(); err != nil {
		j.hostname = "localhost"
	}
	if fd, err := strconv.Atoi(os.Getenv("RINGO_CTL_FD")); err == nil && fd > 2 {
		dieWithLauncher(fd)
		j.control = os.NewFile(uintptr(fd), "ringo-control")
		closeOnExec(fd)
	}
	closeOnExec(fd)
	j.reach = os.Getenv("RINGO_PULL") != "0" && allowReach()
	j.crowded = size > j.cores()
	j.arena = newArena(seg.Arena(rank))
	seg.Join(rank)
	if j.control != nil {
		// mpiexec then watches this process, which need not be the one it has
		// started: there may be a script or a debugger between. Without mpiexec
		// (or with an older one) nothing depends on it.
		_, _ = j.control.WriteString(joinCommand())
	}
	return j, nil
}

// number reads a variable that the launcher sets.
func number(name string, most int) (int, error) {
	v, err := strconv.Atoi(os.Getenv(name))
	if err != nil || v < 0 || v > most {
		return 0, engine.Errorf(engine.ErrLaunch, "%s=%q in the environment is not what mpiexec sets: start the program with mpiexec", name, os.Getenv(name))
	}
	return v, nil
}

func (j *job) cores() int {
	if cores := j.seg.Cores(); cores > 0 {
		return cores
	}
	return runtime.NumCPU()
}
