//go:build unix

package launch

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ringo-mpi/ringo/internal/topo"
)

func ignoreTerm() { signal.Ignore(syscall.SIGTERM) }

func notifyQuit(c chan os.Signal) { signal.Notify(c, syscall.SIGQUIT) }

// TestProgramUnderScript: the rank is a shell, the program its child. When the
// program is killed the others know it, although the shell lives on.
func TestProgramUnderScript(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("LEFT OUT: only Linux tells of the ends of processes that are no children")
	}
	exe, _ := os.Executable()
	file := filepath.Join(t.TempDir(), "stamp")
	var out strings.Builder
	script := fmt.Sprintf("%s rank member-die 1 9 %s; sleep 30", exe, file)
	j := Job{
		Apps:   []App{{Path: "/bin/sh", Args: []string{"-c", script}, Ranks: 3}},
		Stdout: &out, Stderr: &out, Grace: 500 * time.Millisecond,
	}
	start := time.Now()
	res, err := j.Run(t.Context())
	status, says := 1, "ended without Finalize (a child of the process that was started)"
	if kernelTellsExits() {
		status, says = 137, "was killed by signal 9 (killed)"
	}
	if res.Status != status || err == nil || !strings.Contains(err.Error(), "rank 1 on "+hostname()+" "+says) {
		t.Errorf("%+v %v\n%s", res, err, out.String())
	}
	for _, r := range []int{0, 2} {
		if want := fmt.Sprintf("rank %d sees: rank 1 %s", r, says); !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if d := time.Since(start); d > 20*time.Second {
		t.Errorf("it took %v", d)
	}
}

// kernelTellsExits reports whether the kernel says how a process that is no child
// has ended: Linux 6.15.
func kernelTellsExits() bool {
	text, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	var major, minor int
	_, err := fmt.Sscanf(string(text), "%d.%d", &major, &minor)
	return err == nil && (major > 6 || major == 6 && minor >= 15)
}

// TestNoProcessStays: children that ranks leave behind end with the job, also
// those that hold the output.
func TestNoProcessStays(t *testing.T) {
	for _, label := range []bool{false, true} {
		var out strings.Builder
		j := Job{Apps: []App{{Path: "/bin/sh", Args: []string{"-c", "sleep 1000 & echo $!; sh -c 'sleep 1000' & echo $!"}, Ranks: 2}}, Stdout: &out}
		if label {
			j.Label = rankLabel
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		start := time.Now()
		if _, err := j.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(start); d > 20*time.Second {
			t.Errorf("the end of the output was awaited for %v", d)
		}
		lines := strings.Fields(strings.NewReplacer("[0:stdout]", "", "[1:stdout]", "").Replace(out.String()))
		if len(lines) != 4 {
			t.Fatalf("output %q", out.String())
		}
		for _, l := range lines {
			pid, _ := strconv.Atoi(l)
			if alive(pid) {
				t.Errorf("process %d is left", pid)
			}
		}
	}
}

// alive reports whether a process runs; one that has ended and is not reaped
// does not. The process gets some time to end.
func alive(pid int) bool {
	for range 200 {
		if syscall.Kill(pid, 0) != nil {
			return false
		}
		if stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil {
			if _, rest, _ := strings.Cut(string(stat), ") "); strings.HasPrefix(rest, "Z") {
				return false
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	return true
}

// TestBinding binds real ranks and asks them where they may run.
func TestBinding(t *testing.T) {
	if !canBind {
		t.Skip("LEFT OUT: this system cannot bind processes to CPUs")
	}
	m, err := topo.Local()
	if err != nil {
		t.Fatal(err)
	}
	ids := m.Allowed.IDs()
	const ranks = 6
	var bind []topo.Set
	var want []string
	for r := range ranks {
		bind = append(bind, topo.SetOf(ids[r%len(ids)]))
		want = append(want, fmt.Sprintf("[%d:stdout] %d", r, ids[r%len(ids)]))
	}
	_, stdout, _, err := run(t, Job{Bind: bind, Label: rankLabel}, ranks, "affinity")
	if got := sorted(stdout); err != nil || got != strings.Join(want, "\n") {
		t.Errorf("%v\n got\n%s\nwant\n%s", err, got, strings.Join(want, "\n"))
	}
	// The threads that started them can run anywhere again.
	_, stdout, _, err = run(t, Job{}, ranks, "affinity")
	if want := strings.Repeat(m.Allowed.String()+"\n", ranks); err != nil || stdout != want {
		t.Errorf("%v: ranks without a binding run on\n%s", err, stdout)
	}
	if _, _, _, err := run(t, Job{Bind: []topo.Set{topo.SetOf(60_000)}}, 1, "affinity"); err == nil {
		t.Error("a rank was bound to a CPU that does not exist")
	}
}
