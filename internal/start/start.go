package start

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"

	"github.com/ringo-mpi/ringo/internal/embedded"
	"github.com/ringo-mpi/ringo/internal/embedded/entry"
	"github.com/ringo-mpi/ringo/internal/embedded/inproc"
	"github.com/ringo-mpi/ringo/internal/embedded/shm"
	"github.com/ringo-mpi/ringo/internal/engine"
	"github.com/ringo-mpi/ringo/internal/foreign"
)

// How says how the ranks of this process are carried.
type How int

// The ways.
const (
	Single     How = iota // a world of one
	Goroutines            // Ranks goroutine ranks
	Shared                // one rank of a job of Ringo's mpiexec, over shared memory
	Native                // one rank on an MPI library
	Managed               // one rank of another launcher's job, on Ringo's own engine
)

// Plan is the decision.
type Plan struct {
	How   How
	Ranks int    // ranks in this process
	Why   string // for RINGO_VERBOSE
}

const noLauncher = "no launcher"

// maxRanks bounds RINGO_RANKS.
const maxRanks = 1 << 16

// Decide applies the rules to an environment. Errors have class ErrArg for a
// variable that makes no sense, ErrLaunch for a launch that cannot work.
func Decide(getenv func(string) string, haveNative bool) (Plan, error) {
	choice := getenv("RINGO_ENGINE")
	switch choice {
	case "", "auto", "embedded", "native":
	default:
		return Plan{}, engine.Errorf(engine.ErrArg, "RINGO_ENGINE=%s: it is auto, embedded or native", choice)
	}
	ranks := 0
	if s := getenv("RINGO_RANKS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > maxRanks {
			return Plan{}, engine.Errorf(engine.ErrArg, "RINGO_RANKS=%s: it is the number of goroutine ranks, 1 to %d", s, maxRanks)
		}
		ranks = n
	}
	other := foreign.Detect(getenv)
	switch {
	case choice == "native" && !haveNative:
		return Plan{}, engine.Errorf(engine.ErrLaunch, "RINGO_ENGINE=native: this program has no native engine; add the import _ \"github.com/ringo-mpi/ringo/mpi/native\"")
	case choice == "native":
		return Plan{Native, 1, "RINGO_ENGINE=native"}, nil
	case getenv("RINGO_RANK") != "":
		return Plan{Shared, 1, "started by Ringo's mpiexec"}, nil
	case ranks > 0:
		return Plan{Goroutines, ranks, fmt.Sprintf("RINGO_RANKS=%d", ranks)}, nil
	case other.Manager == foreign.None:
		return Plan{Single, 1, noLauncher}, nil
	case haveNative && choice != "embedded":
		return Plan{Native, 1, "started by " + other.String()}, nil
	case other.Size == 1:
		return Plan{Single, 1, "started by " + other.String() + " as the only process"}, nil
	}
	return Plan{Managed, 1, "started by " + other.String()}, nil
}

var native struct {
	sync.Mutex
	open func(context.Context) (engine.Engine, error)
}

// RegisterNative makes the native engine available; package mpi/native calls
// it when it is imported.
func RegisterNative(open func(context.Context) (engine.Engine, error)) {
	native.Lock()
	native.open = open
	native.Unlock()
}

func nativeOpener() func(context.Context) (engine.Engine, error) {
	native.Lock()
	defer native.Unlock()
	return native.open
}

// Open decides by the environment and opens the engines of this process's
// ranks: one, but for goroutine ranks.
func Open(ctx context.Context, getenv func(string) string) ([]engine.Engine, Plan, error) {
	open := nativeOpener()
	plan, err := Decide(getenv, open != nil)
	if err != nil {
		return nil, plan, err
	}
	if plan.How == Single && plan.Why == noLauncher {
		// A rank whose environment was cleaned still belongs to its job.
		if _, ok := entry.Own(getenv); ok {
			plan.How, plan.Why = Shared, "a process of a job of Ringo's mpiexec"
		}
	}
	var eng engine.Engine
	switch plan.How {
	case Shared:
		eng, err = shared(getenv)
		var taken *entry.TakenError
		if errors.As(err, &taken) {
			if err = placeTaken(taken, os.Getpid()); err == nil {
				fmt.Fprintf(os.Stderr, "ringo: rank %d of this job is process %d; this program, started by it, is a world of one rank; to start more, call mpiexec in it\n", taken.Rank, taken.Pid)
				plan = Plan{Single, 1, "a program in a rank of a job"}
				return InProcess(1), plan, nil
			}
		}
	case Managed:
		var alone bool
		if eng, alone, err = managed(getenv); alone {
			plan = Plan{Single, 1, "a program in a rank of a job"}
			return InProcess(1), plan, nil
		}
	case Native:
		eng, err = open(ctx)
	default:
		return InProcess(plan.Ranks), plan, nil
	}
	if err != nil {
		return nil, plan, err
	}
	return wrap(eng), plan, nil
}

// InProcess makes n goroutine ranks in this process, whatever the environment
// says.
func InProcess(n int) []engine.Engine {
	engines := make([]engine.Engine, n)
	for r, end := range inproc.New(n) {
		engines[r] = embedded.New(end)
	}
	return wrap(engines...)
}

// shared joins the job of the launcher that has started this process.
func shared(getenv func(string) string) (engine.Engine, error) {
	end, err := shm.Join()
	if err == nil {
		end, err = connected(end, getenv("RINGO_TRANSPORT"))
	}
	if err != nil {
		return nil, err
	}
	return embedded.New(end), nil
}

// placeTaken says why a process cannot have the place of its rank, nil if it is
// another program that the rank runs.
func placeTaken(e *entry.TakenError, own int) error {
	switch {
	case e.Pid == own:
		return engine.Errorf(engine.ErrLaunch, "this process has been rank %d of its job already: call Main or Init once in a program, with everything in it", e.Rank)
	case e.Left:
		return engine.Errorf(engine.ErrLaunch, "rank %d has been process %d, which has called Finalize: a job runs one MPI program; start the next one with an mpiexec of its own", e.Rank, e.Pid)
	}
	return nil
}
