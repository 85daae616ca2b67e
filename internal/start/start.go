package start

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	"github.com/ringo-mpi/ringo/internal/embedded"
	"github.com/ringo-mpi/ringo/internal/engine"
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
	foreign := detect(getenv)
	switch {
	case choice == "native" && !haveNative:
		return Plan{}, engine.Errorf(engine.ErrLaunch, "RINGO_ENGINE=native: this program has no native engine; add the import _ \"github.com/ringo-mpi/ringo/mpi/native\"")
	case choice == "native":
		return Plan{Native, 1, "RINGO_ENGINE=native"}, nil
	case getenv("RINGO_RANK") != "":
		return Plan{Shared, 1, "started by Ringo's mpiexec"}, nil
	case ranks > 0:
		return Plan{Goroutines, ranks, fmt.Sprintf("RINGO_RANKS=%d", ranks)}, nil
	case foreign.name == "":
		return Plan{Single, 1, "no launcher"}, nil
	case haveNative && choice != "embedded":
		return Plan{Native, 1, "started by " + foreign.name}, nil
	case foreign.size == 1:
		return Plan{Single, 1, "started by " + foreign.name + " as the only process"}, nil
	}
	started := "a job of unknown size"
	if foreign.size > 1 {
		started = fmt.Sprintf("%d processes", foreign.size)
	}
	remedy := "start it with Ringo's mpiexec, or add the import _ \"github.com/ringo-mpi/ringo/mpi/native\""
	if haveNative {
		remedy = "start it with Ringo's mpiexec, or leave out RINGO_ENGINE=embedded"
	}
	return Plan{}, engine.Errorf(engine.ErrLaunch, "%s started %s, but each would be a world of one: %s", foreign.name, started, remedy)
}

// launcher is another launcher that started this process.
type launcher struct {
	name string // "" for none
	size int    // processes it started, 0 when unknown
}

// detect recognises other launchers by the variables they set.
func detect(getenv func(string) string) launcher {
	number := func(name string) int {
		n, err := strconv.Atoi(getenv(name))
		if err != nil || n < 0 {
			return 0
		}
		return n
	}
	switch {
	case getenv("OMPI_COMM_WORLD_SIZE") != "":
		return launcher{"Open MPI's mpirun (OMPI_COMM_WORLD_SIZE is set)", number("OMPI_COMM_WORLD_SIZE")}
	case getenv("SLURM_PROCID") != "" && getenv("SLURM_STEP_ID") != "" && slurmTasks(number) > 1:
		return launcher{"Slurm's srun (SLURM_PROCID is set)", slurmTasks(number)}
	case getenv("PMI_FD") != "":
		return launcher{"an mpiexec that speaks PMI (PMI_FD is set)", number("PMI_SIZE")}
	case getenv("PMI_PORT") != "":
		return launcher{"an mpiexec that speaks PMI (PMI_PORT is set)", number("PMI_SIZE")}
	case getenv("PMIX_NAMESPACE") != "" && slurmTasks(number) != 1:
		return launcher{"a launcher that speaks PMIx (PMIX_NAMESPACE is set)", slurmTasks(number)}
	}
	return launcher{}
}

// slurmTasks is the number of tasks of a Slurm step.
func slurmTasks(number func(string) int) int {
	if n := number("SLURM_STEP_NUM_TASKS"); n > 0 {
		return n
	}
	return number("SLURM_NTASKS")
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
		eng, err = embedded.OpenShm()
	case Native:
		eng, err = open(ctx)
	default:
		return embedded.NewInproc(plan.Ranks), plan, nil
	}
	if err != nil {
		return nil, plan, err
	}
	return []engine.Engine{eng}, plan, nil
}

// InProcess makes n goroutine ranks in this process, whatever the environment
// says.
func InProcess(n int) []engine.Engine { return embedded.NewInproc(n) }
