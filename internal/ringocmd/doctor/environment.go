package doctor

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/ringo-mpi/ringo/internal/envvars"
	"github.com/ringo-mpi/ringo/internal/start"
)

// launcherPrefixes start the names of variables that launchers give to the
// processes of a job.
var launcherPrefixes = []string{
	"RINGO_", "PMI_", "PMIX_", "OMPI_COMM_WORLD_", "OMPI_UNIVERSE_", "PALS_", "MPIR_", "HYDRA_", "I_MPI_HYDRA",
	"SLURM_PROCID", "SLURM_STEP_ID", "SLURM_LOCALID",
}

// settings are variables of ours that a user sets; they do not tell of a job.
var settings = envvars.Settings()

func checkEnvironment(_ context.Context, m *machine) []Finding {
	var job, set []string
	for _, kv := range m.environ() {
		name, value, _ := strings.Cut(kv, "=")
		if !slices.ContainsFunc(launcherPrefixes, func(p string) bool { return strings.HasPrefix(name, p) }) {
			continue
		}
		if slices.Contains(settings, name) {
			set = append(set, name+"="+value)
		} else {
			job = append(job, name)
		}
	}
	slices.Sort(job)
	slices.Sort(set)
	var out []Finding
	for _, name := range []string{"RINGO_CTL_FD", "RINGO_SHM_FD", "PMI_FD"} {
		if text := m.getenv(name); text != "" {
			if fd, err := strconv.Atoi(text); err != nil || !m.fdOpen(fd) {
				out = append(out, mend("unset "+strings.Join(job, " "), "%s=%s is left over from a job: a program started here would look for its launcher there", name, text))
				break
			}
		}
	}
	// The native engine is taken to be there, since programs can have it.
	plan, err := start.Decide(m.getenv, true)
	switch {
	case err != nil:
		out = append(out, mend("correct or unset the variable", "%v", err))
	case len(out) > 0:
	case len(job) > 0:
		out = append(out, note("", "this is a process of a job (%s); programs started here: %s", strings.Join(shorten(job), ", "), plan.Why))
	default:
		out = append(out, ok("no variables of a launcher; programs started here: %s", plan.Why))
	}
	for _, s := range set {
		out = append(out, note("", "%s is set", s))
	}
	return out
}

// shorten leaves the first few of a list of names.
func shorten(names []string) []string {
	if len(names) > 4 {
		return append(slices.Clone(names[:4]), "...")
	}
	return names
}

func checkLaunchers(ctx context.Context, m *machine) []Finding {
	path, err := m.lookPath("mpiexec")
	if err != nil {
		return []Finding{note("go install github.com/ringo-mpi/ringo/cmd/mpiexec@latest, and put the folder $(go env GOPATH)/bin into PATH", "there is no mpiexec in PATH")}
	}
	version, _ := m.run(ctx, path, "--version")
	line := firstLine(version)
	if whose := launcherOf(version); whose != "Ringo" {
		if whose == "" {
			whose = "unknown"
		}
		return []Finding{note("programs started by it run on its MPI library (native engine); for the embedded engine call Ringo's mpiexec by its path, or put it first in PATH", "mpiexec is not Ringo's but %s's: %s (%s)", whose, path, line)}
	}
	return []Finding{ok("%s (%s)", path, line)}
}

// launcherOf recognises a launcher by what it says of its version.
func launcherOf(version string) string {
	v := strings.ToLower(version)
	for _, l := range []struct{ mark, name string }{
		{"ringo", "Ringo"},
		{"open mpi", "Open MPI"}, {"openrte", "Open MPI"}, {"prte", "PRRTE"},
		{"intel", "Intel MPI"}, {"mvapich", "MVAPICH"}, {"hydra", "MPICH"}, {"mpich", "MPICH"},
		{"microsoft", "Microsoft MPI"}, {"slurm", "Slurm"},
	} {
		if strings.Contains(v, l.mark) {
			return l.name
		}
	}
	return ""
}

func checkHostName(ctx context.Context, m *machine) []Finding {
	name, err := m.hostname()
	if err != nil || name == "" {
		return []Finding{mend("set one: hostnamectl set-hostname NAME", "the computer has no name")}
	}
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	addresses, err := m.lookup(ctx, name)
	if err != nil || len(addresses) == 0 {
		return []Finding{note("add it to /etc/hosts; jobs on several computers and some MPI libraries look for it", "the name %s has no address", name)}
	}
	return []Finding{ok("%s is %s", name, strings.Join(shorten(addresses), ", "))}
}

func checkSSH(ctx context.Context, m *machine) []Finding {
	path, err := m.lookPath("ssh")
	if err != nil {
		const remedy = "install an OpenSSH client"
		if len(m.hosts) > 0 {
			return []Finding{mend(remedy, "there is no ssh in PATH")}
		}
		return []Finding{note(remedy, "there is no ssh in PATH; jobs on several computers need it")}
	}
	version, _ := m.run(ctx, path, "-V")
	out := []Finding{ok("%s (%s)", path, firstLine(version))}
	for _, host := range m.hosts {
		if strings.HasPrefix(host, "-") || host == "" {
			out = append(out, mend("name computers as HOST or USER@HOST", "%q is not the name of a computer", host))
			continue
		}
		answer, err := m.run(ctx, path, "-o", "BatchMode=yes", "-o", "ConnectTimeout=5", host, "echo", "ringo-reached")
		if err != nil || !strings.Contains(answer, "ringo-reached") {
			if answer = firstLine(answer); answer == "" && err != nil {
				answer = err.Error()
			}
			out = append(out, mend("make ssh "+host+" work without a password: ssh-keygen, ssh-copy-id "+host, "%s is not reached: %s", host, answer))
			continue
		}
		out = append(out, ok("%s is reached without a password", host))
	}
	return out
}
