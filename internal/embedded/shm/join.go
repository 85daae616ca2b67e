package shm

import (
	"errors"
	"os"
	"runtime"
	"strconv"
	"time"

	"github.com/ringo-mpi/ringo/internal/embedded/board"
	"github.com/ringo-mpi/ringo/internal/embedded/entry"
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

// CreateFor makes the memory of one of the hosts of a job, on which here of its
// ranks run.
func CreateFor(ranks, here, cores int) (*segment.Segment, error) {
	return segment.CreateFor(ranks, here, board.Size(here), cores)
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
	place, err := findPlace()
	if err != nil {
		return nil, err
	}
	seg, err := segment.Open(uintptr(place.Memory))
	if err != nil {
		return nil, engine.Errorf(engine.ErrLaunch, "join the job: %w", err)
	}
	size, rank := seg.Ranks(), place.Rank
	if s := os.Getenv("RINGO_SIZE"); rank >= size || !seg.Near(rank) || s != "" && s != strconv.Itoa(size) {
		return nil, engine.Errorf(engine.ErrLaunch, "the job's memory is for %d ranks, the environment says rank %d of RINGO_SIZE=%s", size, rank, s)
	}
	if seg.State(rank) != transport.Absent {
		return nil, &entry.TakenError{Rank: rank, Pid: seg.Pid(rank), Left: seg.State(rank) == transport.Finalized}
	}
	j := newJob(seg, rank)
	if place.Channel >= 0 {
		dieWithLauncher(place.Channel)
		j.control = os.NewFile(uintptr(place.Channel), "ringo-control")
		closeOnExec(place.Channel)
	}
	closeOnExec(place.Memory)
	if err := j.enter(); err != nil {
		return nil, err
	}
	if j.control != nil {
		// mpiexec then watches this process, which need not be the one it has
		// started: there may be a script or a debugger between. Without mpiexec
		// (or with an older one) nothing depends on it.
		_, _ = j.control.WriteString(joinCommand())
	}
	return j, nil
}

// Launcher is what a rank has in the place of mpiexec, if another launcher has started
// it (package muster).
type Launcher interface {
	// Watch waits until something has happened, or for limit, or until Wake, and marks
	// ranks that have died in the memory.
	Watch(limit time.Duration)
	Wake()

	// Abort has all ranks ended with a status; it may return.
	Abort(status int, reason string)

	// Leave takes the rank out of the job.
	Leave() error
}

// Enter is Join for a rank that another launcher has started, with the memory that
// the ranks of its host have made.
func Enter(seg *segment.Segment, rank int, l Launcher) (transport.End, error) {
	j := newJob(seg, rank)
	j.launcher = l
	if err := j.enter(); err != nil {
		return transport.End{}, err
	}
	return transport.End{Facts: j.facts(), Job: j, Self: j, Pool: j}, nil
}

// newJob makes the job of a rank of the memory.
func newJob(seg *segment.Segment, rank int) *job {
	size := seg.Ranks()
	j := &job{seg: seg, rank: rank, n: size, known: make([]bool, size), links: make([]link, size)}
	for r := range j.links {
		j.links[r].job, j.links[r].rank = j, r
	}
	var err error
	if j.hostname, err = os.Hostname(); err != nil {
		j.hostname = "localhost"
	}
	return j
}

// enter makes this process the rank.
func (j *job) enter() error {
	j.reach = os.Getenv("RINGO_PULL") != "0" && allowReach()
	j.crowded = j.seg.RanksHere() > j.cores()
	j.arena = newArena(j.seg, j.rank)
	if err := j.tell(); err != nil {
		return err
	}
	j.seg.Join(j.rank)
	j.listener.job = j
	j.listener.listen()
	return nil
}

// findPlace finds this process's place in the job. It is what mpiexec has given
// the process, or what mpiexec answers where a wrapper has closed the
// descriptors or cleaned the environment.
func findPlace() (*entry.Place, error) {
	place := &entry.Place{Rank: -1, Memory: -1, Channel: -1}
	if os.Getenv("RINGO_RANK") != "" {
		var err error
		if place.Rank, err = number("RINGO_RANK", segment.MaxRanks-1); err != nil {
			return nil, err
		}
		if place.Memory, err = number("RINGO_SHM_FD", 1<<20); err != nil {
			return nil, err
		}
		if fd, err := strconv.Atoi(os.Getenv("RINGO_CTL_FD")); err == nil && isSocket(fd) {
			place.Channel = fd
		}
		if isMemory(place.Memory) && place.Channel >= 0 {
			return place, nil
		}
	}
	mark, marked := entry.Own(os.Getenv)
	err := errors.New("it does not belong to a job of mpiexec")
	if marked {
		var asked *entry.Place
		if asked, err = entry.Ask(mark, place.Rank); err == nil {
			return asked, nil
		}
		if errors.As(err, new(*entry.TakenError)) {
			return nil, err
		}
	}
	if place.Rank >= 0 && isMemory(place.Memory) {
		return place, nil // without a channel
	}
	return nil, engine.Errorf(engine.ErrLaunch, "the descriptors that mpiexec has passed to this rank are closed, and %w: a program between mpiexec and this one must leave descriptors and environment as they are (in Python, close_fds=False)", err)
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
