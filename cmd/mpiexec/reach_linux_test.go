package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// runTraffic runs the words of a shell, in which mpiexec and traffic are commands.
func runTraffic(t *testing.T, script string) (out string, status int) {
	t.Helper()
	dir := commands(t)
	cmd := exec.Command("sh", "-c", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "RINGO_VERBOSE=1")
	var both bytes.Buffer
	cmd.Stdout, cmd.Stderr = &both, &both
	_ = cmd.Run()
	return both.String(), cmd.ProcessState.ExitCode()
}

// Ranks in namespaces of their own may not be able to reach each other's memory,
// or find another process there: all arrives all the same, and that it takes the
// longer way is said.
func TestNamespaces(t *testing.T) {
	for _, c := range []struct {
		unshare []string
		some    bool // only rank 1 is in one
	}{
		{[]string{"-p", "-f"}, false},
		{[]string{"-p", "-f"}, true},
		{[]string{"-U", "-r"}, false},
		{[]string{"-U", "-r"}, true},
		{[]string{"-U", "-r", "-p", "-f"}, false},
	} {
		name := strings.Join(c.unshare, "")
		if c.some {
			name += "/one"
		}
		t.Run(name, func(t *testing.T) {
			args := append(slices.Clone(c.unshare), "true")
			if out, err := exec.Command("unshare", args...).CombinedOutput(); err != nil {
				t.Skipf("LEFT OUT: unshare %s is not permitted here: %v %s", strings.Join(c.unshare, " "), err, out)
			}
			wrapped := "unshare " + strings.Join(c.unshare, " ") + " traffic"
			for _, n := range []int{2, 3} {
				script := fmt.Sprintf("mpiexec -n %d %s", n, wrapped)
				if c.some {
					script = fmt.Sprintf("mpiexec -n %d traffic : -n 1 %s", n-1, wrapped)
				}
				out, status := runTraffic(t, script)
				if status != 0 || strings.Count(out, "all right") != n {
					t.Errorf("%s: status %d: %s", script, status, out)
				}
				if said := strings.Count(out, "cannot reach the memory of rank"); said < 1 || said > n {
					t.Errorf("%s: says so %d times: %s", script, said, out)
				}
			}
		})
	}
}

// A job takes no more address space and no larger file than it needs.
func TestLimits(t *testing.T) {
	for _, c := range []struct {
		limits, script string
		names          string // what the job cannot do with and the line names; "": it can
	}{
		{"ulimit -v 16000000", "LIMITS; mpiexec -n 2 traffic", ""},
		{"ulimit -v 8000000", "LIMITS; mpiexec -n 4 traffic", ""},
		{"ulimit -v 4000000", "LIMITS; mpiexec -n 2 traffic", ""},
		{"ulimit -v 4000000", "mpiexec -n 2 sh -c 'LIMITS; exec traffic'", ""},
		{"ulimit -v 4000000", "mpiexec -n 1 traffic : -n 1 sh -c 'LIMITS; exec traffic'", ""},
		{"ulimit -f 1000000", "LIMITS; mpiexec -n 2 traffic", ""},
		{"ulimit -f 12000", "LIMITS; mpiexec -n 2 traffic", ""},
		{"ulimit -f 100", "LIMITS; mpiexec -n 2 traffic", "ulimit -f"},
	} {
		alone := c.limits + "; RINGO_RANKS=1 traffic"
		if out, status := runTraffic(t, alone); status != 0 { // with the race detector it takes terabytes
			t.Logf("LEFT OUT: %s: a program of one rank does not run either: status %d %s", alone, status, out)
			continue
		}
		script := strings.Replace(c.script, "LIMITS", c.limits, 1)
		out, status := runTraffic(t, script)
		switch {
		case c.names == "" && (status != 0 || !strings.Contains(out, "rank 0: all right") || !strings.Contains(out, "rank 1: all right")):
			t.Errorf("%s: status %d: %s", script, status, out)
		case c.names != "" && (status == 0 || !strings.Contains(out, c.names)):
			t.Errorf("%s: status %d, does not name the limit: %s", script, status, out)
		}
	}
}
