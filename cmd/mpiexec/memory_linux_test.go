package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestMemoryLimit: a rank that the kernel kills at the memory limit of its cgroup
// is told as that, with the limit, by a launcher that survives.
func TestMemoryLimit(t *testing.T) {
	limit, procs := "memory.limit_in_bytes", "/sys/fs/cgroup/memory"
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err == nil {
		limit, procs = "memory.max", "/sys/fs/cgroup"
	}
	group := filepath.Join(procs, fmt.Sprintf("ringo-test-%d", os.Getpid()))
	if err := os.Mkdir(group, 0o755); err != nil {
		t.Skipf("LEFT OUT: a memory limit: %v", err)
	}
	defer os.Remove(group)
	if err := os.WriteFile(filepath.Join(group, limit), []byte("104857600"), 0o600); err != nil {
		t.Skipf("LEFT OUT: a memory limit: %v", err)
	}
	_ = os.WriteFile(filepath.Join(group, "memory.swap.max"), []byte("0"), 0o600) // where there is swap
	dir := commands(t)
	for _, how := range []string{"", "", " alloc"} {
		cmd := exec.Command("sh", "-c", `echo $$ > `+group+`/cgroup.procs && exec mpiexec -n 2 hog 1`+how)
		cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
		out, _ := cmd.CombinedOutput()
		host, _ := os.Hostname()
		want := fmt.Sprintf("mpiexec: rank 1 on %s was killed by signal 9 (killed): the memory limit of its cgroup, 100 MiB, was reached", host)
		if got := cmd.ProcessState.ExitCode(); got != 137 || !strings.Contains(string(out), want) {
			t.Errorf("hog 1%s: status %d, says\n%s", how, got, out)
		}
	}
}
