package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"
)

// mpichProgram uses MPICH's library: it starts, talks, and ends as it is told.
const mpichProgram = `
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
	int rank, size, sum, flag, *usize, *appnum;
	MPI_Init(&argc, &argv);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	MPI_Comm_size(MPI_COMM_WORLD, &size);
	if (argc > 1 && !strcmp(argv[1], "abort") && rank == 1)
		MPI_Abort(MPI_COMM_WORLD, 9);
	if (argc > 1 && !strcmp(argv[1], "exit") && rank == 1)
		_exit(0);
	if (argc > 1 && !strcmp(argv[1], "kill") && rank == 1)
		abort();
	MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
	MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_UNIVERSE_SIZE, &usize, &flag);
	MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_APPNUM, &appnum, &flag);
	printf("rank %d of %d: sum %d, app %d\n", rank, size, sum, flag ? *appnum : -1);
	MPI_Finalize();
	return argc > 1 && !strcmp(argv[1], "status") && rank == 1 ? 5 : 0;
}
`

// TestMPICHPrograms runs an unmodified MPICH program under mpiexec.
func TestMPICHPrograms(t *testing.T) {
	cc := ""
	for _, name := range []string{"mpicc.mpich", "mpicc"} {
		if path, err := exec.LookPath(name); err == nil {
			if out, _ := exec.Command(path, "-show").Output(); strings.Contains(string(out), "mpich") {
				cc = path
				break
			}
		}
	}
	if cc == "" {
		t.Skip("LEFT OUT: programs of MPICH under mpiexec: mpicc of MPICH is not installed (Debian: libmpich-dev)")
	}
	dir := t.TempDir()
	src, prog := filepath.Join(dir, "prog.c"), filepath.Join(dir, "prog")
	if err := os.WriteFile(src, []byte(mpichProgram), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(cc, "-o", prog, src).CombinedOutput(); err != nil {
		t.Skipf("LEFT OUT: programs of MPICH under mpiexec: %s does not work: %v\n%s", cc, err, out)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	mpiexec := filepath.Join(dir, "mpiexec")
	if err := os.Symlink(exe, mpiexec); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args   string
		status int
		stdout string // sorted
		stderr string // the last line, without "mpiexec: rank 1 on HOST "
	}{
		{"-n 1 PROG", 0, "rank 0 of 1: sum 0, app 0\n", ""},
		{"-n 3 PROG", 0, "rank 0 of 3: sum 3, app 0\nrank 1 of 3: sum 3, app 0\nrank 2 of 3: sum 3, app 0\n", ""},
		{"-n 1 PROG : -n 1 PROG", 0, "rank 0 of 2: sum 1, app 0\nrank 1 of 2: sum 1, app 1\n", ""},
		{"-n 2 PROG status", 5, "rank 0 of 2: sum 1, app 0\nrank 1 of 2: sum 1, app 0\n", "ended with status 5"},
		{"-n 2 PROG abort", 9, "", "called Abort(9)"},
		{"-n 2 PROG exit", 1, "", "ended without Finalize (status 0)"},
		{"-n 2 PROG kill", 134, "", "was killed by signal 6 (aborted"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			cmd := exec.Command(mpiexec, strings.Fields("--timeout 60 "+strings.ReplaceAll(tt.args, "PROG", prog))...)
			cmd.Dir = dir
			var stdout, stderr strings.Builder
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			_ = cmd.Run() // the status tells
			if got := cmd.ProcessState.ExitCode(); got != tt.status {
				t.Errorf("status %d, want %d\n%s%s", got, tt.status, stdout.String(), stderr.String())
			}
			lines := strings.SplitAfter(stdout.String(), "\n")
			sort.Strings(lines)
			if got := strings.Join(lines, ""); tt.stdout != "" && got != tt.stdout {
				t.Errorf("stdout\n%swant\n%s", got, tt.stdout)
			}
			host, _ := os.Hostname()
			if want := "mpiexec: rank 1 on " + host + " " + tt.stderr; tt.stderr != "" && !strings.Contains(stderr.String(), want) {
				t.Errorf("stderr\n%swant\n%s", stderr.String(), want)
			}
		})
	}
}

// TestOpenMPIProgram: a program of a library that this mpiexec cannot start as
// one job is recognised afterwards.
func TestOpenMPIProgram(t *testing.T) {
	cc, err := exec.LookPath("mpicc.openmpi")
	if err != nil {
		t.Skip("LEFT OUT: a program of Open MPI under mpiexec: mpicc.openmpi is not installed (Debian: libopenmpi-dev)")
	}
	dir := t.TempDir()
	src, prog := filepath.Join(dir, "prog.c"), filepath.Join(dir, "prog")
	if err := os.WriteFile(src, []byte(mpichProgram), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(cc, "-o", prog, src).CombinedOutput(); err != nil {
		t.Skipf("LEFT OUT: a program of Open MPI under mpiexec: %s does not work: %v\n%s", cc, err, out)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	mpiexec := filepath.Join(dir, "mpiexec")
	if err := os.Symlink(exe, mpiexec); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(mpiexec, "-n", "2", prog)
	cmd.Env = append(os.Environ(), "OMPI_MCA_rmaps_base_oversubscribe=1")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	_ = cmd.Run()
	if want := "is a program of Open MPI: it has run as 2 separate programs of one rank"; !strings.Contains(stderr.String(), want) {
		t.Errorf("says %q", stderr.String())
	}
}
