package mpi_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// command is this test binary running one of the programs, in an environment
// without the variables of any launcher but env.
func command(t *testing.T, name string, env ...string) *exec.Cmd {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe)
	for _, v := range os.Environ() {
		switch p, _, _ := strings.Cut(v, "_"); p {
		case "RINGO", "PMI", "PMIX", "OMPI", "SLURM":
		default:
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(append(cmd.Env, "MPI_TEST_PROGRAM="+name), env...)
	return cmd
}
