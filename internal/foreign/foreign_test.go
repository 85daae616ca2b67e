//go:build unix

package foreign

import (
	"os"
	"strconv"
	"syscall"
	"testing"
)

func TestDetect(t *testing.T) {
	type env map[string]string
	for _, c := range []struct {
		name       string
		env        env
		manager    Manager
		variable   string
		rank, size int
	}{
		{"nothing", env{}, None, "", -1, 0},
		{"Hydra", env{"PMI_FD": "999", "PMI_RANK": "1", "PMI_SIZE": "2"}, PMI, "PMI_FD", 1, 2},
		{"Hydra by port", env{"PMI_PORT": "h:1", "PMI_ID": "3", "PMI_SIZE": "4"}, PMI, "PMI_PORT", 3, 4},
		{"Hydra by port, size unknown", env{"PMI_PORT": "h:1"}, PMI, "PMI_PORT", -1, 0},
		{"Open MPI", env{"OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "0", "PMIX_NAMESPACE": "x", "PMIX_RANK": "0"}, OpenMPI, "OMPI_COMM_WORLD_SIZE", 0, 4},
		{"PMIx", env{"PMIX_NAMESPACE": "x", "PMIX_RANK": "2"}, PMIx, "PMIX_NAMESPACE", 2, 0},
		{"srun with PMI", env{"PMI_FD": "999", "PMI_RANK": "1", "PMI_SIZE": "8", "SLURM_PROCID": "1", "SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "8"}, PMI, "PMI_FD", 1, 8},
		{"srun with PMIx", env{"PMIX_NAMESPACE": "x", "PMIX_RANK": "2", "SLURM_PROCID": "2", "SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "8"}, PMIx, "PMIX_NAMESPACE", 2, 8},
		{"srun alone", env{"SLURM_PROCID": "5", "SLURM_STEP_ID": "0", "SLURM_NTASKS": "8"}, Slurm, "SLURM_PROCID", 5, 8},
		{"srun, one task", env{"SLURM_PROCID": "0", "SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "1", "PMIX_NAMESPACE": "slurm.pmix.7.0"}, None, "", -1, 0},
		{"prterun in an allocation of one task", env{"SLURM_PROCID": "0", "SLURM_STEP_ID": "0", "SLURM_NTASKS": "1", "PMIX_NAMESPACE": "prterun-n1-44@1", "PMIX_RANK": "1"}, PMIx, "PMIX_NAMESPACE", 1, 0},
		{"batch script", env{"SLURM_PROCID": "0", "SLURM_NTASKS": "8"}, None, "", -1, 0},
		{"Cray", env{"PALS_RANKID": "3"}, PMI, "PALS_RANKID", 3, 0},
		{"nonsense", env{"OMPI_COMM_WORLD_SIZE": "many", "OMPI_COMM_WORLD_RANK": "-1"}, OpenMPI, "OMPI_COMM_WORLD_SIZE", -1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := Detect(func(k string) string { return c.env[k] })
			if l.Manager != c.manager || l.Variable != c.variable || l.Rank != c.rank || l.Size != c.size {
				t.Errorf("%+v, want manager %d by %q, rank %d of %d", l, c.manager, c.variable, c.rank, c.size)
			}
		})
	}
}

// mpiexec of MPICH inside a job of Open MPI, and the other way round.
func TestNested(t *testing.T) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fds[0])
	defer syscall.Close(fds[1])
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	env := map[string]string{"OMPI_COMM_WORLD_SIZE": "4", "PMI_FD": strconv.Itoa(fds[0]), "PMI_SIZE": "2"}
	if l := Detect(func(k string) string { return env[k] }); l.Manager != PMI || l.Size != 2 {
		t.Errorf("with an open socket: %+v, want PMI with 2 processes", l)
	}
	env["PMI_FD"] = strconv.Itoa(int(file.Fd()))
	if l := Detect(func(k string) string { return env[k] }); l.Manager != OpenMPI || l.Size != 4 {
		t.Errorf("with a descriptor that is something else: %+v, want Open MPI with 4 processes", l)
	}
}
