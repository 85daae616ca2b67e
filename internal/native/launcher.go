package native

import (
	"fmt"
	"strconv"
	"strings"
)

// Env looks a variable up in the environment; "" when it is not set.
// os.Getenv is one.
type Env func(name string) string

// launch is what the environment says about how this process was started.
type launch struct {
	family family // whose library belongs to the launcher; unknown: any may
	name   string // the launcher, for messages; "" when there is none
	by     string // the variable that says so
	own    bool   // Ringo's mpiexec
	rank   int    // -1 when unknown
	size   int    // 0 when unknown
}

func (l launch) String() string {
	if l.name == "" {
		return "no launcher"
	}
	return fmt.Sprintf("%s (%s is set)", l.name, l.by)
}

// detect reads the launcher's variables. When a job was started from inside
// another the variables of both are there; the live descriptor of a process
// manager then tells the inner one.
func detect(env Env) launch {
	has := func(name string) bool { return env(name) != "" }
	number := func(names ...string) int {
		for _, name := range names {
			if n, err := strconv.Atoi(env(name)); err == nil && n >= 0 {
				return n
			}
		}
		return -1
	}
	started := func(f family, name, by string, rank, size int) launch {
		return launch{family: f, name: name, by: by, rank: rank, size: max(0, size)}
	}
	pmi := func(by string) launch {
		return started(mpichFamily, "a process manager with PMI, such as Hydra or srun --mpi=pmi2", by, number("PMI_RANK", "PMI_ID"), number("PMI_SIZE"))
	}
	switch {
	case has("RINGO_RANK") && has("RINGO_JOB"):
		l := started(mpichFamily, "Ringo's mpiexec", "RINGO_JOB", number("RINGO_RANK"), number("RINGO_SIZE"))
		l.own = true
		return l
	case has("PMI_FD") && isSocket(number("PMI_FD")):
		return pmi("PMI_FD")
	case has("OMPI_COMM_WORLD_SIZE"):
		return started(openmpiFamily, "Open MPI's mpirun", "OMPI_COMM_WORLD_SIZE", number("OMPI_COMM_WORLD_RANK"), number("OMPI_COMM_WORLD_SIZE"))
	case has("PMI_FD"):
		return pmi("PMI_FD")
	case has("PMI_PORT"):
		return pmi("PMI_PORT")
	case has("PMI_RANK"):
		return pmi("PMI_RANK")
	case has("PALS_RANKID"):
		return started(mpichFamily, "Cray PALS", "PALS_RANKID", number("PALS_RANKID"), -1)
	case has("PMIX_NAMESPACE") && has("PMIX_RANK"):
		return started(unknownFamily, "a process manager with PMIx, such as srun --mpi=pmix", "PMIX_NAMESPACE", number("PMIX_RANK"), number("SLURM_STEP_NUM_TASKS"))
	case has("SLURM_PROCID") && has("SLURM_STEP_ID"):
		return started(unknownFamily, "srun", "SLURM_STEP_ID", number("SLURM_PROCID"), number("SLURM_STEP_NUM_TASKS"))
	}
	return launch{rank: -1}
}

// Wanted tells whether this process should run on an MPI library, and why:
// when RINGO_ENGINE or RINGO_LIBMPI asks for it, and when the launcher of an
// MPI library started it. Under Ringo's own mpiexec and without a launcher
// the embedded engine runs unless RINGO_ENGINE=native. A library need not
// exist for Wanted to say true; [Open] reports that.
func Wanted(env Env) (wanted bool, reason string) {
	l := detect(env)
	switch engine := strings.ToLower(env("RINGO_ENGINE")); {
	case engine == "native":
		return true, "RINGO_ENGINE=native"
	case engine != "" && engine != "auto":
		return false, "RINGO_ENGINE=" + engine
	case l.own:
		return false, "started by Ringo's mpiexec"
	case env("RINGO_RANKS") != "":
		return false, "RINGO_RANKS is set"
	case env("RINGO_LIBMPI") != "":
		return true, "RINGO_LIBMPI is set"
	case l.name != "":
		return true, "started by " + l.String()
	}
	return false, "no launcher of an MPI library"
}
