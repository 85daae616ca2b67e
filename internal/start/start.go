package start

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	"github.com/ringo-mpi/ringo/internal/embedded"
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
)

// Plan is the decision.
type Plan struct {
	How   How
	Ranks int    // ranks in this process
	Why   string // for RINGO_VERBOSE
}

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
		return Plan{Single, 1, "no launcher"}, nil
	case haveNative && choice != "embedded":
		return Plan{Native, 1, "started by " + other.String()}, nil
	case other.Size == 1:
		return Plan{Single, 1, "started by " + other.String() + " as the only process"}, nil
	}
	started := "a job of unknown size"
	if other.Size > 1 {
		started = fmt.Sprintf("%d processes", other.Size)
	}
	remedy := "start it with Ringo's mpiexec, or add the import _ \"github.com/ringo-mpi/ringo/mpi/native\""
	if haveNative {
		remedy = "start it with Ringo's mpiexec, or leave out RINGO_ENGINE=embedded"
	}
	return Plan{}, engine.Errorf(engine.ErrLaunch, "%s started %s, but each would be a world of one: %s", other, started, remedy)
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
	var eng engine.Engine
	switch plan.How {
	case Shared:
		eng, err = shared()
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
func shared() (engine.Engine, error) {
	end, err := shm.Join()
	if err != nil {
		return nil, err
	}
	return embedded.New(end), nil
}
