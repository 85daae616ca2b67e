//go:build linux

package manager

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/ringo-mpi/ringo/internal/foreign"
)

func environment(kv ...string) func(string) string {
	return func(name string) string {
		for _, v := range kv {
			if v, ok := strings.CutPrefix(v, name+"="); ok {
				return v
			}
		}
		return ""
	}
}

// A launcher that cannot be used is an error of one line that says why.
func TestCannotBeUsed(t *testing.T) {
	for _, c := range []struct {
		env  []string
		text string
	}{
		{[]string{"PMI_FD=999999", "PMI_RANK=0", "PMI_SIZE=2"}, "PMI_FD=999999 is not open"},
		{[]string{"PMI_FD=x", "PMI_RANK=0", "PMI_SIZE=2"}, `PMI_FD="x" is no number`},
		{[]string{"PMI_PORT=127.0.0.1:1", "PMI_ID=0"}, "connection refused"},
		{[]string{"PMI_PORT=127.0.0.1", "PMI_ID=0"}, "no port"},
		{[]string{"PMI_PORT=127.0.0.1:http", "PMI_ID=0"}, "no port"},
		{[]string{"PMI_PORT=-x:1", "PMI_ID=0"}, "no name of a host"},
		{[]string{"PMI_PORT=no.such.host.invalid:1", "PMI_ID=0"}, "getent"},
		{[]string{"PMIX_NAMESPACE=n", "PMIX_RANK=0"}, "no address of the server"},
		{[]string{"PMIX_NAMESPACE=n", "PMIX_RANK=0", "PMIX_SERVER_URI2=s;tcp4://127.0.0.1:1"}, "connection refused"},
		{[]string{"OMPI_COMM_WORLD_SIZE=4"}, "PMIX_NAMESPACE is not set"},
		{[]string{"PALS_RANKID=3"}, "neither PMI_FD nor PMI_PORT"},
		{[]string{"SLURM_PROCID=0", "SLURM_STEP_ID=0", "SLURM_STEP_NUM_TASKS=2"}, "SLURM_JOB_ID is not set"},
		{[]string{"SLURM_PROCID=2", "SLURM_STEP_ID=0", "SLURM_STEP_NUM_TASKS=2", "SLURM_JOB_ID=1", "SLURM_NNODES=1"}, "rank 2 of 2"},
		{[]string{"SLURM_PROCID=0", "SLURM_STEP_ID=0", "SLURM_STEP_NUM_TASKS=2", "SLURM_JOB_ID=1", "SLURM_NNODES=2", "SLURM_NODELIST=n[1-2]"}, "set RINGO_TOKEN"},
		{[]string{"SLURM_PROCID=0", "SLURM_STEP_ID=0", "SLURM_STEP_NUM_TASKS=2", "SLURM_JOB_ID=1", "SLURM_NNODES=2", "SLURM_NODELIST=n[1-2"}, "no list of nodes"},
		{[]string{"SLURM_PROCID=0", "SLURM_STEP_ID=0", "SLURM_STEP_NUM_TASKS=2", "SLURM_JOB_ID=1", "SLURM_NNODES=2", "SLURM_NODELIST=n1,n2", "RINGO_PORT=0"}, "no port"},
	} {
		getenv := environment(c.env...)
		m, err := Open(foreign.Detect(getenv), getenv)
		if err == nil || !strings.Contains(err.Error(), c.text) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v: %v, %v; want an error of one line with %q", c.env, m, err, c.text)
		}
	}
}

func TestFirstNode(t *testing.T) {
	for list, want := range map[string]string{
		"n1": "n1", "n[01-03,7],m2": "n01", "n[7]": "n7", "a,b": "a", "r[2-3]n[10-12]": "r2n10", "rack-1-[004,009].site": "rack-1-004.site",
	} {
		if got, err := firstNode(list); got != want || err != nil {
			t.Errorf("%s: %q, %v; want %s", list, got, err, want)
		}
	}
	for _, list := range []string{"", ",a", "n[", "n]", "n[]", "n[1-2", "[[1]"} {
		if got, err := firstNode(list); err == nil {
			t.Errorf("%q begins with %q", list, got)
		}
	}
}

func FuzzFirstNode(f *testing.F) {
	f.Add("n[01-03,7],m2")
	f.Add("r[2-3]n[10-12]")
	f.Fuzz(func(t *testing.T, list string) {
		if name, err := firstNode(list); err == nil && (name == "" || strings.ContainsAny(name, "[],")) {
			t.Errorf("%q begins with %q", list, name)
		}
	})
}

func TestInHosts(t *testing.T) {
	const file = "127.0.0.1 localhost\n# 10.0.0.9 n1\n10.0.0.1\tn1.site n1 # the first\nfe80::1%eth0 n1\n::2 n1\nbad n1\n"
	list := inHosts(bufio.NewScanner(strings.NewReader(file)), "n1")
	if len(list) != 2 || list[0].String() != "10.0.0.1" || list[1].String() != "::2" {
		t.Errorf("%v", list)
	}
}

// A program that a rank starts is not taken for the rank, one that another launcher
// starts is.
func TestSigned(t *testing.T) {
	env := environment("PMIX_NAMESPACE=job@1", "PMIX_RANK=1")
	l := foreign.Detect(env)
	t.Setenv(members, "")
	if err := Sign(1, l, env); err != nil {
		t.Fatal(err)
	}
	signed := members + "=" + os.Getenv(members)
	same := environment("PMIX_NAMESPACE=job@1", "PMIX_RANK=1", signed)
	if pid, rank, ok := Signed(foreign.Detect(same), same); !ok || pid != os.Getpid() || rank != 1 {
		t.Errorf("in the rank's environment: process %d, rank %d, %v", pid, rank, ok)
	}
	for _, other := range [][]string{
		{"PMIX_NAMESPACE=job@2", "PMIX_RANK=1", signed},
		{"PMIX_NAMESPACE=job@1", "PMIX_RANK=1"},
		{"PMIX_NAMESPACE=job@1", "PMIX_RANK=1", members + "=x:1:job@1"},
	} {
		getenv := environment(other...)
		if pid, _, ok := Signed(foreign.Detect(getenv), getenv); ok {
			t.Errorf("%v: process %d", other, pid)
		}
	}
	// A socket that is open is a launcher's: the one of a rank closes in its programs.
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	fd := "PMI_FD=" + strconv.Itoa(int(r.Fd()))
	closed := environment(fd, "PMI_RANK=0", "PMI_SIZE=2", members+"=7:0:"+fd)
	if pid, _, ok := Signed(foreign.Detect(closed), closed); !ok || pid != 7 {
		t.Errorf("with a descriptor that is no socket: process %d, %v", pid, ok)
	}
}
