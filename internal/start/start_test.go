package start

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/ringo-mpi/ringo/internal/engine"
)

func TestDecide(t *testing.T) {
	type env map[string]string
	for _, c := range []struct {
		name   string
		env    env
		native bool
		how    How
		ranks  int
		class  engine.Class
		text   string
	}{
		{"nothing", env{}, false, Single, 1, 0, "no launcher"},
		{"nothing, with native", env{}, true, Single, 1, 0, "no launcher"},
		{"goroutines", env{"RINGO_RANKS": "4"}, false, Goroutines, 4, 0, "RINGO_RANKS=4"},
		{"zero goroutines", env{"RINGO_RANKS": "0"}, false, 0, 0, engine.ErrArg, "RINGO_RANKS=0"},
		{"no number", env{"RINGO_RANKS": "four"}, false, 0, 0, engine.ErrArg, "RINGO_RANKS=four"},
		{"too many", env{"RINGO_RANKS": "100000000"}, false, 0, 0, engine.ErrArg, "1 to 65536"},
		{"own mpiexec", env{"RINGO_RANK": "0", "RINGO_SIZE": "4", "PMI_FD": "5", "PMI_SIZE": "4"}, true, Shared, 1, 0, "mpiexec"},
		{"own mpiexec wins over RINGO_RANKS", env{"RINGO_RANK": "0", "RINGO_RANKS": "3"}, false, Shared, 1, 0, "mpiexec"},
		{"native forced", env{"RINGO_ENGINE": "native", "RINGO_RANK": "1"}, true, Native, 1, 0, "RINGO_ENGINE"},
		{"native missing", env{"RINGO_ENGINE": "native"}, false, 0, 0, engine.ErrLaunch, "mpi/native"},
		{"unknown engine", env{"RINGO_ENGINE": "fast"}, false, 0, 0, engine.ErrArg, "RINGO_ENGINE=fast"},
		{"Open MPI", env{"OMPI_COMM_WORLD_SIZE": "4", "PMIX_NAMESPACE": "x"}, true, Native, 1, 0, "Open MPI"},
		{"Open MPI without native", env{"OMPI_COMM_WORLD_SIZE": "4"}, false, Managed, 1, 0, "started by Open MPI"},
		{"Open MPI, one process", env{"OMPI_COMM_WORLD_SIZE": "1", "PMIX_NAMESPACE": "x"}, false, Single, 1, 0, "only process"},
		{"Open MPI, embedded forced", env{"OMPI_COMM_WORLD_SIZE": "4", "RINGO_ENGINE": "embedded"}, true, Managed, 1, 0, "started by Open MPI"},
		{"Hydra", env{"PMI_FD": "6", "PMI_RANK": "1", "PMI_SIZE": "2"}, true, Native, 1, 0, "PMI_FD"},
		{"Hydra without native", env{"PMI_FD": "6", "PMI_SIZE": "2"}, false, Managed, 1, 0, "PMI_FD"},
		{"Hydra port", env{"PMI_PORT": "h:1", "PMI_SIZE": "1"}, false, Single, 1, 0, "only process"},
		{"PMIx of unknown size", env{"PMIX_NAMESPACE": "x"}, false, Managed, 1, 0, "PMIX_NAMESPACE"},
		{"srun", env{"SLURM_PROCID": "0", "SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "8"}, false, Managed, 1, 0, "srun"},
		{"srun, one task", env{"SLURM_PROCID": "0", "SLURM_STEP_ID": "0", "SLURM_NTASKS": "1"}, true, Single, 1, 0, "no launcher"},
		{"srun, one task, PMIx", env{"SLURM_PROCID": "0", "SLURM_STEP_ID": "0", "SLURM_NTASKS": "1", "PMIX_NAMESPACE": "slurm.pmix.7.0"}, false, Single, 1, 0, "no launcher"},
		{"prterun in an allocation of one task", env{"SLURM_PROCID": "0", "SLURM_STEP_ID": "0", "SLURM_NTASKS": "1", "PMIX_NAMESPACE": "prterun-n1-44@1"}, false, Managed, 1, 0, "PMIX_NAMESPACE"},
		{"batch script", env{"SLURM_PROCID": "0", "SLURM_NTASKS": "8"}, false, Single, 1, 0, "no launcher"},
	} {
		t.Run(c.name, func(t *testing.T) {
			plan, err := Decide(func(k string) string { return c.env[k] }, c.native)
			if c.class != 0 {
				if !errors.Is(err, c.class) || !strings.Contains(err.Error(), c.text) || strings.Contains(err.Error(), "\n") {
					t.Fatalf("error %v, want one line of class %v with %q", err, c.class, c.text)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if plan.How != c.how || plan.Ranks != c.ranks || !strings.Contains(plan.Why, c.text) {
				t.Errorf("%+v, want way %d with %d ranks and %q", plan, c.how, c.ranks, c.text)
			}
		})
	}
}

func TestOpenNativeFails(t *testing.T) {
	cause := errors.New("libmpi.so.12 cannot be loaded")
	RegisterNative(func(context.Context) (engine.Engine, error) { return nil, cause })
	defer RegisterNative(nil)
	env := map[string]string{"PMI_FD": "6", "PMI_SIZE": "2"}
	_, plan, err := Open(context.Background(), func(k string) string { return env[k] })
	if !errors.Is(err, cause) || plan.How != Native {
		t.Errorf("plan %+v, error %v; want the cause", plan, err)
	}
}
