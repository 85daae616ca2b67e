package launch

import (
	"strconv"
	"strings"
)

// The environment of a rank. The embedded engine reads the RINGO_ variables;
// PMI_ and MPI_ are what MPICH's library reads under its own launcher.
//
//	RINGO_RANK, RINGO_SIZE              rank and number of ranks of the job
//	RINGO_LOCAL_RANK, RINGO_LOCAL_SIZE  the same among the ranks of this host
//	RINGO_JOB                           a random number of the job on this host, in hexadecimal
//	RINGO_CTL_FD = PMI_FD               the socket to the launcher (PMI-1.1)
//	RINGO_SHM_FD                        the job's shared memory segment
//	RINGO_SHM_ERROR                     in its place: why there is none
//	RINGO_CORES                         cores the ranks of this host may use together
//	RINGO_GOMAXPROCS                    GOMAXPROCS, if the launcher chose it
//	PMI_RANK, PMI_SIZE, MPI_LOCALRANKID, MPI_LOCALNRANKS
//	PMI_HOSTNAME                        where there are several hosts: what this one is called
//
// GOMAXPROCS: unless the user has set it, each rank gets its share of the cores,
// at least 2: one for the program and one for the engine's progress and the
// garbage collector. With the runtime's own default, every rank would keep as
// many threads busy as the machine has cores.

// scrubbed reports whether a variable describes an outer job and must not reach
// the ranks of this one. Settings of the user (RINGO_ENGINE, RINGO_CHECK …) do.
func scrubbed(name string) bool {
	switch name {
	case "RINGO_RANK", "RINGO_SIZE", "RINGO_LOCAL_RANK", "RINGO_LOCAL_SIZE", "RINGO_JOB", "RINGO_CTL_FD",
		"RINGO_SHM_FD", "RINGO_SHM_ERROR", "RINGO_CORES", "RINGO_GOMAXPROCS",
		"MPI_LOCALRANKID", "MPI_LOCALNRANKS", "HYDI_CONTROL_FD":
		return true
	}
	return strings.HasPrefix(name, "PMI_") || strings.HasPrefix(name, "PMIX_") || strings.HasPrefix(name, "OMPI_")
}

// scrub returns env without the variables of an outer job. A GOMAXPROCS that an
// outer launcher chose is one of them.
func scrub(env []string) []string {
	chosen, ofUser := "", true
	for _, kv := range env {
		if v, ok := strings.CutPrefix(kv, "RINGO_GOMAXPROCS="); ok {
			chosen, ofUser = "GOMAXPROCS="+v, false
		}
	}
	out := make([]string, 0, len(env)+16)
	for _, kv := range env {
		name, _, _ := strings.Cut(kv, "=")
		if scrubbed(name) || !ofUser && kv == chosen {
			continue
		}
		out = append(out, kv)
	}
	return out
}

// jobEnv is what the ranks' environments have in common.
type jobEnv struct {
	id       string
	size     int
	hosts    *hosts
	cores    int
	ctl, shm int // descriptors in the rank; -1 if it has none
	shmError string
}

// maxProcs returns GOMAXPROCS for ranks that share cores.
func maxProcs(cores, ranks int) int { return max(2, cores/ranks) }

// common appends the variables that all ranks of an app share to its scrubbed
// environment.
func (e *jobEnv) common(env []string) []string {
	set := func(name, value string) { env = append(env, name+"="+value) }
	size, local := strconv.Itoa(e.size), strconv.Itoa(len(e.hosts.ranks))
	set("RINGO_SIZE", size)
	set("RINGO_LOCAL_SIZE", local)
	set("RINGO_JOB", e.id)
	set("RINGO_CORES", strconv.Itoa(e.cores))
	if e.ctl >= 0 {
		set("RINGO_CTL_FD", strconv.Itoa(e.ctl))
		set("PMI_FD", strconv.Itoa(e.ctl))
		set("PMI_SIZE", size)
		set("MPI_LOCALNRANKS", local)
		if e.hosts.several() {
			set("PMI_HOSTNAME", e.hosts.names[e.hosts.here])
		}
	}
	if e.shm >= 0 {
		set("RINGO_SHM_FD", strconv.Itoa(e.shm))
	} else {
		set("RINGO_SHM_ERROR", strings.ReplaceAll(e.shmError, "\x00", ""))
	}
	user := false
	for _, kv := range env {
		user = user || strings.HasPrefix(kv, "GOMAXPROCS=")
	}
	if !user {
		n := strconv.Itoa(maxProcs(e.cores, len(e.hosts.ranks)))
		set("GOMAXPROCS", n)
		set("RINGO_GOMAXPROCS", n)
	}
	return env
}

// rank appends what differs from rank to rank to a copy of common.
func (e *jobEnv) rank(common []string, rank int) []string {
	r, local := strconv.Itoa(rank), strconv.Itoa(e.hosts.place[rank])
	env := make([]string, len(common), len(common)+4)
	copy(env, common)
	env = append(env, "RINGO_RANK="+r, "RINGO_LOCAL_RANK="+local)
	if e.ctl >= 0 {
		env = append(env, "PMI_RANK="+r, "MPI_LOCALRANKID="+local)
	}
	return env
}

// setPWD makes PWD agree with the folder a rank runs in, as a shell's cd does.
func setPWD(env []string, dir string) []string {
	for i, kv := range env {
		if strings.HasPrefix(kv, "PWD=") {
			env[i] = "PWD=" + dir
		}
	}
	return env
}
