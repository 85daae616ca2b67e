// Package foreign recognises the launchers of other MPI implementations by the
// variables that they leave in the environment of a rank.
//
// Packages start and native use it: the one to choose an engine, the other to
// choose the library that belongs to the launcher.
package foreign

import (
	"strconv"
	"strings"
)

// Manager is how a launcher's ranks find each other, which decides what
// libraries work under it.
type Manager int

// The managers.
const (
	None    Manager = iota
	PMI             // PMI-1 or PMI-2: MPICH and its relatives
	OpenMPI         // Open MPI's own: Open MPI
	PMIx            // Open MPI, and others built for it
	Slurm           // srun, with a manager that shows no variables
)

// Launcher is a launcher that started this process.
type Launcher struct {
	Manager  Manager
	Name     string // for messages: "Open MPI's mpirun"
	Variable string // what gave it away
	Rank     int    // -1 when unknown
	Size     int    // processes it started, 0 when unknown
}

// String names the launcher and the variable.
func (l Launcher) String() string {
	if l.Manager == None {
		return "no launcher"
	}
	return l.Name + " (" + l.Variable + " is set)"
}

// Detect reads the variables of the environment; the Manager is None when no
// launcher is recognised. Where a job was started inside another, both have
// left variables: an open socket of a process manager then tells the inner one.
// A process that srun started alone counts as started by hand.
func Detect(getenv func(string) string) Launcher {
	has := func(name string) bool { return getenv(name) != "" }
	number := func(none int, names ...string) int {
		for _, name := range names {
			if n, err := strconv.Atoi(getenv(name)); err == nil && n >= 0 {
				return n
			}
		}
		return none
	}
	tasks := number(0, "SLURM_STEP_NUM_TASKS", "SLURM_NTASKS")
	step := has("SLURM_PROCID") && has("SLURM_STEP_ID")
	pmi := func(variable string) Launcher {
		l := Launcher{PMI, "an mpiexec that speaks PMI", variable, number(-1, "PMI_RANK", "PMI_ID"), number(0, "PMI_SIZE")}
		if step && tasks > 1 {
			l.Name, l.Rank, l.Size = "Slurm's srun with PMI", number(-1, "SLURM_PROCID"), tasks
		}
		return l
	}
	switch {
	case has("PMI_FD") && isSocket(number(-1, "PMI_FD")):
		return pmi("PMI_FD")
	case has("OMPI_COMM_WORLD_SIZE"):
		return Launcher{OpenMPI, "Open MPI's mpirun", "OMPI_COMM_WORLD_SIZE", number(-1, "OMPI_COMM_WORLD_RANK"), number(0, "OMPI_COMM_WORLD_SIZE")}
	case has("PMI_FD"):
		return pmi("PMI_FD")
	case has("PMI_PORT"):
		return pmi("PMI_PORT")
	case has("PMIX_NAMESPACE") && !(tasks == 1 && strings.HasPrefix(getenv("PMIX_NAMESPACE"), "slurm.")):
		l := Launcher{PMIx, "a launcher that speaks PMIx", "PMIX_NAMESPACE", number(-1, "PMIX_RANK"), 0}
		if step && !strings.HasPrefix(getenv("PMIX_NAMESPACE"), "prterun-") {
			l.Name, l.Size = "Slurm's srun with PMIx", tasks
		}
		return l
	case has("PALS_RANKID"):
		return Launcher{PMI, "Cray PALS", "PALS_RANKID", number(-1, "PALS_RANKID"), 0}
	case step && tasks > 1:
		return Launcher{Slurm, "Slurm's srun", "SLURM_PROCID", number(-1, "SLURM_PROCID"), tasks}
	}
	return Launcher{Rank: -1}
}
